"""What is typed becomes one kind of occasion, or one sentence that says what is missing or too much."""

from typing import TYPE_CHECKING, Any

from home.context import Context
from home.errors import UsageError
from home.settings import REFERENCE
from ingest import feeds
from ingest.arrivals import asked
from ingest.brokers import address_of, broker, is_broker
from ingest.named_sources import FLOWS, AddSourceRequest, refuse_secrets
from ingest.source import STATE
from orchestrate.triggers.contracts import AfterRun, Event, Occasion, Rows, Schedule, Webhook

if TYPE_CHECKING:
    from orchestrate.triggers.add import AddTriggerRequest

KINDS: dict[str, tuple[str, ...]] = {
    "cron": ("tz", "missed", "jitter"),
    "webhook": ("secret", "tolerance"),
    "broker": ("queue", "type", "source", "subject"),
    "rows": ("adapter", "table", "query", "records", "cursor", "overlap", "every", "existing"),
    "after": ("outcome", "deepest"),
}
"""What says the kind, and the options that belong to it."""
READ_BY = ("adapter", "table", "query", "records", "overlap")


def occasion(context: Context, request: "AddTriggerRequest") -> Occasion:
    """The one occasion a request names. Raises `UsageError` and `SettingError`."""
    chosen = [kind for kind in KINDS if getattr(request, kind)]
    if len(chosen) != 1:
        raise UsageError(
            "A trigger waits for one thing" + (f", not for {' and '.join(chosen)}." if chosen else "."),
            hint="Say one of --cron LINE, --webhook, --broker ADDRESS, --rows SOURCE and --after PLAN.",
        )
    kind = chosen[0]
    for other, options in KINDS.items():
        wrong = [name for name in options if other != kind and getattr(request, name)]
        if wrong:
            raise UsageError(f"--{wrong[0]} belongs to --{other}, and this trigger has --{kind}.")
    made: Occasion = _MAKE[kind](context, request)
    return made


def _given(request: "AddTriggerRequest", *names: str) -> dict[str, Any]:
    return {name: getattr(request, name) for name in names if getattr(request, name) is not None}


def _schedule(_: Context, request: "AddTriggerRequest") -> Schedule:
    from orchestrate.triggers.cron import Cron

    given = _given(request, "cron", "tz", "missed")
    made = Schedule(**given, jitter_s=feeds.seconds(request.jitter) if request.jitter else 0.0)
    Cron(made.cron, made.tz)
    return made


def _webhook(_: Context, request: "AddTriggerRequest") -> Webhook:
    if not request.secret:
        raise UsageError(
            "A webhook wants a secret.",
            hint="`baton trigger secret` makes one; --secret env:NAME refers to it.",
        )
    for reference in request.secret:
        if not REFERENCE.match(reference):
            raise UsageError(
                "A secret is given by reference, and this is not one.", hint="Write env:NAME or file:PATH."
            )
    tolerance = feeds.seconds(request.tolerance) if request.tolerance else 300.0
    return Webhook(secrets=request.secret, tolerance_s=tolerance)


def _event(_: Context, request: "AddTriggerRequest") -> Event:
    address = request.broker or ""
    refuse_secrets(address)
    if not REFERENCE.match(address):
        if not is_broker(address):
            raise UsageError(
                f"{address!r} is no broker.", hint="Write amqp://… or kafka://…, or env:NAME that holds it."
            )
        broker(address, request.queue)
    return Event(**_given(request, "broker", "queue", "type", "source", "subject"))


def queue_of(on: Occasion) -> tuple[str, str | None] | None:
    """The queue that only one trigger may take from; `None` for a topic, which each reads for itself."""
    if not isinstance(on, Event) or on.broker.startswith("kafka"):
        return None
    try:
        address = address_of(on.broker)
        found = broker(address, on.queue) if address else None
    except UsageError:  # known where the trigger runs only
        return on.broker, on.queue
    return None if found is None or found.kind == "kafka" else (found.url, found.queue)


def _rows(context: Context, request: "AddTriggerRequest") -> Rows:
    every = feeds.seconds(request.every) if request.every else 60.0
    options = _given(request, *READ_BY)
    source, cursor = request.rows or "", request.cursor
    named = (
        next((f for f in feeds.all_feeds(context.events) if f.name == source), None)
        if _may_be_named(source)
        else None
    )
    if named is not None:
        told, spec = asked(named)
        if spec.mask:
            raise UsageError(
                f"The source {source!r} masks values, which a run would be started with.",
                hint="Name the table itself.",
            )
        kept = {"adapter": spec.adapter, "overlap": named.overlap, **spec.options}
        options = {
            n: v
            for n, v in kept.items()
            if v is not None and n in (*READ_BY, "sheet", "delimiter", "encoding")
        } | options
        source, cursor = told.source, cursor or named.cursor_column or spec.cursor
    refuse_secrets(source)
    if source.startswith(FLOWS):
        raise UsageError("A queue or topic is no table.", hint="--broker takes its events.")
    if source == STATE:
        raise UsageError("Runs are followed with --after PLAN.")
    if cursor is None and (request.key is None or not request.existing):
        raise UsageError(
            "Nothing tells new rows from old ones.",
            hint="Name a column with --cursor; or say --key and --existing, and each key starts one run.",
        )
    if options.get("table") and options.get("query"):
        raise UsageError("--table and --query exclude each other.")
    source = AddSourceRequest(name="rows", log="rows", source=source).source  # a path is made absolute
    return Rows(source=source, cursor=cursor, every_s=every, existing=request.existing, options=options)


def _may_be_named(source: str) -> bool:
    return "://" not in source and not REFERENCE.match(source)


def _after(_: Context, request: "AddTriggerRequest") -> AfterRun:
    return AfterRun(plan=request.after or "", **_given(request, "outcome", "deepest"))


_MAKE: dict[str, Any] = {
    "cron": _schedule,
    "webhook": _webhook,
    "broker": _event,
    "rows": _rows,
    "after": _after,
}
