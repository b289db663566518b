"""Waiting causes: planted causes are found, every second is counted once, published figures come out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.calendars import read_calendars
from mining.causes import CAUSES, expected_delay, waiting_causes
from tests.mining.planted_process import Work, simulate

OFFICE = (9.0, 17.0)
CROWD = tuple(f"p{i}" for i in range(40))


def shares(log: pd.DataFrame) -> dict[str, float]:
    found = waiting_causes(log)
    return {cause: found[cause].sum() / found["waiting"].sum() for cause in CAUSES}


PLANTED = {
    "extraneous": [Work("take", CROWD, 20), Work("do", CROWD[:20], 20, timer_h=12)],
    "unavailability": [Work("take", CROWD, 1), Work("do", ("q1", "q2", "q3"), 1, office=OFFICE)],
    "batching": [Work("take", CROWD, 20), Work("do", ("b1", "b2"), 10, batch=8, one_by_one=True)],
    "contention": [Work("take", CROWD, 20), Work("do", ("f1", "f2"), 57)],
    "prioritisation": [Work("take", CROWD, 20), Work("do", ("f1",), 29, newest_first=True)],
}


@pytest.mark.parametrize("cause", PLANTED)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_only_planted_cause_is_found(cause: str, seed: int) -> None:
    assert shares(simulate(PLANTED[cause], 1500, seed))[cause] >= 0.9


def test_work_of_a_batch_done_at_once_is_batching() -> None:
    log = simulate([Work("take", CROWD, 20), Work("do", ("b1", "b2"), 20, batch=8)], 1500)
    assert shares(log)["batching"] >= 0.99


def test_infinite_resources_around_the_clock_never_wait() -> None:
    log = simulate([Work("take", CROWD, 20), Work("do", CROWD, 20)], 500)
    assert waiting_causes(log)["waiting"].sum() == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_timers_in_office_hours_are_told_from_nights(seed: int) -> None:
    steps = [Work("take", CROWD, 20, office=OFFICE), Work("do", CROWD[:3], 15, office=OFFICE, timer_h=30)]
    log = simulate(steps, 2000, seed, office=OFFICE)
    found = waiting_causes(log)
    assert abs(found["extraneous"].sum() - found["delay"].sum()) <= 0.1 * found["waiting"].sum()


def test_a_delay_between_bounds_is_expected_between_them() -> None:
    rng = np.random.default_rng(5)
    true = rng.exponential(3600, 4000)
    least = true // 1800 * 1800
    found = expected_delay(least, least + 1800)
    assert ((found >= least) & (found <= least + 1800)).all()
    assert found.mean() == pytest.approx(true.mean(), rel=0.02)


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from("ABC"), st.sampled_from(["x", "y", None]),
        st.integers(0, 5000), st.integers(0, 300),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@given(EVENTS, st.sampled_from(["baton", "kronos"]))
@settings(max_examples=30, deadline=None)
def test_causes_add_up_to_the_waiting(events: list[tuple], precedence: str) -> None:
    base = pd.Timestamp("2024-03-29 20:00")
    log = pd.DataFrame(events, columns=["case", "activity", "resource", "start", "minutes"])
    log["start"] = base + pd.to_timedelta(log["start"], unit="min")
    log["end"] = log["start"] + pd.to_timedelta(log["minutes"], unit="min")
    found = waiting_causes(log, tz="Europe/Berlin", precedence=precedence)  # type: ignore[arg-type]
    assert len(found) == len(log)
    assert (found[list(CAUSES)].to_numpy() >= -1e-6).all()
    np.testing.assert_allclose(found[list(CAUSES)].sum(axis=1), found["waiting"], atol=1e-5)


def handoffs(log: pd.DataFrame) -> pd.DataFrame:
    """Seconds per pair of activities and resources, as the published tables have them."""
    handed = log[log["source"] >= 0]
    source = log.loc[handed["source"]]
    keys = [
        source["activity"].to_numpy(), source["resource"].astype(str).to_numpy(),
        handed["activity"].to_numpy(), handed["resource"].astype(str).to_numpy(),
    ]  # fmt: skip
    return handed[["waiting", *CAUSES]].groupby(keys).sum()


@pytest.mark.logs
@pytest.mark.parametrize("number", [1, 2])
def test_kronos_precedence_gives_the_published_seconds(public_logs: Path, number: int) -> None:
    folder = public_logs / "waiting"
    log = pd.read_csv(folder / f"manual_log_{number}.csv", parse_dates=["start_time", "end_time"])
    log.columns = ["case", "activity", "start", "end", "resource"]
    calendars = read_calendars((folder / "calendars.json").read_text())
    found = handoffs(waiting_causes(log, calendars=calendars, precedence="kronos"))
    expected = pd.read_csv(folder / f"manual_log_{number}_expected.csv", index_col=[0, 1, 2, 3])
    expected = expected.reindex(found.index)
    assert len(found) == len(expected)
    assert (found["waiting"].to_numpy() == expected["wt_total_seconds"].to_numpy()).all()
    for cause in CAUSES:
        published = expected["wt_" + cause.replace("prioritisation", "prioritization")]
        seconds = pd.to_timedelta(published).dt.total_seconds()
        assert (found[cause].to_numpy() == seconds.to_numpy()).all(), cause


@pytest.mark.logs
@pytest.mark.parametrize(("name", "most"), [("Loan_Application", 0.02), ("Procure_to_Pay", 0.04)])
def test_planted_timers_are_found_in_simulated_logs(public_logs: Path, name: str, most: float) -> None:
    log = pd.read_csv(public_logs / "waiting" / f"{name}_5_timers.csv.gz").fillna({"extraneous_delay": 0.0})
    log = log.rename(columns={"case_id": "case", "start_time": "start", "end_time": "end"})
    for column in ("start", "end"):
        log[column] = pd.to_datetime(log[column], format="mixed", utc=True).dt.tz_localize(None)
    found = waiting_causes(log)
    by_activity = found.groupby("activity")[["extraneous", "extraneous_delay"]].sum()
    wrong = (by_activity["extraneous"] - by_activity["extraneous_delay"]).abs().sum()
    assert wrong <= most * found["waiting"].sum()


@pytest.mark.logs
def test_true_batches_are_found(public_logs: Path) -> None:
    log = pd.read_csv(public_logs / "Loan_Application_batched.csv.gz")
    log = log.rename(
        columns={"case_id": "case", "start_time": "start", "end_time": "end", "enabled_time": "enabled",
                 "Activity": "activity", "Resource": "resource"}
    )  # fmt: skip
    for column in ("start", "end", "enabled"):
        log[column] = pd.to_datetime(log[column], format="mixed", utc=True).dt.tz_localize(None)
    found = waiting_causes(log)
    inside = found["batch_instance_id"].notna()
    assert (found.loc[inside, "batching"] > 0).mean() > 0.99
    assert (found.loc[~inside, "batching"] > 0).mean() < 0.001
