"""Every public log that an adapter reads loads by one documented command, with its published counts."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from tests.loop.conftest import PublicHome, documented_loads, documented_table

pytestmark = pytest.mark.logs

TABLE = documented_table()
COUNTS = ("cases", "events", "activities", "variants")
PLANNED = ("plan", "pilot", "refuse")
EQUAL = ("receipt", "receipt_xes", "receipt_parquet")
ALIKE = (*EQUAL[1:], "example_xes", "loan_waits", "loan_test", "drift_parallel", "drift_substitute")
"""Logs whose plan would tell nothing new; `candidates` gives their verdict."""
LOWERED = {"manual_2": "plan"}
"""Where the quality of the log lowers what its process would allow, and `candidates` judges the process."""


QUICK = ("receipt", "sepsis", "problems", "onboarding", "jira", "github", "manual_2")
"""Logs that the quick suite loads and plans; the others take their time."""


def quickly(logs: Iterable[str]) -> list[Any]:
    """Parameters, those that are not quick marked as long."""
    return [log if log in QUICK else pytest.param(log, marks=pytest.mark.long) for log in logs]


def test_the_page_has_a_command_and_a_row_for_every_log() -> None:
    assert list(documented_loads()) == list(TABLE)


@pytest.mark.parametrize("log", quickly(TABLE))
def test_a_log_loads_with_its_published_counts(public_home: PublicHome, log: str) -> None:
    report = public_home.holding(log).reports[log]
    published = [int(cell.replace(",", "")) for cell in TABLE[log][1:5]]
    assert [report[name] for name in COUNTS] == published
    assert report["status"] in ("ok", "ok_warn")
    assert report["seen"] == report["loaded"] == report["events"]
    assert report["set_aside"] == 0


def test_the_same_log_in_three_formats_comes_out_equal(public_home: PublicHome) -> None:
    public_home.holding(*EQUAL)
    maps = []
    for log in EQUAL:
        found = public_home.ask("map", log)
        del found["log"]
        maps.append(json.dumps(found))
    assert len(set(maps)) == 1
    stripped = [
        {
            k: v
            for k, v in public_home.reports[log].items()
            if k not in ("log", "message", "findings", "status")
        }
        for log in EQUAL
    ]
    assert stripped[0] == stripped[1] == stripped[2]


def test_a_case_called_na_is_a_case(public_home: PublicHome) -> None:
    found = public_home.holding("sepsis").ask("case", "sepsis", "NA")
    assert found["case"] == "NA"
    assert found["events"]


def test_what_is_no_log_is_refused_in_one_line(public_home: PublicHome, public_logs):
    for file in ("manual_log_1_expected.csv", "manual_log_2_expected.csv", "calendars.json"):
        path = public_logs / "waiting" / file
        answer = public_home.run("ingest", path, "--log", "none", check=1)
        assert answer.err.startswith("Error: ")
        assert public_home.ask("ingest", path, "--log", "none", check=1)["status"] == "reject"
    assert "none" not in {row["log"] for row in public_home.ask("logs")["rows"]}


def test_an_object_centric_log_lists_the_objects_it_could_be_a_log_of(public_home: PublicHome, public_logs):
    path = public_logs / "github_pm4py.jsonocel"
    answer = public_home.run("ingest", path, "--log", "none", check=1)
    for kind, objects in (("case:concept:name", 353), ("org:resource", 178), ("case:repo", 1)):
        assert f"{kind!r}: {objects} object" in answer.err
    assert answer.err.count(" with 1,798 events, 0 of several") == 3


@pytest.mark.parametrize("log", quickly(log for log in TABLE if log not in ALIKE))
def test_a_plan_is_tried_and_gives_a_verdict_with_its_coverage(public_home: PublicHome, log: str, tmp_path):
    """The page says which logs can be planned as a whole, and how much of each a tree accepts at least."""
    verdict, share = TABLE[log][5:7]
    file = tmp_path / f"{log}.yaml"
    public_home.holding(log)
    found = public_home.ask("plan", f"{log}:process", "-o", file, check=1 if verdict == "refuse" else 0)
    assert found["verdict"] in PLANNED
    assert found["verdict"] == verdict
    assert file.exists() == (verdict != "refuse")
    if verdict == "refuse":
        assert found["coverage"] < 0.6
        return
    assert found["coverage"] >= float(share.removesuffix(" %")) / 100
    assert found["precision"] >= 0.8
    assert {c["kind"] for c in found["choices"]} <= {
        "default",
        "history",
        "rule",
        "outcome",
        "event",
        "person",
    }
    assert public_home.ask("check", file)["gate"] == "pass"
    tested = public_home.ask("backtest", file)
    assert tested["gate"] == "pass", tested["reasons"]
    assert tested["coverage"] == pytest.approx(found["coverage"], abs=0.05)


@pytest.mark.long
def test_all_candidates_together_are_ranked_in_seconds(public_home: PublicHome) -> None:
    public_home.holding(*TABLE)
    before = time.process_time()
    found = public_home.ask("candidates")["candidates"]
    assert time.process_time() - before < 60
    before = time.process_time()
    assert public_home.ask("candidates")["candidates"] == found
    assert time.process_time() - before < 5, "asked again, and nothing has changed"
    whole = {c["log"]: c for c in found if c["kind"] == "process"}
    assert set(whole) == set(TABLE)
    for log, candidate in whole.items():
        assert candidate["verdict"] == LOWERED.get(log, TABLE[log][5])
        for score in ("frequency", "pain", "stability"):
            assert candidate[score] in range(1, 6)
        assert candidate["total"] == candidate["frequency"] + candidate["pain"] + candidate["stability"]
    plannable = [c["plannable"] for c in found]
    assert plannable == sorted(plannable, reverse=True)
    assert len({c["id"] for c in found}) == len(found)
