"""`baton trigger add`: makes a trigger, or changes one; all that can be known to be wrong is said now."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from home.context import Context
from home.contracts import Argument, Option, Request, TextOrFile
from home.errors import Refused, UsageError
from ingest import feeds
from orchestrate.contracts import Priority
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_value
from orchestrate.records.audit import record
from orchestrate.triggers import after, store
from orchestrate.triggers.contracts import NAME, AfterRun, Missed, Occasion, Rows, Schedule, Trigger, Webhook
from orchestrate.triggers.fire import NAMES, Starter
from orchestrate.triggers.manage import details
from orchestrate.triggers.occasions import occasion, queue_of
from orchestrate.triggers.schedule import due_after
from orchestrate.triggers.shown import TriggerDetails
from orchestrate.triggers.store import Kept


class AddTriggerRequest(Request):
    """What starts runs of which plan: exactly one of --cron, --webhook, --broker, --rows and --after."""

    name: Annotated[str, Argument("NAME")] = Field(pattern=NAME)
    """Name of the trigger: small letters, digits, `.`, `_` and `-`."""
    plan: Annotated[str, Argument("PLAN")]
    """Plan whose runs it starts."""
    set: Annotated[tuple[str, ...], Option(("--set",), "FIELD=CEL")] = ()
    """A field of the run's data, and the CEL expression over `data` (what came in) and `event` (facts
    about it) that gives it. Repeat for each; without any, the data is what came in."""
    key: Annotated[str | None, Option(("--key",), "CEL")] = None
    """Gives the business key: starts one run of the plan, however often it comes."""
    when: Annotated[str | None, Option(("--when",), "CEL")] = None
    """Condition under which a run is started."""
    version: int | None = None
    """Version of the plan; default is the newest at each start."""
    priority: Priority | None = None
    """Of its runs; default is the plan's."""
    most_open: int = Field(default=1000, ge=1)
    """Runs of it that may be under way; further events and rows wait."""
    cron: Annotated[str | None, Option(("--cron",), "LINE")] = None
    """Schedule: minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly, @yearly."""
    tz: Annotated[str | None, Option(("--tz",), "ZONE")] = None
    """With --cron: IANA zone of its clock; default UTC."""
    missed: Missed | None = None
    """With --cron: one run for all moments missed while nothing ran (default), a run for all, or none."""
    jitter: Annotated[str | None, Option(("--jitter",), "TIME")] = None
    """With --cron: each occurrence comes up to so much later: 30s, 5m."""
    webhook: bool = False
    """Signed requests (Standard Webhooks) to POST /api/hooks/NAME."""
    secret: Annotated[tuple[str, ...], Option(("--secret",), "REFERENCE")] = ()
    """With --webhook: env:NAME or file:PATH of the secret; repeat it while one replaces another."""
    tolerance: Annotated[str | None, Option(("--tolerance",), "TIME")] = None
    """With --webhook: how old or early a request's time may be; default 5m."""
    broker: Annotated[str | None, Option(("--broker",), "ADDRESS")] = None
    """CloudEvents of a queue or topic: amqp://…, kafka://…, or a reference to such an address."""
    queue: str | None = None
    """With --broker: queue or topic, where the address does not name it."""
    type: Annotated[str | None, Option(("--type",), "PATTERN")] = None
    """With --broker: only events whose type fits, such as com.example.order.*."""
    source: Annotated[str | None, Option(("--source",), "PATTERN")] = None
    """With --broker: only events whose source fits."""
    subject: Annotated[str | None, Option(("--subject",), "PATTERN")] = None
    """With --broker: only events whose subject fits."""
    rows: Annotated[str | None, Option(("--rows",), "SOURCE")] = None
    """New rows of a named source (`baton source list`), database, service or file."""
    adapter: str | None = None
    """With --rows: how to read it; without it the content decides."""
    table: str | None = None
    """With --rows: table of a database."""
    query: Annotated[str | None, Option(("--query",), "SQL"), TextOrFile()] = None
    """With --rows: query of a database, read-only; @FILE takes it from a file."""
    records: Annotated[str | None, Option(("--records",), "PATH")] = None
    """With --rows: where the records are in a JSON document."""
    cursor: Annotated[str | None, Option(("--cursor",), "COLUMN")] = None
    """With --rows: column that tells new rows from old ones; without it --key does."""
    overlap: Annotated[str | None, Option(("--overlap",), "TIME|NUMBER")] = None
    """With --rows: how far behind the newest row each look begins, for rows that became visible late."""
    every: Annotated[str | None, Option(("--every",), "TIME")] = None
    """With --rows: how often to look; default 1m."""
    existing: bool = False
    """With --rows: rows that are there already start runs too."""
    after: Annotated[str | None, Option(("--after",), "PLAN")] = None
    """The end of a run of this plan."""
    outcome: str | None = Field(default=None, pattern="^(done|cancelled|any)$")
    """With --after: how it ended: done (default), cancelled or any."""
    deepest: int | None = Field(default=None, ge=1, le=1000)
    """With --after: runs in a row that start each other, at most; default 10."""
    replace: bool = False
    """Change the trigger of this name; it goes on where it is."""
    dry_run: bool = False
    """Check everything, show it, and store nothing."""
    preview: int = Field(default=5, ge=0, le=100)
    """With --cron: how many of the next occurrences to show."""
    by: str | None = None
    """Who adds it; default is the operating-system user."""

    @field_validator("jitter", "tolerance", "every")
    @classmethod
    def _time(cls, value: str | None) -> str | None:
        if value is not None:
            feeds.seconds(value)
        return value


