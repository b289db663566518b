"""The core of the engine: what an event makes of a run. No I/O, no clock, no chance.

`advance(index, state, event, now)` gives the next state and what the store has to do in the same
transaction. Everything else is read off the state: the attempts that should be under way
(`outstanding`), and when time itself is the next event (`next_due`).
So recovery needs nothing but the state, and the state nothing but its journal (`replay`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestrate.contracts import Binding, Choice, Loop, Step
from orchestrate.core.asking import CANCEL, done_task, open_side_task, step_input
from orchestrate.core.back import go_back
from orchestrate.core.due import decided_deadline, fire, open_task, reschedule
from orchestrate.core.effects import Completed, Effect, Refusal
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
from orchestrate.core.flow import finish, go_round, take_branch, walk
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import DEADLINE, UNDO, Misfit, State, Token, Turn, copied, timers
from orchestrate.core.undo import cancel, drop, settle_ending
from orchestrate.core.work import asked, attempt_token, called, decided_step, failed, succeeded

FORMAT = 1


def advance(
    index: PlanIndex, state: State | None, event: Event, now: float
) -> tuple[State, tuple[Effect, ...]]:
    """The state after `event`, and its effects. `state` is `None` before `Started` and never changed.

    Total: an event that does not fit leaves the state as it was, and its only effect is a `Refusal`.
    """
    if (state is None) != isinstance(event, Started):
        return state or {}, (Refusal("a run begins once, with `started`"),)
    turn = Turn(index, copied(state) if state is not None else _fresh(), now)
    try:
        _apply(turn, event)
    except Misfit as misfit:
        return state or {}, (Refusal(str(misfit)),)
    return turn.state, tuple(turn.effects)


def _fresh() -> State:
    parts: State = {name: {} for name in ("data", "done", "outcome", "visits", "took", "open", "timers")}
    return parts | {"format": FORMAT, "status": "open", "tasks": 0, "undo": []}


def _apply(turn: Turn, event: Event) -> None:
    if turn.state["status"] != "open":
        raise Misfit(f"the run is {turn.state['status']}")
    match event:
        case Started():
            _start(turn, event)
        case Succeeded():
            succeeded(turn, event)
        case Failed():
            failed(turn, event)
        case Accepted():
            _accepted(turn, event)
        case Asked():
            asked(turn, event)
        case Called():
            called(turn, event)
        case Decided():
            _decided(turn, event)
        case Tick():
            _tick(turn)
        case Cancel():
            _cancelled(turn, event)
        case Pause():
            _pause(turn, event)
        case Resume():
            _resume(turn, event)
        case GoBack():
            go_back(turn, event)
        case Reschedule():
            reschedule(turn, event)
    walk(turn)
    if turn.state["status"] == "ending":
        finish(turn, "cancelled")


def _start(turn: Turn, event: Started) -> None:
    turn.state.update(run=event.run, started=turn.now, data=dict(event.data))
    if event.trace is not None:
        turn.state["trace"] = dict(event.trace)
    plan = turn.index.plan
    if event.caller is not None:
        turn.state["caller"] = event.caller.model_dump()
    if plan.expected is not None:
        turn.state["timers"]["late"] = turn.now + 2 * plan.expected.total_seconds()
    if plan.deadline is not None:
        turn.state["timers"]["deadline"] = turn.now + plan.deadline.total_seconds()
    for step in plan.side:
        open_side_task(turn, step)
    turn.enter(plan.body.id)


def _accepted(turn: Turn, event: Accepted) -> None:
    key, token = attempt_token(turn, event)
    if "child" in token:
        raise Misfit(f"{event.node!r} is done by run {token['child']}")
    step = turn.index.step(token.get("node", key))
    token["phase"] = "accepted"
    if turn.ending and key != UNDO:
        drop(turn, key)
        settle_ending(turn)
        return
    token.pop("lapse", None)
    if event.within_s is not None:
        token["lapse"] = {"role": event.role, "reason": event.reason or "no answer in time"}
        if event.otherwise is not None:
            token["lapse"]["otherwise"] = event.otherwise
        token["timers"]["timeout"] = turn.now + event.within_s
    elif step.timeout is not None:
        token["timers"]["timeout"] = turn.now + step.timeout.total_seconds()


def _decided(turn: Turn, event: Decided) -> None:
    key, token = open_task(turn, event.task, event.node)
    task = token["task"]
    if task["outcomes"] and event.outcome not in task["outcomes"]:
        raise Misfit(f"{event.outcome!r} is none of {', '.join(task['outcomes'])}")
    if key == DEADLINE:
        decided_deadline(turn, token, event)
        return
    node = turn.index.nodes[token.get("node", key)]
    if not isinstance(node, Choice | Loop):
        decided_step(turn, key, token, event)
        return
    turn.settle(token, done_task(node.id, token, event))
    if event.outcome == CANCEL and task["kind"] == "manual" and not _is_branch(node, CANCEL):
        cancel(turn, undo=True, by=event.by, reason=event.note or "")
        return
    turn.scope(key)["data"].update(event.output)
    if isinstance(node, Choice):
        take_branch(turn, node, event.outcome)
    else:
        go_round(turn, node, event.outcome, by_hand=task["kind"] == "manual")


def _is_branch(node: Choice | Loop, name: str) -> bool:
    return isinstance(node, Choice) and any(branch.name == name for branch in node.branches)


def _tick(turn: Turn) -> None:
    due = timers(turn.state)
    if not due or due[0][0] > turn.now:
        raise Misfit("nothing is due")
    while due and due[0][0] <= turn.now:
        _, key, what = due[0]
        fire(turn, key, what)
        if any(isinstance(effect, Completed) for effect in turn.effects):
            break  # an entry of the journal tells of one completion; what else is due comes at once
        due = timers(turn.state)


def _cancelled(turn: Turn, event: Cancel) -> None:
    if turn.ending:
        raise Misfit("the run is being cancelled already")
    cancel(turn, undo=event.undo, by=event.by, reason=event.reason)


def _pause(turn: Turn, event: Pause) -> None:
    if "paused" in turn.state:
        raise Misfit("the run is paused already")
    turn.state["paused"] = turn.now
    for token in turn.open.values():
        turn.tell(token, "pause", by=event.by)


def _resume(turn: Turn, event: Resume) -> None:
    if "paused" not in turn.state:
        raise Misfit("the run is not paused")
    lasted = turn.now - turn.state.pop("paused")
    for token in turn.open.values():
        turn.tell(token, "resume", by=event.by)
    for holder in (turn.state, *turn.open.values()):
        for what in holder.get("timers", {}):
            holder["timers"][what] += lasted


@dataclass(frozen=True)
class Attempt:
    """One try of one step, to be under way until it succeeds, fails or is accepted."""

    run: str
    node: str
    """The step, or `!undo` for the compensation that runs now; with `visit`, also an item of its list."""
    visit: int
    attempt: int
    key: str
    """Idempotency key `run:node:visit`, equal in every attempt; compensation adds `:undo`."""
    step: Step
    binding: Binding | None
    """`None`: it calls another plan."""
    input: dict[str, Any]
    timeout: timedelta | None
    enabled: float


def outstanding(index: PlanIndex, state: State) -> list[Attempt]:
    """Every attempt that should be under way now."""
    if state["status"] != "open" or "paused" in state:
        return []
    turn = Turn(index, state, 0.0)
    return [_attempt(turn, key, token) for key, token in turn.open.items() if token.get("phase") == "ready"]


def _attempt(turn: Turn, key: str, token: Token) -> Attempt:
    step, run = turn.index.step(token.get("node", key)), turn.state["run"]
    if key == UNDO:
        node, binding = UNDO, step.compensation
        given = {"data": turn.state["data"], "output": token["output"]}
        idempotency = f"{run}:{step.id}:{token['of']}:undo"
    else:
        node, binding, given = step.id, step.binding, step_input(turn, step, token)
        idempotency = f"{run}:{step.id}:{token['visit']}"
    return Attempt(
        run=run,
        node=node,
        visit=token["visit"],
        attempt=token["attempt"],
        key=idempotency,
        step=step,
        binding=binding,
        input=copied(given),
        timeout=step.timeout,
        enabled=token["enabled"],
    )


def next_due(state: State) -> float | None:
    """When time itself is the next event, if nothing else happens before."""
    due = timers(state)
    return due[0][0] if due else None


def replay(index: PlanIndex, journal: Iterable[tuple[Event, float]]) -> State:
    """The state that a journal of accepted events leads to. Raises `Misfit` at one that does not fit."""
    state: State | None = None
    for event, at in journal:
        state, effects = advance(index, state, event, at)
        if effects and isinstance(effects[0], Refusal):
            raise Misfit(f"{event.kind} at {at}: {effects[0].reason}")
    return state or {}
