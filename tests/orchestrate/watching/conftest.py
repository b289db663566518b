"""An engine in simulated time on SQLite, with a system that fails as often as it is told to."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from home.clock import SettableClock
from home.database import Database
from home.telemetry import headers
from orchestrate.connectors.port import CallFailed, Work
from orchestrate.contracts import Binding, Owner, Plan, Retry, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.engine.observer import Observer

SERVICE = Binding(connector="stub")
SOON = Retry(attempts=3, wait_initial=timedelta(seconds=2), wait_jitter=timedelta(0))


class Stub:
    """Fails the first so many calls of a step, and keeps the headers it was called with."""

    summary = "A stub."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self.heard: list[tuple[str, Mapping[str, str]]] = []
        self.answer: Callable[[Work], Mapping[str, Any]] = lambda work: {"seen": work.attempt}

    async def call(self, work: Work) -> Mapping[str, Any]:
        assert dict(work.trace) == headers()
        self.heard.append((f"{work.key}:{work.attempt}", dict(work.trace)))
        if self.failures.get(work.step.id, 0) > 0:
            self.failures[work.step.id] -= 1
            raise CallFailed("refused with password=hunter2", retryable=True)
        return self.answer(work)


def service(name: str, **fields: Any) -> Step:
    """A step that the stub does."""
    fields = {"binding": SERVICE, "retry": SOON, "system": "ERP", **fields}
    return Step(id=name, name=name.capitalize(), does="service", **fields)


def person(name: str, **fields: Any) -> Step:
    """A step for a person."""
    return Step(id=name, name=name.capitalize(), role="clerk", **fields)


def plan(*steps: Step, name: str = "orders") -> Plan:
    """Steps one after the other."""
    return Plan(name=name, owner=Owner(name="ada"), body=Sequence(id="all", children=steps))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Database]:
    """An empty transactional store."""
    opened = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def engine_of(state: Database, stub: Stub, clock: SettableClock) -> Iterator[Callable[..., Engine]]:
    """Makes engines: `engine_of(plan, observer, worker="w1")`."""
    made: list[Engine] = []

    def make(
        of: Plan | Callable[[str], Plan], observer: Observer | None = None, worker: str = "w1"
    ) -> Engine:
        engine = Engine(
            state,
            {"stub": stub},
            driver=MemoryDriver(clock),
            clock=clock,
            worker=worker,
            load=lambda name, version: (of if isinstance(of, Plan) else of(name), 1),
            observer=observer,
        )
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop()
