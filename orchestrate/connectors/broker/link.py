"""Connections to brokers that publish: opened when first needed, shared, and closed when idle.

RabbitMQ is spoken to by aio-pika itself: FastStream's connection to it goes on trying in the background
after its caller has given up, and cannot be stopped. A connection that breaks is forgotten here, and the
step's next attempt makes another.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from ingest.brokers import Broker
from orchestrate.connectors.port import CallFailed

IDLE_S = 30.0
"""A connection that nobody uses is closed after so long."""
CLOSE_S = 5.0


@dataclass(frozen=True)
class Outgoing:
    """One message."""

    body: bytes
    id: str
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    exchange: str | None = None
    routing_key: str | None = None
    order_by: str | None = None
    """On Kafka, messages of one value stay in order."""


class Wire(Protocol):
    """An open connection to a broker."""

    async def open(self) -> None:
        """Connect."""
        ...

    async def send(self, message: Outgoing) -> None:
        """Send, and wait until the broker says that it has it."""
        ...

    async def close(self) -> None:
        """Let go, also of a connection that is being made."""
        ...


class RabbitWire:
    """A channel with publisher confirms; messages are persistent, and one that no queue takes is an error."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: Any = None
        self._channel: Any = None

    async def open(self) -> None:
        """Connect, and open the channel."""
        import aio_pika

        self._connection = aio_pika.Connection(aio_pika.connection.make_url(self._broker.url))
        await self._connection.connect()
        self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)

    async def send(self, message: Outgoing) -> None:
        """Publish and wait for the confirmation."""
        import aio_pika
        from aio_pika.exceptions import DeliveryError

        whole = aio_pika.Message(
            message.body,
            message_id=message.id,
            content_type=message.content_type,
            headers=dict(message.headers),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        if message.exchange is None:
            exchange = self._channel.default_exchange
        else:
            exchange = await self._channel.get_exchange(message.exchange, ensure=False)
        try:
            key = message.routing_key or self._broker.queue
            await exchange.publish(whole, routing_key=key, mandatory=True)
        except DeliveryError as error:
            said = f"{self._broker.shown}: no queue takes the message"
            raise CallFailed(said, hint="Is the queue there, and bound?") from error

    async def close(self) -> None:
        """Close the connection, or the attempt to make it."""
        if self._connection is None:
            return
        with suppress(Exception):
            await self._connection.close()


class KafkaWire:
    """An idempotent producer; what it has sent is on all replicas that are in step."""

    def __init__(self, broker: Broker) -> None:
        from faststream.kafka import KafkaBroker
        from faststream.security import SASLPlaintext

        security = None
        if broker.user is not None:
            security = SASLPlaintext(broker.user, broker.password or "", use_ssl=broker.tls)
        self._topic = broker.queue
        self.application = KafkaBroker(
            broker.url.split(","), logger=None, security=security, acks="all", enable_idempotence=True
        )

    async def open(self) -> None:
        """Connect to the cluster."""
        await self.application.connect()

    async def send(self, message: Outgoing) -> None:
        """Publish and wait until the cluster has it."""
        await self.application.publish(
            message.body,
            topic=self._topic,
            key=(message.order_by or message.id).encode(),
            headers={**message.headers, "content-type": message.content_type, "message-id": message.id},
        )

    async def close(self) -> None:
        """Close the producer."""
        await self.application.stop()


WIRES: Mapping[str, type[RabbitWire] | type[KafkaWire]] = {"rabbit": RabbitWire, "kafka": KafkaWire}


@dataclass
class _Link:
    wire: Wire
    users: int = 0
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    open: bool = False
    timer: asyncio.TimerHandle | None = None


class Links:
    """One connection per broker and event loop."""

    def __init__(self) -> None:
        self._links: dict[tuple[int, Broker], _Link] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def of(self, broker: Broker) -> AsyncIterator[Wire]:
        """An open connection; whatever goes wrong with it, the next one begins anew."""
        name = (id(asyncio.get_running_loop()), broker)
        link = self._links.get(name) or self._links.setdefault(name, _Link(WIRES[broker.kind](broker)))
        link.users += 1
        if link.timer is not None:
            link.timer.cancel()
        try:
            async with link.opening:
                if not link.open:
                    await link.wire.open()
                    link.open = True
            yield link.wire
        except BaseException:
            if self._links.get(name) is link:
                del self._links[name]
            raise
        finally:
            link.users -= 1
            if link.users == 0:
                await self._rest(name, link)

    async def close(self) -> None:
        """Close what is open in this loop."""
        here = id(asyncio.get_running_loop())
        for name in [name for name in self._links if name[0] == here]:
            link = self._links.pop(name)
            if link.timer is not None:
                link.timer.cancel()
            await _closed(link)

    async def _rest(self, name: tuple[int, Broker], link: _Link) -> None:
        if self._links.get(name) is not link:
            await _closed(link)
            return
        loop = asyncio.get_running_loop()
        link.timer = loop.call_later(IDLE_S, self._idle, name, link)

    def _idle(self, name: tuple[int, Broker], link: _Link) -> None:
        if link.users == 0 and self._links.get(name) is link:
            del self._links[name]
            task = asyncio.get_running_loop().create_task(_closed(link))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _closed(link: _Link) -> None:
    with suppress(Exception):
        await asyncio.wait_for(link.wire.close(), CLOSE_S)
