"""A queue of its own on a real RabbitMQ, and what puts messages into it."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import aio_pika


class Queue:
    """Durable, with a name nobody else has."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = f"baton-test-{secrets.token_hex(6)}"
        self.address = f"{url}?queue={self.name}"
        self._do(lambda channel: channel.declare_queue(self.name, durable=True))

    def publish(self, messages: Sequence[aio_pika.Message | bytes]) -> None:
        """Put messages into it; bare bytes get an id."""

        async def send(channel: Any) -> None:
            for message in messages:
                whole = message if isinstance(message, aio_pika.Message) else aio_pika.Message(message)
                await channel.default_exchange.publish(whole, routing_key=self.name)

        self._do(send)

    def left(self) -> int:
        """Messages that nobody took."""
        found = self._do(lambda channel: channel.declare_queue(self.name, passive=True))
        return int(found.declaration_result.message_count)

    def delete(self) -> None:
        """Leave nothing behind."""
        self._do(lambda channel: channel.queue_delete(self.name))

    def _do(self, work: Callable[[Any], Any]) -> Any:
        async def run() -> Any:
            connection = await aio_pika.connect(self._url)
            async with connection:
                return await work(await connection.channel())

        return asyncio.run(run())
