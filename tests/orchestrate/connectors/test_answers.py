"""What the core makes of how a connector answers: later, within a time, or not without a person."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrate.contracts import Binding, Parallel, Retry, Sequence
from orchestrate.core.effects import Alert, Completed, OpenTask, Refusal
from orchestrate.core.events import Accepted, Asked, Cancel, Decided, Failed, Started, Succeeded, Tick
from orchestrate.core.machine import advance, next_due, outstanding
from orchestrate.engine.entry import entry_of
from tests.orchestrate.engine.schedules import START, a_plan, human, index, service

A = {"node": "a", "visit": 1, "attempt": 1}


class Told:
    """A run that is told one event after the other."""

    def __init__(self, *steps: Any) -> None:
        self.index = index(a_plan(Sequence(id="s", children=steps)))
        self.state: Any = None
        self.now = START
        self(Started(run="r"))

    def __call__(self, event: Any, after: float = 0.0) -> list[Any]:
        self.now += after
        self.state, effects = advance(self.index, self.state, event, self.now)
        return list(effects)

    def tasks(self, effects: list[Any]) -> list[OpenTask]:
        return [effect for effect in effects if isinstance(effect, OpenTask)]


def test_what_comes_within_its_time_is_the_output_and_nobody_is_asked() -> None:
    run = Told(service("a"), human("b"))
    run(Accepted(**A, within_s=60, role="boss"))
    assert next_due(run.state) == START + 60
    run(Succeeded(**A, output={"x": 1}), 30)
    assert run.state["data"] == {"x": 1}
    assert next_due(run.state) is None


def test_after_its_time_a_person_is_asked_and_no_attempt_is_made() -> None:
    run = Told(service("a", retry=Retry(attempts=5)))
    run(Accepted(**A, within_s=60, role="boss", reason="nobody said a word"))
    effects = run(Tick(), 60)
    (task,) = run.tasks(effects)
    assert (task.role, task.reason, task.kind) == ("boss", "nobody said a word", "manual")
    assert any(isinstance(effect, Alert) for effect in effects)
    assert not outstanding(run.index, run.state)
    assert isinstance(run(Succeeded(**A))[0], Refusal)  # too late: a person has it


def test_a_retry_of_what_lapsed_has_its_own_time() -> None:
    run = Told(service("a", timeout=timedelta(hours=1)))
    run(Accepted(**A, within_s=60))
    run(Tick(), 60)
    run(Decided(node="a", outcome="retry", by="ada"))
    (attempt,) = outstanding(run.index, run.state)
    assert attempt.attempt == 2
    run(Accepted(node="a", visit=1, attempt=2))
    assert next_due(run.state) == run.now + 3600
    run(Tick(), 3600)
    assert run.state["open"]["a"]["phase"] == "retry"  # the step's own timeout is tried again


def test_silence_is_an_outcome_where_the_plan_says_so_and_nobody_is_asked() -> None:
    run = Told(service("a", outcomes=("yes", "silent")), human("b"))
    run(Accepted(**A, within_s=60, otherwise="silent"))
    before = run.state
    effects = run(Tick(), 60)
    assert [task.node for task in run.tasks(effects)] == ["b"]
    assert run.state["outcome"] == {"a": "silent"}
    entry = entry_of(run.index, before, Tick(), effects, run.now)
    assert {"node": "a", "activity": "A", "completes": 1, "outcome": "silent"}.items() <= entry.items()
    assert isinstance(run(Succeeded(**A, output={"outcome": "yes"}))[0], Refusal)  # it came too late


@pytest.mark.parametrize(
    "more", [{"outcomes": ("yes",)}, {"outcomes": ("silent",), "output": {"required": ["x"]}}]
)
def test_silence_that_is_no_outcome_or_owes_an_output_is_asked_of_a_person(more: dict[str, Any]) -> None:
    run = Told(service("a", **more))
    run(Accepted(**A, within_s=60, otherwise="silent"))
    (task,) = run.tasks(run(Tick(), 60))
    assert task.kind == "manual"


def test_each_entry_tells_of_one_completion_also_where_two_lapse_at_once() -> None:
    both = Parallel(id="p", children=(service("a", outcomes=("x",)), service("b", outcomes=("x",))))
    run = Told(both)
    for node in ("a", "b"):
        run(Accepted(node=node, visit=1, attempt=1, within_s=60, otherwise="x"))
    for _ in range(2):
        effects = run(Tick(), 60)
        assert sum(isinstance(effect, Completed) for effect in effects) == 1
    assert run.state["status"] == "done"


def test_a_plan_may_cancel_its_own_run_and_what_was_done_is_undone_last_first() -> None:
    undo = Binding(connector="undo")
    done = [service(name, compensation=undo) for name in "ab"]
    run = Told(
        *done, service("c", binding=Binding(connector="cancel", settings={"reason": "no way"})), human("d")
    )
    for name in "ab":
        run(Succeeded(node=name, visit=1, attempt=1))
    undone = []
    while run.state["status"] == "open":
        (attempt,) = outstanding(run.index, run.state)
        undone.append(attempt.step.id)
        run(Succeeded(node="!undo", visit=attempt.visit, attempt=1))
    assert (undone, run.state["status"], run.state["ending"]["reason"]) == (["b", "a"], "cancelled", "no way")


def test_a_plan_that_cancels_beside_another_lane_waits_for_what_is_under_way_there() -> None:
    ends = service("b", binding=Binding(connector="cancel"))
    run = Told(Parallel(id="p", children=(service("a", compensation=Binding(connector="undo")), ends)))
    assert [attempt.node for attempt in outstanding(run.index, run.state)] == ["a"]
    run(Succeeded(**A))
    (attempt,) = outstanding(run.index, run.state)
    run(Succeeded(node="!undo", visit=attempt.visit, attempt=1))
    assert run.state["status"] == "cancelled" and "'B'" in run.state["ending"]["reason"]
    kept = Told(service("a", binding=Binding(connector="cancel", settings={"undo": False})))
    assert kept.state["status"] == "cancelled"


def test_a_failure_that_is_posted_within_the_time_is_tried_again() -> None:
    run = Told(service("a"))
    run(Accepted(**A, within_s=60))
    run(Failed(**A, error="no"))
    assert run.state["open"]["a"]["phase"] == "retry"


def test_a_person_who_is_asked_does_the_step_with_what_was_found_out() -> None:
    run = Told(service("a", role="clerk", outcomes=("yes", "no")), human("b"))
    (task,) = run.tasks(run(Asked(**A, reason="not sure", context={"suggestion": "yes"})))
    assert (task.role, task.kind, task.reason, task.outcomes) == ("clerk", "step", "not sure", ("yes", "no"))
    assert task.context["suggestion"] == "yes"
    run(Decided(task=task.task, outcome="no", by="ada"))
    assert run.state["outcome"] == {"a": "no"}
    (named,) = Told(service("a")).tasks(Told(service("a"))(Asked(**A, reason="?", role="person:bob")))
    assert (named.role, named.assignee) == (None, "bob")


@pytest.mark.parametrize("event", [Asked(**A, reason="?"), Accepted(**A, within_s=1)])
def test_an_answer_that_comes_too_late_changes_nothing(event: Any) -> None:
    run = Told(service("a"), human("b"))
    run(Succeeded(**A))
    assert isinstance(run(event)[0], Refusal)


def test_a_run_that_is_cancelled_asks_nobody_any_more() -> None:
    run = Told(service("a"))
    run(Cancel())
    assert run.tasks(run(Asked(**A, reason="?"))) == []
    assert run.state["status"] == "cancelled"


def test_undoing_that_needs_a_person_comes_to_the_manual_queue() -> None:
    run = Told(service("a", compensation=Binding(connector="undo")), human("b"))
    run(Succeeded(**A))
    run(Cancel())
    (task,) = run.tasks(run(Asked(node="!undo", visit=1, attempt=1, reason="call them")))
    assert task.kind == "manual" and "call them" in task.reason
