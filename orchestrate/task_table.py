"""What the core wants done, as writes to the tables `task` and `alert`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrate.effects import (
    Alert,
    CloseTask,
    DoneTask,
    Effect,
    EscalateTask,
    OpenTask,
    RemindTask,
)
from orchestrate.statements import Write

OPEN = (
    "insert into task(id, run, plan, version, key, simulated, node, visit, kind, name, reason, role,"
    " assignee, opened, due, outcomes, context) values (:id, :run, :plan, :version, :key, :simulated,"
    " :node, :visit, :kind, :name, :reason, :role, :assignee, :at, :due, :outcomes, :context)"
    " on conflict (id) do nothing"
)
REMIND = "update task set reminders = reminders + 1 where id = :id and status = 'open'"
ESCALATE = (
    "update task set level = :level, role = :role, assignee = :assignee, due = coalesce(:due, due)"
    " where id = :id and status = 'open'"
)
CLOSE = "update task set status = 'closed' where id = :id and status = 'open'"
DONE = (
    "update task set status = 'done', outcome = :outcome, decided_by = :by, decided_at = :at,"
    " note = :note, output = :output where id = :id and status = 'open'"
)
ALERT = (
    "insert into alert(run, kind, node, visit, at, message)"
    " values (:run, :kind, :node, :visit, :at, :message) on conflict do nothing"
)


def writes(effects: Iterable[Effect], run: Mapping[str, Any], at: float) -> list[Write]:
    """The statements of these effects; `run` has id, plan, version, key and simulated."""
    found = (_write(effect, run, at) for effect in effects)
    return [write for write in found if write is not None]


def _write(effect: Effect, run: Mapping[str, Any], at: float) -> Write | None:
    match effect:
        case OpenTask():
            return OPEN, _opened(effect, run, at)
        case RemindTask():
            return REMIND, {"id": effect.task}
        case EscalateTask():
            moved = {"level": effect.level, "role": effect.role, "assignee": effect.assignee}
            return ESCALATE, moved | {"id": effect.task, "due": effect.due}
        case CloseTask():
            return CLOSE, {"id": effect.task}
        case DoneTask():
            said = {"outcome": effect.outcome, "by": effect.by, "note": effect.note}
            return DONE, said | {"id": effect.task, "at": at, "output": json.dumps(effect.output)}
        case Alert():
            where = {"run": run["id"], "node": effect.node, "visit": effect.visit}
            return ALERT, where | {"kind": effect.kind, "at": at, "message": effect.message}
    return None


def _opened(effect: OpenTask, run: Mapping[str, Any], at: float) -> dict[str, Any]:
    own = {name: run[name] for name in ("plan", "version", "key", "simulated")}
    own |= {name: getattr(effect, name) for name in ("node", "visit", "kind", "name", "reason")}
    own |= {name: getattr(effect, name) for name in ("role", "assignee", "due")}
    texts = {"outcomes": json.dumps(effect.outcomes), "context": json.dumps(effect.context)}
    return own | texts | {"id": effect.task, "run": run["id"], "at": at}
