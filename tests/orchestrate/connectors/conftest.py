"""What the tests of connectors share: a stub service, and contexts."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from home.clock import SettableClock
from home.context import Context, Stores
from home.settings import Configuration, Settings
from tests.ingest.rabbit import Queue


class Service(BaseHTTPRequestHandler):
    """Echoes what it was sent; some paths misbehave, and `answers` says what others answer."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode()
        server: Any = self.server
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.seen.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
        path = self.path.partition("?")[0]
        if path == "/hang":
            server.gate.wait(5)
        if path in server.answers:
            status, found = server.answers[path]
            self.answer(status, found if isinstance(found, bytes) else json.dumps(found).encode())
        elif path.startswith("/status/"):
            self.answer(int(path.rpartition("/")[2]), b"no luck")
        elif path == "/repeat":
            self.answer(401, self.headers.get("authorization", "").encode())
        elif path.startswith("/to/"):
            self.answer(307, b"", location=server.targets[path[4:]])
        elif path == "/huge":
            self.answer(200, b'"' + b"x" * (11 * 2**20) + b'"')
        elif path == "/text":
            self.answer(200, b"<html>")
        elif path == "/list":
            self.answer(200, b"[1, 2]")
        else:
            echo = json.loads(body) if body.startswith("{") else {}
            self.answer(200, json.dumps({"echo": echo, "approved": True}).encode())

    do_GET = do_PUT = do_DELETE = do_POST

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


class Server(ThreadingHTTPServer):
    """Takes many callers at once; the default of five in its queue resets the others."""

    request_queue_size = 128


@pytest.fixture(scope="session")
def service() -> Iterator[Any]:
    server: Any = Server(("127.0.0.1", 0), Service)
    server.seen, server.targets, server.answers, server.gate = [], {}, {}, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at Monday, 5 January 2026, 09:00 UTC."""
    return SettableClock()


@pytest.fixture
def make_context(tmp_path: Path, clock: SettableClock) -> Iterator[Callable[..., Context]]:
    """Contexts on one home with a SQLite store, with settings as wanted."""
    made: list[Stores] = []

    def make(**fields: Any) -> Context:
        given = {"http_allow": ("127.0.0.1",), "home": tmp_path / "home", "public_url": "https://baton.test"}
        settings = Settings(**given | fields)
        made.append(Stores(settings))
        return Context(Configuration(settings, {}), made[-1], clock=clock, actor="ada")

    yield make
    for stores in made:
        stores.close()


@pytest.fixture(autouse=True)
def commit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connectors write to the store too, on connections of their own."""
    monkeypatch.setattr("orchestrate.engine.memory.OPERATIONS_PER_TRANSACTION", 1)


@pytest.fixture
def queue(rabbit_url: str) -> Iterator[Queue]:
    """A queue of its own on a real RabbitMQ."""
    made = Queue(rabbit_url)
    yield made
    made.delete()
