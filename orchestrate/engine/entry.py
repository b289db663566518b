"""What the journal says of an event, beside the event itself: the columns that queries and views use."""

from collections.abc import Iterable
from typing import Any

from orchestrate.contracts import Step
from orchestrate.core.effects import Completed, DoneTask, Effect, Refusal
from orchestrate.core.events import Decided, Event, Failed, Succeeded
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import UNDO, State, attempt_key
from orchestrate.engine.statements import ENTRY

_EMPTY: dict[str, Any] = dict.fromkeys(ENTRY) | {"completes": 0}


def entry_of(
    index: PlanIndex, before: State | None, event: Event, effects: Iterable[Effect], at: float
) -> dict[str, Any]:
    """The columns of one journal entry; `before` is the state the event met."""
    entry = _EMPTY | {"at": at, "kind": event.kind, "event": event.model_dump_json(exclude_defaults=False)}
    node, token = getattr(event, "node", None), {}
    if node is not None and before is not None:
        key = attempt_key(before, node, getattr(event, "visit", None) or 0)
        token = before["open"].get(key, {})
        node = token.get("node", node) if node == UNDO else node
    entry |= {name: getattr(event, name, None) for name in ("visit", "attempt", "begun")}
    for effect in effects:
        match effect:
            case Refusal():
                return entry | {"kind": "refused", "node": node, "outcome": effect.reason}
            case DoneTask():
                node = effect.node
                entry |= {"visit": effect.visit, "outcome": effect.outcome}
            case Completed():
                node = effect.node
                entry |= {"completes": 1, "enabled": effect.enabled, "visit": effect.visit}
                entry["outcome"] = effect.outcome or entry["outcome"]
    entry["node"] = node
    step = index.nodes.get(node) if node else None
    if isinstance(step, Step):
        entry |= {"activity": step.name, "system": step.system, "resource": _resource(event, step)}
        entry["enabled"] = entry["enabled"] or token.get("enabled")
    return entry


def _resource(event: Event, step: Step) -> str | None:
    if isinstance(event, Decided):
        return event.by or None
    if isinstance(event, Succeeded | Failed):
        return event.resource or (step.binding.connector if step.binding else None)
    return None
