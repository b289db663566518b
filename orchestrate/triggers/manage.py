"""`baton trigger list`, `show`, `pause`, `resume`, `remove` and `secret`."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from sqlalchemy import text

from home.context import Context
from home.contracts import Argument, Nothing, Request, Response
from home.text import plain
from ingest.arrival_store import forget_log_in
from orchestrate.records.audit import record
from orchestrate.triggers import intake, store
from orchestrate.triggers.contracts import Schedule
from orchestrate.triggers.schedule import due_after
from orchestrate.triggers.shown import OccurrenceRow, TriggerDetails, TriggerList, next_moments, row_of
from orchestrate.triggers.store import Kept
from orchestrate.triggers.webhook import new_secret

OCCURRENCES = (
    "select at, id, outcome, run, detail from occurrence where trigger_name = :name"
    " order by at desc, id desc limit :most"
)


class NamedTrigger(Request):
    """Which trigger."""

    name: Annotated[str, Argument("NAME")]
    """Name of the trigger."""
    by: str | None = None
    """Who does it; default is the operating-system user."""


class ShowTriggerRequest(Request):
    """Which trigger, and how much of it."""

    name: Annotated[str, Argument("NAME")]
    """Name of the trigger."""
    preview: int = Field(default=5, ge=0, le=100)
    """How many of a schedule's next occurrences to show."""
    recent: int = Field(default=20, ge=0, le=1000)
    """How many of the last occurrences to show."""


class TriggerSaid(Response):
    """What became of a trigger."""

    trigger: str
    state: str
    """active, paused, failing or removed."""
    message: str

    def lines(self) -> Iterator[str]:
        """What was done."""
        yield plain(self.message)


class Secret(Response):
    """A new secret for a webhook; it is kept nowhere."""

    secret: str

    def lines(self) -> Iterator[str]:
        """The secret alone, so that it can be written to a file."""
        yield self.secret


def list_triggers(context: Context, request: Nothing) -> TriggerList:  # noqa: ARG001
    """Every trigger: what it waits for, how it is, when it started a run last, and what went wrong."""
    return TriggerList(rows=tuple(row_of(kept) for kept in store.all_triggers(context.state)))


def show_trigger(context: Context, request: ShowTriggerRequest) -> TriggerDetails:
    """One trigger with all it was told, when it is due next, and its last occurrences with their runs."""
    return details(context, store.find_trigger(context.state, request.name), request.preview, request.recent)


def details(
    context: Context, kept: Kept, preview: int, recent: int = 20, *, stored: bool = True
) -> TriggerDetails:
    """A trigger as `show` answers it."""
    found = context.state.rows(OCCURRENCES, {"name": kept.name, "most": recent if stored else 0})
    shown = [
        OccurrenceRow(
            at=store.moment(row["at"]),
            occurrence=row["id"],
            **{n: row[n] for n in ("outcome", "run", "detail")},
        )
        for row in found
    ]
    told = kept.trigger
    return TriggerDetails(
        trigger=row_of(kept),
        revision=kept.revision,
        added=store.moment(kept.added),
        added_by=kept.added_by,
        on=told.on.model_dump(mode="json"),
        waiting=intake.waiting(context.state).get(kept.queue, 0),
        next=next_moments(kept, preview),
        occurrences=tuple(shown),
        stored=stored,
        **{name: getattr(told, name) for name in ("version", "set", "key", "when", "priority", "most_open")},
    )


def pause_trigger(context: Context, request: NamedTrigger) -> TriggerSaid:
    """Let a trigger start nothing until it is resumed; its webhook answers 503, its queue is left alone."""
    return _switch(context, request, "paused")


def resume_trigger(context: Context, request: NamedTrigger) -> TriggerSaid:
    """Let a paused trigger go on. What a schedule passed meanwhile is not made up for; what waits in a
    queue or a table, and runs that ended, are."""
    return _switch(context, request, "active")


def _switch(context: Context, request: NamedTrigger, status: str) -> TriggerSaid:
    kept = store.find_trigger(context.state, request.name)
    if kept.status == status:
        return TriggerSaid(trigger=kept.name, state=kept.state, message=f"{kept.name} is {status} already.")
    now, who, on = context.clock.now(), request.by or context.actor, kept.trigger.on
    position, due = kept.position, kept.due
    if status == "active" and isinstance(on, Schedule):
        position, due = store.said(now.timestamp()), due_after(kept.name, on, now)
    sql = "update plan_trigger set status = :status, failures = 0, error = null where name = :name"
    with context.state.transaction() as connection:
        store.hold(connection, kept, paused=True)
        connection.execute(text(sql), {"status": status, "name": kept.name})
        store.advance(connection, kept, position=position, due=due)
        action = "pause trigger" if status == "paused" else "resume trigger"
        record(connection, at=now, actor=who, action=action, subject=kept.name, revision=kept.revision)
    said = "starts nothing until it is resumed" if status == "paused" else "goes on"
    return TriggerSaid(trigger=kept.name, state=status, message=f"{kept.name} {said}.")


def remove_trigger(context: Context, request: NamedTrigger) -> TriggerSaid:
    """Forget a trigger, what waits for it and what it knows; the runs it started go on."""
    kept = store.find_trigger(context.state, request.name)
    now, who = context.clock.now(), request.by or context.actor
    named = {"name": kept.name}
    with context.state.transaction() as connection:
        store.hold(connection, kept, paused=True)
        connection.execute(text("delete from plan_trigger where name = :name"), named)
        connection.execute(text("delete from occurrence where trigger_name = :name"), named)
        forget_log_in(connection, kept.queue)
        said = {"revision": kept.revision, "counts": dict(kept.counts)}
        record(connection, at=now, actor=who, action="remove trigger", subject=kept.name, **said)
    message = f"{kept.name} is gone. The {kept.counts['started']:,} runs it started stay."
    return TriggerSaid(trigger=kept.name, state="removed", message=message)


def make_secret(context: Context, request: Nothing) -> Secret:  # noqa: ARG001
    """Make a secret as Standard Webhooks writes them: for a file or a variable, and for who sends."""
    return Secret(secret=new_secret())
