"""What the core wants done, as writes to the tables `task` and `alert`."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from orchestrate.core.effects import (
    Alert,
    CloseTask,
    DoneTask,
    Effect,
    EscalateTask,
    MoveTask,
    OpenTask,
    RemindTask,
)
from orchestrate.engine.statements import RAISE, Write
from orchestrate.people.assign import CHOOSING, ESCALATE, OPEN, escalate, open_task
from orchestrate.people.register import apart_text

PLACE = re.compile(r"\{(\w+)\}")
HALF = re.compile("[\ud800-\udfff]")
"""Surrogates that stand alone: JSON may say them, and no database takes them."""

REMIND = "update task set reminders = reminders + 1 where id = :id and status = 'open'"
MOVE = "update task set due = :due where id = :id and status = 'open'"
CLOSE = "update task set status = 'closed' where id = :id and status = 'open'"
DONE = (
    "update task set status = 'done', outcome = :outcome, decided_by = :by, decided_at = :at,"
    " note = :note, output = :output where id = :id and status = 'open'"
)


def writes(effects: Iterable[Effect], run: Mapping[str, Any], at: float) -> list[Write]:
    """The statements of these effects; `run` has id, plan, version, key and simulated."""
    found = (_write(effect, run, at) for effect in effects)
    return [write for write in found if write is not None]


def _write(effect: Effect, run: Mapping[str, Any], at: float) -> Write | None:
    match effect:
        case OpenTask():
            plain = run["simulated"] or (effect.assignee is None and effect.terms.by not in CHOOSING)
            return (OPEN if plain else open_task), opened(effect, run, at)
        case RemindTask():
            return REMIND, {"id": effect.task}
        case EscalateTask():
            moved: dict[str, Any] = {"level": effect.level, "role": effect.role, "assignee": effect.assignee}
            moved |= {"id": effect.task, "due": effect.due, "stands_for": None, "run": run["id"], "at": at}
            plain = run["simulated"] or effect.assignee is None
            return (ESCALATE if plain else escalate), moved
        case MoveTask():
            return MOVE, {"id": effect.task, "due": effect.due}
        case CloseTask():
            return CLOSE, {"id": effect.task}
        case DoneTask():
            said = {"outcome": effect.outcome, "by": effect.by, "note": effect.note}
            return DONE, said | {"id": effect.task, "at": at, "output": json.dumps(effect.output)}
        case Alert():
            where = {"run": run["id"], "node": effect.node, "visit": effect.visit}
            return RAISE, where | {"kind": effect.kind, "at": at, "message": effect.message}
    return None


def opened(effect: OpenTask, run: Mapping[str, Any], at: float) -> dict[str, Any]:
    """The row of a task that is asked for; `run` as for `writes`."""
    own = {name: run[name] for name in ("plan", "version", "key", "simulated")}
    own |= {name: getattr(effect, name) for name in ("node", "visit", "kind", "name", "reason")}
    own |= {name: getattr(effect, name) for name in ("role", "assignee", "due")}
    terms = effect.terms
    own |= {"by": terms.by, "skill": terms.skill, "by_hand": int(terms.by == "hand"), "queue": terms.queue}
    context = effect.context
    if "links" in context:
        context = context | {"links": addresses(context["links"], context.get("data", {}), run["key"])}
    texts = {"outcomes": json.dumps(effect.outcomes), "context": _legible(context)}
    places = {"id": effect.task, "run": run["id"], "at": at, "apart": apart_text(terms.apart)}
    return own | texts | places


def _legible(value: Mapping[str, Any]) -> str:
    """JSON with names as they are written, so that a search finds them; half characters stay escaped."""
    found = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if HALF.search(found) else found


def addresses(links: Mapping[str, str], data: Mapping[str, Any], key: str | None) -> dict[str, str]:
    """The links of a step with `{key}` and the `{FIELD}`s of the run's data filled in, as URLs want them."""
    known = {**data, "key": key}

    def fill(found: re.Match[str]) -> str:
        value = known.get(found[1])
        return "" if value is None else quote(str(value), safe="")

    return {name: PLACE.sub(fill, address) for name, address in links.items()}
