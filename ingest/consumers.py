"""Keeps a consumer running for each named source that is a broker's, as long as the service runs."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from home.context import Context
from home.errors import BatonError
from ingest import feeds
from ingest.arrivals import asked, deliver
from ingest.brokers import Broker, address_of, broker
from ingest.consumer import CONNECT_S, Consumer, Taken
from ingest.feeds import Feed

log = logging.getLogger("baton.consumer")
STEADY_S = 1.5 * CONNECT_S


def broker_of(feed: Feed) -> Broker | None:
    """The broker a source means; `None` where it is none. Raises `SettingError` for a broken reference."""
    request, _ = asked(feed)
    address = address_of(request.source)
    return None if address is None else broker(address, request.queue)


def consume(context: Context, feed: Feed) -> Taken:
    """Take what is in the queue or topic of a source now; nothing where it is none.

    Its events are arrivals then, for `deliver` to load. Raises `Unreachable`.
    """
    found = broker_of(feed)
    if found is None:
        return Taken()
    return Consumer(context, feed, found, make_room=lambda: deliver(context, feed.name)).drain()


@dataclass
class _Running:
    consumer: Consumer
    thread: threading.Thread
    since: float = field(default_factory=time.monotonic)


class Consumers:
    """A thread per broker's source; one that fails begins again after a while.

    `find` says which broker a source means, and `note` keeps what went wrong with it and answers how many
    times in a row something did.
    """

    def __init__(
        self,
        context: Callable[..., Context],
        find: Callable[[Feed], Broker | None] = broker_of,
        note: "Callable[[Context, Feed, str], int] | None" = None,
    ) -> None:
        self._context, self._find, self._note = context, find, note or _noted
        self._running: dict[str, _Running] = {}
        self._resting: dict[str, float] = {}
        """Until when (monotonic) a source that failed is left alone."""

    def tend(self, known: Iterable[Feed]) -> None:
        """Begin what is new, end what is gone."""
        wanted = {feed.name: feed for feed in known}
        for name, running in list(self._running.items()):
            if name not in wanted:
                running.consumer.stop.set()
            if not running.thread.is_alive():
                del self._running[name]
        for name, feed in wanted.items():
            if name not in self._running and self._resting.get(name, 0.0) <= time.monotonic():
                self._begin(feed)

    def steady(self, name: str) -> bool:
        """Whether a source has been listened to for longer than connecting takes."""
        running = self._running.get(name)
        alive = running is not None and running.thread.is_alive()
        return running is not None and alive and time.monotonic() - running.since > STEADY_S

    def stop(self) -> None:
        """End all; what was not acknowledged stays with its broker."""
        for running in self._running.values():
            running.consumer.stop.set()
        for running in self._running.values():
            running.thread.join(15)
        self._running.clear()

    def _begin(self, feed: Feed) -> None:
        context = self._context(actor="schedule")
        try:
            found = self._find(feed)
        except BatonError as error:
            self._rest(context, feed, error.message)
            return
        if found is None:
            return
        consumer = Consumer(context, feed, found)
        thread = threading.Thread(
            target=self._follow, args=(consumer,), name=f"consume {feed.name}", daemon=True
        )
        self._running[feed.name] = _Running(consumer, thread)
        thread.start()

    def _follow(self, consumer: Consumer) -> None:
        try:
            consumer.follow()
        except BatonError as error:
            self._rest(consumer.context, consumer.feed, error.message)
        except Exception as error:
            log.exception("consuming %s failed", consumer.feed.name)
            self._rest(consumer.context, consumer.feed, f"{type(error).__name__}: {error}")

    def _rest(self, context: Context, feed: Feed, message: str) -> None:
        """Leave a source alone for a while, longer after each failure, and let the list say why."""
        log.warning("%s: %s", feed.name, message)
        wait = feeds.wait_after(max(1, self._note(context, feed, message)), 1.0)
        self._resting[feed.name] = time.monotonic() + min(wait.total_seconds(), 60.0)


def _noted(context: Context, feed: Feed, message: str) -> int:
    """Keep a failure with its named source; how many there were in a row."""
    with context.events.writing() as cursor:
        found = next((f for f in feeds.all_feeds(context.events) if f.name == feed.name), None)
        if found is None:
            return 0
        feeds.failed(cursor, found, context.clock.now().replace(tzinfo=None), "failed", message)
        return found.failures + 1
