"""Choices nobody can predict are said by whoever did the step before, and are no tasks of their own."""

from collections import Counter

import pytest
from planted import Case, log, planned

from orchestrate.contracts import Branch, Choice, Loop, Parallel, Plan, Sequence, Skip, Step
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.export.bpmn import plan_bpmn
from orchestrate.export.mermaid import plan_mermaid
from orchestrate.plans.changes import find_node, with_moves
from orchestrate.plans.check import check_plan, nodes
from orchestrate.proving.backtest import judged
from orchestrate.proving.played import Case as Run
from orchestrate.proving.played import PlayedRun, play_runs
from orchestrate.proving.replayed import replay_plan
from orchestrate.proving.world import World
from orchestrate.redesign.history import Facts
from orchestrate.redesign.spoken import steps_before


def undetermined(case: Case) -> None:
    case.do("Create")
    case.do("Look at", by="Bea")
    if case.rng.random() < 0.3:
        case.do("Ask back", by="Bea")
    case.do("Send")


def played(plan: Plan, runs: int = 1500) -> list[PlayedRun]:
    cases = [Run(f"r{number}", 1e9 + 3600 * number, {}) for number in range(runs)]
    return list(play_runs(PlanIndex(plan, compile_rule), World(plan, 1), cases))


def decided(runs: list[PlayedRun]) -> "Counter[tuple[str, str]]":
    entries = (entry for run in runs for entry in run.entries if entry["kind"] == "decided")
    return Counter((entry["node"], entry["outcome"]) for entry in entries)


def step(plan: Plan, identity: str) -> Step:
    found = find_node(plan.body, identity)
    assert isinstance(found, Step)
    return found


def asks(plan: Plan) -> list[str]:
    """Choices and loops that are a task of their own."""
    return [n.id for n in nodes(plan.body) if isinstance(n, Choice | Loop) and n.by in ("person", "event")]


def test_seventy_to_thirty_is_an_outcome_of_the_step_before() -> None:
    plan = planned(log(undetermined, cases=1500)).plan
    look = step(plan, "look-at")
    assert look.outcomes == ("done", "Ask back")
    assert "usual is 'done' (7" in look.instructions and "else 'Ask back'" in look.instructions
    assert asks(plan) == [] and check_plan(plan).gate == "pass"
    runs = played(plan)
    found = decided(runs)
    assert {node for node, _ in found} == {"create", "look-at", "ask-back", "send"}
    assert found["look-at", "Ask back"] / len(runs) == pytest.approx(0.3, abs=0.04)
    assert found["ask-back", "done"] == found["look-at", "Ask back"]
    assert not any(run.manual for run in runs)


def test_the_backtest_takes_what_people_say_as_it_went_and_no_rule_for_tested() -> None:
    frame = log(undetermined, cases=1500)
    answer = judged(replay_plan(frame, Facts("planted"), planned(frame).plan), "planted")
    assert (answer.gate, answer.coverage, answer.agreement, answer.manual_share) == ("pass", 1.0, None, 0.0)


def test_a_loop_and_the_choice_after_it_are_one_set_of_outcomes() -> None:
    def approval(case: Case) -> None:
        case.do("Create")
        case.do("Approve", by="Bea")
        while case.rng.random() < 0.2:
            case.do("Correct")
            case.do("Approve", by="Bea")
        case.do("Cancel" if case.rng.random() < 0.1 else "Send")

    plan = planned(log(approval, cases=2000)).plan
    assert step(plan, "approve").outcomes == ("Send", "Correct", "Cancel")
    assert asks(plan) == []
    found, total = decided(played(plan)), 1500
    assert found["cancel", "done"] / total == pytest.approx(0.1, abs=0.03)
    assert found["send", "done"] / total == pytest.approx(0.9, abs=0.03)
    assert found["correct", "done"] / total == pytest.approx(0.25, abs=0.05)


def test_after_something_optional_the_last_to_work_on_it_says() -> None:
    def optional(case: Case) -> None:
        case.do("Check")
        if case.rng.random() < 0.4:
            case.do("Inspect", by="Bea")
            way = 0.8
        else:
            way = 0.2
        case.do("Pay" if case.rng.random() < way else "Refuse")

    plan = planned(log(optional, cases=3000)).plan
    last = next(
        n for n in nodes(plan.body) if isinstance(n, Choice) and {"Pay"} <= {b.name for b in n.branches}
    )
    assert last.by == "outcome" and last.of == ("check", "inspect")
    assert set(step(plan, "check").outcomes) == {"Inspect", "Pay", "Refuse"}
    assert set(step(plan, "inspect").outcomes) == {"Pay", "Refuse"}
    found = decided(played(plan, 3000))
    assert found["inspect", "Pay"] / (found["inspect", "Pay"] + found["inspect", "Refuse"]) == pytest.approx(
        0.8, abs=0.05
    )
    assert found["check", "Pay"] / 3000 == pytest.approx(0.6 * 0.2, abs=0.03)


