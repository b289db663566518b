"""A world of its own for workers: one thread, time that only the event loop moves, one store in memory.

Nothing here is real but what is tested: the core, segments, and the statements of the journal.
"""

import asyncio
import selectors
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

from home.clock import Clock
from home.sql import migrations
from orchestrate.connectors.port import Connector
from orchestrate.core.plan_index import PlanIndex
from orchestrate.engine.attempts import Host
from orchestrate.engine.heartbeat import FREE
from orchestrate.engine.journal import Journal
from orchestrate.engine.operations import Operation, apply
from orchestrate.engine.protected import Protected
from orchestrate.engine.segment import Segment
from orchestrate.engine.statements import Claimed, Execute, on_driver

START = 1_700_000_000.0
LIMIT_S = 3.0
"""Silence after which a worker is taken for dead."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time jumps to whatever is next: a year of sleeping takes no time, and every order is the seed's."""

    def __init__(self) -> None:
        self.moment = 0.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        """Seconds since the world began."""
        return self.moment


class _Leaping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits for everybody")
        self._loop.moment += max(timeout, 0.0)
        return super().select(0)


@cache
def _template() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    steps = sorted(step for room in ("ingest", "orchestrate") for step in migrations(room, "schema/state"))
    for _, sql in steps:
        made.executescript(sql)
    return made


class Store:
    """The transactional store of one world; every transaction is whole or did not happen."""

    is_postgres = False

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        _template().backup(self.connection)
        self.execute: Execute = on_driver(self.connection, postgres=False)

    def transaction(self, work: Callable[[Execute], Any]) -> Any:
        """Do `work` at once, or nothing of it."""
        self.execute("begin immediate", {})
        try:
            found = work(self.execute)
        except BaseException:
            self.execute("rollback", {})
            raise
        self.execute("commit", {})
        return found

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        found = self.connection.execute(sql, values)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class WorldClock(Clock):
    """The clock on a worker's wall: the world's time, put forward or back, and a little off."""

    def __init__(self, world: "World", off: float) -> None:
        self._world, self._off = world, off

    def now(self) -> datetime:
        """Now, as this worker believes."""
        return datetime.fromtimestamp(self._world.now + self._off, UTC)


class World:
    """The store, the time, and what goes wrong."""

    def __init__(self, seed: int, indexes: dict[str, PlanIndex], loop: VirtualLoop) -> None:
        self.random, self.indexes, self.loop, self.store = Random(seed), indexes, loop, Store()
        self.jumped, self.lossy, self.kind = 0.0, 0.03, False
        self.workers: dict[str, Worker] = {}
        self.violations: list[str] = []

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return START + self.loop.time() + self.jumped

    def find(self, plan: str, version: int | None) -> tuple[PlanIndex, int]:
        """A plan of this world; each has one version."""
        return self.indexes[plan], version or 1

    def told(self, run: str) -> None:
        """There is news for a run: whoever drives it hears of it, sooner or later."""
        for worker in self.workers.values():
            self.loop.call_later(self.random.random() * 0.05, worker.hear, run)

    def chance(self, share: float) -> bool:
        """Whether something goes wrong now; nothing does any more once the world is `kind`."""
        return not self.kind and self.random.random() < share

    def take_over(self) -> None:
        """Free the runs of workers that have been silent for too long."""
        for worker in list(self.workers.values()):
            if worker.is_silent:
                worker.lost |= set(worker.driven)
                self.store.execute(f"{FREE} where owner = :worker", {"worker": worker.name})
        for worker in self.workers.values():
            worker.poke.set()


class ShakyJournal(Journal):
    """Operations take their time, and now and then an answer is lost and the writer asks again."""

    def __init__(self, worker: "Worker") -> None:
        self.database, self.worker, self._at = worker.world.store, worker.name, worker  # type: ignore[assignment]

    def _submit(self, operation: Operation) -> Any:
        return self._do(operation)

    async def _do(self, operation: Operation) -> Any:
        world = self._at.world
        for _ in range(1 + world.chance(world.lossy)):
            await self._at.pass_time()
            found = world.store.transaction(
                lambda execute: apply(execute, [operation], self.worker, postgres=False)[0]
            )
        await self._at.pass_time()
        return found


class Worker:
    """One process: takes runs that are due, drives them, and may be frozen or killed at any moment."""

    def __init__(self, world: World, name: str, connectors: dict[str, Connector]) -> None:
        self.world, self.name, self.connectors = world, name, connectors
        self.driven: dict[str, Segment] = {}
        self.lost: set[str] = set()
        """Runs that were taken from it while it slept: what it does to them is a zombie's."""
        self.poke, self.awake = asyncio.Event(), asyncio.Event()
        self.awake.set()
        self.beaten, self._suspects = world.loop.time(), set[str]()
        clock = WorldClock(world, world.random.uniform(-0.5, 0.5))
        journal = ShakyJournal(self)
        self.journal = journal
        now = lambda: clock.now().timestamp()  # noqa: E731
        self.host = Host(
            journal=journal,
            connectors=connectors,
            clock=clock,
            index_of=lambda plan, version: world.indexes[plan],
            find=world.find,
            news=world.told,
            fresh=lambda _: world.loop.time() - self.beaten < 0.8 * LIMIT_S,
            parked=lambda run, due: self.poke.set(),
            protected=Protected(journal, {}, now, world.told, postgres=False),
        )
        self.tasks: set[asyncio.Task[None]] = set()
        world.store.execute(f"{FREE} where owner = :worker", {"worker": name})
        self._spawn(self._take())
        self._spawn(self._beat())

    @property
    def is_silent(self) -> bool:
        """Whether it is taken for dead."""
        return self.world.loop.time() - self.beaten > LIMIT_S

    def kill(self) -> None:
        """End it between any two things it does."""
        for task in self.tasks:
            task.cancel()

    def hear(self, run: str) -> None:
        """There is news for a run."""
        if run in self.driven:
            self.driven[run].wake()
        else:
            self.poke.set()

    async def pass_time(self) -> None:
        """Let others go first, for a moment or as long as this worker is frozen."""
        if self.world.random.random() < 0.5:
            await asyncio.sleep(self.world.random.random() * 0.02)
        await self.awake.wait()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.world.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _take(self) -> None:
        while True:
            self.poke.clear()
            for claimed in await self.journal.take(self.world.now, 4 - len(self.driven) or 1):
                self._spawn(self._drive(claimed))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.poke.wait(), 1.0)

    async def _drive(self, claimed: Claimed) -> None:
        try:
            self.driven[claimed.run] = segment = Segment(self.host, claimed)
            await segment.drive()
        except Exception as error:  # noqa: BLE001 - nothing of this kind may happen to a segment
            self.world.violations.append(f"{claimed.run}: its segment broke: {type(error).__name__}: {error}")
        finally:
            self.driven.pop(claimed.run, None)
            self.poke.set()

    async def _beat(self) -> None:
        """Say that it lives, and let go of runs that are its own but driven by nobody: a lost answer."""
        while True:
            await self.awake.wait()
            self.beaten = self.world.loop.time()
            owned = self.world.store.rows("select id from run where owner = :worker", worker=self.name)
            idle = {row["id"] for row in owned} - set(self.driven)
            for run in idle & self._suspects:
                free = f"{FREE} where id = :run and owner = :worker"
                self.world.store.execute(free, {"run": run, "worker": self.name})
                self.poke.set()
            self._suspects = idle
            await asyncio.sleep(1.0)
