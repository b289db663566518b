"""The engine: starts runs, takes events for them, and drives those that are due.

    engine = Engine(database, connectors, driver=TableDriver())
    engine.serve()                          # in a worker or the service: threads of its own
    run, created = engine.start("invoices", data={"amount": 120}, key="INV-7")
    engine.post(run, "decided", {"task": f"{run}.1", "outcome": "approve", "by": "ada"})
    engine.stop()

With a `MemoryDriver` nothing runs by itself: `run_until_idle` lets everything happen that can.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from home.clock import Clock, SystemClock
from home.database import Database
from home.errors import NotFound, Refused
from home.ids import new_id
from home.limits import SystemLimits
from orchestrate.connectors.port import Connector
from orchestrate.connectors.registry import close_connectors
from orchestrate.contracts import Plan
from orchestrate.core.events import read_event
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine import statements
from orchestrate.engine.attempts import Host
from orchestrate.engine.driver import Driver
from orchestrate.engine.heartbeat import Heartbeat
from orchestrate.engine.journal import Journal
from orchestrate.engine.memory import InlineJournal, MemoryDriver
from orchestrate.engine.observer import Observer
from orchestrate.engine.protected import Protected
from orchestrate.engine.segment import Segment
from orchestrate.engine.start import Begun, start_with
from orchestrate.engine.statements import Claimed, Execute
from orchestrate.engine.watch import Watcher

log = logging.getLogger("baton.engine")
THREADS_PER_RUN = 4
"""For branches that call something at the same time, and for calls that hang on after their time limit."""
POLL_S = 1.0
"""How often due runs are looked for where nothing says that there are any."""
GRACE_S = 5.0
"""How long `stop` lets attempts end by themselves."""
POISON_PAUSE_S = 10.0
"""How long a run rests whose segment broke, times how often it did, so that others run meanwhile."""
POISON_AFTER = 5
"""Times in a row that driving a run may break off before it is stuck until somebody releases it."""
OLDEST_EVERY = 8
"""Of so many looks for runs one takes whoever waits longest, whatever its priority."""
STUCK_LENGTH = 500
LINGER_S = 1.0
"""How long a segment waits for a place at a system before it parks its run."""
NEXT = (
    "select min(due) from run where owner is null and status = 'open' and simulated = 0 and due is not null"
)
LEFT = "select id, due from run where owner is null and status = 'open' and simulated = 0 and stuck is null"
Load = Callable[[str, int | None], tuple[Plan, int]]
"""From a plan's name and a version (`None`: the newest) to that version."""


