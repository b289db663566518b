"""Engines on stores of their own, whichever driver and database, and patience without sleeping."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from home.clock import Clock, SettableClock, SystemClock
from home.database import Database
from orchestrate.connectors.port import CallFailed, Work
from orchestrate.contracts import Plan
from orchestrate.engine.driver import make_driver
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver

PATIENCE_S = 60.0


class Stub:
    """A system that answers at once, remembers what it was asked, and fails as often as it is told to."""

    summary = "A stub."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failures: dict[str, int] = {}

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.calls.append(work.key)
        step = work.step.id
        if self.failures.get(step, 0) > 0:
            self.failures[step] -= 1
            raise CallFailed("the stub was told to fail")
        return {step: work.attempt}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty transactional store, once on each database."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits until a function answers something true, with a deadline."""

    def wait(found: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (answer := found()):
            assert time.monotonic() < deadline, "it did not happen in time"
        return answer

    return wait


class Bench:
    """One engine with its stub, driven by any driver: `settle` lets everything happen that can."""

    def __init__(self, database: Database, driver: str, plan: Plan, **connectors: Any) -> None:
        self.database, self.stub = database, Stub()
        self.clock: Clock = SettableClock() if driver == "memory" else SystemClock()
        memory = driver == "memory"
        made = MemoryDriver(self.clock) if memory else make_driver(driver, database, "w1", 16)
        self.engine = Engine(
            database,
            {"stub": self.stub, "undo": self.stub, **connectors},
            driver=made,
            clock=self.clock,
            worker="w1",
            load=lambda name, version: (plan, 1),
        )
        if not memory:
            self.engine.serve()

    def settle(self) -> None:
        """Until no run is due or driven."""
        if isinstance(self.engine.driver, MemoryDriver):
            self.engine.run_until_idle(self.clock.now())
            return
        deadline = time.monotonic() + PATIENCE_S
        busy = "select 1 from run where status = 'open' and (owner is not null or due <= :now) limit 1"
        while self.database.rows(busy, {"now": self.clock.now().timestamp()}):
            assert time.monotonic() < deadline, "the runs do not come to rest"

    def history(self, run: str) -> list[tuple[Any, ...]]:
        """The journal without moments."""
        rows = self.database.rows(
            "select rev, kind, node, visit, attempt, activity, outcome, completes from journal"
            " where run = :run order by rev",
            {"run": run},
        )
        return [tuple(row.values()) for row in rows]

    def run(self, run: str) -> dict[str, Any]:
        """The row of a run."""
        found = self.database.row("select * from run where id = :run", {"run": run})
        assert found is not None
        return found


@pytest.fixture
def bench(database: Database) -> Iterator[Callable[..., Bench]]:
    """Makes engines, and stops them afterwards."""
    made: list[Bench] = []

    def make(driver: str, plan: Plan, **connectors: Any) -> Bench:
        made.append(Bench(database, driver, plan, **connectors))
        return made[-1]

    yield make
    for one in made:
        one.engine.stop()
