"""Measures of cases: planted waits, repeats, approvals and kinds of cases come out as planted."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from mining.measures import case_measures, equalise, rare_activities

NINE = datetime(2026, 3, 2, 9)


def frame(cases: dict[str, list[tuple[str, float, float]]], **attributes: dict[str, object]) -> pd.DataFrame:
    rows = [
        {"case": case, "activity": name, "resource": "ann", "start": NINE + timedelta(hours=begin),
         "end": NINE + timedelta(hours=end), **{f"case:{k}": v.get(case) for k, v in attributes.items()}}
        for case, steps in cases.items() for name, begin, end in steps
    ]  # fmt: skip
    return pd.DataFrame(rows)


CASES = {
    "quick": [("take", 0, 1), ("approve", 1, 2)],
    "again": [("take", 0, 1), ("approve", 3, 4), ("take", 4, 5), ("approve", 10, 11)],
}


def test_cycle_rework_approval_and_automation() -> None:
    found = case_measures(frame(CASES), approvals=["approve"], automatic=["take"]).table.set_index("case_id")
    assert found["cycle_s"].to_dict() == {"again": 11 * 3600, "quick": 2 * 3600}
    assert found["rework"].to_dict() == {"again": True, "quick": False}
    assert found["approval_s"].to_dict() == {"again": (3 + 6) * 3600, "quick": 3600}
    assert found["automated"].to_dict() == {"again": 0.5, "quick": 0.5}
    assert found["waiting_s"].to_dict() == {"again": 7 * 3600, "quick": 0}
    causes = found[[c for c in found if c.startswith("waiting_") and c != "waiting_s"]]
    np.testing.assert_allclose(causes.sum(axis=1), found["waiting_s"])


def test_waiting_without_causes_is_the_same_total() -> None:
    whole, split = (case_measures(frame(CASES), causes=causes) for causes in (False, True))
    assert whole.table["waiting_s"].tolist() == split.table["waiting_s"].tolist()
    assert "waiting_batching_s" in whole.omitted and "waiting_batching_s" not in split.omitted


def test_running_cases_last_until_the_log_ends() -> None:
    found = case_measures(frame(CASES), running=["quick"]).table.set_index("case_id")
    assert found["censored"].to_dict() == {"again": False, "quick": True}
    assert found.loc["quick", "cycle_s"] == 11 * 3600


def test_what_is_not_known_is_left_out_with_a_reason() -> None:
    found = case_measures(frame(CASES), timed=False)
    assert {"approval_s", "automated", "waiting_s", "failed"} <= set(found.omitted)
    assert not set(found.omitted) & set(found.table.columns)


def test_rare_steps_make_a_case_exceptional() -> None:
    cases = {f"c{i}": [("take", 0, 1)] for i in range(50)} | {"odd": [("take", 0, 1), ("dispute", 1, 2)]}
    log = frame(cases)
    assert rare_activities(log) == {"dispute"}
    table = case_measures(log).table
    assert table.loc[table["exception"], "case_id"].tolist() == ["odd"]


def test_start_is_in_the_zone_of_the_log() -> None:
    table = case_measures(frame(CASES), tz="Asia/Tokyo").table
    assert table["start"].iloc[0] == NINE + timedelta(hours=9)


@pytest.mark.parametrize("number", [False, True])
def test_the_kind_of_case_that_explains_most_is_equalised(number: bool) -> None:
    rng = np.random.default_rng(0)
    cases, kind, noise = {}, {}, {}
    for i in range(200):
        slow = i % 2 == 0
        cases[f"c{i}"] = [("take", 0, 1 + 50 * slow + float(rng.random()))]
        kind[f"c{i}"] = (
            (1000.0 if slow else 0.0) + float(rng.random()) if number else ("big" if slow else "small")
        )
        noise[f"c{i}"] = str(rng.choice(["x", "y"]))
    log = frame(cases, kind=kind, noise=noise)
    side = case_measures(log)
    before, after, name = equalise(side, side, log, log)
    assert name == "kind"
    assert before.table["stratum"].tolist() == after.table["stratum"].tolist()
    slow = before.table["cycle_s"] > 20 * 3600
    assert set(before.table.loc[slow, "stratum"]).isdisjoint(before.table.loc[~slow, "stratum"])


def test_nothing_is_equalised_where_nothing_explains() -> None:
    log = frame(CASES)
    side = case_measures(log)
    assert equalise(side, side, log, log)[2] is None
