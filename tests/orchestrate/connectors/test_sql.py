"""SQL steps on SQLite, PostgreSQL and MariaDB: read safely, written once, stopped in time."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from home.context import Context
from orchestrate.connectors.options import BadSettings, read_options
from orchestrate.connectors.port import CallFailed
from orchestrate.connectors.sql.connector import SqlConnector
from orchestrate.connectors.sql.families import drivers_url
from orchestrate.connectors.sql.options import SqlOptions
from orchestrate.contracts import Step

from .attempts import call, work

STEP = Step(id="a", name="A")
SLOW = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
    "postgresql": "select pg_sleep(20)",
    "mysql": "select sleep(20)",
}
BUSY = {
    "postgresql": "select count(*) from pg_stat_activity where state = 'active'"
    " and query = 'select pg_sleep(20)'",
    "mysql": "select count(*) from information_schema.processlist where info = 'select sleep(20)'",
}


class Base:
    """A database with one table of orders, and a connector bound to it."""

    def __init__(self, url: str, context: Context) -> None:
        self.url = url
        self.engine = sqlalchemy.create_engine(drivers_url(sqlalchemy.make_url(url)))
        self.kind = self.engine.url.get_backend_name().replace("mariadb", "mysql")
        self.connector = SqlConnector(context)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                "create table sale(id integer primary key, who varchar(200), n decimal(9,2))"
            )
            connection.exec_driver_sql("insert into sale values (1, 'ada', 12.50), (2, 'bob', 3)")

    def ask(
        self, statement: str, given: dict[str, Any] | None = None, key: str = "r:a:1", **more: Any
    ) -> Any:
        more.setdefault("step", STEP)
        return call(self.connector, work(key, given or {}, url="env:DB", statement=statement, **more))

    def one(self, sql: str) -> Any:
        with self.engine.begin() as connection:
            return connection.execute(sqlalchemy.text(sql)).scalar()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def base(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    make_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
) -> Base:
    url = f"sqlite:///{tmp_path / 'sales.sqlite'}"
    if request.param != "sqlite":
        url = request.getfixturevalue(f"{request.param}_database")
    monkeypatch.setenv("DB", url)
    made = Base(url, make_context())
    request.addfinalizer(made.engine.dispose)
    return made


def test_it_reads_rows_one_row_or_one_value(base: Base) -> None:
    found = base.ask("select id, n from sale where who = :who", {"who": "ada"})
    assert found == {"rows": [{"id": 1, "n": 12.5}], "count": 1}
    assert base.ask("select who, n from sale where id = :id", {"id": 2}, answers="row") == {
        "who": "bob",
        "n": 3,
    }
    assert base.ask("select count(*) from sale", answers="value") == {"value": 2}
    for statement in ("select id from sale", "select id from sale where id = 9"):
        with pytest.raises(CallFailed, match="rows where one is wanted") as failed:
            base.ask(statement, answers="row")
        assert not failed.value.can_retry


def test_input_is_bound_and_never_read_as_sql(base: Base) -> None:
    hostile = "x' or '1'='1'; drop table sale; --"
    assert base.ask("select id from sale where who = :who", {"who": hostile})["count"] == 0
    base.ask("insert into sale values (3, :who, 1)", {"who": hostile}, does="write")
    assert base.ask("select who from sale where id = 3", answers="value") == {"value": hostile}
    assert base.one("select count(*) from sale") == 3


def test_reading_cannot_write(base: Base) -> None:
    with pytest.raises(BadSettings, match="does not read"):
        read_options("sql", SqlOptions, {"url": "env:DB", "statement": "delete from sale"})
    if base.kind == "postgresql":
        with pytest.raises(CallFailed, match="read-only transaction"):
            base.ask("with gone as (delete from sale returning id) select count(*) from gone")
    assert base.one("select count(*) from sale") == 2


def test_a_repeated_write_is_known_by_its_key_and_gets_the_first_output(base: Base) -> None:
    statement = "update sale set n = n + :more where id = 1"
    for _ in range(3):
        assert base.ask(statement, {"more": 1}, key="r:a:1", does="write") == {"changed": 1}
    assert float(base.one("select n from sale where id = 1")) == 13.5
    base.ask(statement, {"more": 1}, key="r:a:2", does="write")
    assert float(base.one("select n from sale where id = 1")) == 14.5


def test_a_write_that_fails_leaves_neither_its_effect_nor_its_key(base: Base) -> None:
    base.ask("insert into sale values (6, 'first', 1)", key="r:a:0", does="write")
    with pytest.raises(CallFailed) as failed:
        base.ask("insert into sale values (1, 'again', 1)", does="write")
    assert not failed.value.can_retry
    assert base.one("select count(*) from baton_effect") == 1
    assert base.ask("insert into sale values (:id, 'other', 1)", {"id": 7}, does="write") == {"changed": 1}


def test_many_attempts_of_one_write_at_once_write_once(base: Base) -> None:
    base.ask("update sale set n = n where id = 1", key="r:a:0", does="write")  # makes the table of keys
    options = {"url": "env:DB", "statement": "update sale set n = n + 1 where id = 1", "does": "write"}

    async def race() -> list[Any]:
        calls = [base.connector.call(work("r:a:1", {}, step=STEP, timeout_s=10, **options)) for _ in range(6)]
        return await asyncio.gather(*calls, return_exceptions=True)

    found = asyncio.run(race())
    assert {"changed": 1} in found
    assert all(f == {"changed": 1} or (isinstance(f, CallFailed) and f.can_retry) for f in found), found
    assert float(base.one("select n from sale where id = 1")) == 13.5


def test_a_statement_may_know_its_own_key(base: Base) -> None:
    with base.engine.begin() as connection:
        connection.exec_driver_sql("create table done(k varchar(100) primary key, n integer)")
    upsert = (
        "insert into done values (:baton_key, 1) on duplicate key update n = n"
        if base.kind == "mysql"
        else "insert into done values (:baton_key, 1) on conflict do nothing"
    )
    for _ in range(2):
        base.ask(upsert, does="write", keyed="statement")
    assert base.one("select count(*) from done") == 1
    with pytest.raises(BadSettings, match="must use :baton_key"):
        given = {"url": "env:DB", "statement": "insert into done values (1, 1)", "does": "write"}
        read_options("sql", SqlOptions, given | {"keyed": "statement"})


def test_more_rows_than_allowed_are_a_failure_and_never_a_cut_list(base: Base) -> None:
    assert base.ask("select id from sale", most_rows=2)["count"] == 2
    with pytest.raises(CallFailed, match="more than 1 rows"):
        base.ask("select id from sale", most_rows=1)


def test_a_slow_statement_ends_in_the_database_too(base: Base) -> None:
    begun = time.monotonic()
    with pytest.raises(CallFailed, match=r"in time|interrupted|took longer") as failed:
        base.ask(SLOW[base.kind], timeout_s=0.4)
    assert failed.value.can_retry
    assert time.monotonic() - begun < 3
    if base.kind in BUSY:
        assert base.one(BUSY[base.kind]) == 0


def test_a_cancelled_statement_is_stopped_in_the_database(base: Base) -> None:
    attempt = work("r:a:1", {}, step=STEP, timeout_s=30, url="env:DB", statement=SLOW[base.kind])

    async def cancelled() -> None:
        task = asyncio.create_task(base.connector.call(attempt))
        await asyncio.sleep(0.25)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    begun = time.monotonic()
    asyncio.run(cancelled())
    assert time.monotonic() - begun < 4
    if base.kind in BUSY:
        assert base.one(BUSY[base.kind]) == 0


def test_what_is_wrong_is_said_once_and_for_all(base: Base) -> None:
    with pytest.raises(CallFailed, match="wants 'who'") as absent:
        base.ask("select id from sale where who = :who")
    assert not absent.value.can_retry
    with pytest.raises(CallFailed) as wrong:
        base.ask("select x from nowhere")
    assert "nowhere" in wrong.value.message
    assert not wrong.value.can_retry


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("select :a, ':b', \"c:d\", 1::int -- :e", {"a"}),
        ("select 1 /* :x */ where y = :y_2", {"y_2"}),
        ("select '12:30' where t > :t", {"t"}),
    ],
)
def test_a_statement_names_its_input(statement: str, names: set[str]) -> None:
    options = read_options("sql", SqlOptions, {"url": "env:DB", "statement": statement})
    assert options.names == names
    assert set(options.contracts()[0]["required"]) == names


@pytest.mark.parametrize("statement", ["select 1; drop table sale", "", ";", "-- nothing"])
def test_one_statement_and_not_several(statement: str) -> None:
    with pytest.raises(BadSettings):
        read_options("sql", SqlOptions, {"url": "env:DB", "statement": statement, "does": "write"})
