"""What holds for every plan, every order of events and every event at every moment."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.contracts import Plan
from orchestrate.core import advance, next_due, outstanding, replay
from orchestrate.effects import OpenTask, Refusal
from orchestrate.events import (
    Accepted,
    Cancel,
    Decided,
    Failed,
    Pause,
    Resume,
    Started,
    Succeeded,
    Tick,
)
from orchestrate.progress import progress
from orchestrate.turn import State
from tests.orchestrate.engine.schedules import Schedule, plans

seeds = st.integers(0, 2**32)
quick = settings(max_examples=150, deadline=None)


def lasting(state: State) -> State:
    """A final state without what may differ: when it ended."""
    return {k: v for k, v in state.items() if k != "ended"}


@quick
@given(plans(), seeds, seeds)
def test_any_order_of_completions_gives_the_same_final_state(plan: Plan, one: int, other: int) -> None:
    assert lasting(Schedule(plan, one).run()) == lasting(Schedule(plan, other).run())


@quick
@given(plans(), seeds)
def test_every_run_ends_although_half_of_all_attempts_fail(plan: Plan, seed: int) -> None:
    schedule = Schedule(plan, seed, failing=0.5)
    assert schedule.run()["status"] == "done"


@quick
@given(plans(), seeds)
def test_replaying_the_journal_gives_the_state(plan: Plan, seed: int) -> None:
    schedule = Schedule(plan, seed, failing=0.3)
    final = schedule.run()
    assert replay(schedule.index, schedule.journal) == final
    again = json.loads(json.dumps(replay(schedule.index, schedule.journal[: len(schedule.journal) // 2])))
    for event, at in schedule.journal[len(schedule.journal) // 2 :]:
        again, _ = advance(schedule.index, again or None, event, at)
    assert again == final


@quick
@given(plans(), seeds)
def test_no_visit_of_a_step_succeeds_twice(plan: Plan, seed: int) -> None:
    schedule = Schedule(plan, seed)
    schedule.run()
    done = [(e.node, e.visit) for e, _ in schedule.journal if isinstance(e, Succeeded)]
    assert len(done) == len(set(done))


@quick
@given(plans(), seeds)
def test_an_answer_that_comes_twice_is_refused_the_second_time(plan: Plan, seed: int) -> None:
    schedule = Schedule(plan, seed)
    answers = list(schedule.possible())
    for event in answers[:1]:
        assert not any(isinstance(e, Refusal) for e in schedule.tell(event))
        assert isinstance(schedule.tell(event)[0], Refusal)


@quick
@given(plans(), seeds, st.booleans())
def test_cancelling_anywhere_ends_and_undoes_what_was_done_last_first(
    plan: Plan, seed: int, undo: bool
) -> None:
    schedule = Schedule(plan, seed)
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


NODES = st.sampled_from(["n0", "n1", "n2", "!undo", "?"])
events = st.one_of(
    st.builds(Started, run=st.just("r")),
    st.builds(Succeeded, node=NODES, visit=st.just(1), attempt=st.just(1)),
    st.builds(
        Failed,
        node=NODES,
        visit=st.just(1),
        attempt=st.integers(1, 3),
        error=st.just("no"),
        retryable=st.booleans(),
    ),
    st.builds(Accepted, node=NODES, visit=st.just(1), attempt=st.just(1)),
    st.builds(
        Decided,
        task=st.sampled_from([None, "r.1", "r.2", "r.3"]),
        node=st.sampled_from([None, "n0", "n1"]),
        outcome=st.sampled_from(["done", "yes", "b0", "again", "cancel", "retry"]),
    ),
    st.builds(Cancel, undo=st.booleans()),
    st.just(Tick()),
    st.just(Pause()),
    st.just(Resume()),
)


@settings(max_examples=300, deadline=None)
@given(plans(), st.lists(st.tuples(events, st.floats(0, 7200)), max_size=25))
def test_every_event_in_every_state_is_handled_or_refused_by_name(plan: Plan, told: list) -> None:
    schedule = Schedule(plan, 0)
    for event, later in told:
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


@quick
@given(plans(), seeds)
def test_every_task_has_somebody_to_do_it_and_every_timer_lies_ahead(plan: Plan, seed: int) -> None:
    schedule = Schedule(plan, seed, failing=0.3)
    schedule.run()
    for effect in schedule.effects:
        if isinstance(effect, OpenTask):
            assert effect.role or effect.assignee
    assert next_due(schedule.known) is None
