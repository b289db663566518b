"""Rules are found where they are planted, and nowhere else."""

import pytest
from planted import Case, log, moves, planned

from orchestrate.contracts import Choice, Loop
from orchestrate.plans.changes import find_node
from orchestrate.redesign.design import Designed


def threshold(case: Case, noise: float = 0.03) -> None:
    amount = round(case.rng.lognormvariate(8, 1), 2)
    case.know(amount=amount, colour=case.rng.choice(["red", "blue"]))
    case.do("Create")
    if (amount > 5000) != (case.rng.random() < noise):
        case.do("Approve large", by="Bea")
    case.do("Send")


def choice(designed: Designed) -> Choice:
    found = next(m for m in moves(designed, "decision-rule"))
    node = find_node(designed.plan.body, found.where[0])
    assert isinstance(node, Choice)
    return node


def test_a_threshold_with_noise_is_found_and_rounded() -> None:
    designed = planned(log(threshold, cases=3000))
    node = choice(designed)
    assert node.by == "rule"
    assert {branch.name: branch.when for branch in node.branches} == {
        "skip": "data.amount <= 5000.0",
        "Approve large": "data.amount > 5000.0",
    }
    assert node.accuracy == pytest.approx(0.97, abs=0.015)
    assert node.majority == pytest.approx(0.7, abs=0.05)
    assert designed.plan.input["properties"] == {"amount": {"type": "number"}}
    assert len(designed.plan.sample_inputs) == 200
    assert all(set(sample) == {"amount"} for sample in designed.plan.sample_inputs)


def test_chance_is_said_by_whoever_did_the_step_before() -> None:
    def chance(case: Case) -> None:
        case.know(amount=case.rng.random())
        case.do("Create")
        if case.rng.random() < 0.4:
            case.do("Extra")
        case.do("Send")

    designed = planned(log(chance, cases=1500))
    node = choice(designed)
    assert (node.by, node.of) == ("outcome", "create")
    assert {b.name: b.share for b in node.branches} == pytest.approx({"skip": 0.6, "Extra": 0.4}, abs=0.05)
    assert [move.grade for move in moves(designed, "decision-rule")] == ["refuse"]
    assert designed.plan.sample_inputs == ()


def test_nearly_always_is_a_default() -> None:
    def nearly(case: Case) -> None:
        case.do("Create")
        if case.rng.random() < 0.005:
            case.do("Oddity")
        case.do("Send")

    assert choice(planned(log(nearly, cases=2000))).by == "default"


def test_what_was_done_before_decides() -> None:
    def history(case: Case) -> None:
        case.do("Create")
        express = case.rng.random() < 0.5
        if express:
            case.do("Call courier")
        case.do("Pack")
        case.do("Hand over" if express else "Post")

    designed = planned(log(history, cases=800))
    nodes = [find_node(designed.plan.body, m.where[0]) for m in moves(designed, "decision-rule")]
    rules = [n for n in nodes if isinstance(n, Choice) and n.by == "history"]
    assert len(rules) == 1
    assert rules[0].accuracy == 1.0
    assert {b.name: b.when for b in rules[0].branches} == {
        "Hand over": 'done["call-courier"] > 0',
        "Post": 'done["call-courier"] <= 0',
    }


def test_outcome_words_become_one_decision_that_says_where_it_goes_on() -> None:
    def approval(case: Case) -> None:
        case.do("Submit")
        while case.rng.random() < 0.3:
            case.do("Request REJECTED by BOSS", by="Bea")
            case.do("Correct")
        case.do("Request APPROVED by BOSS", by="Bea")
        case.do("Pay")

    designed = planned(log(approval, cases=800))
    assert [move.grade for move in moves(designed, "merge-outcomes")] == ["apply"]
    step = find_node(designed.plan.body, "request-decided-by-boss")
    assert step is not None and getattr(step, "outcomes", ()) == ("APPROVED", "REJECTED")
    loops = [find_node(designed.plan.body, m.where[0]) for m in moves(designed, "decision-rule")]
    (loop,) = [node for node in loops if isinstance(node, Loop)]
    assert (loop.by, loop.of, loop.again_outcomes) == ("outcome", "request-decided-by-boss", ("REJECTED",))


def test_rules_are_never_about_persons() -> None:
    def assigned(case: Case) -> None:
        who = case.rng.choice(["Ann", "Bea"])
        case.know(clerk=who)
        case.do("Create", by=who)
        if who == "Ann":
            case.do("Extra", by=who)
        case.do("Send", by=who)

    assert choice(planned(log(assigned, cases=800))).by == "outcome"
