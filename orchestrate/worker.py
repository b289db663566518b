"""`baton worker`: drives runs until it is told to stop."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Literal

from home.context import Context
from home.contracts import Request, Response
from home.errors import Busy
from home.ids import new_id
from home.lock import HomeLock

LOOK_S = 0.2
DriverName = Literal["dbos", "table"]


class WorkerRequest(Request):
    """How to drive runs."""

    driver: DriverName = "dbos"
    """What dispatches runs: `dbos` (each segment is a DBOS workflow) or `table` (leaner)."""


class Stopped(Response):
    """The worker has ended."""

    worker: str

    def lines(self) -> Iterator[str]:
        """One sentence."""
        yield f"Worker {self.worker} has ended; what it was driving goes on when one runs again."


class Worker:
    """An engine on the stores of a context, with the identity of its home folder.

    A SQLite file has one worker; on PostgreSQL any number may run, from one home folder too.
    """

    def __init__(self, context: Context, driver: DriverName = "dbos") -> None:
        from orchestrate.connectors.registry import open_connectors
        from orchestrate.driver import make_driver
        from orchestrate.engine import Engine

        self._lock = HomeLock(context.home, "worker")
        self._lock.path = context.home / "worker.lock"
        self.name = self._identify(context)
        settings = context.settings
        self.engine = Engine(
            context.state,
            open_connectors(settings),
            driver=make_driver(driver, context.state, self.name, settings.run_concurrency),
            clock=context.clock,
            worker=self.name,
            concurrency=settings.run_concurrency,
            heartbeat_s=settings.heartbeat_s,
            takeover_s=settings.takeover_s,
        )

    def _identify(self, context: Context) -> str:
        """The name kept in the home folder, so that a restart finds its own runs at once.

        Raises `Busy` where another worker has the SQLite file; on PostgreSQL it gets another name.
        """
        try:
            self._lock.acquire()
        except Busy:
            if context.state.is_postgres:
                return new_id("worker", context.clock.now())
            raise
        file = context.home / "worker.id"
        if not file.is_file():
            file.write_text(new_id("worker", context.clock.now()) + "\n", encoding="utf-8")
        return file.read_text(encoding="utf-8").strip()

    def start(self) -> None:
        """Drive runs from now on. Not to be called inside an event loop."""
        self.engine.serve()

    def stop(self) -> None:
        """Give every run back and let go of everything."""
        self.engine.stop()
        self._lock.release()


def worker(context: Context, request: WorkerRequest) -> Stopped:
    """Drive runs until Ctrl-C or SIGTERM: call services, open tasks, watch SLAs, retry, compensate.

    `baton serve` does the same beside the dashboard. On PostgreSQL start as many workers as wanted,
    on as many machines; when one dies, the others take its runs over within seconds.
    """
    from home.log import log_to_stderr

    log_to_stderr(logging.WARNING)
    ended = threading.Event()
    before = {s: signal.signal(s, lambda *_: ended.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        running = Worker(context, request.driver)
        running.start()
        # stdout is for the answer; whoever waits for readiness reads this line.
        sys.stderr.write(f"Worker {running.name} drives runs of {context.home}. Ctrl-C ends it.\n")
        sys.stderr.flush()
        # The system may give a signal to any thread; a main thread that waits without end never hears of it.
        while not ended.wait(LOOK_S):
            pass
        running.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Stopped(worker=running.name)
