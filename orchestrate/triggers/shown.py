"""Triggers as people see them: what each waits for, how it is, and what it did."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from home.contracts import Contract, Json, Response
from home.settings import REFERENCE
from home.text import duration, plain, table
from ingest.brokers import broker, is_broker
from ingest.decode import without_secrets
from orchestrate.triggers.contracts import AfterRun, Event, Moment, Occasion, Rows, Schedule, Webhook
from orchestrate.triggers.schedule import upcoming
from orchestrate.triggers.store import COUNTED, Kept, moment

HOOKS = "/api/hooks/"
USUAL = {"revision": 1, "most_open": 1000}
"""What goes without saying."""


class TriggerRow(Contract):
    """One trigger."""

    trigger: str
    kind: str
    """schedule, webhook, event, rows or run."""
    occasion: str
    """What it waits for, in words."""
    plan: str
    """Whose runs it starts."""
    state: str
    """active, paused or failing."""
    due: Moment | None
    """When it is looked at next; absent where it is told."""
    fired_at: Moment | None
    """When it started a run last."""
    started: int
    """Runs it started."""
    known: int
    """Occurrences whose business key had started a run already."""
    skipped: int
    """Occurrences that its filter or condition did not want."""
    refused: int
    """Occurrences that could not start a run."""
    missed: int
    """Occurrences that passed while nothing ran, and were left out."""
    failures: int
    """Errors in a row."""
    error: str | None
    """The last of them, while it stands."""
    error_at: Moment | None


class TriggerList(Response):
    """The triggers."""

    rows: tuple[TriggerRow, ...]

    def lines(self) -> Iterator[str]:
        """A table, and what is wrong where something is."""
        if not self.rows:
            yield "There is no trigger yet. `baton trigger add NAME PLAN --cron '0 9 * * mon-fri'` makes one."
        columns = ("trigger", "occasion", "plan", "state", "due", "fired_at", "started", "refused")
        yield from table([{n: _minute(getattr(row, n)) for n in columns} for row in self.rows], columns)
        for row in self.rows:
            if row.error:
                yield plain(f"{row.trigger}: {row.failures} errors in a row, the last: {row.error}")


class OccurrenceRow(Contract):
    """One occurrence, and what became of it."""

    at: Moment
    occurrence: str
    """What it is known by when it comes again."""
    outcome: str
    """started, known, skipped, refused or missed."""
    run: str | None
    detail: str


class TriggerDetails(Response):
    """One trigger with everything it was told."""

    trigger: TriggerRow
    revision: int
    """Which version of it this is; the audit has the others."""
    added: Moment
    added_by: str
    version: int | None
    """Version of the plan; absent: the newest."""
    on: Json
    """What it waits for."""
    set: dict[str, str]
    """Field of the run's data to the expression that gives it."""
    key: str | None
    when: str | None
    priority: str | None
    """Of its runs; absent: the plan's."""
    most_open: int
    waiting: int
    """Events or rows that wait for their run."""
    next: tuple[Moment, ...]
    """When a schedule is due next, UTC."""
    occurrences: tuple[OccurrenceRow, ...]
    """The newest first."""
    stored: bool = True
    """False where it was only checked."""

    def lines(self) -> Iterator[str]:
        """Facts on lines, then what comes and what was."""
        row = self.trigger
        if not self.stored:
            yield "Nothing was stored: this is what it would be."
        yield plain(f"{row.trigger} starts {row.plan}: {row.occasion}. It is {row.state}.")
        for name in ("key", "when", "priority", "version", "revision", "most_open", "waiting", "added_by"):
            if getattr(self, name) not in (None, 0, USUAL.get(name)):
                yield plain(f"{name.replace('_', ' ')}: {getattr(self, name)}")
        for name, rule in self.set.items():
            yield plain(f"  {name} = {rule}")
        yield ", ".join(f"{getattr(row, name):,} {name}" for name in COUNTED)
        if row.error:
            yield plain(f"{row.failures} errors in a row, the last: {row.error}")
        for at in self.next:
            yield f"next: {at:%a %Y-%m-%d %H:%M} UTC"
        shown = [{**o.model_dump(exclude={"at"}), "at": _minute(o.at)} for o in self.occurrences]
        yield from table(shown, ("at", "outcome", "run", "occurrence", "detail"))


def row_of(kept: Kept) -> TriggerRow:
    """A trigger as it is listed."""
    own = {name: getattr(kept, name) for name in ("state", "failures", "error")}
    at = {n: None if getattr(kept, n) is None else moment(getattr(kept, n)) for n in ("fired_at", "error_at")}
    timed = isinstance(kept.trigger.on, Schedule | Rows) and kept.due is not None and kept.status == "active"
    return TriggerRow(
        trigger=kept.name,
        kind=kept.trigger.on.kind,
        occasion=words(kept.name, kept.trigger.on),
        plan=kept.trigger.plan,
        due=moment(kept.due) if timed and kept.due is not None else None,
        **own,
        **at,
        **kept.counts,
    )


def words(name: str, on: Occasion) -> str:
    """What a trigger waits for."""
    match on:
        case Schedule():
            return f"schedule {on.cron} ({on.tz})"
        case Webhook():
            return f"POST {HOOKS}{name}"
        case Event():
            asked = {name: getattr(on, name) for name in ("type", "source", "subject")}
            filters = ", ".join(f"{name} {pattern}" for name, pattern in asked.items() if pattern != "*")
            return f"events of {_queue(on)}" + (f" ({filters})" if filters else "")
        case Rows():
            what = on.options.get("table") or ("a query" if on.options.get("query") else "")
            of = f"{what} in {told(on.source)}" if what else told(on.source)
            return f"new rows of {of}, every {duration(on.every_s)}"
        case AfterRun():
            end = {"done": "is done", "cancelled": "is cancelled", "any": "ends"}[on.outcome]
            return f"a run of {on.plan} {end}"


def _queue(on: Event) -> str:
    if is_broker(on.broker):
        return broker(on.broker, on.queue).shown
    return f"{on.broker} queue {on.queue}" if on.queue else on.broker


def told(source: str) -> str:
    """An address without secrets; a reference or a path as it is."""
    return without_secrets(source) if "://" in source and not REFERENCE.match(source) else source


def next_moments(kept: Kept, count: int) -> tuple[Any, ...]:
    """When a schedule fires next; nothing for other kinds, and while it is paused."""
    on = kept.trigger.on
    if not isinstance(on, Schedule) or kept.status != "active" or not kept.position:
        return ()
    from datetime import datetime

    return tuple(
        at for _, at in islice(upcoming(kept.name, on, datetime.fromisoformat(kept.position)), count)
    )


def _minute(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else value
