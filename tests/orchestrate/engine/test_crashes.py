"""Runs whose process dies between any two effects, again and again: the seed in a failure replays it."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from home.clock import SettableClock
from home.database import Database
from orchestrate.connectors.port import Work
from orchestrate.contracts import Plan
from orchestrate.core import replay
from orchestrate.engine import Engine
from orchestrate.events import parse_event
from orchestrate.memory import InlineJournal, MemoryDriver
from tests.orchestrate.engine.schedules import index, plans, rule

CRASHES = 0.15
MOST_LIVES = 200


class Crash(BaseException):
    """The process is gone."""


class Fate:
    """Decides when the process dies."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def maybe(self) -> None:
        if self.random.random() < CRASHES:
            raise Crash


class MortalJournal(InlineJournal):
    """Every operation is a transaction of its own; the process may die before and after it."""

    fate: Fate

    def _submit(self, operation: Any) -> "asyncio.Future[Any]":
        self.fate.maybe()
        found = super()._submit(operation)
        self.flush()
        self.fate.maybe()
        return found


class Keyed:
    """Counts calls by key, and notices one that comes although the journal has its result."""

    summary = "Keyed."
    options: Mapping[str, str] = {}

    def __init__(self, fate: Fate, journaled: Any) -> None:
        self.fate, self.journaled, self.calls = fate, journaled, Counter[str]()
        self.repeated: list[str] = []

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.fate.maybe()
        if work.key in self.journaled():
            self.repeated.append(work.key)
        self.calls[work.key] += 1
        self.fate.maybe()
        return {"last": work.key}


def keys(database: Database) -> set[str]:
    """Idempotency keys of the steps whose success is in the journal."""
    query = "select run, node, visit from journal where completes = 1 and kind = 'succeeded'"
    return {f"{r['run']}:{r['node']}:{r['visit']}" for r in database.rows(query)}


def live(database: Database, plan: Plan, fate: Fate, system: Keyed, clock: SettableClock) -> None:
    """One life of a process: it goes on with what it finds, does one open task, and may die any time."""
    engine = Engine(
        database,
        {"stub": system, "undo": system},
        driver=MemoryDriver(clock),
        clock=clock,
        load=lambda name, version: (plan, 1),
    )
    assert isinstance(engine.journal, MortalJournal)
    engine.journal.fate = fate
    try:
        if not database.rows("select 1 from run"):
            engine.start("planted", data={"amount": 1}, key="K1")
            engine.journal.flush()
        engine.run_until_idle(clock.now())
        for task in database.rows("select * from task where status = 'open' order by id limit 1"):
            ways = [way for way in outcomes_of(task) if way not in ("retry", "cancel", "again")]
            engine.post(task["run"], "decided", {"task": task["id"], "outcome": (ways or ["done"])[0]})
            engine.journal.flush()
        engine.run_until_idle(clock.now())
    except Crash:
        engine.journal._connection.close()  # what was not committed is gone
        database.execute("update run set owner = null, fence = fence + 1, due = 0 where owner is not null")
    else:
        engine.stop()


def outcomes_of(task: Mapping[str, Any]) -> list[str]:
    found: list[str] = json.loads(task["outcomes"])
    return found


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrate.engine.InlineJournal", MortalJournal)
    monkeypatch.setattr("orchestrate.engine.compile_rule", rule)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans(), st.integers(0, 2**32))
def test_whenever_the_process_dies_nothing_is_lost_and_nothing_journaled_is_repeated(
    mortal: None, tmp_path_factory: pytest.TempPathFactory, plan: Plan, seed: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("lives")
    database, fate, clock = Database(f"sqlite:///{folder / 's.sqlite'}"), Fate(seed), SettableClock()
    system = Keyed(fate, lambda: keys(database))
    for _ in range(MOST_LIVES):
        live(database, plan, fate, system, clock)
        if database.rows("select 1 from run where status <> 'open'"):
            break
    [run] = database.rows("select * from run")
    assert run["status"] == "done", "the run did not end in two hundred lives"
    rows = database.rows("select * from journal order by rev")
    assert [row["rev"] for row in rows] == list(range(1, run["rev"] + 1))
    done = Counter((row["node"], row["visit"]) for row in rows if row["completes"])
    assert set(done.values()) <= {1}
    assert set(system.calls) == keys(database)
    assert system.repeated == [], "journaled, and done again"
    accepted = [(parse_event(row["event"]), row["at"]) for row in rows if row["kind"] != "refused"]
    assert replay(index(plan), accepted) == json.loads(run["state"])
    open_tasks = database.rows("select 1 from task where status = 'open'")
    assert not open_tasks
    database.close()
