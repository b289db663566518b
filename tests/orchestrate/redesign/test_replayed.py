"""The backtest says of a plan what is true of the history it was made from."""

import pytest
from planted import Case, log, planned

from orchestrate.contracts import Owner, Plan, Sequence, Step
from orchestrate.proving.backtest import Backtest, judged
from orchestrate.proving.replayed import replay_plan
from orchestrate.redesign.history import Facts


def orders(case: Case) -> None:
    amount = round(case.rng.lognormvariate(8, 1), 2)
    case.know(amount=amount)
    case.do("Create")
    checks = [("Check budget", "Bea"), ("Check supplier", "Carl")]
    case.rng.shuffle(checks)
    for name, who in checks:
        case.do(name, minutes=60, by=who, score=case.rng.random())
    if (amount > 5000) != (case.rng.random() < 0.03):
        case.do("Approve", by="Dan")
    if case.rng.random() < 0.02:
        case.do("Create")  # no tree has this
    case.do("Send")


def backtested(plan: Plan, cases: int = 1200) -> Backtest:
    facts = Facts("planted")
    return judged(replay_plan(log(orders, cases=cases), facts, plan), "planted")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(log(orders, cases=1200)).plan


def test_a_plan_from_its_own_history_passes(plan: Plan) -> None:
    found = backtested(plan)
    assert found.gate == "pass", found.reasons
    assert found.cases == 1200
    assert found.coverage == pytest.approx(0.98, abs=0.01)
    assert found.agreement == pytest.approx(0.97, abs=0.01)
    assert found.manual_share == pytest.approx(1 - (found.coverage or 0), abs=1e-9)
    assert "Create" in found.top_deviations[0].variant


def test_checks_at_once_save_one_of_them(plan: Plan) -> None:
    cycle = backtested(plan).cycle_s
    assert cycle.asis is not None and cycle.tobe is not None and cycle.interval is not None
    # Two checks of 60 minutes in sequence become the longer of the two: 45 to 60 minutes less.
    assert 40 * 60 < cycle.asis - cycle.tobe < 70 * 60
    assert cycle.interval[0] <= cycle.tobe <= cycle.interval[1]


def test_without_changes_nothing_is_predicted_to_change(plan: Plan) -> None:
    assert plan.as_is is not None
    cycle = backtested(plan.model_copy(update={"body": plan.as_is})).cycle_s
    assert cycle.tobe == cycle.asis


def test_a_plan_that_few_cases_fit_fails_the_gate() -> None:
    steps = tuple(Step(id=name.lower(), name=name) for name in ("Create", "Send"))
    found = backtested(Plan(name="short", owner=Owner(name="ada"), body=Sequence(id="all", children=steps)))
    assert found.gate == "fail"
    assert "can take only 0.0 %" in found.reasons[0]


def test_rules_that_history_contradicts_fail_the_gate(plan: Plan) -> None:
    text = plan.model_dump_json().replace("data.amount > 5000.0", "data.amount > 50000000.0")
    text = text.replace("data.amount <= 5000.0", "data.amount <= 50000000.0")
    found = backtested(Plan.model_validate_json(text))
    assert found.gate == "fail"
    assert found.agreement == pytest.approx(0.7, abs=0.06)


def test_input_that_the_log_does_not_have_is_a_breach(plan: Plan) -> None:
    schema = plan.input | {"required": ["amount", "colour"]}
    found = backtested(plan.model_copy(update={"input": schema}))
    assert found.gate == "fail"
    assert any("input" in reason for reason in found.reasons)


def test_an_activity_twice_in_a_plan_still_has_a_coverage() -> None:
    steps = (
        *(Step(id=name, name=name) for name in ("Create", "Check budget", "Check supplier")),
        Step(id="again", name="Create"),
    )
    found = backtested(Plan(name="p", owner=Owner(name="ada"), body=Sequence(id="all", children=steps)))
    assert found.coverage == 0.0 and found.cycle_s.tobe is None
