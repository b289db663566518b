"""Findings: what is planted stands out first, and its filter leaves the cases it speaks of."""

from datetime import datetime, timedelta
from typing import Any

from mining.findings import FindingsRequest, findings
from mining.lens import lens
from tests.mining.conftest import Planted


def event(activity: str, start: datetime, hours: float = 0.5, who: str = "Ann") -> dict[str, Any]:
    return {"activity": activity, "start": start, "end": start + timedelta(hours=hours), "resource": who}


def orders(n: int, *, wait: float = 30.0, redo: int = 4) -> dict[str, list[dict[str, Any]]]:
    """Orders whose approval waits `wait` hours; every `redo`-th is checked twice."""
    cases = {}
    for i in range(n):
        at = datetime(2026, 1, 5, 8) + timedelta(hours=3 * i)
        case = [event("Enter", at), event("Check", at + timedelta(hours=1))]
        if i % redo == 0:
            case.append(event("Check", at + timedelta(hours=3)))
        cases[f"o{i}"] = [*case, event("Approve", at + timedelta(hours=4 + wait), who="Bob")]
    return cases


def test_the_longest_wait_comes_first_with_its_share(planted: Planted) -> None:
    name = planted.log(orders(300))
    first = findings(planted.context, FindingsRequest(log=name)).findings[0]
    assert first.kind == "waiting"
    assert "Approve" in first.headline
    assert first.where == 'contains("Approve")'
    assert first.hours_per_week is not None
    assert first.hours_per_week > 100


def test_rework_stands_out_and_its_filter_leaves_exactly_those_cases(planted: Planted) -> None:
    name = planted.log(orders(200))
    (rework,) = [
        f for f in findings(planted.context, FindingsRequest(log=name)).findings if f.kind == "rework"
    ]
    assert "25.0 %" in rework.headline
    with lens(planted.context, name, where=rework.where) as view:
        assert view.cases == 50


def test_a_change_of_the_process_stands_out(planted: Planted) -> None:
    cases = orders(300, redo=10**9) | {
        f"p{i}": [
            event("Enter", datetime(2026, 3, 2, 8) + timedelta(hours=3 * i)),
            event("Triage", datetime(2026, 3, 2, 9) + timedelta(hours=3 * i)),
            event("Approve", datetime(2026, 3, 2, 10) + timedelta(hours=3 * i)),
        ]
        for i in range(300)
    }
    found = findings(planted.context, FindingsRequest(log=planted.log(cases))).findings
    (change,) = [f for f in found if f.kind == "drift"]
    assert "02 March 2026" in change.headline
    assert "Triage" in change.detail


def test_a_calm_log_has_only_what_every_log_has(planted: Planted) -> None:
    cases = {f"c{i}": [event("Only", datetime(2026, 1, 5, 8) + timedelta(hours=i))] for i in range(20)}
    assert {f.kind for f in findings(planted.context, FindingsRequest(log=planted.log(cases))).findings} <= {
        "slow"
    }
