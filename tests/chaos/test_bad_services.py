"""Services that hang, drip, break off, fail or talk nonsense cost their step's time limit and no more."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from home.context import Context, Stores
from home.database import Database
from home.settings import Configuration, Settings
from orchestrate.connectors.registry import open_connectors
from orchestrate.contracts import Binding, Plan, Retry, Step
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.engine import Engine
from orchestrate.engine.start import start_in
from orchestrate.engine.table import TableDriver
from tests.chaos.form import rounds, tell, wait
from tests.orchestrate.engine.schedules import START, a_plan

pytestmark = pytest.mark.chaos
EACH = rounds(4, 50)
"""Runs on each kind of service."""
LIMIT_S = 0.5
ATTEMPTS = 2
WAYS = ("hang", "drip", "reset", "fail", "nonsense", "well")
HEAD = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"


class Service:
    """Behaves as the path says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Leave whoever still waits."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            way = head.split()[1].strip("/")
            self.asked.append(way)
            await getattr(self, f"_{way}")(writer)
        writer.close()

    async def _hang(self, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        """One byte now and then: no single read ever takes long."""
        for byte in HEAD % (200, 2) + b"{}":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(LIMIT_S / 10)

    async def _reset(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def _fail(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % (503, 2) + b"{}")

    async def _nonsense(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % (200, 6) + b"<html>")

    async def _well(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % (200, 2) + b"{}")


@contextmanager
def running() -> Iterator[Service]:
    """The service, in a thread of its own."""
    service, loop = Service(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bad service", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(service.open(), loop).result()
    try:
        yield service
    finally:
        asyncio.run_coroutine_threadsafe(service.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)


def plan_of(way: str, port: int) -> Plan:
    """One step that calls the service, with a time limit and a second attempt."""
    binding = Binding(connector="http", settings={"url": f"http://127.0.0.1:{port}/{way}"})
    retry = Retry(attempts=ATTEMPTS, wait_initial=timedelta(seconds=0.05), wait_jitter=timedelta(0))
    limit = timedelta(seconds=60 if way == "well" else LIMIT_S)
    step = Step(id="call", name="Call", does="service", binding=binding, timeout=limit, retry=retry)
    return a_plan(step).model_copy(update={"name": way})


def a_context(home: Path, **given: Any) -> Context:
    """A home folder with these settings."""
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'state.sqlite'}", **given)
    return Context(Configuration(settings, {}), Stores(settings))


def test_bad_services_cost_their_time_limit_and_end_with_a_person(tmp_path: Path) -> None:
    context = a_context(tmp_path, http_allow=("127.0.0.1",))
    database = context.state
    with running() as service:
        plans = {way: plan_of(way, service.port) for way in WAYS}
        with database.transaction() as connection:
            for way, plan in plans.items():
                index = PlanIndex(plan, compile_rule)
                for n in range(EACH):
                    start_in(connection, index, 1, run=f"{way}-{n}", data={}, at=START)
        connectors = open_connectors(context)
        load: Any = lambda name, version: (plans[name], 1)  # noqa: E731
        engine = Engine(database, connectors, driver=TableDriver(), load=load)
        engine.serve()
        busy = "select 1 from run where status = 'open' and (owner is not null or due is not null) limit 1"
        wait(lambda: not database.rows(busy), "every run ends or waits for a person")
        engine.stop()
        check(database)
        tell("bad services", runs=EACH * len(WAYS), calls=len(service.asked))
        assert all(service.asked.count(way) <= EACH * ATTEMPTS for way in WAYS)
        assert service.asked.count("well") == EACH
    context.stores.close()


def check(database: Database) -> None:
    """Good services' runs are done; each of the others is a task in the manual queue that says why."""
    done = database.rows("select plan, count(*) as n from run where status = 'done' group by plan")
    assert {row["plan"]: row["n"] for row in done} == {"well": EACH}
    tried = "select count(*) as n from journal where kind = 'failed' group by run"
    assert {row["n"] for row in database.rows(tried)} <= set(range(1, ATTEMPTS + 1))
    tasks = database.rows("select plan, reason from task where kind = 'manual' and status = 'open'")
    assert len(tasks) == EACH * (len(WAYS) - 1)
    assert all(task["reason"] for task in tasks)
    hanging = [task["reason"] for task in tasks if task["plan"] in ("hang", "drip")]
    assert all(f"{LIMIT_S:g} s" in reason or "in time" in reason for reason in hanging), hanging


TOGETHER = 16
MEETING = threading.Barrier(TOGETHER)


def meet(data: dict[str, Any]) -> dict[str, Any]:
    """Comes back once so many are here at the same time."""
    MEETING.wait(timeout=30)
    return {}


def test_blocking_calls_of_all_runs_in_flight_are_under_way_at_the_same_time(tmp_path: Path) -> None:
    """Nobody's call waits for a thread behind others that hang."""
    context = a_context(tmp_path, python_allow=(f"{__name__}:*",))
    binding = Binding(connector="python", settings={"function": f"{__name__}:meet"})
    step = Step(id="meet", name="Meet", does="service", binding=binding, retry=Retry(attempts=1))
    plan = a_plan(step)
    with context.state.transaction() as connection:
        for n in range(TOGETHER):
            start_in(connection, PlanIndex(plan, compile_rule), 1, run=f"r{n}", data={}, at=START)
    load: Any = lambda name, version: (plan, 1)  # noqa: E731
    connectors = open_connectors(context)
    engine = Engine(context.state, connectors, driver=TableDriver(), concurrency=TOGETHER, load=load)
    engine.serve()
    ended = "select 1 from run where status = 'open' and (owner is not null or due is not null) limit 1"
    wait(lambda: not context.state.rows(ended), "every run ends")
    engine.stop()
    assert context.state.rows("select 1 from task") == []
    context.stores.close()