def add_trigger(context: Context, request: AddTriggerRequest) -> TriggerDetails:
    """Let something start runs of a plan: a schedule, a webhook, events, new rows, or the end of other runs.

    Each occurrence starts one run, whatever is sent twice or dies in between. `baton trigger test NAME`
    shows what would be started; secrets are only referred to.
    """
    starter = Starter(context.state, context.clock)
    index, _ = starter.plan(request.plan, request.version)
    trigger = _trigger(context, request)
    _check(context, trigger, index)
    now, who = context.clock.now(), request.by or context.actor
    at = now.timestamp()
    others = {kept.name: kept for kept in store.all_triggers(context.state)}
    before = others.get(trigger.name)
    if before is not None and not request.replace:
        raise Refused(f"There is a trigger {trigger.name!r} already.", hint="Say --replace to change it.")
    _check_beside(trigger, others)
    revision = before.revision + 1 if before else 1
    position, due = _begin(trigger, before, at)
    kept = Kept(
        trigger,
        revision,
        "active",
        at,
        who,
        position,
        due,
        dict.fromkeys(store.COUNTED, 0),
        None,
        0,
        None,
        None,
    )
    if not request.dry_run:
        with context.state.transaction() as connection:
            if before is not None:
                store.hold(connection, before, paused=True)
            store.put(connection, trigger, revision=revision, position=position, due=due, at=at, by=who)
            said = {"revision": revision, "trigger": trigger.model_dump(mode="json", exclude_defaults=True)}
            action = "change trigger" if before else "add trigger"
            record(connection, at=now, actor=who, action=action, subject=trigger.name, **said)
        kept = store.find_trigger(context.state, trigger.name)
    return details(context, kept, request.preview, stored=not request.dry_run)


def _trigger(context: Context, request: AddTriggerRequest) -> Trigger:
    try:
        return Trigger(
            name=request.name,
            plan=request.plan,
            version=request.version,
            on=occasion(context, request),
            set=dict(_assigned(request.set)),
            key=request.key,
            when=request.when,
            priority=request.priority,
            most_open=request.most_open,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}.", hint="See `baton trigger add --help`."
        ) from error


def _assigned(pairs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        field, equals, rule = pair.partition("=")
        if not equals or not field.strip() or not rule.strip():
            raise UsageError(f"--set {pair!r} is not FIELD=CEL.", hint="Such as --set amount=data.total.")
        yield field.strip(), rule.strip()


def _check(context: Context, trigger: Trigger, index: PlanIndex) -> None:
    """Everything that is known to be wrong without waiting for an occurrence."""
    for rule in (*trigger.set.values(), trigger.key, trigger.when):
        if rule is not None:
            compile_value(rule, *NAMES)
    needed = set(index.plan.input.get("required", ()))
    given = set(trigger.set) if trigger.set or isinstance(trigger.on, Schedule) else needed
    if missing := sorted(needed - given):
        raise UsageError(
            f"Plan {trigger.plan!r} starts with {', '.join(map(repr, missing))}, and nothing gives that.",
            hint=f"Such as --set '{missing[0]}=…', a CEL expression over data and event.",
        )
    if isinstance(trigger.on, AfterRun):
        Starter(context.state, context.clock).plan(trigger.on.plan, None)


def _check_beside(trigger: Trigger, others: dict[str, Kept]) -> None:
    after.refuse_circle(trigger, [kept.trigger for kept in others.values()])
    for kept in others.values():
        same = queue_of(kept.trigger.on) is not None and queue_of(kept.trigger.on) == queue_of(trigger.on)
        if same and kept.name != trigger.name:
            raise Refused(
                f"The trigger {kept.name!r} takes the events of this queue; each would get some of them.",
                hint="Bind a queue of its own for this trigger.",
            )


def _begin(trigger: Trigger, before: Kept | None, at: float) -> tuple[str | None, float | None]:
    """Where a trigger begins, and when it is looked at: a changed one goes on where it is."""
    on = trigger.on
    if isinstance(on, Schedule):
        now = store.moment(at)
        return store.said(at), due_after(trigger.name, on, now)
    same = before is not None and _origin(before.trigger.on) == _origin(on)
    position = before.position if before is not None and same else None
    return position, at if isinstance(on, Rows) else None


def _origin(on: Occasion) -> Any:
    """What a position counts in."""
    if isinstance(on, Rows):
        return on.model_dump(exclude={"every_s", "existing"})
    return on.plan if isinstance(on, AfterRun) else on.kind if not isinstance(on, Webhook) else None
