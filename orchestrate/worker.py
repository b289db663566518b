"""`baton worker`: drives runs until it is told to stop."""

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from pydantic import Field

from home.context import Context
from home.contracts import Request, Response
from home.errors import Busy
from home.ids import new_id
from home.limits import read_limits
from home.lock import HomeLock
from home.ready import say_ready
from orchestrate.engine.observer import Observer
from orchestrate.watching.watched import watched

DriverName = Literal["table", "dbos"]
DRIVER: DriverName = "table"


class WorkerRequest(Request):
    """How to drive runs."""

    driver: DriverName = DRIVER
    """What dispatches runs: `table`, or `dbos` (each segment is a DBOS workflow too, and listed there)."""
    concurrency: int | None = Field(default=None, gt=0)
    """Runs to drive at the same time; default is the setting `run_concurrency`."""
    metrics: int | None = Field(default=None, ge=0, le=65535)
    """Port on 127.0.0.1 at which Prometheus finds this worker's metrics; 0 takes a free one."""


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

    def __init__(
        self,
        context: Context,
        driver: DriverName = DRIVER,
        *observers: Observer,
        concurrency: int | None = None,
    ) -> None:
        from orchestrate.alerts.loop import Alerting
        from orchestrate.awaiting.listening import Awaiting
        from orchestrate.connectors.registry import open_connectors
        from orchestrate.engine.driver import make_driver
        from orchestrate.engine.engine import Engine
        from orchestrate.people.presence import Attendance
        from orchestrate.triggers.loop import Triggers

        self._lock = HomeLock(context.home, "worker")
        self._lock.path = context.home / "worker.lock"
        self.name = self._identify(context)
        self.attendance = Attendance(context)
        self.triggers = Triggers(context)
        self.awaiting = Awaiting(context)
        self.alerting = Alerting(context)
        settings = context.settings
        room = concurrency or settings.run_concurrency
        self.engine = Engine(
            context.state,
            open_connectors(context),
            driver=make_driver(driver, context.state, self.name, room),
            clock=context.clock,
            worker=self.name,
            concurrency=room,
            heartbeat_s=settings.heartbeat_s,
            takeover_s=settings.takeover_s,
            poison_after=settings.poison_after,
            limits=read_limits(context.home),
            observer=watched(settings, self.name, *observers),
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
        self.attendance.start()
        self.triggers.start()
        self.awaiting.start()
        self.alerting.start()

    def stop(self) -> None:
        """Give every run back and let go of everything."""
        self.alerting.stop()
        self.awaiting.stop()
        self.triggers.stop()
        self.attendance.stop()
        self.engine.stop()
        self._lock.release()


def worker(context: Context, request: WorkerRequest) -> Stopped:
    """Drive runs until Ctrl-C or SIGTERM: call services, open tasks, watch SLAs, retry, compensate.

    `baton serve` does the same beside the dashboard. On PostgreSQL start as many workers as wanted,
    on as many machines; when one dies, the others take its runs over within seconds.
    """
    from home.log import log_to_stderr

    log_to_stderr(context.settings.log_level)
    with told_to_end() as wait:
        running = Worker(context, request.driver, *counting(request.metrics), concurrency=request.concurrency)
        running.start()
        # stdout is for the answer; whoever waits for readiness reads this line.
        sys.stderr.write(f"Worker {running.name} drives runs of {context.home}. Ctrl-C ends it.\n")
        sys.stderr.flush()
        say_ready()
        wait()
        running.stop()
    return Stopped(worker=running.name)


def counting(port: int | None) -> tuple[Observer, ...]:
    """What counts this worker's work for whoever scrapes `port`; nothing where none is named."""
    if port is None:
        return ()
    from orchestrate.watching.metrics import Metrics, serve_metrics

    metrics = Metrics()
    found, _ = serve_metrics(metrics, port)
    sys.stderr.write(f"Metrics are at http://127.0.0.1:{found}/metrics.\n")
    return (metrics,)


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
