"""CloudEvents of a queue or topic that start runs: taken, kept, acknowledged, and then started from."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from home.context import Context
from home.database import Database
from home.errors import Refused, UsageError
from ingest.arrival_store import Waiting
from ingest.brokers import Broker, address_of, broker
from ingest.consumers import Consumers
from ingest.feeds import Feed
from orchestrate.triggers import store
from orchestrate.triggers.contracts import Event, Trigger
from orchestrate.triggers.fire import Occurrence
from orchestrate.triggers.payload import parsed
from orchestrate.triggers.store import Kept


def broker_of(trigger: Trigger) -> Broker:
    """The queue or topic of a trigger. Raises `UsageError` and `SettingError`."""
    on = trigger.on
    assert isinstance(on, Event)  # noqa: S101 - asked of such triggers only
    address = address_of(on.broker)
    if address is None:
        raise UsageError(
            f"{on.broker!r} is no broker.", hint="Write amqp://… or kafka://…, or env:NAME that holds it."
        )
    found = broker(address, on.queue)
    # Each trigger reads a topic for itself, and beside the logs that it fills.
    return replace(found, group=f"baton-{trigger.name}") if found.group == "baton" else found


class Listening:
    """Keeps a consumer running for each trigger on a broker that is not paused."""

    def __init__(self, context: Callable[..., Context]) -> None:
        self._known: dict[str, Kept] = {}
        self._away: set[str] = set()
        self._consumers = Consumers(context, self._broker, self._note)

    def tend(self, state: Database, kept: Iterable[Kept]) -> None:
        """Begin what is new, end what is paused, changed or gone; what came back is well again."""
        now = {one.queue: one for one in kept if isinstance(one.trigger.on, Event)}
        before, self._known = self._known, now
        # A changed one is ended now, and begins at the next look.
        same = {q: one for q, one in now.items() if before.get(q, one).revision == one.revision}
        self._consumers.tend(_feed(one) for one in same.values())
        for queue in [q for q in self._away if self._consumers.steady(q)]:
            self._away.discard(queue)
            store.well(state, now[queue])

    def stop(self) -> None:
        """End all; what was not acknowledged stays with its broker."""
        self._consumers.stop()

    def _broker(self, feed: Feed) -> Broker:
        return broker_of(self._known[feed.name].trigger)

    def _note(self, context: Context, feed: Feed, message: str) -> int:
        kept = self._known.get(feed.name)
        if kept is None:
            return 0
        self._away.add(feed.name)
        with context.state.transaction() as connection:
            return store.fail(connection, kept, message, context.clock.now().timestamp())


def _feed(kept: Kept) -> Feed:
    added = store.moment(kept.added).replace(tzinfo=None)
    return Feed(kept.queue, kept.queue, "{}", added)


def occurrence(kept: Kept, arrived: Waiting) -> Occurrence:
    """An event as an occurrence, known by its source and id."""
    id = json.dumps([arrived.source, arrived.id], ensure_ascii=False)
    try:
        found = parsed(arrived.payload)
    except Refused as error:
        return Occurrence(id, None, refusal=error.message)
    return of_event(kept.trigger, found, id=id, source=arrived.source, at=arrived.received_at)


def of_event(trigger: Trigger, found: Any, *, id: str, source: str, at: float) -> Occurrence:
    """A CloudEvent, or any JSON, as an occurrence; unwanted where the trigger's filter says so."""
    on = trigger.on
    assert isinstance(on, Event)  # noqa: S101
    facts = {
        "id": id,
        "source": source,
        "type": "",
        "subject": "",
        "at": store.said(at),
        "trigger": trigger.name,
    }
    data = found
    if isinstance(found, dict) and "specversion" in found:
        facts |= {n: v for n, v in found.items() if n not in ("data", "data_base64")}
        data = found.get("data")
    wanted = all(
        fnmatchcase(str(facts.get(name, "")), getattr(on, name)) for name in ("type", "source", "subject")
    )
    return Occurrence(id, data, facts, unwanted=not wanted)
