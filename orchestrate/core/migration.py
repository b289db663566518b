"""Whether a run may go on under another version of its plan, proven by replaying its own journal on it.

A migrated run is exactly what it would be had it begun on the version it is on now. So replaying its
journal needs no memory of versions: whatever it was migrated from, the journal without the entries
that only tell of refusals and migrations leads to its state on the version that its row names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from home.contracts import Contract
from orchestrate.contracts import Step
from orchestrate.core.effects import OpenTask, Refusal, StartRun
from orchestrate.core.events import Event, parse_event
from orchestrate.core.machine import advance
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import State, Token

MIGRATED, REFUSED = "migrated", "refused"
NOTES = frozenset({MIGRATED, REFUSED})
"""Kinds of journal entries that the core is not told when a run is replayed."""


class Unsafe(Exception):
    """Why a run stays on its version, in words for people."""


class Migrated(Contract):
    """What the journal says of a migration: the entry's event, which the core never sees."""

    kind: str = MIGRATED
    since: int
    """Version before."""
    to: int
    by: str = ""


@dataclass(frozen=True)
class Moved:
    """What a run is on its new version."""

    state: State
    tasks: Mapping[str, OpenTask]
    """Its open tasks as the new version asks them, by id."""


def events_of(journal: Iterable[Mapping[str, Any]]) -> list[tuple[Event, float]]:
    """What the core was told, from rows of a journal in order."""
    return [(parse_event(row["event"]), row["at"]) for row in journal if row["kind"] not in NOTES]


def proven(old: PlanIndex, new: PlanIndex, events: list[tuple[Event, float]], state: State) -> Moved:
    """The run on the new version; raises `Unsafe` where its history does not prove that it is the same run.

    Safe is: every event fits the new version in its order, and the run is waiting for the same things.
    """
    before, _, called = _replayed(old, events)
    if before != state:
        raise Unsafe("replaying its journal on its own version does not lead to its state")
    after, tasks, would_call = _replayed(new, events)
    if called != would_call:
        raise Unsafe("the new version would have called other plans")
    here, there = _waits(old, before), _waits(new, after)
    for key in (*here, *there):
        if here.get(key) != there.get(key):
            raise Unsafe(_difference(here.get(key), there.get(key)))
    return Moved(after, {name: task for name, task in tasks.items() if name in _open_tasks(after)})


def _replayed(
    index: PlanIndex, events: list[tuple[Event, float]]
) -> tuple[State, dict[str, OpenTask], list[StartRun]]:
    state: State | None = None
    tasks: dict[str, OpenTask] = {}
    called: list[StartRun] = []
    for event, at in events:
        state, effects = advance(index, state, event, at)
        if effects and isinstance(effects[0], Refusal):
            where = getattr(event, "node", None) or getattr(event, "task", None)
            what = f"{event.kind!r}" + (f" of {where!r}" if where else "")
            raise Unsafe(f"the new version would not have gone this way: {what}: {effects[0].reason}")
        tasks.update({e.task: e for e in effects if isinstance(e, OpenTask)})
        called += [e for e in effects if isinstance(e, StartRun)]
    return state or {}, tasks, called


@dataclass(frozen=True)
class Wait:
    """One thing that a run is at: what has to be the same for the run to be the same."""

    name: str
    phase: str
    visit: int
    attempt: int | None
    system: str | None
    child: str | None
    task: str | None
    kind: str | None
    outcomes: tuple[str, ...]
    form: str
    """What a person is to fill in."""


def _waits(index: PlanIndex, state: State) -> dict[str, Wait]:
    return {key: _wait(index, key, token) for key, token in state.get("open", {}).items() if "phase" in token}


def _wait(index: PlanIndex, key: str, token: Token) -> Wait:
    node = index.nodes.get(token.get("node", key))
    step = node if isinstance(node, Step) else None
    task = token.get("task", {})
    return Wait(
        name=step.name if step else key,
        phase=token["phase"],
        visit=token["visit"],
        attempt=token.get("attempt"),
        system=step.system if step else None,
        child=token.get("child"),
        task=task.get("id"),
        kind=task.get("kind"),
        outcomes=tuple(task.get("outcomes", ())),
        form=repr(step.output) if step and task else "",
    )


def _difference(here: Wait | None, there: Wait | None) -> str:
    if there is None:
        return f"it is at {here.name!r}, and on the new version it would not be" if here else ""
    if here is None:
        return f"on the new version it would also be at {there.name!r}"
    for name, words in DIFFERENCES.items():
        if getattr(here, name) != getattr(there, name):
            was, would = getattr(here, name), getattr(there, name)
            return f"{here.name!r} waits otherwise on the new version: {words} {was!r}, there {would!r}"
    return ""


DIFFERENCES = {
    "name": "it is called",
    "phase": "it stands at",
    "kind": "it asks for",
    "outcomes": "what may be decided is",
    "form": "what is to be filled in is",
    "task": "its task is",
    "visit": "its visit is",
    "attempt": "its attempt is",
    "system": "its system is",
    "child": "its run is",
}


def _open_tasks(state: State) -> set[str]:
    return {token["task"]["id"] for token in state.get("open", {}).values() if "task" in token}


def due_of(state: State, task: str) -> float | None:
    """When an open task is due."""
    token = next(t for t in state["open"].values() if t.get("task", {}).get("id") == task)
    due: float | None = token.get("timers", {}).get("due")
    return due
