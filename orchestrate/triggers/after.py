"""The end of a run that starts another: found a moment later, each one once, and not round and round."""

import json
from collections.abc import Iterable
from typing import Any

from home.database import Database, Row
from home.errors import Refused
from orchestrate.triggers import store
from orchestrate.triggers.contracts import AfterRun, Trigger
from orchestrate.triggers.fire import Occurrence, Starter
from orchestrate.triggers.store import Kept

MOST = 100
RECENT_S = 30.0
"""How far behind the newest end that was seen each look begins: what ended before may be committed later."""
LATE_S = 3600.0
"""How far behind it a look begins once a minute, for ends whose commit was held up."""
MINUTE_S = 60.0
_RUN = (
    "select id, plan, version, key, status, started, ended, state,"
    " (select max(depth) from occurrence o where o.run = r.id and o.outcome = 'started') as depth from run r"
)
ENDED = (
    _RUN + " where ended >= :since and plan = :plan and simulated = 0"  # noqa: S608 - no name from outside
    " and status <> 'open'"
    " and (:outcome = 'any' or status = :outcome) and not exists"
    " (select 1 from occurrence o where o.trigger_name = :name and o.id = r.id)"
    " order by ended, id limit :most"
)
FIND = _RUN + " where id = :run"


def look(starter: Starter, kept: Kept, on: AfterRun) -> int:
    """Start a run for each end that is new; how many there were."""
    newest, looked = _position(kept)
    now = starter.clock.now().timestamp()
    back = LATE_S if now - looked >= MINUTE_S else RECENT_S
    given = {"name": kept.name, "plan": on.plan, "outcome": on.outcome, "most": MOST}
    found = starter.state.rows(ENDED, given | {"since": max(kept.added, newest - back)})
    if not found:
        if back == LATE_S and newest > kept.added:
            _keep(starter.state, kept, newest, now)
        return 0
    newest = max(newest, found[-1]["ended"])
    starter.fire_all(kept, [occurrence(kept, row) for row in found])
    _keep(starter.state, kept, newest, now if back == LATE_S else looked)
    return len(found)


def _position(kept: Kept) -> tuple[float, float]:
    """The newest end that was seen, and when the last look far back was."""
    if not kept.position:
        return kept.added, kept.added
    newest, looked = json.loads(kept.position)
    return float(newest), float(looked)


def _keep(state: Database, kept: Kept, newest: float, looked: float) -> None:
    with state.transaction() as connection:
        store.move(connection, kept, json.dumps([newest, looked]))


def occurrence(kept: Kept, row: Row) -> Occurrence:
    """A run that ended as an occurrence: its data, and what is known of it."""
    facts: dict[str, Any] = {name: row[name] for name in ("plan", "version", "key", "status")}
    facts |= {"id": row["id"], "run": row["id"], "at": store.said(row["ended"] or 0.0), "trigger": kept.name}
    facts["elapsed_s"] = (row["ended"] or row["started"]) - row["started"]
    data = json.loads(row["state"]).get("data", {})
    return Occurrence(row["id"], data, facts, depth=(row["depth"] or 0) + 1)


def ended_run(state: Database, run: str) -> Row:
    """A run that ended, as `occurrence` takes it; raises `NotFound`, and `Refused` for one that goes on."""
    found = state.row(FIND, {"run": run})
    if found is None:
        from orchestrate.runs.rows import find_run

        return find_run(state, run)  # raises, with the nearest names
    if found["ended"] is None:
        raise Refused(f"Run {run} has not ended.", hint="`baton runs --state done` lists those that have.")
    return found


def refuse_circle(trigger: Trigger, others: Iterable[Trigger]) -> None:
    """Raise `Refused` where runs would start each other for ever: a circle in which nothing is asked."""
    if not isinstance(trigger.on, AfterRun) or trigger.when is not None:
        return
    follows: dict[str, set[str]] = {}
    for other in (*(o for o in others if o.name != trigger.name), trigger):
        if isinstance(other.on, AfterRun) and other.when is None:
            follows.setdefault(other.on.plan, set()).add(other.plan)
    way: list[tuple[str, tuple[str, ...]]] = [(trigger.plan, (trigger.on.plan, trigger.plan))]
    seen = {trigger.plan}
    while way:
        plan, path = way.pop()
        if plan == trigger.on.plan:
            raise Refused(
                f"Runs of {' would start '.join(path)}, for ever.",
                hint="Give one of these triggers a condition with --when.",
            )
        for following in follows.get(plan, set()) - seen:
            seen.add(following)
            way.append((following, (*path, following)))
