"""Every public log that an adapter reads loads by one documented command, with its published counts."""

import json
import time

import pytest

from tests.loop.conftest import Home, documented_loads, documented_table

pytestmark = [pytest.mark.logs, pytest.mark.xdist_group("public_home")]

TABLE = documented_table()
COUNTS = ("cases", "events", "activities", "variants")
PLANNED = ("plan", "pilot", "refuse")
EQUAL = ("receipt", "receipt_xes", "receipt_parquet")
ALIKE = (*EQUAL[1:], "example_xes", "loan_waits", "loan_test", "drift_parallel", "drift_substitute")
"""Logs whose plan would tell nothing new; `candidates` gives their verdict."""


def test_the_page_has_a_command_and_a_row_for_every_log() -> None:
    assert list(documented_loads()) == list(TABLE)


@pytest.mark.parametrize("log", TABLE)
def test_a_log_loads_with_its_published_counts(public_home: Home, log: str) -> None:
    report = public_home.reports[log]
    published = [int(cell.replace(",", "")) for cell in TABLE[log][1:5]]
    assert [report[name] for name in COUNTS] == published
    assert report["status"] in ("ok", "ok_warn")
    assert report["seen"] == report["loaded"] == report["events"]
    assert report["set_aside"] == 0


def test_the_same_log_in_three_formats_comes_out_equal(public_home: Home) -> None:
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


def test_a_case_called_na_is_a_case(public_home: Home) -> None:
    found = public_home.ask("case", "sepsis", "NA")
    assert found["case"] == "NA"
    assert found["events"]


def test_what_has_no_adapter_is_refused_in_one_line(public_home: Home, public_logs) -> None:
    for file in ("temporal_histories/hello-workflow-history.json", "github_pm4py.jsonocel"):
        answer = public_home.run("ingest", public_logs / file, "--log", "none", check=1)
        assert answer.err.startswith("Error: ")
        assert public_home.ask("ingest", public_logs / file, "--log", "none", check=1)["status"] == "reject"
    assert "none" not in {row["log"] for row in public_home.ask("logs")["rows"]}


@pytest.mark.parametrize("log", [log for log in TABLE if log not in ALIKE])
def test_a_plan_is_tried_and_gives_a_verdict_with_its_coverage(public_home: Home, log: str, tmp_path) -> None:
    """The page says which logs can be planned as a whole, and how much of each a tree accepts at least."""
    verdict, share = TABLE[log][5:7]
    file = tmp_path / f"{log}.yaml"
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


def test_all_candidates_together_are_ranked_in_seconds(public_home: Home) -> None:
    before = time.process_time()
    found = public_home.ask("candidates")["candidates"]
    assert time.process_time() - before < 60
    before = time.process_time()
    assert public_home.ask("candidates")["candidates"] == found
    assert time.process_time() - before < 5, "asked again, and nothing has changed"
    whole = {c["log"]: c for c in found if c["kind"] == "process"}
    assert set(whole) == set(TABLE)
    for log, candidate in whole.items():
        assert candidate["verdict"] == TABLE[log][5]
        for score in ("frequency", "pain", "stability"):
            assert candidate[score] in range(1, 6)
        assert candidate["total"] == candidate["frequency"] + candidate["pain"] + candidate["stability"]
    plannable = [c["plannable"] for c in found]
    assert plannable == sorted(plannable, reverse=True)
    assert len({c["id"] for c in found}) == len(found)
