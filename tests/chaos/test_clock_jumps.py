"""A clock that jumps by 90 days, forwards and back: each time limit runs out once, nothing else happens."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from home.clock import SettableClock
from home.database import Database
from orchestrate.contracts import Retry, Sequence, Sla
from orchestrate.engine import heartbeat
from orchestrate.engine.engine import Engine
from orchestrate.engine.start import start_in
from orchestrate.engine.table import TableDriver
from tests.chaos.form import rounds, tell, wait
from tests.chaos.test_lost_answers import Once
from tests.orchestrate.engine.schedules import a_plan, human, index, service

pytestmark = pytest.mark.chaos
RUNS = rounds(50, 1000)
JUMP = timedelta(days=90)
SLA = Sla(due=timedelta(days=2), remind=timedelta(days=1), escalate=("boss",))
ASKED = human("ask", outcomes=("yes", "no"), sla=SLA)
LIMITED = human("limited", timeout=timedelta(days=30))
WITH_LIMIT = index(a_plan(Sequence(id="s", children=(LIMITED, service("after")))))
WITH_SLA = index(a_plan(Sequence(id="s", children=(ASKED, service("after", retry=Retry(attempts=1))))))
RESTS = "select 1 from run where status = 'open' and (owner is not null or due <= :now) limit 1"


@pytest.fixture
def clock() -> SettableClock:
    """The clock that jumps."""
    return SettableClock()


@pytest.fixture
def engine(database: Database, clock: SettableClock) -> Iterator[Engine]:
    """Runs that wait for people, half of them with a time limit, on an engine whose clock can be set."""
    with database.transaction() as connection:
        for n in range(RUNS):
            plan, at = (WITH_LIMIT, WITH_SLA)[n % 2], clock.now().timestamp()
            start_in(connection, plan, n % 2, run=f"r{n}", data={}, at=at)
    load = lambda name, version: ((WITH_LIMIT, WITH_SLA)[version or 0].plan, version or 0)  # noqa: E731
    made = Engine(database, {"stub": Once()}, driver=TableDriver(), clock=clock, load=load)
    made.serve()
    yield made
    made.stop()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty store, once on each database."""
    opened = Database(database_url)
    yield opened
    opened.close()


def settle(engine: Engine) -> None:
    """Until nothing is due or driven."""
    engine._arrived(None)
    wait(lambda: not engine.database.rows(RESTS, {"now": engine.now}), "the runs come to rest")


def test_ninety_days_forwards_and_back(database: Database, engine: Engine, clock: SettableClock) -> None:
    clock.advance(JUMP)
    settle(engine)
    journal = database.rows("select run, kind, at from journal where kind = 'tick'")
    ticks = Counter(row["run"] for row in journal)
    assert set(ticks) == {f"r{n}" for n in range(RUNS)}
    manual = database.rows("select run from task where kind = 'manual' and status = 'open'")
    assert sorted(row["run"] for row in manual) == sorted(f"r{n}" for n in range(0, RUNS, 2))
    asked = database.rows("select level, reminders, status from task where node = 'ask'")
    assert {(row["level"], row["status"]) for row in asked} == {(1, "open")}
    clock.advance(-JUMP)
    settle(engine)
    assert len(database.rows("select 1 from journal where kind = 'tick'")) == len(journal)
    for n in range(1, RUNS, 2):
        engine.post(f"r{n}", "decided", {"task": f"r{n}.1", "outcome": "yes", "by": "ada"})
    settle(engine)
    done = database.row("select count(*) as n from run where status = 'done'")
    store = database.engine.dialect.name
    tell(f"clock jump of 90 days on {store}", runs=RUNS, ticks=len(journal), done=done)
    assert done == {"n": RUNS // 2}


def test_a_jump_of_the_databases_clock_costs_take_overs_and_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats are told by the database's clock: whoever beats first after the jump buries the others."""
    with database.transaction() as connection:
        for n in range(RUNS):
            start_in(connection, LOADED, 1, run=f"r{n}", data={}, at=1.0)
    systems = [Once(), Once()]
    engines = [
        Engine(
            database,
            {"stub": system},
            driver=TableDriver(),
            worker=f"w{n}",
            heartbeat_s=0.05,
            takeover_s=1.0,
            load=lambda name, version: (LOADED.plan, 1),
        )
        for n, system in enumerate(systems[: 2 if database.is_postgres else 1])
    ]
    for engine in engines:
        engine.serve()
    some = "select count(*) as n from journal"
    wait(lambda: (database.row(some) or {"n": 0})["n"] > RUNS * 1.5, "work is under way")
    for name in ("POSTGRES_CLOCK", "SQLITE_CLOCK"):
        monkeypatch.setattr(heartbeat, name, f"({getattr(heartbeat, name)} + {JUMP.total_seconds()})")
    wait(lambda: not database.rows("select 1 from run where status = 'open' limit 1"), "every run ends")
    for engine in engines:
        engine.stop()
    keys = {key for system in systems for key in system.calls}
    assert len(keys) == RUNS * 3
    rows = database.rows("select count(*) as n from journal where completes = 1")
    assert rows == [{"n": RUNS * 3}]


LOADED = index(a_plan(Sequence(id="s", children=(service("a"), service("b"), service("c")))))
