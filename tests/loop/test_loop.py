"""The whole loop on real logs by the commands of the contract: exit codes, and every field by its name."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.loop.conftest import PublicHome
from tests.loop.walk import walk

pytestmark = pytest.mark.logs

SERVICES = {"onboarding": "Send Notifications", "declarations": "Payment Handled"}
CASES = 150
FIELDS = {
    "logs": "rows[].log rows[].cases rows[].events rows[].first rows[].last rows[].fresh_at rows[].tz",
    "map": "activities[].activity activities[].events activities[].cases flows[].source flows[].target"
    " flows[].events flows[].cases flows[].mean_s flows[].median_s flows[].p90_s"
    " starts[].activity starts[].cases ends[].activity ends[].cases",
    "variants": "total variants[].variant variants[].cases variants[].share variants[].median_s"
    " variants[].activities[]",
    "discover": "process_tree sound fitness precision coverage size cfc",
    "waiting": "total_s causes.batching causes.contention causes.prioritisation causes.unavailability"
    " causes.extraneous handoffs[]",
    "drift": "changes",
    "candidates": "candidates[].id candidates[].log candidates[].kind candidates[].label"
    " candidates[].frequency candidates[].pain candidates[].stability candidates[].total"
    " candidates[].interval candidates[].complexity candidates[].plannable candidates[].why",
    "plan": "plan verdict coverage precision floating choices[].where choices[].kind choices[].share"
    " choices[].rule choices[].accuracy choices[].majority moves[].move moves[].where moves[].grade"
    " moves[].support moves[].gain_s moves[].evidence",
    "check": "coverage gate reasons",
    "backtest": "cases coverage agreement manual_share cycle_s.asis cycle_s.tobe cycle_s.interval"
    " top_deviations gate reasons",
    "publish": "plan version sha256",
    "export bpmn": "path",
    "export mermaid": "path",
    "start": "run created",
    "tasks": "rows[].task rows[].run rows[].step rows[].role rows[].assignee rows[].due rows[].state"
    " rows[].context",
    "decide again": "error.code error.message error.hint",
    "runs": "rows[].run rows[].plan rows[].version rows[].key rows[].state rows[].step rows[].steps_done"
    " rows[].steps_total rows[].started rows[].ended rows[].waiting_for rows[].due",
    "show": "run plan version key state step steps_done steps_total started ended waiting_for due journal[]",
    "bind": "plan version sha256",
    "sandbox": "runs log",
    "kpis": "simulated kpis[].kpi kpis[].unit kpis[].before kpis[].after kpis[].change kpis[].interval"
    " kpis[].verdict kpis[].n",
}
INGEST = (
    "log status cases events instances activities variants instance_variants seen loaded set_aside first last"
    " findings[].code findings[].severity findings[].count findings[].message findings[].where message"
)


@pytest.fixture(scope="session", params=["onboarding", pytest.param("declarations", marks=pytest.mark.long)])
def walked(
    request: pytest.FixtureRequest, public_home: PublicHome, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path]:
    """What every command answered on one log, and the folder of the files they wrote."""
    log, folder = request.param, tmp_path_factory.mktemp(request.param)
    return walk(public_home.holding(log), log, folder, cases=CASES, service=SERVICES[log]), folder


def has(document: Any, path: str) -> bool:
    """Whether `a.b[].c` is there: in every entry of a list, which may not be empty."""
    name, _, rest = path.partition(".")
    if document is None or name.removesuffix("[]") not in document:
        return False
    value = document[name.removesuffix("[]")]
    if not name.endswith("[]"):
        return has(value, rest) if rest else True
    return bool(value) and all(has(entry, rest) if rest else True for entry in value)


@pytest.mark.parametrize("command", FIELDS)
def test_every_field_of_the_contract_is_there(walked: tuple[dict[str, Any], Path], command: str) -> None:
    answer = walked[0][command]
    assert [path for path in FIELDS[command].split() if not has(answer, path)] == []


def test_a_load_reports_all_it_promises(public_home: PublicHome) -> None:
    for report in public_home.holding("onboarding").reports.values():
        missing = [path for path in INGEST.split() if not has(report, path)]
        assert missing == [] or not report["findings"]


def test_the_numbers_hang_together(walked: tuple[dict[str, Any], Path]) -> None:
    said, _ = walked
    waiting = said["waiting"]
    assert sum(waiting["causes"].values()) == pytest.approx(waiting["total_s"], abs=1)
    cases = said["map"]["cases"]
    assert sum(side["cases"] for side in said["map"]["starts"]) == cases
    assert sum(side["cases"] for side in said["map"]["ends"]) == cases
    assert said["plan"]["verdict"] in ("plan", "pilot")
    backtest = said["backtest"]
    low, high = backtest["cycle_s"]["interval"]
    assert 0 < low <= backtest["cycle_s"]["tobe"] <= high
    assert 0 <= backtest["manual_share"] <= 0.3
    assert backtest["coverage"] == pytest.approx(said["plan"]["coverage"], abs=0.05)
    for choice in said["plan"]["choices"]:
        assert 0 < choice["share"] <= 1


def test_no_time_is_negative_nor_without_end(walked: tuple[dict[str, Any], Path]) -> None:
    """`inf` and `nan` are no JSON; durations are zero or more."""
    negative = []

    def look(value: Any, at: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, f"{at}.{key}")
        elif isinstance(value, list):
            for inner in value:
                look(inner, at)
        elif isinstance(value, float) and at.endswith("_s") and not 0 <= value < float("inf"):
            negative.append((at, value))

    look({command: said for command, said in walked[0].items() if command != "tasks"}, "")
    assert negative == []


def test_a_business_key_starts_one_run(walked: tuple[dict[str, Any], Path]) -> None:
    said, _ = walked
    assert said["start"]["created"] is True
    assert said["start again"] == {**said["start"], "created": False}
    assert [row["run"] for row in said["runs"]["rows"]] == [said["start"]["run"]]


def test_a_run_goes_to_its_end_by_decisions(walked: tuple[dict[str, Any], Path]) -> None:
    said, _ = walked
    assert said["show"]["state"] == "done"
    assert said["show"]["ended"] >= said["show"]["started"]
    assert said["show"]["waiting_for"] is None
    refused = said["decide again"]["error"]
    assert "by ada" in refused["message"]
    assert "at 20" in refused["message"]


def test_the_drawings_are_whole(walked: tuple[dict[str, Any], Path]) -> None:
    _, folder = walked
    for file in folder.glob("*.bpmn"):
        names = {element.tag.rpartition("}")[2] for element in ElementTree.parse(file).iter()}  # noqa: S314
        assert {"startEvent", "endEvent", "sequenceFlow", "BPMNShape", "BPMNEdge"} <= names, file
    assert (folder / "plan.mmd").read_text(encoding="utf-8").startswith("flowchart")


def test_a_sandbox_predicts_and_proves_nothing(walked: tuple[dict[str, Any], Path]) -> None:
    said, _ = walked
    assert said["sandbox"]["runs"] == CASES
    assert said["sandbox"]["log"].endswith(".sandbox")
    assert said["kpis"]["simulated"] is True
    measured = [kpi for kpi in said["kpis"]["kpis"] if kpi["after"] is not None]
    assert measured
    for kpi in measured:
        assert kpi["verdict"].startswith("predicted") or kpi["verdict"] == "not enough data"
    median = next(kpi for kpi in measured if kpi["kpi"] == "cycle_time_median")
    assert 0.5 < median["after"] / median["before"] < 1.5


def test_the_audit_holds(walked: tuple[dict[str, Any], Path]) -> None:
    assert walked[0]["audit verify"]["ok"] is True
