"""Takes messages from RabbitMQ and Kafka through FastStream; acknowledged once their arrivals are committed.

Only this module imports FastStream. A message may come twice (the acknowledgement was lost, the broker
was restarted); its arrival is known by its id, so it is loaded once.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from home.context import Context
from home.errors import BatonError, Unreachable
from ingest import arrival_store
from ingest.arrival_store import Backlog, Offset
from ingest.brokers import Broker, Message, arrivals_of
from ingest.contracts import IngestReport
from ingest.feeds import Feed

log = logging.getLogger("baton.consumer")
for _noisy in ("aiormq", "aio_pika", "aiokafka"):  # what is wrong is said by our own errors
    logging.getLogger(_noisy).addHandler(logging.NullHandler())
PREFETCH = 1000
"""Messages that are on their way and not acknowledged, at most."""
LINGER_S = 0.05
"""How long a portion waits for more messages."""
IDLE_S = 1.0
"""A queue from which nothing came for so long is empty."""
LONGEST_S = 60.0
"""A queue that never becomes empty is left to the next pull after so long."""
CONNECT_S = 10.0
WAIT_S = 1.0
"""Between two attempts to keep messages while the store is full or away."""


@dataclass
class Taken:
    """What came in."""

    messages: int = 0
    events: int = 0
    new: int = 0
    """Events that were not known by their id."""
    reports: list[IngestReport] = field(default_factory=list)
    """Loads that made room on the way."""


@dataclass(frozen=True)
class _One:
    """A message, what acknowledges it, and where in its topic it stands."""

    message: Message
    ack: Callable[[], Awaitable[object]]
    place: tuple[str, int, int] | None = None
    order: int = 0
    """Its number among the deliveries: handlers run beside each other, and may finish in another order."""


@dataclass
class Consumer:
    """One named source that is a queue or a topic."""

    context: Context
    feed: Feed
    broker: Broker
    stop: threading.Event = field(default_factory=threading.Event)
    taken: Taken = field(default_factory=Taken)
    make_room: Callable[[], Iterable[IngestReport]] | None = None
    """What loads some of what waits, where nobody else does."""

    def drain(self, idle_s: float = IDLE_S) -> Taken:
        """Take what is there, until nothing has come for `idle_s`, or for a minute; raises `Unreachable`."""
        asyncio.run(self._run(idle_s))
        return self.taken

    def follow(self) -> None:
        """Take messages as they come, until `stop` is set; raises `Unreachable` where it cannot begin."""
        asyncio.run(self._run(None))

    async def _run(self, idle_s: float | None) -> None:
        waiting: asyncio.Queue[_One] = asyncio.Queue()
        application = (
            _rabbit(self.broker, waiting) if self.broker.kind == "rabbit" else _kafka(self.broker, waiting)
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await application.start()
        except (Exception, asyncio.CancelledError) as error:
            await _closed(application)
            if isinstance(error, asyncio.CancelledError):
                raise
            raise self._away(error) from error
        try:
            await self._keep_all(waiting, idle_s)
        finally:
            await _closed(application)

    async def _keep_all(self, waiting: "asyncio.Queue[_One]", idle_s: float | None) -> None:
        quiet = 0.0
        end = None if idle_s is None else asyncio.get_running_loop().time() + LONGEST_S
        while not self.stop.is_set() and (end is None or asyncio.get_running_loop().time() < end):
            self.context.job.check()
            portion = await _portion(waiting)
            if portion:
                quiet = 0.0
                await self._keep(portion)
                continue
            quiet += LINGER_S
            if idle_s is not None and quiet >= idle_s:
                return

    async def _keep(self, portion: Sequence[_One]) -> None:
        """Commit the arrivals, then acknowledge; while they cannot be kept the broker keeps them."""
        while True:
            try:
                await asyncio.to_thread(keep, self.context, self.feed, portion, self.taken)
                break
            except BatonError as error:
                if not error.retryable or self.stop.is_set():
                    raise
                if not isinstance(error, Backlog):
                    log.warning("%s: %s", self.feed.name, error.message)
                elif self.make_room is not None:
                    self.taken.reports += await asyncio.to_thread(self.make_room)
                    continue
                await asyncio.sleep(WAIT_S)
        for one in portion:
            try:
                await one.ack()
            except Exception as error:  # noqa: BLE001 - it comes again, and is known then
                log.info("%s: an acknowledgement was lost: %s", self.feed.name, type(error).__name__)

    def _away(self, error: BaseException) -> Unreachable:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if isinstance(error, TimeoutError):
            said = f"no answer within {CONNECT_S:.0f} s"
        for secret in (self.broker.password, self.broker.url):
            said = said.replace(secret, "***") if secret else said
        return Unreachable(
            f"{self.broker.shown} cannot be read: {said.rstrip('. ')}.",
            hint="Check the address, the user, and that the queue or topic exists.",
        )


def keep(context: Context, feed: Feed, portion: Sequence[_One], taken: Taken) -> None:
    """Keep the events of a portion in one transaction, together with how far each partition was read."""
    offsets: dict[tuple[str, int], int] = {}
    known = arrival_store.offsets(context.state, feed.name) if any(one.place for one in portion) else {}
    fresh = []
    for one in portion:
        if one.place is not None:
            topic, part, offset = one.place
            if offset < known.get((topic, part), 0):
                continue  # a replay: it was kept before the group could be told
            offsets[topic, part] = max(offset + 1, offsets.get((topic, part), 0))
        fresh.append(one.message)
    events = arrivals_of(fresh, feed.name)
    new = arrival_store.receive(
        context.state,
        feed.name,
        feed.log,
        events,
        context.clock.now(),
        offsets=[Offset(topic, part, following) for (topic, part), following in offsets.items()],
    )
    taken.messages += len(portion)
    taken.events += len(events)
    taken.new += new


async def _portion(waiting: "asyncio.Queue[_One]") -> list[_One]:
    """What has come, after waiting a little for the first of it."""
    portion = []
    try:
        portion.append(await asyncio.wait_for(waiting.get(), LINGER_S))
    except TimeoutError:
        return []
    await asyncio.sleep(LINGER_S / 5)
    while not waiting.empty() and len(portion) < PREFETCH:
        portion.append(waiting.get_nowait())
    return sorted(portion, key=lambda one: one.order)


async def _closed(application: Any) -> None:
    try:
        await asyncio.wait_for(application.stop(), 5)
    except Exception as error:  # noqa: BLE001 - a connection that is gone cannot be closed
        log.debug("closing: %s", error)


async def _as_it_is(message: Any, _original: Any = None) -> Any:
    """A body as it came: what it means is found out when it is loaded."""
    return message.body


def _rabbit(broker: Broker, waiting: "asyncio.Queue[_One]") -> Any:
    from faststream import AckPolicy
    from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
    from faststream.rabbit.annotations import RabbitMessage

    application = RabbitBroker(
        broker.url,
        logger=None,
        reconnect_interval=1.0,
        graceful_timeout=1.0,
        timeout=CONNECT_S,
        fail_fast=True,
    )

    # The queue is somebody else's: it is looked for, never made or changed.
    @application.subscriber(
        RabbitQueue(broker.queue, declare=False, robust=True),
        ack_policy=AckPolicy.MANUAL,
        channel=Channel(prefetch_count=PREFETCH),
        no_reply=True,
        decoder=_as_it_is,
    )
    async def _taken(message: RabbitMessage) -> None:
        raw = message.raw_message
        headers = {str(name).lower(): str(value) for name, value in (raw.headers or {}).items()}
        headers = {name.replace("cloudevents:", "ce-"): value for name, value in headers.items()}
        headers["content-type"] = raw.content_type or ""
        taken = Message(raw.body, headers, raw.message_id)
        await waiting.put(_One(taken, message.ack, order=raw.delivery_tag or 0))

    return application


def _kafka(broker: Broker, waiting: "asyncio.Queue[_One]") -> Any:
    from faststream import AckPolicy
    from faststream.kafka import KafkaBroker, TopicPartition
    from faststream.kafka.annotations import KafkaMessage
    from faststream.security import SASLPlaintext

    security = None
    if broker.user is not None:
        security = SASLPlaintext(broker.user, broker.password or "", use_ssl=broker.tls)
    application = KafkaBroker(
        broker.url.split(","), logger=None, security=security, graceful_timeout=1.0, consumer_only=True
    )

    @application.subscriber(
        broker.queue,
        group_id=broker.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        decoder=_as_it_is,
    )
    async def _taken(message: KafkaMessage) -> None:
        record: Any = message.raw_message
        headers = {str(n).lower(): _text(value) for n, value in record.headers or ()}
        headers = {f"ce-{n[3:]}" if n.startswith("ce_") else n: value for n, value in headers.items()}
        id = headers.get("message-id") or headers.get("message_id")
        # Not `message.ack`: that would commit whatever was fetched, also what is not kept yet.
        done = {TopicPartition(record.topic, record.partition): record.offset + 1}
        place = (record.topic, record.partition, record.offset)
        consumer: Any = message.consumer
        one = _One(Message(record.value or b"", headers, id), partial(consumer.commit, done), place)
        await waiting.put(one)

    return application


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
