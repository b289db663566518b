"""Listens, as long as a worker runs, to every queue and topic on which some step waits."""

import hashlib
import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from home.context import Context
from home.errors import BatonError
from ingest import arrival_store
from ingest.brokers import Broker, address_of, broker
from orchestrate.awaiting import store

if TYPE_CHECKING:
    from ingest.consumers import Consumers
    from ingest.feeds import Feed

log = logging.getLogger("baton.awaiting")
BEAT_S = 0.5
PORTION = 100
KEPT = timedelta(days=7)
"""How long an event is kept for a step that waits only later."""
HOUR = timedelta(hours=1)
LINGER = timedelta(minutes=10)
"""A queue is listened to for so long after the last step that waited on it."""


class Awaiting:
    """One per worker. Any number may listen to one queue: an event is known by its source and id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, str] = {}
        self._wanted: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}
        self._forgot = context.clock.now()
        self._ended = threading.Event()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="awaiting", daemon=True)

    @cached_property
    def _consumers(self) -> "Consumers":
        """Made when a step first awaits something: what they need takes 50 MB."""
        from ingest.consumers import Consumers

        return Consumers(self._new_context, self._broker, self._note)

    @property
    def _listens(self) -> bool:
        return "_consumers" in vars(self)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not acknowledged stays with its broker."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._listens:
            self._consumers.stop()

    def beat(self) -> int:
        """Begin and end consumers as steps wait, and deal with what has come; how many runs were told."""
        now, state = self._context.clock.now(), self._context.state
        self._wanted |= dict.fromkeys(store.addresses(state), now)
        self._wanted = {address: last for address, last in self._wanted.items() if now - last < LINGER}
        self._known = {queue_of(address): address for address in self._wanted}
        if self._known or self._listens:
            self._consumers.tend(_feed(queue) for queue in self._known)
        if now - self._forgot >= HOUR:
            self._forgot = now
            store.forget(state, (now - KEPT).timestamp())
        waiting = {q.queue for q in arrival_store.queues(state)}
        return sum(self._deal(queue, address) for queue, address in self._known.items() if queue in waiting)

    def _deal(self, queue: str, address: str) -> int:
        """Everything that waits in a queue. Whoever dies on the way finds an event known, and goes on."""
        state, told = self._context.state, 0
        upto = arrival_store.head(state, queue)
        while batch := arrival_store.portion(state, queue, 0, upto, PORTION):
            now = self._context.clock.now().timestamp()
            for one in batch:
                told += store.hear(state, address, one.payload, one.source, one.id, now)
            arrival_store.settle(state, queue, batch[-1].seq)
        return told

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                self.beat()
                self._said = ""
            except BatonError as error:
                if error.message != self._said:  # the same at every beat says nothing new
                    log.warning("events cannot be dealt with: %s", error.message)
                self._said = error.message
            except Exception:
                log.exception("dealing with events failed")

    def _broker(self, feed: "Feed") -> Broker | None:
        address = address_of(self._known[feed.name])
        return None if address is None else broker(address)

    def _note(self, context: Context, feed: "Feed", message: str) -> int:  # noqa: ARG002 - it is logged already
        self._failures[feed.name] = self._failures.get(feed.name, 0) + 1
        return self._failures[feed.name]

    def _new_context(self, *, actor: str = "awaiting", **_: object) -> Context:
        own = self._context
        return Context(own.configuration, own.stores, clock=own.clock, actor=actor)


def queue_of(address: str) -> str:
    """Name of the queue in which the events of an address arrive here; they are loaded into no log."""
    return f"{arrival_store.STARTS}await:{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def _feed(queue: str) -> "Feed":
    from ingest.feeds import Feed

    return Feed(queue, queue, "{}", datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
