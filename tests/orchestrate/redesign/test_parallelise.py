"""Two checks: at once where both orders are seen and neither depends on the other, and only there."""

import pytest
from planted import Case, log, moves, planned

from orchestrate.contracts import Parallel, Sequence
from orchestrate.plans.changes import find_node, with_moves
from orchestrate.plans.check import nodes


def two_checks(
    case: Case, *, budget: dict[str, object], supplier: dict[str, object], both: float = 0.5
) -> None:
    case.do("Create", minutes=5)
    checks = [
        lambda: case.do("Check budget", minutes=60, by="Bea", **budget),
        lambda: case.do("Check supplier", minutes=90, by="Carl", **supplier),
    ]
    if case.rng.random() < both:
        checks.reverse()
    for check in checks:
        check()
    case.do("Order", minutes=5)


def independent(case: Case) -> None:
    two_checks(case, budget={"funds": case.rng.random()}, supplier={"rating": case.rng.random()})


def test_independent_checks_in_both_orders_are_done_at_once() -> None:
    designed = planned(log(independent))
    (move,) = moves(designed, "parallelise")
    assert move.grade == "apply" and move.accepted
    assert set(move.where) == {"check-budget", "check-supplier"}
    # Whoever is done first no longer holds up the other: about the shorter of the two, 65 minutes.
    assert move.gain_s == pytest.approx(65 * 60, rel=0.15)
    block = move.changes[0].node
    assert designed.plan.as_is is not None
    before, after = find_node(designed.plan.as_is, block), find_node(designed.plan.body, block)
    assert isinstance(before, Sequence) and isinstance(after, Parallel)
    assert {child.id for child in after.children} == set(move.where)


def test_a_rejected_move_leaves_today_as_it_is() -> None:
    plan = planned(log(independent)).plan
    kept = {move.id for move in plan.moves if move.accepted and move.move != "parallelise"}
    assert not any(isinstance(node, Parallel) for node in nodes(with_moves(plan, kept).body))
    again = with_moves(plan, kept | {move.id for move in plan.moves if move.accepted})
    assert again.body == plan.body


def test_a_check_that_uses_what_the_other_wrote_is_not() -> None:
    def linked(case: Case) -> None:
        funds = case.rng.random()
        two_checks(case, budget={"funds": funds}, supplier={"rating": funds * 0.5 + case.rng.random()})

    (move,) = moves(planned(log(linked)), "parallelise")
    assert move.grade == "refuse" and not move.accepted
    assert "depends" in move.evidence[0].statement
    assert move.evidence[0].p is not None and move.evidence[0].p < 0.01


def test_what_both_take_from_the_case_is_no_link() -> None:
    def confounded(case: Case) -> None:
        size = case.rng.random()
        case.know(size=size)
        two_checks(
            case, budget={"funds": size + case.rng.random()}, supplier={"rating": size + case.rng.random()}
        )

    (move,) = moves(planned(log(confounded)), "parallelise")
    assert move.grade == "apply"


def test_few_cases_are_only_a_proposal() -> None:
    (move,) = moves(planned(log(independent, cases=150)), "parallelise")
    assert move.grade == "propose" and not move.accepted


def test_one_person_cannot_do_both_at_once() -> None:
    def alone(case: Case) -> None:
        case.do("Create")
        for name in case.rng.sample(["Check budget", "Check supplier"], 2):
            case.do(name, minutes=60, by="Bea", note=case.rng.random())
        case.do("Order")

    (move,) = moves(planned(log(alone)), "parallelise")
    assert move.grade == "propose"
    assert "one person" in move.evidence[0].statement


def test_a_fixed_order_is_never_applied() -> None:
    def fixed(case: Case) -> None:
        two_checks(
            case, budget={"funds": case.rng.random()}, supplier={"rating": case.rng.random()}, both=0.0
        )

    assert all(move.grade != "apply" for move in moves(planned(log(fixed)), "parallelise"))
