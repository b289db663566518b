"""Takes events that other systems push, as `POST /api/events` does; they are loaded a moment later."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from home.context import Context
from home.contracts import Contract, Response
from home.errors import NotFound, UsageError
from ingest import arrival_store, feeds
from ingest.arrival_store import PUSHED, Arrived
from ingest.arrivals import asked
from ingest.cloud_events import Refusal, events
from ingest.errors import IngestError
from ingest.feeds import Feed

MOST_BODY = 16 << 20
"""Bytes of one request."""
MOST_EVENT = 1 << 20
"""Characters of one event."""
MOST_EVENTS = 10_000
"""Events of one request."""


class TooLarge(IngestError):
    """A request is larger than any that is taken."""

    code = "too_large"


class RefusedEvent(Contract):
    """One event that was not taken."""

    index: int
    """Its 0-based place in the request."""
    reason: str


class Receipt(Response):
    """What became of pushed events; those that were accepted are loaded within seconds."""

    accepted: int
    duplicates: int
    """Known by source and id, and ignored."""
    refused: tuple[RefusedEvent, ...] = ()

    def lines(self) -> Iterator[str]:
        """The counts, and why each of the others was refused."""
        yield f"{self.accepted:,} accepted, {self.duplicates:,} duplicates, {len(self.refused):,} refused"
        for event in self.refused:
            yield f"  event {event.index}: {event.reason}"


def take(
    context: Context,
    headers: Mapping[str, str],
    body: bytes,
    *,
    log: str | None = None,
    source: str | None = None,
) -> Receipt:
    """Keep the events of one request, to be loaded into `log` or by the named source.

    Without either, a CloudEvent finds the named source whose address `push:PATTERN` fits its source (or
    `push:PATTERN#TYPES` its source and type). Raises `UsageError` and `Unreadable` for a request that
    cannot be read, `TooLarge`, and `Backlog` while too many events wait to be loaded.
    """
    if log is not None and source is not None:
        raise UsageError("log and source exclude each other.", hint="Name one: ?log=NAME or ?source=NAME.")
    if log is not None and not 0 < len(log) <= 200:
        raise UsageError("The name of a log has 1 to 200 characters.", hint="Write ?log=NAME.")
    if len(body) > MOST_BODY:
        raise TooLarge(f"The request has more than {MOST_BODY:,} bytes.", hint="Send fewer events at a time.")
    routes = _Routes(context, log, source)
    parcels: dict[tuple[str, str], list[Arrived]] = {}
    refused: list[RefusedEvent] = []
    count = 0
    for index, found in enumerate(events(headers, body, queue=routes.name)):
        count += 1
        reason = found.reason if isinstance(found, Refusal) else _too_long(found)
        if not isinstance(found, Refusal) and not reason:
            route = routes.of(found)
            if route is not None:
                parcels.setdefault(route, []).append(found)
                continue
            reason = f"no named source takes events of {found.source!r}; name a log with ?log="
        refused.append(RefusedEvent(index=index, reason=reason))
    if count > MOST_EVENTS:
        raise TooLarge(
            f"The request has {count:,} events, more than {MOST_EVENTS:,}.", hint="Send fewer at a time."
        )
    return _keep(context, parcels, refused)


def _keep(
    context: Context, parcels: Mapping[tuple[str, str], list[Arrived]], refused: list[RefusedEvent]
) -> Receipt:
    now = context.clock.now()
    accepted, offered = 0, 0
    for (queue, log), found in parcels.items():
        accepted += arrival_store.receive(context.state, queue, log, found, now)
        offered += len(found)
    return Receipt(accepted=accepted, duplicates=offered - accepted, refused=tuple(refused))


def _too_long(event: Arrived) -> str:
    if len(event.payload) <= MOST_EVENT and len(event.id) <= 500 and len(event.source) <= 2000:
        return ""
    return f"an event has at most {MOST_EVENT:,} characters, its id 500 and its source 2,000"


class _Routes:
    """Which queue and log an event goes to."""

    def __init__(self, context: Context, log: str | None, source: str | None) -> None:
        self._fixed: tuple[str, str] | None = None
        self._patterns: list[tuple[str, str, Feed]] = []
        if log is not None:
            self._fixed = (f"{PUSHED}{log}", log)
        elif source is not None:
            feed = feeds.find_feed(context.events, source)
            self._fixed = (feed.name, feed.log)
        else:
            self._patterns = list(_patterns(context))
            if not self._patterns:
                raise NotFound(
                    "No named source takes pushed events.",
                    hint="Name the log with ?log=NAME, or `baton source add NAME push:PATTERN --log LOG`.",
                )
        self.name = self._fixed[0] if self._fixed else PUSHED.rstrip(":")

    def of(self, event: Arrived) -> tuple[str, str] | None:
        """Queue and log; `None` where nobody takes it."""
        if self._fixed is not None:
            return self._fixed
        kind = _type(event)
        for sources, types, feed in self._patterns:
            if fnmatchcase(event.source, sources) and fnmatchcase(kind, types):
                return feed.name, feed.log
        return None


def _patterns(context: Context) -> Iterator[tuple[str, str, Feed]]:
    for feed in feeds.all_feeds(context.events):
        request, _ = asked(feed)
        if request.source.startswith(PUSHED) and feed.name != request.source:
            sources, _, types = request.source.removeprefix(PUSHED).partition("#")
            if sources or types:
                yield sources or "*", types or "*", feed


def _type(event: Arrived) -> str:
    import json

    return str(json.loads(event.payload).get("type", ""))
