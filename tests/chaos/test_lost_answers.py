"""Three in a hundred answers to a commit get lost: what was written is recognised, not written again."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from home.database import Database
from orchestrate.connectors.port import Work
from orchestrate.engine.engine import Engine
from orchestrate.engine.heartbeat import Heartbeat
from orchestrate.engine.journal import Journal
from orchestrate.engine.table import TableDriver
from tests.chaos.conftest import Sites
from tests.chaos.form import LONG, rounds, tell, wait
from tests.chaos.site import NONE, STEPS, SWIFT
from tests.chaos.wire import wire
from tests.orchestrate.engine.test_heartbeat import beating

pytestmark = pytest.mark.chaos
RUNS = rounds(60, 1500)
LOSE = 0.03 if LONG else 0.1


@pytest.mark.postgres
def test_answers_lost_on_the_wire_to_postgresql(new_site: Sites, postgres_database: str) -> None:
    site = new_site(postgres_database)
    with wire(postgres_database, lose=0.0) as (lossy, through):
        worker = site.worker("table", url=through, **SWIFT).ready()
        lossy.lose = LOSE
        site.start(RUNS)
        wait(site.all_done, "every run ends")
        toll = site.toll()
        figures = {"runs": RUNS, "answers": lossy.passed + lossy.lost, "lost": lossy.lost}
        tell("lost answers on PostgreSQL", **figures, toll=toll)
        assert lossy.lost > 0
        assert toll == NONE
        assert worker.end() == 0


class Once:
    """A system that counts calls by key."""

    summary = "Counts."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.calls.append(work.key)
        return {}


def test_answers_lost_between_sqlite_and_the_writer(
    tmp_path: Path, new_site: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is in the file, and its writer is told that the file was locked."""
    site = new_site(f"sqlite:///{tmp_path / 'state.sqlite'}")
    really, fate, lost = Journal._try, Random(7), 0

    def losing(self: Journal, operations: Any) -> Any:
        nonlocal lost
        found = really(self, operations)
        if fate.random() < LOSE:
            lost += 1
            raise sqlite3.OperationalError("database is locked")
        return found

    monkeypatch.setattr(Journal, "_try", losing)
    system = Once()
    engine = Engine(site.database, {"python": system}, driver=TableDriver(), heartbeat_s=0.1, takeover_s=1.0)
    site.start(RUNS)
    engine.serve()
    wait(site.all_done, "every run ends")
    engine.stop()
    journaled = "select count(*) as n from journal where completes = 1"
    tell("lost answers on SQLite", runs=RUNS, lost=lost, calls=len(system.calls))
    assert lost > 0
    assert site.count(journaled) == RUNS * STEPS
    assert len(system.calls) == len(set(system.calls)) == RUNS * STEPS


def test_a_worker_begins_though_the_answer_to_its_first_beat_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    really, lost = Heartbeat._transaction, iter([sqlite3.OperationalError("database is locked")])

    def losing(self: Heartbeat, work: Any) -> Any:
        found = really(self, work)
        for error in lost:
            raise error
        return found

    monkeypatch.setattr(Heartbeat, "_transaction", losing)
    heartbeat = beating(database, every_s=0.01)
    heartbeat.start()
    assert [row["id"] for row in database.rows("select id from worker")] == ["w1"]
    heartbeat.stop()
    database.close()