def test_the_outcomes_of_the_log_are_its_words_and_are_tested() -> None:
    def matched(case: Case) -> None:
        differs = case.rng.random() < 0.2
        case.do("Match", outcome="differs" if differs else "matches")
        if differs:
            case.do("Dispute", by="Bea")
        case.do("Pay")

    frame = log(matched, cases=1000)
    plan = planned(frame).plan
    assert step(plan, "match").outcomes == ("matches", "differs")
    assert "usual is 'matches' (81" in step(plan, "match").instructions
    assert "then Dispute" in step(plan, "match").instructions
    answer = judged(replay_plan(frame, Facts("planted"), plan), "planted")
    assert (answer.gate, answer.agreement, answer.manual_share) == ("pass", 1.0, 0.0)
    turned = frame.assign(outcome=frame["outcome"].map({"differs": "matches", "matches": "differs"}))
    wrong = judged(replay_plan(turned, Facts("planted"), plan), "planted")
    assert (wrong.gate, wrong.agreement) == ("fail", 0.0)


def test_without_a_step_before_it_stays_a_question() -> None:
    def either(case: Case) -> None:
        case.do("Mail" if case.rng.random() < 0.6 else "Call")
        case.do("Answer")

    plan = planned(log(either, cases=600)).plan
    assert len(asks(plan)) == 1


def test_the_rare_way_said_goes_to_the_manual_queue_and_what_follows_is_said_there() -> None:
    def rare(case: Case) -> None:
        case.do("Create")
        if case.rng.random() < 0.03:
            case.do("Clarify", by="Bea")
        if case.rng.random() < 0.3:
            case.do("Extra")
        case.do("Send")

    plan = planned(log(rare, cases=4000)).plan
    by_hand = step(plan, "manual-clarify")
    assert by_hand.does == "manual" and set(by_hand.outcomes) == {"done", "Extra"}
    assert by_hand.observed is not None and by_hand.observed.processing_s
    assert asks(plan) == [] and check_plan(plan).gate == "pass"
    runs = played(plan)
    assert sum(run.manual > 0 for run in runs) / len(runs) == pytest.approx(0.03, abs=0.015)


def test_moves_taken_back_leave_a_plan_without_questions_too() -> None:
    plan = planned(log(undetermined, cases=800)).plan
    again = with_moves(plan, {move.id for move in plan.moves if move.accepted})
    assert again.body == plan.body
    assert asks(with_moves(plan, set())) == []


def test_it_is_drawn_with_the_words_that_are_said() -> None:
    plan = planned(log(undetermined, cases=800)).plan
    for text in (plan_bpmn(plan), plan_mermaid(plan)):
        assert "Look at: what is next?" in text and "Ask back" in text


def test_mail_of_many_parties_comes_from_outside() -> None:
    def delivery(case: Case) -> None:
        case.do("Order")
        case.do(
            "Announced",
            minutes=0,
            by=f"{case.rng.choice(['Metal', 'Paper', 'Soap', 'Wood'])} Ltd",
            system="Mail",
        )
        case.do("Note", minutes=0, by="Ann")
        case.do("Receive")

    frame = log(delivery, cases=400)
    frame["system"] = frame["activity"].map({"Announced": "Mail"}).fillna("ERP")
    plan = planned(frame).plan
    assert step(plan, "announced").instructions == "Comes from outside: say when 'Announced' has happened."
    assert "4 resources seen in 'Mail' only" in step(plan, "announced").purpose
    for identity in ("note", "receive"):
        assert step(plan, identity).instructions.startswith("Do ")


def test_steps_before_a_choice() -> None:
    a, b, c, d = (Step(id=name, name=name) for name in "abcd")

    def choice(name: str, body: Step) -> Choice:
        ways = (
            Branch(name="go", share=0.5, body=body),
            Branch(name="no", share=0.5, body=Skip(id=f"no-{name}")),
        )
        return Choice(id=name, by="person", branches=ways)

    both = Parallel(id="both", children=(c, Step(id="e", name="e")))
    loop = Loop(id="loop", body=a, redo=Skip(id="back"), by="person")
    tree = Sequence(
        id="all", children=(loop, choice("x", b), choice("y", d), both, choice("z", Step(id="f", name="f")))
    )
    found = steps_before(tree)
    assert {name: set(steps) for name, steps in found.items()} == {
        "loop": {"a"},
        "x": {"a"},
        "y": {"a", "b"},
        "z": {""},
    }
