"""Shifts: coming late is not idleness, and what was found in the morning is no batch."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mining.causes import CAUSES, waiting_causes
from mining.intervals import Intervals
from mining.timelines import EDGE_S, lateness

DAY, HOUR = 86_400.0, 3600.0
MONDAY = pd.Timestamp("2024-01-01")
Shifts = list[tuple[float, float]]


def shifts(jitter_min: float, away: range = range(0), seed: int = 1) -> Shifts:
    """Half a year of nine to five, coming up to so many minutes late and leaving as much early."""
    rng = np.random.default_rng(seed)
    late, early = rng.uniform(0, jitter_min * 60, (2, 182))
    return [
        (d * DAY + 9 * HOUR + late[d], d * DAY + 17 * HOUR - early[d])
        for d in range(182)
        if d % 7 < 5 and d not in away
    ]


def one_desk(on: Shifts, held_until: float | None = None) -> tuple[pd.DataFrame, float]:
    """Requests at all hours, done first come, first served; and the seconds they waited for a shift.

    With `held_until` (hour of the day), the desk answers the telephone till then and looks at them after.
    """
    rng = np.random.default_rng(2)
    arrivals = np.sort(rng.uniform(0, on[-1][0], 2000))
    rows, truth, free, at = [], 0.0, 0.0, 0
    if held_until is not None:
        rows += [
            {"case": f"t{n}-{k}", "activity": "phone", "resource": "desk", "start": begin + k * 1200,
             "end": begin + k * 1200 + 300}
            for n, (begin, _) in enumerate(on) for k in range(15)
        ]  # fmt: skip
        on = [(begin - begin % DAY + held_until * HOUR, end) for begin, end in on]
    for case, arrival in enumerate(arrivals):
        start = max(arrival, free)
        while start >= on[at][1]:
            at += 1
        start = max(start, on[at][0])
        free = start + 240
        truth += off_duty(on, arrival, start)
        rows.append({"case": case, "activity": "ask", "resource": None, "start": arrival, "end": arrival})
        rows.append({"case": case, "activity": "do", "resource": "desk", "start": start, "end": free})
    log = pd.DataFrame(rows)
    for name in ("start", "end"):
        log[name] = (MONDAY + pd.to_timedelta(log[name], unit="s")).dt.round("ms")
    return log.astype({"case": str}), truth


def off_duty(on: Shifts, low: float, high: float) -> float:
    return high - low - sum(max(0.0, min(end, high) - max(begin, low)) for begin, end in on)


@pytest.mark.parametrize("jitter_min", [0, 10, 30, 60])
def test_what_waits_for_a_shift_is_unavailability(jitter_min: float) -> None:
    log, truth = one_desk(shifts(jitter_min))
    found = waiting_causes(log)
    assert abs(found["unavailability"].sum() - truth) <= 0.03 * found["waiting"].sum()
    assert found["batching"].sum() == 0
    assert found["extraneous"].sum() <= 0.03 * found["waiting"].sum()


def test_a_holiday_is_unavailability() -> None:
    log, truth = one_desk(shifts(10, away=range(49, 63)))
    found = waiting_causes(log)
    assert abs(found["unavailability"].sum() - truth) <= 0.03 * found["waiting"].sum()
    assert found["batching"].sum() == 0


def test_what_is_held_back_until_the_afternoon_is_a_batch() -> None:
    log, _ = one_desk(shifts(10), held_until=15)
    found = waiting_causes(log)
    waited = found[found["activity"] == "do"]
    assert waited["batching"].sum() >= 0.8 * waited["waiting"].sum()
    assert waited["extraneous"].sum() <= 0.05 * waited["waiting"].sum()


def late(starts_of_day: Callable[[int], list[float]]) -> float:
    """Lateness of somebody on duty from nine, whose work at these hours had all waited since eight."""
    start = np.array([day * DAY + hour * HOUR for day in range(30) for hour in starts_of_day(day)])
    opening = np.arange(30) * DAY + 9 * HOUR
    return lateness(start, start + 300, start // DAY * DAY + 8 * HOUR, Intervals(opening, opening + 8 * HOUR))


def test_mornings_tell_how_late_somebody_comes() -> None:
    def backlog(day: int) -> list[float]:
        return [9 + day / 30 + turn / 12 for turn in range(4)]

    assert late(backlog) == pytest.approx(29 / 30 * HOUR)


def test_work_begun_here_and_there_tells_nothing() -> None:
    assert late(lambda day: [9.5, 11, 14]) == EDGE_S
    assert late(lambda day: [9.5]) == EDGE_S


@pytest.mark.parametrize(("process", "most"), [("purchase_to_pay", 0.02), ("claims", 0.02)])
def test_the_causes_in_the_sample_company_are_found(process: str, most: float) -> None:
    from importlib import import_module

    from data.company.causes import causes

    done = import_module(f"data.company.{process}").run(8, 0.5).recorded()
    log = pd.DataFrame(
        {
            "case": [i.case.id for i in done],
            "activity": [i.activity for i in done],
            "resource": [i.resource for i in done],
            "start": pd.to_datetime([i.start for i in done], unit="s"),
            "end": pd.to_datetime([i.end for i in done], unit="s"),
            **{f"true_{cause}": [causes(i)[cause] for i in done] for cause in CAUSES},
        }
    )
    found = waiting_causes(log, tz="Europe/Berlin")
    by_activity = found[found["source"] >= 0].groupby("activity")
    guessed = by_activity[list(CAUSES)].sum()
    true = by_activity[[f"true_{cause}" for cause in CAUSES]].sum().set_axis(list(CAUSES), axis=1)
    total = true.to_numpy().sum()
    assert np.abs(guessed - true).to_numpy().sum() / 2 <= most * total
    large = true.sum(axis=1) >= 0.05 * total
    assert (guessed.idxmax(axis=1) == true.idxmax(axis=1))[large].all()
