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
from orchestrate.effects import Effect, Refusal
from orchestrate.events import (
    Accepted,
    Cancel,
    Decided,
    Event,
    Failed,
    Pause,
    Resume,
    Started,
    Succeeded,
    Tick,
)
from orchestrate.flow import CANCEL, finish, go_round, take_branch, walk
from orchestrate.plan_index import PlanIndex
from orchestrate.turn import UNDO, Misfit, State, Token, Turn, copied, timers
from orchestrate.undo import cancel, settle_ending
from orchestrate.work import (
    attempt_token,
    decided_step,
    done_task,
    failed,
    fire,
    open_side_task,
    step_input,
    succeeded,
)

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
        case Decided():
            _decided(turn, event)
        case Tick():
            _tick(turn)
        case Cancel():
            _cancelled(turn, event)
        case Pause():
            _pause(turn)
        case Resume():
            _resume(turn)
    walk(turn)
    if turn.state["status"] == "ending":
        finish(turn, "cancelled")


def _start(turn: Turn, event: Started) -> None:
    turn.state.update(run=event.run, started=turn.now, data=dict(event.data))
    plan = turn.index.plan
    if plan.expected is not None:
        turn.state["timers"]["late"] = turn.now + 2 * plan.expected.total_seconds()
    for step in plan.side:
        open_side_task(turn, step)
    turn.enter(plan.body.id)


def _accepted(turn: Turn, event: Accepted) -> None:
    token = attempt_token(turn, event)
    step = turn.index.step(token.get("node", event.node))
    if turn.ending and event.node != UNDO:
        if step.compensation is not None:
            turn.state["undo"].append({"node": step.id, "visit": token["visit"], "output": {}})
        del turn.open[event.node]
        settle_ending(turn)
        return
    token["phase"] = "accepted"
    if step.timeout is not None:
        token["timers"]["timeout"] = turn.now + step.timeout.total_seconds()


def _decided(turn: Turn, event: Decided) -> None:
    key, token = _waiting(turn, event)
    task = token["task"]
    if task["outcomes"] and event.outcome not in task["outcomes"]:
        raise Misfit(f"{event.outcome!r} is none of {', '.join(task['outcomes'])}")
    node = turn.index.nodes[token.get("node", key)]
    if not isinstance(node, Choice | Loop):
        decided_step(turn, key, token, event)
        return
    turn.settle(token, done_task(node.id, token, event))
    if event.outcome == CANCEL and task["kind"] == "manual" and not _is_branch(node, CANCEL):
        cancel(turn, undo=True)
        return
    turn.scope(key)["data"].update(event.output)
    if isinstance(node, Choice):
        take_branch(turn, node, event.outcome)
    else:
        go_round(turn, node, event.outcome, by_hand=task["kind"] == "manual")


def _is_branch(node: Choice | Loop, name: str) -> bool:
    return isinstance(node, Choice) and any(branch.name == name for branch in node.branches)


def _waiting(turn: Turn, event: Decided) -> tuple[str, Token]:
    """The token whose open task an event settles."""
    for key, token in turn.open.items():
        task = token.get("task")
        if task is not None and (task["id"] == event.task or (event.task is None and key == event.node)):
            return key, token
    raise Misfit(f"no task {event.task or event.node!r} is open")


def _tick(turn: Turn) -> None:
    due = timers(turn.state)
    if not due or due[0][0] > turn.now:
        raise Misfit("nothing is due")
    while due and due[0][0] <= turn.now:
        _, key, what = due[0]
        fire(turn, key, what)
        due = timers(turn.state)


def _cancelled(turn: Turn, event: Cancel) -> None:
    if turn.ending:
        raise Misfit("the run is being cancelled already")
    turn.state.pop("paused", None)
    turn.state["timers"] = {}
    cancel(turn, undo=event.undo)


def _pause(turn: Turn) -> None:
    if "paused" in turn.state:
        raise Misfit("the run is paused already")
    turn.state["paused"] = turn.now


def _resume(turn: Turn) -> None:
    if "paused" not in turn.state:
        raise Misfit("the run is not paused")
    lasted = turn.now - turn.state.pop("paused")
    for holder in (turn.state, *turn.open.values()):
        for what in holder.get("timers", {}):
            holder["timers"][what] += lasted


@dataclass(frozen=True)
class Attempt:
    """One try of one step, to be under way until it succeeds, fails or is accepted."""

    run: str
    node: str
    """The step, or `!undo` for the compensation that runs now."""
    visit: int
    attempt: int
    key: str
    """Idempotency key `run:node:visit`, equal in every attempt; compensation adds `:undo`."""
    step: Step
    binding: Binding
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
        binding, given = step.compensation, {"data": turn.state["data"], "output": token["output"]}
        idempotency = f"{run}:{step.id}:{token['of']}:undo"
    else:
        binding, given = step.binding, step_input(step, turn.view(key)["data"])
        idempotency = f"{run}:{step.id}:{token['visit']}"
    assert binding is not None  # noqa: S101 - a step without a binding is a task and never ready
    return Attempt(
        run=run,
        node=key,
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
