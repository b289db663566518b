"""KPIs: planted improvements are found, equal histories seldom differ, a sandbox only predicts."""

import numpy as np
import pandas as pd
import pytest

from mining.kpis import Cases, Kpi, kpi_table, weekly

MONDAY = pd.Timestamp("2025-01-06")


def history(
    rng: np.random.Generator, weeks: int = 26, per_week: int = 40, *, factor: float = 1.0,
    slow: float | None = None, running: bool = False,
) -> Cases:  # fmt: skip
    """Cases whose weeks share their troubles; `slow` is the share of a kind that takes four times as long."""
    n = weeks * per_week
    week = np.repeat(np.arange(weeks), per_week)
    cycle = np.exp(rng.normal(0, 0.8, n) + rng.normal(0, 0.2, weeks)[week]) * factor * 3 * 86400
    start = MONDAY + pd.to_timedelta(week * 7 + rng.random(n) * 5, unit="D")
    table = pd.DataFrame(
        {"case_id": np.arange(n).astype(str), "start": start, "cycle_s": cycle, "censored": False,
         "waiting_s": cycle * 0.8, "exception": rng.random(n) < 0.05, "rework": rng.random(n) < 0.2}
    )  # fmt: skip
    if slow is not None:
        kind = rng.random(n) < slow
        table["cycle_s"] *= np.where(kind, 4, 1)
        table["stratum"] = np.where(kind, "slow", "quick")
    if running:
        until = (start.max() - start).total_seconds().to_numpy()
        table["censored"] = table["cycle_s"] > until
        table["cycle_s"] = np.minimum(table["cycle_s"], np.maximum(until, 1.0))
    return Cases(table, {"approval_s": "no step is known as an approval"})


def named(found: list[Kpi]) -> dict[str, Kpi]:
    return {kpi.kpi: kpi for kpi in found}


@pytest.mark.long
def test_equal_histories_seldom_improve_and_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(1)
    improved = held = 0
    for seed in range(60):
        found = named(kpi_table(history(rng), history(rng, 12), simulated=False, seed=seed))
        kpi = found["cycle_time_median"]
        improved += kpi.verdict == "improved"
        assert kpi.interval is not None
        held += kpi.interval[0] <= 0 <= kpi.interval[1]
    assert improved <= 5
    assert held >= 53


def test_a_planted_improvement_is_found() -> None:
    rng = np.random.default_rng(2)
    for seed in range(10):
        found = named(kpi_table(history(rng), history(rng, 12, factor=0.6), simulated=False, seed=seed))
        kpi = found["cycle_time_median"]
        assert kpi.verdict == "improved" and kpi.interval is not None
        assert kpi.interval[0] < -0.4 < kpi.interval[1]
        assert found["cycle_time_p90"].verdict == "improved"


def test_an_easier_mix_of_cases_is_no_improvement() -> None:
    rng = np.random.default_rng(3)
    before, after = history(rng, slow=0.6), history(rng, 20, slow=0.2)
    raw = [Cases(side.table.drop(columns="stratum"), {}) for side in (before, after)]
    assert named(kpi_table(*raw, simulated=False))["cycle_time_median"].verdict == "improved"
    assert named(kpi_table(before, after, simulated=False))["cycle_time_median"].verdict != "improved"


def test_running_cases_do_not_make_a_history_look_quick() -> None:
    rng = np.random.default_rng(4)
    before, after = history(rng), history(rng, 6, 150, running=True)
    finished = after.table[~after.table["censored"]]
    kpi = named(kpi_table(before, after, simulated=False))["cycle_time_median"]
    assert kpi.after is not None and kpi.after > finished["cycle_s"].median()


def test_too_little_is_said_to_be_too_little() -> None:
    rng = np.random.default_rng(5)
    few = named(kpi_table(history(rng), history(rng, 2, 10), simulated=False))["cycle_time_median"]
    assert few.verdict == "not enough data" and few.interval is None and "20 cases" in few.reason
    short = named(kpi_table(history(rng), history(rng, 2, 50), simulated=False))["cycle_time_median"]
    assert short.verdict == "not enough data" and "2 weeks" in short.reason


def test_what_cannot_be_measured_is_named_with_the_reason() -> None:
    rng = np.random.default_rng(6)
    found = named(kpi_table(history(rng), history(rng, 12), simulated=False))
    assert found["approval_delay"].verdict == "not measured"
    assert "no step is known as an approval" in found["approval_delay"].reason
    assert all(kpi.before is not None or kpi.reason for kpi in found.values())


def test_a_sandbox_predicts_and_more_of_it_makes_nothing_surer() -> None:
    rng = np.random.default_rng(7)
    before = history(rng)
    widths = []
    for cases in (200, 1000, 10_000):
        after = history(rng, 1, cases, factor=0.5)
        found = kpi_table(before, after, simulated=True)
        assert not any(kpi.verdict in ("improved", "worse", "no clear change") for kpi in found)
        kpi = named(found)["cycle_time_median"]
        assert kpi.verdict == "predicted better" and kpi.interval is not None
        widths.append((kpi.interval[1] - kpi.interval[0]) / (1 + (kpi.change or 0)))
    assert max(widths) < 1.35 * min(widths)
    assert named(found)["throughput"].verdict == "not measured"


def test_the_same_seed_gives_the_same_numbers() -> None:
    before, after = history(np.random.default_rng(8)), history(np.random.default_rng(9), 12)
    assert kpi_table(before, after, simulated=False, seed=3) == kpi_table(
        before, after, simulated=False, seed=3
    )


def test_nothing_on_either_side_is_no_change() -> None:
    rng = np.random.default_rng(10)
    sides = [history(rng), history(rng, 12)]
    for side in sides:
        side.table["exception"] = False
    kpi = named(kpi_table(sides[0], sides[1], simulated=False))["exceptions"]
    assert kpi.verdict == "no clear change" and kpi.change == 0


def test_cases_of_one_week_are_counted_in_that_week() -> None:
    found = weekly(history(np.random.default_rng(11), 5, 7))
    assert found["n"].tolist() == [7] * 5
    assert found["week"].iloc[0] == MONDAY


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_empty_side_is_not_measured(side: str) -> None:
    rng = np.random.default_rng(12)
    sides = {"before": history(rng), "after": history(rng)}
    sides[side] = Cases(sides[side].table.iloc[:0], {})
    found = kpi_table(sides["before"], sides["after"], simulated=False)
    assert {kpi.verdict for kpi in found} == {"not measured"}
