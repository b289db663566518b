"""`baton worker`: drives runs until it is told to stop."""

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from home.context import Context
from home.contracts import Request, Response
from home.errors import Busy
from home.ids import new_id
from home.lock import HomeLock

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
    with told_to_end() as wait:
        running = Worker(context, request.driver)
        running.start()
        # stdout is for the answer; whoever waits for readiness reads this line.
        sys.stderr.write(f"Worker {running.name} drives runs of {context.home}. Ctrl-C ends it.\n")
        sys.stderr.flush()
        wait()
        running.stop()
    return Stopped(worker=running.name)


@contextmanager
def told_to_end() -> Iterator[Callable[[], object]]:
    """Within the block SIGINT and SIGTERM end nothing by themselves; what is given waits for one of them.

    The signal comes through a socket: the system may give it to any thread, and a handler that sets a
    `threading.Event` can find its lock held by the very wait it interrupts, and hang.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before_fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    before = {s: signal.signal(s, lambda *_: None) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: ours.recv(1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        ours.close()
        theirs.close()
