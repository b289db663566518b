"""Health: each planted trouble is found, said in words, and comes with what to do."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from home.clock import SettableClock, SystemClock
from home.context import Context, Stores
from home.contracts import Nothing
from home.settings import Configuration, Settings
from orchestrate.watching.doctor import Unwell, doctor
from orchestrate.watching.health import Check, ready, runs_well, worst


def made(home: Path, clock: Any = None, **settings: Any) -> Context:
    chosen = Settings(home=home, **settings)
    return Context(Configuration(chosen, {}), Stores(chosen), clock=clock or SystemClock())


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    opened = made(tmp_path / "home")
    yield opened
    opened.stores.close()


def beat(context: Context, name: str = "w1", age: float = 0.0) -> None:
    from orchestrate.engine.heartbeat import SQLITE_CLOCK

    context.state.execute(
        f"insert into worker(id, beat, since) values (:id, {SQLITE_CLOCK} - :age, 0)",
        {"id": name, "age": age},
    )


def named(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.check == name)


def test_all_is_well_with_a_beating_worker(context: Context) -> None:
    beat(context)
    checks = ready(context, context.events)
    assert worst(checks) == "ok"
    assert {c.check for c in checks} == {"store", "events", "disk", "migrations", "clock", "worker"}
    assert worst(runs_well(context)) == "ok"
    assert doctor(context, Nothing()).level == "ok"


def test_a_silent_worker_is_no_worker(context: Context) -> None:
    beat(context, age=60)
    found = named(ready(context), "worker")
    assert found.level == "failed" and "baton worker" in found.do
    beat(context, "w2")
    found = named(ready(context), "worker")
    assert (found.level, found.found) == ("ok", "1 beating, 1 silent")


def test_a_full_disk_is_said_before_writes_fail(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(free=100 * 2**20)
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    found = named(ready(context), "disk")
    assert found.level == "failed" and "100 MB" in found.found and "disk_min_bytes" in found.do


def test_a_store_that_another_version_migrated_is_found(context: Context) -> None:
    context.state.execute("insert into schema_version values (9000)")
    found = named(ready(context), "migrations")
    assert found.level == "failed" and "9000" in found.found and "upgrade" in found.do


def test_a_database_that_is_away_is_one_failure_not_a_traceback(tmp_path: Path) -> None:
    away = made(tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none")
    found = named(ready(away), "store")
    assert found.level == "failed" and found.do
    with pytest.raises(Unwell) as told:
        doctor(away, Nothing())
    assert told.value.report.level == "failed" and "store" in told.value.message


@pytest.mark.postgres
def test_a_clock_that_differs_from_the_databases_is_found(tmp_path: Path, postgres_database: str) -> None:
    for clock, level in ((SystemClock(), "ok"), (SettableClock(), "failed")):
        context = made(tmp_path, clock, database_url=postgres_database)
        found = named(ready(context), "clock")
        assert found.level == level
        context.stores.close()
    assert "behind the database's" in found.found and "time server" in found.do


def test_trouble_with_the_work_needs_a_look(context: Context) -> None:
    now = context.clock.now().timestamp()
    sql = (
        "insert into run(id, plan, version, state, due, since, started, stuck)"
        " values (:id, 'p', 1, '{}', :due, :since, 0, :stuck)"
    )
    context.state.execute(sql, {"id": "run-1", "due": 0, "since": now - 600, "stuck": None})
    context.state.execute(sql, {"id": "run-2", "due": None, "since": 0, "stuck": "it broke 5 times"})
    broken = "insert into system_state(name, breaker, error) values ('ERP', 'open', 'it says 503')"
    context.state.execute(broken)
    context.state.execute(
        "insert into task(id, run, plan, version, node, visit, kind, name, opened, outcomes, context, due)"
        " values ('run-1.1', 'run-1', 'p', 1, 'a', 1, 'step', 'A', 0, '[]', '{}', :due)",
        {"due": now - 1},
    )
    checks = {check.check: check for check in runs_well(context) if check.check != "alerts"}
    assert {c.level for c in checks.values()} == {"warning"} and all(c.do for c in checks.values())
    assert "10 min" in checks["queue"].found
    assert "run-2: it broke 5 times" in checks["stuck"].found
    assert "ERP (it says 503)" in checks["breakers"].found


def test_a_home_open_to_all_and_a_collector_that_is_away_need_a_look(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    context = made(home, otlp_endpoint="http://127.0.0.1:9")
    beat(context)
    found = doctor(context, Nothing())
    context.stores.close()
    assert found.level == "warning"
    assert named(found.checks, "home").do == f"chmod o= {home}"
    assert "127.0.0.1:9" in named(found.checks, "collector").found
    assert not any("Everything is well" in line for line in found.lines())
