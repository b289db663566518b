"""Walks through the page of an example: each command as it stands there, each answer as the page says it.

The engine, its journal and its connectors are the real ones and so is the stub, on a port of its own. Time
is not: `sleep` moves a clock that commands and engine share, and nothing waits for it. On the pages RUN is
the run that began last, TASK the open task of the newest run that has one.
"""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from examples.stubs import Stub
from home.clock import SettableClock, SystemClock
from home.context import Context, Stores
from home.errors import BatonError
from home.limits import read_limits
from home.settings import configure
from orchestrate.awaiting.callbacks import CallbackRequest, callback
from orchestrate.connectors.registry import open_connectors
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from tests.conftest import ROOT
from tests.docs.test_adapters_page import BLOCK, answered, differs, examples, lacks

STUB, SERVICE = "http://127.0.0.1:8091", "http://127.0.0.1:8787"
"""Where the pages say that the stub and `baton serve` are."""
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
RUN = "select id from run where simulated = 0 and parent is null order by id desc limit 1"
TASK = (
    "select id from task where status = 'open' and simulated = 0 and run = (select max(run) from task"
    " where status = 'open' and simulated = 0) order by opened desc, id desc limit 1"
)


def masked(text: str) -> str:
    """Without ids of runs and moments, which are new each time."""
    return re.sub(
        r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+Z)?)?", "WHEN", re.sub(r"run-\w{14}", "run-", text)
    )


class Walk:
    """One example in a folder of its own, with a home, a stub, a clock and an engine."""

    def __init__(self, example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.stub = SettableClock(BEGIN), Stub(example)
        self.example, self.home = example, folder / "home"
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(SystemClock, "now", lambda _: self.clock.now())
        # Commands and connectors write on connections of their own.
        monkeypatch.setattr("orchestrate.engine.memory.OPERATIONS_PER_TRANSACTION", 1)
        monkeypatch.chdir(folder)
        self._results = ThreadingHTTPServer(("127.0.0.1", 0), self._receiver())
        self.places = {STUB: self.stub.url, SERVICE: f"http://127.0.0.1:{self._results.server_port}"}
        self.page = self._copied(folder)
        configuration = configure({"home": self.home})
        self.context = Context(configuration, Stores(configuration.settings), clock=self.clock)
        self.engine = Engine(
            self.context.state,
            open_connectors(self.context),
            driver=MemoryDriver(self.clock),
            clock=self.clock,
            worker="test",
            limits=read_limits(self.home),
        )
        self._threads = [
            threading.Thread(target=serve, daemon=True)
            for serve in (self.stub.serve, lambda: self._results.serve_forever(0.05))
        ]
        for thread in self._threads:
            thread.start()

    def _copied(self, folder: Path) -> str:
        """The example beside the home, its addresses those of this test; answers the page."""
        (folder / "examples" / self.example).mkdir(parents=True)
        self.home.mkdir()
        source = ROOT / "examples"
        for file in [source / "baton.toml", *(source / self.example).iterdir()]:
            text = self._here(file.read_text(encoding="utf-8"))
            (folder / file.relative_to(ROOT)).write_text(text, encoding="utf-8")
        (self.home / "baton.toml").write_text((folder / "examples" / "baton.toml").read_text())
        return (folder / "examples" / self.example / "README.md").read_text(encoding="utf-8")

    def _here(self, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text.replace("127.0.0.1:8091", self.stub.url.removeprefix("http://"))

    def _receiver(self) -> type[BaseHTTPRequestHandler]:
        """Takes results that come later, as the service does at `/api/callbacks/`."""
        walk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                token = self.path.rpartition("/")[2]
                try:
                    callback(walk.context, CallbackRequest(token=token, body=body))
                    self.send_response(200)
                except BatonError:
                    self.send_response(409)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler

    def settle(self, seconds: float = 0) -> None:
        """Let everything happen that can in so many seconds."""
        self.stub.settle()
        until = self.clock.now() + timedelta(seconds=seconds)
        self.engine.run_until_idle(until)
        self.clock.set(until)

    def answer(self, command: str) -> str:
        """What a command of the page prints; the engine then does what it can."""
        program, _, rest = command.partition(" ")
        if program == "sleep":
            self.settle(float(rest))
            return ""
        if program == "export":
            self._monkeypatch.setenv(*rest.split("=", 1))
            return ""
        if program == "curl":
            with urllib.request.urlopen(rest.removeprefix("-s ").strip("'")) as found:  # noqa: S310
                return str(found.read().decode())
        for word, query in (("RUN", RUN), ("TASK", TASK)):
            if re.search(rf"\b{word}\b", command):
                (row,) = self.context.state.rows(query)
                command = re.sub(rf"\b{word}\b", str(row["id"]), command)
        said = answered(command, self.home)
        self.settle(1)
        return said

    def through(self) -> int:
        """The whole page; how many commands it has."""
        tried = 0
        for kind, _, block in BLOCK.findall(self.page):
            for example in examples(block) if kind == "console" else ():
                said = self.answer(example.command)
                if "--json" in example.command:
                    wanted = re.sub(r", …\}", "}", "\n".join(example.expected))
                    why = lacks(json.loads(wanted), json.loads(said))
                else:
                    why = differs([masked(line) for line in example.expected], masked(said))
                assert not why, f"{example.command}\n{why}"
                tried += 1
        return tried

    def close(self) -> None:
        """Stop all of it."""
        self.engine.stop()
        self.context.stores.close()
        self.stub.close()
        self._results.shutdown()
        self._results.server_close()


@contextmanager
def walk(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A walk through an example, ended afterwards."""
    found = Walk(example, folder, monkeypatch)
    try:
        yield found
    finally:
        found.close()
