"""Predictions: planted changes come out, and only what the log showed makes them surer."""

from datetime import timedelta

import numpy as np
import pytest

from orchestrate.contracts import (
    Branch,
    Choice,
    Loop,
    Node,
    Observed,
    Parallel,
    Sequence,
    Skip,
    Sla,
    Step,
)
from orchestrate.proving.predict import design_effect, predict
from orchestrate.proving.twin import HELPED, Model, escalated, play

from .plans import HOUR, plan_of, step

LONG_WAITS = tuple(np.quantile(np.random.default_rng(0).lognormal(2, 1, 5000) * HOUR, np.linspace(0, 1, 21)))


def approval(n: int = 400, **more: object) -> Step:
    observed = Observed(n=n, processing_s=(HOUR,) * 21, waiting_s=LONG_WAITS)
    return Step.model_validate({"id": "approve", "name": "Approve", "observed": observed, **more})


def sequence(*children: Node) -> Sequence:
    return Sequence(id="s", children=children)


def test_two_equal_steps_side_by_side_take_half_the_time() -> None:
    steps = step("a", work=10, wait=20), step("b", work=10, wait=20)
    found = predict(plan_of(Parallel(id="s", children=steps), as_is=sequence(*steps)))
    assert found is not None
    assert found.changes["cycle_time_median"].change == pytest.approx(-0.5, abs=0.05)
    assert found.changes["waiting"].change == 0  # nobody waits less, they wait at once
    assert found.model_median_s == pytest.approx(60 * HOUR, rel=0.02)


def test_a_plan_that_changes_nothing_is_predicted_to_change_nothing() -> None:
    tree = sequence(
        step("a"),
        Choice(
            id="c",
            by="person",
            branches=(
                Branch(name="x", share=0.3, body=step("x", work=9)),
                Branch(name="y", share=0.7, body=Skip(id="none")),
            ),
        ),
        Loop(id="l", body=step("b"), redo=step("r"), by="person", share_again=0.4),
        approval(),
    )
    found = predict(plan_of(tree, as_is=tree))
    assert found is not None
    assert set(found.changes) >= {"cycle_time_median", "cycle_time_p90", "waiting", "rework"}
    for change in found.changes.values():
        assert (change.change, change.low, change.high) == (0, 0, 0)


def test_a_plan_without_todays_tree_predicts_nothing() -> None:
    assert predict(plan_of(step("a"))) is None


def test_choices_and_loops_are_played_as_often_as_seen() -> None:
    tree = sequence(
        Choice(
            id="c",
            by="person",
            branches=(
                Branch(name="x", share=0.3, body=step("x", work=10)),
                Branch(name="y", share=0.7, body=Skip(id="none")),
            ),
        ),
        Loop(
            id="l", body=step("b", work=1), redo=Skip(id="back"), by="person", share_again=0.5, max_visits=50
        ),
    )
    played = play(tree, Model((0,), 20_000))
    assert played.end.mean() / HOUR == pytest.approx(0.3 * 10 + 1 / (1 - 0.5), rel=0.02)


def test_an_escalation_helps_in_no_to_all_cases() -> None:
    first, second = np.array([30.0, 5.0, 30.0]), np.array([2.0, 0.0, 2.0])
    taken = escalated([first, second], [np.array([True, True, False])], due_s=10.0)
    assert taken.tolist() == [12.0, 5.0, 30.0]
    before = approval()
    after = approval(sla=Sla(due=timedelta(hours=8), escalate=("boss", "director")))
    found = predict(plan_of(sequence(after), as_is=sequence(before)))
    assert found is not None
    all_help = play(sequence(after), Model((0,), 20_000, helped=1.0)).waiting.mean()
    none_help = play(sequence(before), Model((0,), 20_000)).waiting.mean()
    best = all_help / none_help - 1
    assert found.changes["waiting"].low == pytest.approx(best, abs=0.08)
    assert -0.08 < found.changes["waiting"].high <= 0
    assert found.changes["waiting"].low < found.changes["waiting"].change < found.changes["waiting"].high
    assert HELPED == 0.5


def test_fewer_observations_make_a_prediction_less_sure_and_more_cases_do_not_make_it_surer() -> None:
    def width(n: int, cases: int = 600, effect: float = 1.0) -> float:
        checks = [
            Step(id=i, name=i, observed=Observed(n=n, processing_s=LONG_WAITS, waiting_s=())) for i in "ab"
        ]
        plan = plan_of(Parallel(id="s", children=tuple(checks)), as_is=sequence(*checks))
        found = predict(plan, cases=cases, design_effect=effect)
        assert found is not None
        return found.changes["cycle_time_median"].high - found.changes["cycle_time_median"].low

    assert width(30) > 1.5 * width(1000)
    assert width(1000, effect=30) > 1.5 * width(1000)
    assert width(30, cases=5000) > 0.7 * width(30, cases=600)


def test_cases_of_weeks_that_differ_are_worth_less() -> None:
    chance = np.random.default_rng(0)
    week = np.repeat(np.arange(26), 40)
    alike = chance.lognormal(0, 1, len(week))
    shifted = alike * np.exp(chance.normal(0, 0.7, 26))[week]
    assert design_effect(alike, week) < 2
    # ICC = .49 / (1 + .49), so 1 + 39 x .33 = 14 on average
    assert 7 < design_effect(shifted, week) < 25
    assert design_effect(alike[:5], week[:5]) == 1
