"""Starts a run: one transaction, whatever else the caller puts into it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from home.errors import Refused
from orchestrate.core import advance, next_due, outstanding
from orchestrate.effects import Effect
from orchestrate.entry import entry_of
from orchestrate.events import Started
from orchestrate.plan_index import PlanIndex, breach
from orchestrate.statements import JOT, NOTIFY, Execute, on_sqlalchemy
from orchestrate.task_table import writes
from orchestrate.turn import State

INSERT = (
    "insert into run(id, plan, version, key, simulated, status, rev, state, due, started, started_by, ended)"
    " values (:id, :plan, :version, :key, :simulated, :status, 1, :state, :due, :at, :by, :ended)"
    " on conflict do nothing"
)
FIND = "select id from run where plan = :plan and simulated = :simulated and key = :key"


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
    simulated: bool = False,
    postgres: bool = False,
) -> Begun:
    """Start a run called `run`.

    A business `key` starts one run of a plan: the second time the first run is answered. `data` is
    checked against the plan's input contract; raises `BadInput` naming what is wrong.
    """
    problem = breach(index.plan.input, data)
    if problem:
        raise BadInput(
            f"Plan {index.plan.name!r} cannot start with this data: {problem}.",
            hint="Mend the data and start again.",
        )
    event = Started(run=run, data=dict(data))
    state, effects = advance(index, None, event, at)
    row = {"id": run, "plan": index.plan.name, "version": version, "key": key, "simulated": int(simulated)}
    values = row | {"status": state["status"], "state": json.dumps(state), "at": at, "by": by}
    values |= {"due": 0.0 if outstanding(index, state) else next_due(state), "ended": state.get("ended")}
    if execute(INSERT, values).rowcount != 1:
        return Begun(str(execute(FIND, row).fetchone()[0]), False, {}, ())
    entry = entry_of(index, None, event, effects, at)
    execute(JOT, entry | {"run": run, "rev": 0, "fence": 0, "worker": by})
    for statement, parameters in writes(effects, row, at):
        execute(statement, parameters)
    if postgres:
        execute(NOTIFY, {"run": run})
    return Begun(run, True, state, effects)
