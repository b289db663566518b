"""The demonstration names what was planted in the sample company (data/README.md)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.loop.conftest import Home

SCALE = 0.3
DRIFT_WEEK = "2026-04-06"
"""From week 14 of the simulation, which begins on this Monday, every new ticket gets a `Triage` first."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("demo") / "home")


@pytest.fixture(scope="module")
def demo(home: Home) -> Any:
    return home.ask("demo", "--scale", SCALE, "--cases", 200)


def moves(demo: Any, kind: str) -> Iterator[dict[str, Any]]:
    return (move for move in demo["plan"]["moves"] if move["move"] == kind)


def of_log(demo: Any, log: str) -> dict[str, Any]:
    return next(c for c in demo["candidates"] if c["id"] == f"{log}:process")


def test_four_processes_come_out_of_six_exports(demo: Any) -> None:
    assert [row["log"] for row in demo["sample"]["logs"]] == ["p2p", "onboarding", "claims", "support"]


def test_where_it_hurts_is_ranked_first(demo: Any) -> None:
    first = demo["candidates"][0]
    assert first["id"] == "p2p:process"
    assert first["plannable"]
    assert first["total"] > of_log(demo, "claims")["total"] > of_log(demo, "onboarding")["total"]


def test_the_absent_approver_stands_out_first(demo: Any) -> None:
    first = demo["findings"]["findings"][0]
    assert first["kind"] == "waiting"
    assert "Approve order" in first["headline"]
    assert "not at work" in first["detail"]
    (away,) = [m for m in moves(demo, "approval-sla") if m["where"] == ["approve-order"]]
    assert away["grade"] == "apply"
    assert "Claus Vogel" in away["title"]
    assert away["gain_s"] > 24 * 3600
    assert any("nobody being there" in evidence["statement"] for evidence in away["evidence"])


def test_the_waiting_for_her_is_unavailability(home: Home, demo: Any) -> None:
    rows = {row["activity"]: row for row in home.ask("waiting", "p2p")["activities"]}
    causes = rows["Approve order"]["causes"]
    assert max(causes, key=causes.get) == "unavailability"
    assert causes["unavailability"] > 0.9 * rows["Approve order"]["total_s"]
    assert rows["Pay invoice"]["top_cause"] == "batching"


def test_the_independent_checks_are_done_at_once(demo: Any) -> None:
    (move,) = [m for m in moves(demo, "parallelise") if set(m["where"]) == {"check-budget", "check-supplier"}]
    assert move["grade"] == "apply"
    assert move["gain_s"] > 0


def test_the_threshold_is_found_through_its_noise(demo: Any) -> None:
    (choice,) = [c for c in demo["plan"]["choices"] if c["where"] == "choose-approve-large-order"]
    assert choice["kind"] == "rule"
    assert "data.amount > 5000" in choice["rule"]
    assert choice["accuracy"] == pytest.approx(0.97, abs=0.025)
    assert choice["accuracy"] > choice["majority"] + 0.1


def test_the_rework_loop_is_bounded(demo: Any) -> None:
    (move,) = [m for m in moves(demo, "bound-rework") if m["where"] == ["repeat-approve-order"]]
    assert move["grade"] == "apply"
    assert "manual queue" in move["title"]
    assert any("done again" in f["headline"] for f in demo["findings"]["findings"])


def test_the_rare_path_goes_to_the_manual_queue(demo: Any) -> None:
    (move,) = [m for m in moves(demo, "manual-queue") if "choose-dispute-invoice" in m["where"]]
    assert move["grade"] == "apply"


def test_taking_payments_one_by_one_is_proposed(demo: Any) -> None:
    (move,) = moves(demo, "unbatch")
    assert (move["where"], move["grade"]) == (["pay-invoice"], "propose")
    assert 12 * 3600 < move["gain_s"] < 36 * 3600


def test_the_process_that_drifts_is_found_in_its_week(home: Home, demo: Any) -> None:
    (change,) = home.ask("drift", "support")["changes"]
    assert DRIFT_WEEK <= change["at"][:10] < "2026-04-13"
    assert any("Triage" in str(driver) for driver in change["drivers"])
    for log in ("p2p", "claims", "onboarding"):
        assert home.ask("drift", log)["changes"] == []


def test_what_is_calm_but_rare_scores_so(demo: Any) -> None:
    calm = of_log(demo, "onboarding")
    assert (calm["frequency"], calm["stability"]) == (2, 5)
    assert calm["pain"] <= 2


def test_the_plan_passes_its_gate_and_the_sandbox_predicts(demo: Any) -> None:
    assert demo["plan"]["verdict"] == "plan"
    assert demo["backtest"]["gate"] == "pass"
    assert demo["publish"]["version"] == 1
    assert demo["kpis"]["simulated"] is True
    median = next(k for k in demo["kpis"]["kpis"] if k["kpi"] == "cycle_time_median")
    assert median["verdict"] == "predicted better"
    assert median["after"] < median["before"]


def test_a_manager_reads_the_planted_truths(demo: Any) -> None:
    """What is printed is the same answer in words."""
    from dashboard.demo import Demo

    said = "\n".join(Demo.model_validate(demo).lines())
    for words in ("Approve order", "not at work", "Claus Vogel", "at once", "one by one", "manual queue"):
        assert words in said
    assert "predicted better" in said
    assert max(map(len, said.splitlines())) <= 120
