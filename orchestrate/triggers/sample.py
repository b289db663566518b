"""An occurrence made by hand: to see what a trigger would start, or to start it."""

import json
from functools import partial
from typing import Any

from home.context import Context
from home.errors import Refused
from home.ids import new_id
from ingest.reading import spooled
from orchestrate.triggers import after, events, rows, schedule, store
from orchestrate.triggers.contracts import AfterRun, Event, Rows, Schedule
from orchestrate.triggers.fire import Occurrence, Starter
from orchestrate.triggers.payload import parsed
from orchestrate.triggers.store import Kept

NEWEST = (
    "select id from run where plan = :plan and simulated = 0 and status <> 'open'"
    " and (:outcome = 'any' or status = :outcome) order by ended desc limit 1"
)


def sample(context: Context, starter: Starter, kept: Kept, data: str | None, id: str | None) -> Occurrence:
    """What came in, said by `data` (JSON): a request's body, an event, a row, the data of a run that ended.

    Without it: a schedule's next moment, the next row of the source, the newest run that ended (or the one
    called `id`), or an empty object. Raises `Refused` for what is no JSON, or where nothing is there.
    """
    given = None if data is None else parsed(data)
    now = context.clock.now()
    name = id or new_id("hand", now)
    facts = {"id": name, "at": store.said(now.timestamp()), "trigger": kept.name}
    match kept.trigger.on:
        case Schedule() as on:
            return Occurrence(name, given or {}, facts | schedule.facts(kept.name, on, _moment(on, now)))
        case Event():
            return _event(kept, given, id, facts)
        case Rows() as on:
            row = _next_row(context, kept, on) if given is None else given
            index, _ = starter.plan(kept.trigger.plan, kept.trigger.version)
            typed = rows.typed(row, index.plan.input) if isinstance(row, dict) else row
            return Occurrence(name, typed, facts)
        case AfterRun() as on if given is None:
            return after.occurrence(kept, after.ended_run(context.state, id or _newest(context, on)))
        case AfterRun() as on:
            end = {"run": name, "plan": on.plan, "version": 1, "key": None, "status": "done", "elapsed_s": 0}
            return Occurrence(name, given, facts | end)
    return Occurrence(name, {} if given is None else given, facts)


def _moment(on: Schedule, now: Any) -> Any:
    from orchestrate.triggers.cron import Cron

    return next(Cron(on.cron, on.tz).after(now))


def _event(kept: Kept, given: Any, id: str | None, facts: dict[str, str]) -> Occurrence:
    own = given if isinstance(given, dict) and "specversion" in given else {}
    source = str(own.get("source", "by hand"))
    known = id or json.dumps([source, str(own.get("id", facts["id"]))], ensure_ascii=False)
    made = events.of_event(kept.trigger, {} if given is None else given, id=known, source=source, at=0.0)
    return made if own else Occurrence(known, made.data, facts)  # plain data is what is wanted


def _next_row(context: Context, kept: Kept, on: Rows) -> dict[str, str]:
    """The first row that is new, or else the first there is; nothing is kept of the look."""
    for position in dict.fromkeys((kept.position, None)):
        with spooled(context, partial(rows.order, context, position, on, 1)) as (folder, found):
            for _, row in rows.read_rows(folder, found):
                return row
    raise Refused("There is no row in the source.", hint='Give one with --data \'{"column": "value"}\'.')


def _newest(context: Context, on: AfterRun) -> str:
    found = context.state.row(NEWEST, {"plan": on.plan, "outcome": on.outcome})
    if found is None:
        raise Refused(f"No run of {on.plan} has ended yet.", hint="Give the data of one with --data.")
    return str(found["id"])
