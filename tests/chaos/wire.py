"""A wire to PostgreSQL that loses answers: what the client asked is done, and it never hears so."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

READY = b"Z"
"""ReadyForQuery: the server has done what it was asked, and outside a transaction has committed it."""
IDLE = b"I"


class Wire:
    """Passes bytes both ways; of answers that end a transaction it loses a share, with the connection."""

    def __init__(self, host: str, port: int, lose: float, seed: int) -> None:
        self._to, self.lose, self._random = (host, port), lose, random.Random(seed)
        self.lost = self.passed = 0
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        server, asked = await asyncio.open_connection(*self._to)
        ways = {
            asyncio.ensure_future(self._ask(client, asked)),
            asyncio.ensure_future(self._answer(server, answers)),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (asked, answers):
            end.transport.abort()

    async def _ask(self, client: asyncio.StreamReader, asked: asyncio.StreamWriter) -> None:
        while some := await client.read(65536):
            asked.write(some)
            await asked.drain()

    async def _answer(self, server: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Message by message; what belongs to a lost answer is held back until its end is known."""
        held, first = b"", True
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind = await server.readexactly(1)
                size = await server.readexactly(4)
                body = await server.readexactly(int.from_bytes(size, "big") - 4)
                held += kind + size + body
                if kind == READY and not first and body == IDLE and self._random.random() < self.lose:
                    self.lost += 1
                    return
                if kind == READY or len(held) > 65536 or first or kind in b"RNA":
                    answers.write(held)
                    await answers.drain()
                    held = b""
                if kind == READY:
                    self.passed += not first
                    first = False


@contextmanager
def wire(url: str, *, lose: float, seed: int = 7) -> Iterator[tuple[Wire, str]]:
    """A wire in a thread of its own, and the URL that leads through it."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    made = Wire(parsed.host or "127.0.0.1", parsed.port or 5432, lose, seed)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="wire", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.open(), loop).result()
    # No encryption is asked for: the wire reads what passes.
    through = parsed.set(host="127.0.0.1", port=made.port).update_query_dict({"sslmode": "disable"})
    try:
        yield made, through.render_as_string(hide_password=False)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