class Engine:
    """One per process and database."""

    def __init__(
        self,
        database: Database,
        connectors: Mapping[str, Connector],
        *,
        driver: Driver,
        clock: Clock | None = None,
        worker: str = "worker",
        concurrency: int = 16,
        heartbeat_s: float = 1.0,
        takeover_s: float = 3.0,
        poison_after: int = POISON_AFTER,
        limits: Mapping[str, SystemLimits] | None = None,
        load: Load | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.database, self.driver, self.worker = database, driver, worker
        self.clock: Clock = clock or SystemClock()
        self.concurrency, self.poison_after = concurrency, poison_after
        self._looks = 0
        self.observer = observer or Observer()
        self._load = load or partial(published, database)
        self._indexes: dict[tuple[str, int], PlanIndex] = {}
        self._driven: dict[str, Segment | None] = {}
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poke = asyncio.Event()
        memory = isinstance(driver, MemoryDriver)
        self.journal: Journal = (InlineJournal if memory else Journal)(database, worker)
        self.heartbeat = Heartbeat(
            database,
            worker,
            driver.name,
            every_s=heartbeat_s,
            limit_s=takeover_s,
            poison_after=poison_after,
            driven=lambda: list(self._driven),
            buried=self._buried,
            beaten=self.observer.beat,
            freed=lambda: self._arrived(None),
        )
        self._watcher = Watcher(database, worker, lambda: self.now, self._arrived)
        self._host = Host(
            journal=self.journal,
            connectors=connectors,
            clock=self.clock,
            index_of=lambda plan, version: self.index(plan, version)[0],
            find=self.index,
            news=self._arrived,
            fresh=(lambda _: True) if memory else self.heartbeat.fresh,
            parked=driver.wake_at if isinstance(driver, MemoryDriver) else self._parked,
            protected=Protected(
                self.journal,
                limits or {},
                lambda: self.now,
                self._arrived,
                postgres=database.is_postgres,
            ),
            linger_s=0.0 if memory else LINGER_S,
            observer=self.observer,
        )

    @property
    def now(self) -> float:
        """Seconds since 1970 by the engine's clock."""
        return self.clock.now().timestamp()

    def index(self, plan: str, version: int | None = None) -> tuple[PlanIndex, int]:
        """A version of a plan, made ready to be run. Versions never change, so each is read once."""
        if version is None or (plan, version) not in self._indexes:
            found, version = self._load(plan, version)
            if (plan, version) not in self._indexes:
                self._indexes[plan, version] = PlanIndex(found, compile_rule)
        return self._indexes[plan, version], version

    def start(
        self,
        plan: str,
        version: int | None = None,
        *,
        data: Mapping[str, Any] | None = None,
        key: str | None = None,
        by: str = "",
    ) -> tuple[str, bool]:
        """Start a run of a plan: `(its id, whether it is new)`. A business `key` starts one run only.

        Raises `NotFound` for an unknown plan and `BadInput` for data the plan does not take.
        """
        index, version = self.index(plan, version)
        start = partial(
            start_with,
            index=index,
            version=version,
            run=new_id("run", self.clock.now()),
            data=data or {},
            at=self.now,
            key=key,
            by=by,
            postgres=self.database.is_postgres,
        )
        begun: Begun = self.journal.call(start)
        if begun.created:
            self._arrived(begun.run)
        return begun.run, begun.created

    def post(self, run: str, kind: str, payload: Mapping[str, Any]) -> int:
        """Send an event to a run; its number in the run's inbox.

        Raises `Refused` for an event nobody can read or a run that has ended, `NotFound` for no run.
        """
        read_event(kind, dict(payload))
        postgres = self.database.is_postgres
        seq = self.journal.call(
            lambda execute: statements.post(execute, run, kind, payload, self.now, postgres=postgres)
        )
        if seq is None:
            self._explain(run, kind)
        self._arrived(run)
        return int(seq)

    def _explain(self, run: str, kind: str) -> None:
        find = "select status from run where id = :run"
        row = self.journal.call(lambda execute: execute(find, {"run": run}).fetchone())
        if row is None:
            raise NotFound(f"No run called {run!r}.", hint="`baton runs` lists them.")
        raise Refused(f"Run {run!r} is {row[0]} and takes no {kind!r} any more.")

    def run_until_idle(self, until: datetime | None = None) -> None:
        """With a `MemoryDriver`: let everything happen that can, up to `until`, and write it all."""
        driver, journal = self.driver, self.journal
        assert isinstance(driver, MemoryDriver) and isinstance(journal, InlineJournal)  # noqa: S101

        async def claim(run: str) -> None:
            claimed = await journal.claim(run)
            if claimed is not None:
                self._hand(claimed)

        async def settle() -> None:
            driver.open(self._drive, asyncio.get_running_loop())
            for run, due in journal.call(lambda execute: execute(LEFT, {}).fetchall()):
                driver.wake_at(run, due)
            await driver.run_until_idle(claim, until.timestamp() if until else None)

        asyncio.run(settle())
        journal.flush()

    def serve(self) -> None:
        """Drive runs from now on, in threads of its own. Not to be called inside an event loop."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run_loop, args=(ready,), name="engine", daemon=True)
        self._thread.start()
        ready.wait()
        assert self._loop is not None  # noqa: S101 - set before `ready`
        self.heartbeat.start()  # before the first claim, or another worker takes its run for an orphan
        try:
            self.driver.open(self._drive, self._loop)
        except BaseException:
            self.heartbeat.stop()
            self._loop = None
            raise
        self._dispatching = asyncio.run_coroutine_threadsafe(self._dispatch(), self._loop)
        self._watcher.start()

    def stop(self) -> None:
        """Begin nothing more, let attempts end for a moment, give every run back, let go of everything."""
        self._stopping = True
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._wind_down(), self._loop).result()
            self._dispatching.result()
            self._watcher.stop()
            self.driver.close()
            self.heartbeat.stop()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
            self._loop = None
        self.journal.close()
        self.observer.close()

    def _run_loop(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            # The usual few threads would let calls wait unseen behind others that hang, and a call that
            # waits there begins long after it was found that the run is still ours.
            threads = THREADS_PER_RUN * self.concurrency
            self._loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="call"))
            self._loop.call_soon(ready.set)
            self._loop.run_forever()

    async def _wind_down(self) -> None:
        """Let segments end: first by themselves, then without what they have under way."""
        self._poke.set()
        for end, patience in ((Segment.stop, GRACE_S), (Segment.abandon, 1.0)):
            deadline = self._time() + patience
            while self._driven and self._time() < deadline:
                for segment in filter(None, list(self._driven.values())):
                    end(segment)
                await asyncio.sleep(0.01)
        await close_connectors(self._host.connectors.values())

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()

    async def _dispatch(self) -> None:
        """Take runs that are due while there is room, and hand them to the driver."""
        while not self._stopping:
            self._poke.clear()
            try:
                pause = await self._take()
            except Exception:
                log.exception("could not take runs that are due; trying again")
                pause = POLL_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poke.wait(), pause)

    async def _take(self) -> float | None:
        """Take what there is room for, and hand it over; seconds until the next look, `None` without room."""
        room = self.concurrency - len(self._driven)
        if room <= 0:
            return None
        self._looks += 1
        taken = await self.journal.take(self.now, room, oldest=self._looks % OLDEST_EVERY == 0)
        for claimed in taken:
            self._hand(claimed)
        return 0.0 if len(taken) == room else await self._pause()

    async def _pause(self) -> float:
        """Seconds until the next run is due, at most `POLL_S`."""
        due = await self.journal.ask(NEXT)
        return POLL_S if due is None else min(POLL_S, max(0.0, due - self.now))

    def _hand(self, claimed: Claimed) -> None:
        self._driven[claimed.run] = None
        self.driver.dispatch(claimed)

    async def _drive(self, claimed: Claimed) -> None:
        try:
            segment = self._driven[claimed.run] = Segment(self._host, claimed)
            if self._stopping:
                segment.stop()
            await segment.drive()
        except Exception as error:
            log.exception("a segment broke; its run rests for a while", extra={"run": claimed.run})
            await self.journal.submit(partial(self._break_off, claimed, error))
        finally:
            self._driven.pop(claimed.run, None)
            self._poke.set()

    def _buried(self, worker: str) -> None:
        self.driver.buried(worker)
        self.observer.took_over(worker)

    def _break_off(self, claimed: Claimed, error: Exception, execute: Execute) -> None:
        """Let a run rest whose segment broke; one that breaks again and again is stuck."""
        times = f"driving it broke off {self.poison_after} times in a row, last with"
        why = f"{times} {type(error).__name__}: {error}"[:STUCK_LENGTH]
        values = {"run": claimed.run, "fence": claimed.fence, "now": self.now, "why": why}
        rest = {"pause": POISON_PAUSE_S, "poison": self.poison_after}
        row = execute(statements.BREAK, values | rest).fetchone()
        if row is not None and row[0] is not None:
            statements.raise_alert(execute, claimed.run, "stuck", claimed.fence, row[0], self.now)

    def _arrived(self, run: str | None) -> None:
        """From any thread: there is news for `run`, or for some run."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._look, run)
        elif run is not None and isinstance(self.driver, MemoryDriver):
            self.driver.wake_at(run, 0.0)

    def _look(self, run: str | None) -> None:
        segment = self._driven.get(run) if run is not None else None
        if segment is not None:
            segment.wake()
        elif run not in self._driven:
            self._poke.set()

    def _parked(self, run: str, due: float | None) -> None:  # noqa: ARG002
        """Look again when the run is due, if that is before the next look."""
        if due is not None and due - self.now < POLL_S:
            self._poke.set()


def published(database: Database, plan: str, version: int | None) -> tuple[Plan, int]:
    """A published version of a plan."""
    from orchestrate.plans.versions import find_version

    found = find_version(database, plan, version)
    return found.plan, found.version
