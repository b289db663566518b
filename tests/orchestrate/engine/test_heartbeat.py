"""Workers that fall silent, answers that get lost, and a lease that is no longer certain."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from home.clock import SettableClock
from home.database import Database
from orchestrate.contracts import Sequence
from orchestrate.engine.attempts import Host
from orchestrate.engine.engine import Engine
from orchestrate.engine.heartbeat import OF_WORKER, Heartbeat
from orchestrate.engine.journal import Journal
from orchestrate.engine.protected import Protected
from orchestrate.engine.segment import Segment
from orchestrate.engine.start import start_in
from orchestrate.engine.table import TableDriver
from orchestrate.runs.release import release_in
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
        nobody = Protected(journal, {}, lambda: START, print, postgres=database.is_postgres)
        host = Host(
            journal=journal,
            connectors={"stub": stub},
            clock=SettableClock(),
            index_of=lambda *_: PLAN,
            find=lambda *_: (PLAN, 1),
            news=print,
            fresh=lambda _: fresh,
            parked=lambda *_: None,
            protected=nobody,
        )
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
    assert not heartbeat.fresh(time.monotonic())
    heartbeat.start()
    until(lambda: not heartbeat.fresh(time.monotonic()))
    heartbeat.stop()


def test_after_a_lapse_the_lease_is_certain_only_for_what_was_found_ours_since(database: Database) -> None:
    heartbeat = beating(database)
    heartbeat.start()
    before = time.monotonic()
    assert heartbeat.fresh(before)
    heartbeat._last -= 10  # the process was stopped for ten seconds
    assert not heartbeat.fresh(before)
    heartbeat._beat()
    assert not heartbeat.fresh(before), "others may have taken it over meanwhile"
    assert heartbeat.fresh(time.monotonic())
    heartbeat._disconnect()
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


def test_a_run_whose_worker_dies_every_time_is_parked_and_the_others_proceed(database: Database) -> None:
    """Two runs; the worker dies five times, and only the second has got on meanwhile."""
    for life in range(5):
        for run in ("r1", "r2"):
            if life == 0:
                owned_by(database, "dead", run)
            database.execute("update run set owner = 'dead' where id = :run", {"run": run})
        if life == 3:
            database.execute("update run set recoveries = 0 where id = 'r2'")  # as every commit does
        beating(database, poison_after=5)._transaction(
            lambda execute: Heartbeat._recover(beating(database), execute, OF_WORKER, "dead")
        )
    stuck = {r["id"]: (r["stuck"], r["due"], r["recoveries"]) for r in database.rows("select * from run")}
    assert "its worker died every time, 5 times in a row" in stuck["r1"][0]
    assert stuck["r1"][1:] == (None, 5)
    assert stuck["r2"] == (None, 0.0, 2)
    [alert] = database.rows("select run, kind, message from alert")
    assert (alert["run"], alert["kind"]) == ("r1", "stuck")


def test_a_segment_that_breaks_again_and_again_is_stuck_until_it_is_released(
    database: Database, until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrate.engine.engine.POISON_PAUSE_S", 0.0)
    plans: dict[int, Any] = {1: PLAN.plan}

    def load(name: str, version: int | None) -> Any:
        return plans[version or 1], version or 1

    with database.transaction() as connection:
        start_in(connection, PLAN, 13, run="r1", data={}, at=START)
    engine = Engine(database, {"stub": Stub()}, driver=TableDriver(), load=load, poison_after=3)
    engine.serve()
    until(lambda: database.rows("select 1 from run where stuck is not null"))
    [run] = database.rows("select * from run")
    assert (run["recoveries"], run["due"], run["owner"]) == (3, None, None)
    assert "driving it broke off 3 times in a row, last with KeyError: 13" in run["stuck"]
    engine.post("r1", "pause", {})
    assert database.rows("select due from run") == [{"due": None}], "what is posted waits as well"
    plans[13] = PLAN.plan
    with database.transaction() as connection:
        assert release_in(connection, "r1", START)
    engine._arrived(None)
    until(lambda: database.rows("select 1 from journal where kind = 'pause'"))
    [run] = database.rows("select * from run")
    assert (run["recoveries"], run["stuck"]) == (0, None)
    engine.stop()
