"""Workers that fall silent, answers that get lost, and a lease that is no longer certain."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from home.clock import SettableClock
from home.database import Database
from orchestrate.contracts import Sequence
from orchestrate.engine import Engine
from orchestrate.heartbeat import Heartbeat
from orchestrate.journal import Journal
from orchestrate.segment import Host, Segment
from orchestrate.start import start_in
from orchestrate.table import TableDriver
from tests.orchestrate.engine.conftest import Stub
from tests.orchestrate.engine.schedules import START, a_plan, human, index, service

PLAN = index(a_plan(Sequence(id="s", children=(service("a"), human("h")))))


def beating(database: Database, **fields: Any) -> Heartbeat:
    given: dict[str, Any] = {
        "every_s": 3600.0,
        "limit_s": 1.0,
        "driven": lambda: [],
        "buried": lambda _: None,
        "freed": lambda: None,
    }
    return Heartbeat(database, "w1", "table", **(given | fields))


def owned_by(database: Database, worker: str, run: str = "r1") -> str:
    with database.transaction() as connection:
        start_in(connection, PLAN, 1, run=run, data={}, at=START)
    database.execute(
        "update run set owner = :w, fence = 1, due = null where id = :run", {"w": worker, "run": run}
    )
    return run


def row(database: Database, run: str = "r1") -> tuple[Any, ...]:
    found = database.row("select owner, fence, due from run where id = :run", {"run": run})
    assert found is not None
    return tuple(found.values())


def test_the_runs_of_a_silent_worker_are_taken_over_and_fenced(database: Database) -> None:
    owned_by(database, "dead", "r1")
    owned_by(database, "alive", "r2")
    told: list[str] = []
    freed: list[bool] = []
    database.execute("insert into worker(id, beat, since) values ('dead', 0, 0), ('alive', 1e12, 0)")
    heartbeat = beating(database, buried=told.append, freed=lambda: freed.append(True))
    heartbeat.start()
    assert (told, freed) == (["dead"], [True])
    assert row(database, "r1") == (None, 2, 0.0)
    assert row(database, "r2") == ("alive", 1, None)
    assert {r["id"] for r in database.rows("select id from worker")} == {"alive", "w1"}
    heartbeat.stop()
    assert {r["id"] for r in database.rows("select id from worker")} == {"alive"}


def test_runs_of_an_owner_that_is_no_worker_are_taken_over_but_never_simulated_ones(
    database: Database,
) -> None:
    owned_by(database, "nobody", "r1")
    owned_by(database, "nobody", "r2")
    database.execute("update run set simulated = 1 where id = 'r2'")
    heartbeat = beating(database)
    heartbeat.start()
    assert row(database, "r1") == (None, 2, 0.0)
    assert row(database, "r2") == ("nobody", 1, None)
    heartbeat.stop()


def test_a_run_that_is_ours_but_not_driven_is_let_go_at_the_second_look(database: Database) -> None:
    driven: list[str] = ["r1"]
    heartbeat = beating(database, driven=lambda: driven)
    heartbeat.start()
    owned_by(database, "w1")
    for _ in range(3):
        heartbeat._beat()
    assert row(database) == ("w1", 1, None)
    driven.clear()
    heartbeat._beat()
    assert row(database) == ("w1", 1, None), "its claim may be on the way to us"
    heartbeat._beat()
    assert row(database) == (None, 2, 0.0)
    heartbeat._disconnect()
    heartbeat.stop()


def test_what_an_earlier_life_of_this_worker_owned_is_let_go_at_once(database: Database) -> None:
    owned_by(database, "w1")
    heartbeat = beating(database)
    heartbeat.start()
    assert row(database) == (None, 2, 0.0)
    heartbeat.stop()


def test_no_effect_begins_when_the_lease_is_no_longer_certain(database: Database) -> None:
    with database.transaction() as connection:
        start_in(connection, PLAN, 1, run="r1", data={}, at=START)
    journal, stub = Journal(database, "w1"), Stub()

    async def drive(fresh: bool) -> None:
        claimed = await journal.claim("r1")
        assert claimed is not None
        host = Host(journal, {"stub": stub}, SettableClock(), lambda *_: PLAN, lambda: fresh, lambda *_: None)
        await Segment(host, claimed).drive()

    asyncio.run(drive(fresh=False))
    assert stub.calls == []
    assert row(database)[0] == "w1", "let go by whoever is certain"
    database.execute("update run set owner = null")
    asyncio.run(drive(fresh=True))
    assert stub.calls == ["r1:a:1"]
    assert row(database)[0] is None
    journal.close()


def test_a_heartbeat_is_fresh_only_for_a_while(database: Database, until: Callable[..., Any]) -> None:
    heartbeat = beating(database, limit_s=0.05)
    assert not heartbeat.fresh()
    heartbeat.start()
    until(lambda: not heartbeat.fresh())
    heartbeat.stop()


def test_a_run_whose_plan_is_gone_rests_and_does_not_keep_others_from_running(
    database: Database, until: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    def load(name: str, version: int | None) -> Any:
        if version == 13:
            raise LookupError("no such version")
        return PLAN.plan, 1

    for run, version in (("r1", 13), ("r2", 1)):
        with database.transaction() as connection:
            start_in(connection, PLAN, version, run=run, data={}, at=START)
    engine = Engine(database, {"stub": Stub()}, driver=TableDriver(), load=load)
    engine.serve()
    until(lambda: database.rows("select 1 from task where run = 'r2'"))
    until(lambda: row(database, "r1")[0] is None and row(database, "r1")[2] > START)
    engine.stop()
    assert "a segment broke" in caplog.text
