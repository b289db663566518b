"""A run's journal in words: what happened, and what came of it, by replaying it through the core."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from home.database import Row
from orchestrate.contracts import Step
from orchestrate.core import advance
from orchestrate.effects import Alert, CloseTask, Effect, EscalateTask, OpenTask, Refusal, RemindTask
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
    parse_event,
)
from orchestrate.plan_index import PlanIndex
from orchestrate.turn import UNDO, State


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
        event = parse_event(row["event"])
        before = "" if state is None else state["status"]
        state, effects = advance(index, state, event, row["at"])
        names.update({e.task: e.name for e in effects if isinstance(e, OpenTask)})
        words = [_event(index, event, names), *(_effect(e, names) for e in effects)]
        if state.get("status") != before and state.get("status") in ENDS:
            words.append(ENDS[state["status"]])
        yield Chapter(row, tuple(filter(None, words)))


ENDS = {"done": "the run is done", "cancelled": "the run was cancelled"}


def _event(index: PlanIndex, event: Event, names: dict[str, str]) -> str:
    match event:
        case Started():
            return "the run began"
        case Succeeded():
            return f"{_name(index, event.node)} done" + (f" by {event.resource}" if event.resource else "")
        case Failed():
            return f"{_name(index, event.node)} failed at attempt {event.attempt}: {event.error}"
        case Accepted():
            return f"{_name(index, event.node)} was taken over by its system"
        case Decided():
            what = names.get(event.task or "") or _name(index, event.node or "a task")
            note = f" ({event.note})" if event.note else ""
            return f"{what}: {event.outcome}" + (f", by {event.by}" if event.by else "") + note
        case Tick():
            return ""
        case Cancel():
            why = f": {event.reason}" if event.reason else ""
            return "cancelled" + (f" by {event.by}" if event.by else "") + why
        case Pause() | Resume():
            return f"{event.kind}d" + (f" by {event.by}" if event.by else "")


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
        case Refusal():
            return f"refused: {effect.reason}"
    return ""


def _name(index: PlanIndex, node: str) -> str:
    if node == UNDO:
        return "undoing"
    found = index.nodes.get(node)
    return found.name if isinstance(found, Step) else node


def _when(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
