"""What holds for every plan, every order of events and every event at every moment."""

import json
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.contracts import Plan
from orchestrate.core.due import whereabouts
from orchestrate.core.effects import OpenTask, Refusal
from orchestrate.core.events import (
    Accepted,
    Asked,
    Called,
    Cancel,
    Decided,
    Event,
    Failed,
    GoBack,
    Pause,
    Reschedule,
    Resume,
    Started,
    Succeeded,
    Tick,
)
from orchestrate.core.machine import advance, next_due, outstanding, replay
from orchestrate.core.progress import progress
from orchestrate.core.turn import State, Turn
from tests.orchestrate.engine.schedules import LISTS, START, Schedule, plans

seeds = st.integers(0, 2**32)
quick = settings(max_examples=40, deadline=None)


def begun(plan: Plan, seed: int, failing: float = 0.0) -> Schedule:
    """A run of a planted plan, with lists of every kind in its data."""
    return Schedule(plan, seed, failing=failing, data=LISTS)


def lasting(state: State) -> State:
    """A final state without what may differ: when it ended."""
    return {k: v for k, v in state.items() if k != "ended"}


@quick
@given(plans(timed=False), seeds, seeds)
def test_any_order_of_completions_gives_the_same_final_state(plan: Plan, one: int, other: int) -> None:
    assert lasting(begun(plan, one).run()) == lasting(begun(plan, other).run())


@quick
@given(plans(timed=False), seeds)
def test_every_run_ends_although_half_of_all_attempts_fail(plan: Plan, seed: int) -> None:
    schedule = begun(plan, seed, failing=0.5)
    assert schedule.run()["status"] == "done"


@quick
@given(plans(), seeds)
def test_replaying_the_journal_gives_the_state(plan: Plan, seed: int) -> None:
    schedule = begun(plan, seed, failing=0.3)
    final = schedule.run()
    assert replay(schedule.index, schedule.journal) == final
    again = json.loads(json.dumps(replay(schedule.index, schedule.journal[: len(schedule.journal) // 2])))
    for event, at in schedule.journal[len(schedule.journal) // 2 :]:
        again, _ = advance(schedule.index, again or None, event, at)
    assert again == final


@quick
@given(plans(), seeds)
def test_no_visit_of_a_step_succeeds_twice(plan: Plan, seed: int) -> None:
    schedule = begun(plan, seed)
    schedule.run()
    done = [(e.node, e.visit) for e, _ in schedule.journal if isinstance(e, Succeeded)]
    assert len(done) == len(set(done))


@quick
@given(plans(), seeds)
def test_an_answer_that_comes_twice_is_refused_the_second_time(plan: Plan, seed: int) -> None:
    schedule = begun(plan, seed)
    answers = list(schedule.possible())
    for event in answers[:1]:
        assert not any(isinstance(e, Refusal) for e in schedule.tell(event))
        assert isinstance(schedule.tell(event)[0], Refusal)


@quick
@given(plans(), seeds, st.booleans())
def test_cancelling_anywhere_ends_and_undoes_what_was_done_last_first(
    plan: Plan, seed: int, undo: bool
) -> None:
    schedule = begun(plan, seed)
    for _ in range(seed % 7):
        events = list(schedule.possible())
        if events:
            schedule.tell(schedule.random.choice(events))
    if schedule.known["status"] != "open":
        return
    schedule.tell(Cancel(undo=undo))
    compensable = {s.id for s in schedule.index.steps() if s.compensation is not None}
    undone = []
    while schedule.known["status"] == "open":
        for attempt in outstanding(schedule.index, schedule.known):
            if attempt.node == "!undo":
                undone.append(attempt.key)
        schedule.tell(schedule.random.choice(list(schedule.possible())))
    done = [
        f"r:{e.node}:{e.visit}:undo"
        for e, _ in schedule.journal
        if isinstance(e, Succeeded) and e.node in compensable
    ]
    assert schedule.known["status"] == "cancelled"
    assert undone == (list(reversed(done)) if undo else [])


NODES = st.sampled_from(["n0", "n1", "n2", "n3", "root", "!undo", "!deadline", "?"])
TASKS = st.sampled_from([None, "r.1", "r.2", "r.3"])
place = {"node": NODES, "visit": st.integers(1, 3), "attempt": st.integers(1, 2)}
EVENTS = {
    "started": st.builds(Started, run=st.just("r")),
    "accepted": st.builds(Accepted, **place, within_s=st.sampled_from([None, 60.0])),
    "asked": st.builds(Asked, **place, reason=st.just("why")),
    "called": st.builds(Called, **place, plan=st.just("child"), version=st.just(1)),
    "succeeded": st.builds(Succeeded, **place, output=st.sampled_from([{}, {"text": []}])),
    "failed": st.builds(Failed, **place, error=st.just("no"), retryable=st.booleans()),
    "decided": st.builds(
        Decided,
        task=TASKS,
        node=st.none() | NODES,
        outcome=st.sampled_from(["done", "yes", "b0", "again", "on", "cancel", "retry"]),
        output=st.sampled_from([{}, {"text": [1], "item": 2}]),
    ),
    "tick": st.just(Tick()),
    "cancel": st.builds(Cancel, undo=st.booleans()),
    "pause": st.just(Pause()),
    "resume": st.just(Resume()),
    "go_back": st.builds(GoBack, node=NODES, undo=st.booleans()),
    "reschedule": st.builds(Reschedule, task=TASKS, due=st.sampled_from([None, START, START + 9e4])),
}


def test_no_kind_of_event_is_left_out() -> None:
    assert set(EVENTS) == {member.model_fields["kind"].default for member in get_args(Event)}


@settings(max_examples=100, deadline=None)
@given(plans(), st.lists(st.tuples(st.one_of(*EVENTS.values()), st.floats(0, 7200)), max_size=25), seeds)
def test_every_event_in_every_state_is_handled_or_refused_by_name(plan: Plan, told: list, seed: int) -> None:
    schedule = begun(plan, seed, failing=0.2)
    for event, later in told:
        possible = list(schedule.possible())
        if possible and schedule.random.random() < 0.6:  # what fits leads deeper than what does not
            schedule.tell(schedule.random.choice(possible))
        schedule.now += later
        before = schedule.known
        effects = schedule.tell(event)
        if effects and isinstance(effects[0], Refusal):
            assert effects[0].reason
            assert schedule.known == before
        state = json.loads(json.dumps(schedule.known))
        assert state == schedule.known, "the state is plain JSON"
        found = progress(schedule.index, state)
        assert found.done <= found.total
        if state["status"] == "open":
            assert found.waiting_for or found.steps or schedule.index.side
        whereabouts(Turn(schedule.index, state, schedule.now))
    assert replay(schedule.index, schedule.journal) == schedule.known


@quick
@given(plans(), seeds)
def test_every_task_has_somebody_to_do_it_and_every_timer_lies_ahead(plan: Plan, seed: int) -> None:
    schedule = begun(plan, seed, failing=0.3)
    schedule.run()
    for effect in schedule.effects:
        if isinstance(effect, OpenTask):
            assert effect.role or effect.assignee
    assert next_due(schedule.known) is None
