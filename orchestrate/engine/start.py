"""Starts a run: one transaction, whatever else the caller puts into it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from home.errors import Refused
from home.telemetry import origin
from orchestrate.contracts import Priority
from orchestrate.core.effects import Effect
from orchestrate.core.events import Caller, Started
from orchestrate.core.machine import advance, next_due, outstanding
from orchestrate.core.plan_index import PlanIndex, breach
from orchestrate.core.turn import State
from orchestrate.engine.entry import entry_of
from orchestrate.engine.letters import letters
from orchestrate.engine.statements import JOT, NOTIFY, PRIORITIES, Execute, carry_out, on_sqlalchemy
from orchestrate.engine.task_table import writes

INSERT = (
    "insert into run(id, plan, version, key, simulated, status, rev, state, due, since, priority, started,"
    " started_by, ended, parent, parent_node, parent_visit, parent_attempt) values (:id, :plan, :version,"
    " :key, :simulated, :status, 1, :state, :due, :since, :priority, :at, :by, :ended, :parent, :parent_node,"
    " :parent_visit, :parent_attempt)"
    " on conflict do nothing"
)
FIND = "select id from run where plan = :plan and simulated = :simulated and key = :key and parent is null"


class BadInput(Refused):
    """What a run was to be started with breaks the plan's input contract."""

    code = "input"


def start_in(connection: Connection, index: PlanIndex, version: int, **given: Any) -> tuple[str, bool]:
    """Start a run inside the caller's transaction: `(its id, whether it is new)`.

    See `start_with` for what is `given`.
    """
    postgres = connection.dialect.name == "postgresql"
    found = start_with(on_sqlalchemy(connection), index, version, postgres=postgres, **given)
    return found.run, found.created


@dataclass(frozen=True)
class Begun:
    """A run that was started, now or earlier under the same key."""

    run: str
    created: bool
    state: State
    effects: tuple[Effect, ...]


def start_with(
    execute: Execute,
    index: PlanIndex,
    version: int,
    *,
    run: str,
    data: Mapping[str, Any],
    at: float,
    key: str | None = None,
    by: str = "",
    priority: Priority | None = None,
    simulated: bool = False,
    caller: Caller | None = None,
    postgres: bool = False,
) -> Begun:
    """Start a run called `run`.

    A business `key` starts one run of a plan: the second time the first run is answered. Without a
    `priority` it gets the plan's. `caller` is the step that it is the sub-plan of. `data` is checked
    against the plan's input contract; raises `BadInput` naming what is wrong.
    """
    problem = breach(index.plan.input, data)
    if problem:
        raise BadInput(
            f"Plan {index.plan.name!r} cannot start with this data: {problem}.",
            hint="Mend the data and start again.",
        )
    event = Started(run=run, data=dict(data), trace=origin(), caller=caller)
    state, effects = advance(index, None, event, at)
    row = {"id": run, "plan": index.plan.name, "version": version, "key": key, "simulated": int(simulated)}
    values = row | {"status": state["status"], "state": json.dumps(state), "at": at, "by": by}
    due = 0.0 if outstanding(index, state) else next_due(state)
    values |= {"due": due, "since": due or at, "ended": state.get("ended")}
    values["priority"] = PRIORITIES.index(priority or index.plan.priority)
    called = {"run": "parent", "node": "parent_node", "visit": "parent_visit", "attempt": "parent_attempt"}
    values |= {column: getattr(caller, name, None) for name, column in called.items()}
    if execute(INSERT, values).rowcount != 1:
        return Begun(str(execute(FIND, row).fetchone()[0]), False, {}, ())
    entry = entry_of(index, None, event, effects, at)
    execute(JOT, entry | {"run": run, "rev": 0, "fence": 0, "worker": by})
    carry_out(execute, writes(effects, row, at) + letters(effects, at, postgres=postgres))
    if postgres:
        execute(NOTIFY, {"run": run})
    return Begun(run, True, state, effects)
