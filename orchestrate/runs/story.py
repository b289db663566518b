"""A run's journal in words: what happened, and what came of it, by replaying it through the core."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from home.database import Row
from orchestrate.contracts import Step
from orchestrate.core.effects import (
    Alert,
    CloseTask,
    Completed,
    Effect,
    EscalateTask,
    OpenTask,
    Refusal,
    RemindTask,
    StartRun,
    Tell,
)
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
    parse_event,
)
from orchestrate.core.machine import advance
from orchestrate.core.migration import MIGRATED
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import UNDO, State


@dataclass(frozen=True)
class Chapter:
    """One journal row, and sentences on it."""

    row: Row
    words: tuple[str, ...]


def story(index: PlanIndex, journal: Iterable[Row]) -> Iterator[Chapter]:
    """Each journal row with what it says; replaying it tells what came of it."""
    state: State | None = None
    names: dict[str, str] = {}
    for row in journal:
        if row["kind"] == MIGRATED:
            yield Chapter(row, (f"goes on under another version: {row['outcome']}, by {row['resource']}",))
            continue
        event = parse_event(row["event"])
        before = state or {}
        state, effects = advance(index, state, event, row["at"])
        names.update({e.task: e.name for e in effects if isinstance(e, OpenTask)})
        said = _event(partial(_name, index, before), event, names)
        if isinstance(event, Succeeded) and any(
            isinstance(e, Alert) and e.kind == "contract" for e in effects
        ):
            said = said.replace(" done", " answered", 1)
        words = [said, *(_effect(e, names) for e in effects)]
        if isinstance(event, Tick):
            words = [*_lapsed(index, state, effects), *words, *_again(index, before, state)]
        if "ending" in state and "ending" not in before and not isinstance(event, Cancel | Decided):
            words.append(f"cancelled: {state['ending']['reason']}")
        if state.get("status") != before.get("status") and state.get("status") in ENDS:
            words.append(ENDS[state["status"]])
        yield Chapter(row, tuple(filter(None, words)))


TOLD = ("cancel", "pause", "resume")
ENDS = {"done": "the run is done", "cancelled": "the run was cancelled"}


def _event(name: Callable[[str], str], event: Event, names: dict[str, str]) -> str:
    match event:
        case Started():
            return "the run began"
        case Succeeded():
            return f"{name(event.node)} done" + (f" by {event.resource}" if event.resource else "")
        case Failed():
            return f"{name(event.node)} failed at attempt {event.attempt}: {event.error}"
        case Accepted():
            return f"{name(event.node)} was taken over by its system"
        case Asked():
            return f"{name(event.node)} needs a person: {event.reason}"
        case Decided():
            what = names.get(event.task or "") or name(event.node or "a task")
            note = f" ({event.note})" if event.note else ""
            return f"{what}: {event.outcome}" + (f", by {event.by}" if event.by else "") + note
        case Tick():
            return ""
        case Cancel():
            why = f": {event.reason}" if event.reason else ""
            return "cancelled" + (f" by {event.by}" if event.by else "") + why
        case Pause() | Resume():
            return f"{event.kind}d" + (f" by {event.by}" if event.by else "")
        case Called():
            return f"{name(event.node)} calls {event.plan}@{event.version}"
        case GoBack():
            undo = ", undoing what was done since" if event.undo else ""
            why = f": {event.reason}" if event.reason else ""
            return f"back to {name(event.node)}{undo}" + (f", by {event.by}" if event.by else "") + why
        case Reschedule():
            what = names.get(event.task, event.task) if event.task else "the run"
            due = f"due {_when(event.due)}" if event.due else "without a due time"
            return f"{what} is now {due}" + (f", by {event.by}" if event.by else "")


def _lapsed(index: PlanIndex, state: State, effects: Iterable[Effect]) -> Iterator[str]:
    """What is over because nothing came in its time."""
    for effect in effects:
        if isinstance(effect, Completed):
            yield f"{_name(index, state, effect.node)}: {effect.outcome}, since nothing came in time"


def _again(index: PlanIndex, before: State, state: State) -> Iterator[str]:
    """What is tried again, now that it has waited for it."""
    for key, token in state["open"].items():
        number = token.get("attempt", 1)
        if token.get("phase") == "ready" and before["open"].get(key, {}).get("attempt", number) < number:
            yield f"{_name(index, state, key)} is tried again: attempt {number}"


def _effect(effect: Effect, names: dict[str, str]) -> str:
    match effect:
        case OpenTask():
            who = effect.assignee or effect.role or "anybody"
            due = f", due {_when(effect.due)}" if effect.due else ""
            queue = f" in the manual queue ({effect.reason})" if effect.kind == "manual" else ""
            return f"{who} was asked: {effect.name}{queue}{due}"
        case RemindTask():
            return f"a reminder went out for {names.get(effect.task, effect.task)}"
        case EscalateTask():
            due = f", due {_when(effect.due)}" if effect.due else ""
            return f"{names.get(effect.task, effect.task)} went on to {effect.assignee or effect.role}{due}"
        case CloseTask():
            return f"{names.get(effect.task, effect.task)} was no longer needed"
        case Alert():
            return f"alert: {effect.message}"
        case StartRun():
            return f"run {effect.run} began"
        case Tell():
            told = f"told to {effect.kind}" if effect.kind in TOLD else "told how this one ended"
            return f"run {effect.run} was {told}"
        case Refusal():
            return f"refused: {effect.reason}"
    return ""


def _name(index: PlanIndex, state: State, node: str) -> str:
    token = state.get("open", {}).get(node, {})
    if node == UNDO:
        return f"undoing {_name(index, state, token['node'])}" if token else "undoing"
    found = index.nodes.get(token.get("node", node))
    return found.name if isinstance(found, Step) else node


def _when(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
