"""Databases are read as they are asked, never written, and say clearly what is wrong."""

import sqlite3

import pytest

from home.errors import NotFound, Unreachable, UsageError
from ingest.contracts import LogRequest, Nothing
from ingest.errors import IngestError
from ingest.logs import drop_log, list_logs

ROWS = [(f"o{i % 5}", f"step {i % 3}", f"2026-01-{1 + i % 28:02d} 10:00:00", i / 4) for i in range(100)]


@pytest.fixture
def orders(room):
    path = room.folder / "erp.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table orders(case_id text, activity text, timestamp text, amount real)")
        connection.executemany("insert into orders values (?, ?, ?, ?)", ROWS)
        connection.execute("create table people(name text)")
    connection.close()
    return path


def test_a_file_and_its_url_are_the_same(room, orders):
    room.load(orders, "file", table="orders")
    room.load(f"sqlite:///{orders}", "url", table="orders")
    assert room.rows("instance", "file") == room.rows("instance", "url")


def test_a_query_joins_and_may_hold_colons_and_percent_signs(room, orders):
    query = "select *, '10:30 :x 5%' as note from orders where amount >= 2 and activity like 'step%'"
    report = room.load(orders, query=query)
    assert report.loaded == sum(amount >= 2 for *_, amount in ROWS)
    assert {r["note"] for r in room.rows("event")} == {"10:30 :x 5%"}


@pytest.mark.parametrize(
    "query",
    [
        "delete from orders",
        "drop table orders",
        "insert into orders values (1, 2, 3, 4)",
        "update orders set amount = 0",
    ],
)
def test_nothing_is_ever_written(room, orders, query):
    with pytest.raises(IngestError):
        room.load(orders, query=query)
    with sqlite3.connect(orders) as connection:
        assert connection.execute("select count(*), sum(amount) from orders").fetchone() == (100, 1237.5)
    connection.close()


def test_what_is_wrong_is_said(room, orders):
    with pytest.raises(UsageError, match="orders, people"):
        room.load(orders)
    with pytest.raises(NotFound, match="order"):
        room.load(orders, table="order")
    with pytest.raises(IngestError, match="no such column"):
        room.load(orders, query="select nope from orders")
    with pytest.raises(IngestError, match="Two columns"):
        room.load(orders, query="select case_id, case_id from orders")
    with pytest.raises(Unreachable) as caught:
        room.load("postgresql://me:secret@127.0.0.1:9/x", table="orders")
    assert "secret" not in str(caught.value) + caught.value.hint
    assert list_logs(room.context, Nothing()).rows == ()


def test_a_url_may_come_from_the_environment(room, orders, monkeypatch):
    monkeypatch.setenv("ERP", f"sqlite:///{orders}")
    room.load("env:ERP", table="orders")
    assert room.query("select name from source")[0][0].startswith("sqlite://")


def test_the_same_rows_again_change_nothing_and_new_rows_need_a_word(room, orders):
    assert room.load(orders, table="orders").loaded == 100
    assert "nothing changed" in room.load(orders, table="orders").message
    url = f"sqlite:///{orders}"
    room.load(url, "by url", table="orders")
    assert "nothing changed" in room.load(url, "by url", table="orders").message


@pytest.mark.postgres
def test_postgresql_streams_types_and_refuses_writes(room, postgres_database):
    import psycopg

    with psycopg.connect(postgres_database) as connection:
        connection.execute(
            "create table orders as select 'c' || i % 500 as case_id, 'step ' || i % 7 as activity,"
            " timestamptz '2026-01-01 00:00+00' + i * interval '1 minute' as timestamp,"
            " i::numeric / 8 as amount,"
            " jsonb_build_object('i', i) as extra, array[i, i] as list from generate_series(1, 20000) i"
        )
        connection.execute("create schema other; create view other.v as select * from orders limit 10")
    report = room.load(postgres_database, table="orders")
    assert (report.events, report.cases) == (20_000, 500)
    types = dict(room.query("select name, type from attribute"))
    assert types == {"amount": "number", "extra": "text", "list": "text"}
    assert room.load(postgres_database, "view", table="other.v").events == 10
    again = room.load(postgres_database, query="select * from orders order by 3", log="q")
    assert again.events == 20_000
    write = "update orders set activity = 'x' returning *"
    for query in (write, f"with changed as ({write}) select * from changed"):
        with pytest.raises(IngestError):
            room.load(postgres_database, "w", query=query)
    drop_log(room.context, LogRequest(log="q"))
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("select count(*) from orders where activity = 'x'").fetchone() == (0,)
