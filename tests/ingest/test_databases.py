"""Databases are read as they are asked, never written, and say clearly what is wrong."""

import sqlite3
from contextlib import closing

import psycopg
import pytest

from home.errors import BatonError, NotFound, Unreachable, UsageError
from ingest.adapter import Content
from ingest.adapters.sql import postgresql
from ingest.adapters.sql_database import SqlDatabaseAdapter
from ingest.contracts import LogRequest, Nothing
from ingest.errors import IngestError, Unfit
from ingest.logs import drop_log, list_logs
from tests.ingest.servers import Server, maria, read

ROWS = [(f"o{i % 5}", f"step {i % 3}", f"2026-01-{1 + i % 28:02d} 10:00:00", i / 4) for i in range(100)]
TABLE = "create table orders(case_id varchar(20), activity varchar(20), timestamp varchar(30), amount real)"


@pytest.fixture
def orders(room):
    path = room.folder / "erp.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(TABLE)
        connection.executemany("insert into orders values (?, ?, ?, ?)", ROWS)
        connection.execute("create table people(name text)")
    connection.close()
    return path


@pytest.fixture
def filled(server: Server) -> Server:
    """Any server with the table `orders`, and with functions that write where it has functions."""
    server.run(TABLE)
    server.many("insert into orders values (?, ?, ?, ?)", ROWS)
    if server.kind == "postgresql":
        server.run(
            "create sequence numbers",
            "create function writes() returns int language plpgsql volatile as $$"
            " begin insert into orders values ('w', 'w', 'w', 0); return 1; end $$",
        )
    if server.kind == "mariadb":
        server.run(
            "create sequence numbers",
            "create table plain(a int) engine = MyISAM",
            "create function writes() returns int modifies sql data"
            " begin insert into orders values ('w', 'w', 'w', 0); return 1; end",
            "create function writes_plainly() returns int modifies sql data"
            " begin insert into plain values (1); return 1; end",
            "create procedure calls() begin delete from orders; select 1 as a; end",
        )
    return server


def test_a_file_and_its_url_are_the_same(room, orders):
    room.load(orders, "file", table="orders")
    room.load(f"sqlite:///{orders}", "url", table="orders")
    assert room.rows("instance", "file") == room.rows("instance", "url")


def test_a_query_joins_and_may_hold_colons_and_percent_signs(room, filled):
    query = "select o.*, '10:30 :x 5%% %s' as note from orders o where amount >= 2 and activity like 'step%';"
    report = room.load(filled.url, query=query)
    assert report.loaded == sum(amount >= 2 for *_, amount in ROWS)
    assert {r["note"] for r in room.rows("event")} == {"10:30 :x 5%% %s"}


ANYWHERE = (
    "delete from orders",
    "drop table orders",
    "insert into orders values (1, 2, 3, 4)",
    "update orders set amount = 0",
    "commit; delete from orders",
    "select 1 as a; delete from orders",
    "select 1 as a) q; commit; delete from orders; select * from (select 2 as a",
    "begin; delete from orders; commit; select 1 as a",
    "/* select */ delete from orders",
    "create table copied as select * from orders",
    "with gone as (select 1) delete from orders",
)
ONLY = {
    "sqlite": (
        "attach database 'other.sqlite' as other",
        "pragma journal_mode = wal",
        "pragma user_version = 7",
        "vacuum into 'copy.sqlite'",
        "select load_extension('x')",
    ),
    "postgresql": (
        "with gone as (delete from orders returning *) select * from gone",
        "update orders set activity = 'x' returning *",
        "select * into copied from orders",
        "select nextval('numbers')",
        "select setval('numbers', 7)",
        "select writes()",
        "select set_config('transaction_read_only', 'off', false), writes()",
        "copy orders to program 'true'",
        "do $$ begin delete from orders; end $$",
        "explain analyze delete from orders",
        "select * from orders for update",
        "call nothing()",
    ),
    "mariadb": (
        "select * from orders into outfile '/tmp/baton-never-written'",
        "select * from orders into dumpfile '/tmp/baton-never-written'",
        "select 1 as a -- \n into outfile '/tmp/baton-never-written'",
        "select 1 into @x",
        "select nextval(numbers)",
        "select writes()",
        "select writes_plainly()",
        "call calls()",
        "insert into orders values (1, 2, 3, 4) returning case_id",
        "/*!50000 delete from orders */",
        "select * from orders for update",
        "lock tables orders write",
    ),
}


def test_nothing_is_ever_written(filled):
    before = filled.run("select count(*), sum(amount), min(activity) from orders")
    for query in (*ANYWHERE, *ONLY[filled.kind]):
        with pytest.raises(BatonError) as caught:
            read(filled.url, query=query)
        assert not isinstance(caught.value, Unreachable), query
        assert filled.run("select count(*), sum(amount), min(activity) from orders") == before, query
    if filled.kind == "postgresql":
        assert filled.run("select last_value, is_called from numbers") == [(1, False)]
        # What a read-only transaction lets through is undone when it ends.
        read(filled.url, query="select lo_create(4711)")
        assert filled.run("select count(*) from pg_largeobject_metadata where oid = 4711") == [(0,)]
    if filled.kind == "mariadb":
        assert filled.run("select count(*) from plain") == [(0,)]


def test_what_is_wrong_is_said(room, filled):
    with pytest.raises(UsageError, match=r"which table.*orders"):
        room.load(filled.url)
    with pytest.raises(NotFound) as caught:
        room.load(filled.url, table="order")
    assert "'orders'" in caught.value.hint
    with pytest.raises(NotFound):
        room.load(filled.url, table="nowhere.orders")
    with pytest.raises(IngestError, match="nope"):
        room.load(filled.url, query="select nope from orders")
    with pytest.raises(IngestError, match="Two columns are called 'case_id'"):
        room.load(filled.url, query="select case_id, activity, case_id from orders")
    with pytest.raises(NotFound) as caught:
        read(filled.url, table="orders", cursor="timestmp")
    assert "'timestamp'" in caught.value.hint
    assert list_logs(room.context, Nothing()).rows == ()


HOSTILE = "or\"d`e'rs; drop table orders; -- %s :x ☃"


def test_names_are_never_sql(filled):
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    if filled.kind == "mariadb":
        quoted = "`" + HOSTILE.replace("`", "``") + "`"
    filled.run(f"create table {quoted}({quoted} varchar(20))", f"insert into {quoted} values ('x')")
    assert read(filled.url, table=HOSTILE) == [{HOSTILE: "x"}]
    assert read(filled.url, table=HOSTILE, cursor=HOSTILE) == [{HOSTILE: "x"}]
    assert len(read(filled.url, table="orders")) == 100


UNREACHABLE = {
    "postgresql://me:s3cr%3At@127.0.0.1:9/x": "port",
    "postgresql://me:s3cr%3At@no-such-host.invalid/x": "host",
    "postgresql://nobody:s3cr%3At@{host}/postgres": "password",
    "postgresql://postgres:s3cr%3At@{host}/no_such_database": "database",
    "postgresql://postgres:s3cr%3At@{host}/postgres?sslmode=require": "encryption",
    "postgresql://postgres@{host}/postgres?sslmode=verify-full&password=s3cr%3At": "encryption",
    "mariadb://me:s3cr%3At@127.0.0.1:9/x": "port",
    "mysql://me:s3cr%3At@no-such-host.invalid/x": "host",
    "mysql://nobody:s3cr%3At@{maria}/x": "password",
    "mysql://{root}@{maria}/no_such_database": "database",
}


@pytest.mark.postgres
@pytest.mark.mariadb
@pytest.mark.parametrize("url", UNREACHABLE)
def test_who_is_not_let_in_learns_why_and_sees_no_password(room, postgres_url, mariadb_url, url):
    from sqlalchemy import make_url

    postgres, mariadb = make_url(postgres_url), make_url(mariadb_url)
    hosts = {
        "host": f"{postgres.host}:{postgres.port}",
        "maria": f"{mariadb.host}:{mariadb.port}",
        "root": mariadb.username,
    }
    with pytest.raises(Unreachable) as caught:
        room.load(url.format(**hosts), table="orders")
    told = caught.value.message + caught.value.hint
    assert "s3cr" not in told
    assert UNREACHABLE[url] in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@ss:w/rd@127.0.0.1/x", "postgresql://u:pass@h:port/db", "mysql://u:pa[ss@h/x"]
)
def test_an_address_that_is_none_shows_no_password(room, url):
    with pytest.raises(BatonError) as caught:
        room.load(url, table="orders")
    assert not any(
        part in caught.value.message + caught.value.hint for part in ("p@ss", "w/rd", "pa[ss", "pass@")
    )


def test_a_driver_that_is_not_installed_is_named(room):
    with pytest.raises(IngestError, match="oracledb"):
        room.load("oracle://u:p@127.0.0.1/x", table="orders")


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


POSTGRESQL = {
    "true": "true",
    "32767::int2": "32767",
    "9223372036854775807::int8": "9223372036854775807",
    "0.1::float4": "0.1",
    "'NaN'::float8": "NaN",
    "12.50::numeric(10, 2)": "12.50",
    "'123456789012345678901234567890.12345'::numeric": "123456789012345678901234567890.12345",
    "1234.5::money": "1234.50",
    "'x'::char(5)": "x",
    "E'a\\nb\\t\"\\\\ \u2603'": 'a\nb\t"\\ \u2603',
    "timestamptz '2026-03-29 03:30:00.123456+02'": "2026-03-29 01:30:00.123456Z",
    "timestamptz 'infinity'": "infinity",
    "timestamptz '0044-03-15 12:00+00 BC'": "0044-03-15 12:00:00+00 BC",
    "timestamptz '12026-01-01 00:00+00'": "12026-01-01 00:00:00Z",
    "timestamp '2026-01-01 10:00'": "2026-01-01 10:00:00",
    "timestamp '-infinity'": "-infinity",
    "date '2026-01-01'": "2026-01-01",
    "time '24:00'": "24:00:00",
    "timetz '10:00+02'": "10:00:00+02",
    "interval '1 year 2 days 03:04:05.5'": "P1Y2DT3H4M5.5S",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "'\\x00ff'::bytea": "\\x00ff",
    '\'{"a": [1, "x"]}\'::json': '{"a": [1, "x"]}',
    "'{\"b\":1}'::jsonb": '{"b": 1}',
    "array[1, null, 3]": "[1,null,3]",
    "array['a\"b', 'c,d']": '["a\\"b","c,d"]',
    "'ok'::mood": "ok",
    "row(1, 'x y')::pair": '{"a":1,"b":"x y"}',
    "B'0101'": "0101",
    "'10.0.0.1/8'::inet": "10.0.0.1/8",
    "int4range(1, 5)": "[1,5)",
    "point(1, 2)": "(1,2)",
    "null::int": None,
    "''::text": "",
}


@pytest.mark.postgres
def test_every_type_of_postgresql_is_text_that_says_the_same_on_both_ways(postgres_database, monkeypatch):
    server = Server("postgresql", postgres_database)
    columns = ", ".join(f"{value} as c{n}" for n, value in enumerate(POSTGRESQL))
    server.run(
        "create type mood as enum ('sad', 'ok')", "create type pair as (a int, b text)",
        f"create table t as select {columns}", "insert into t(c0) values (null)",
        # Whatever the role is set to, what is read stays the same.
        *(f"alter database \"{postgres_database.rsplit('/', 1)[1]}\" set {setting}" for setting in (
            "datestyle to 'German'", "timezone to 'Asia/Tokyo'", "bytea_output to 'escape'",
            "intervalstyle to 'sql_standard'", "extra_float_digits to -5")),
    )  # fmt: skip
    arrow = read(postgres_database, table="t")
    assert list(arrow[0].values()) == list(POSTGRESQL.values())
    monkeypatch.setattr(postgresql.PostgreSQL, "_arrow", lambda self, sql: None)
    assert read(postgres_database, table="t") == arrow


@pytest.mark.postgres
def test_both_ways_have_the_same_digest(postgres_database, monkeypatch):
    server = Server("postgresql", postgres_database)
    server.run("create table t as select i, case when i % 7 = 0 then null else repeat('x', i % 50) end as a,"
               " now() + i * interval '1 s' as at from generate_series(1, 120000) i")  # fmt: skip

    def digest():
        reading = SqlDatabaseAdapter().read(Content(name="t", address=postgres_database), options)
        sizes = [chunk.events.num_rows for chunk in reading.chunks]
        assert sum(sizes) == 120_000
        return reading.digest(), sizes

    from ingest.adapter import Options

    options = Options(table="t")
    arrow, portions = digest()
    monkeypatch.setattr(postgresql.PostgreSQL, "_arrow", lambda self, sql: None)
    rows, others = digest()
    assert portions != others
    assert arrow == rows


MARIADB = {
    ("boolean", "true"): "1",
    ("tinyint(1)", "5"): "5",
    ("bigint unsigned", "18446744073709551615"): "18446744073709551615",
    ("int(8) zerofill", "42"): "00000042",
    ("decimal(10, 2)", "12.5"): "12.50",
    ("decimal(65, 5)", "123456789012345678901234567890.12345"): "123456789012345678901234567890.12345",
    ("double", "1e-5"): "0.00001",
    ("bit(1)", "b'1'"): "1",
    ("bit(10)", "b'1000000001'"): "1000000001",
    ("year", "2026"): "2026",
    ("date", "'0000-00-00'"): "0000-00-00",
    ("datetime", "'0000-00-00 00:00:00'"): "0000-00-00 00:00:00",
    ("datetime(6)", "'2026-01-01 10:00:00.25'"): "2026-01-01 10:00:00.250000",
    ("timestamp(3) null", "'2026-03-29 03:30:00.125'"): "2026-03-29 01:30:00.125Z",
    ("time", "'-838:59:59'"): "-838:59:59",
    ("char(5)", "'x '"): "x",
    ("varchar(50)", "'snow ☃ 💩'"): "snow ☃ 💩",
    ("varchar(9)", "concat('a', char(0), 'b')"): "a\0b",
    ("varchar(20) character set latin1", "'é'"): "é",
    ("varchar(20) character set sjis", "'テ'"): "テ",
    ("enum('a','b')", "'b'"): "b",
    ("set('a','b','c')", "'a,c'"): "a,c",
    ("json", '\'{"a": [1, "x"]}\''): '{"a": [1, "x"]}',
    ("binary(4)", "'ab'"): "\\x61620000",
    ("blob", "x'00ff'"): "\\x00ff",
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"): "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ("int null", "null"): None,
    ("varchar(3)", "''"): "",
}


@pytest.mark.mariadb
def test_every_type_of_mariadb_is_text_that_says_the_same(mariadb_database):
    columns = ", ".join(f"c{n} {kind}" for n, (kind, _) in enumerate(MARIADB))
    with maria(mariadb_database) as connection, connection.cursor() as cursor:
        cursor.execute("set names utf8mb4")
        cursor.execute("set sql_mode = ''")
        cursor.execute("set time_zone = '+02:00'")
        cursor.execute(f"create table t({columns})")
        cursor.execute(f"insert into t values ({', '.join(value for _, value in MARIADB)})")
    assert list(read(mariadb_database, table="t")[0].values()) == list(MARIADB.values())


def test_sqlite_values_are_what_they_are(tmp_path):
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(a, b, c, d, e, f)")
        row = (2**63 - 1, 0.1, 100.0, "a\0b ☃", b"\x00\xff", None)
        connection.execute("insert into t values (?, ?, ?, ?, ?, ?)", row)
    connection.close()
    values = list(read(f"sqlite:///{path}", table="t")[0].values())
    assert values == ["9223372036854775807", "0.1", "100", "a\0b ☃", "\\x00ff", None]


def test_text_that_is_not_utf8_is_refused_with_its_word(room):
    path = room.folder / "x.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(case_id text, activity text, timestamp text)")
        connection.execute("insert into t values ('a', cast(x'ff41' as text), '2026-01-01')")
    connection.close()
    with pytest.raises(Unfit) as caught:
        read(f"sqlite:///{path}", table="t")
    assert caught.value.word == "encoding"


def test_what_lies_in_a_write_ahead_log_is_read_and_seen_as_new(room):
    path = room.folder / "x.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t(case_id, activity, timestamp)")
        connection.execute("insert into t values ('a', 'b', '2026-01-01')")
        connection.commit()
        assert room.load(path, table="t").events == 1
        connection.execute("insert into t values ('a', 'c', '2026-01-02')")
        connection.commit()
        assert room.load(path, table="t", replace=True).events == 2
        assert "nothing changed" in room.load(path, table="t").message


@pytest.mark.postgres
def test_postgresql_streams_views_and_schemas(room, postgres_database):
    with psycopg.connect(postgres_database) as connection:
        connection.execute(
            "create table orders as select 'c' || i % 500 as case_id, 'step ' || i % 7 as activity,"
            " timestamptz '2026-01-01 00:00+00' + i * interval '1 minute' as timestamp,"
            " i::numeric / 8 as amount,"
            " jsonb_build_object('i', i) as extra, array[i, i] as list from generate_series(1, 20000) i"
        )
        connection.execute("create schema other; create view other.v as select * from orders limit 10")
        connection.execute("create materialized view kept as select * from orders limit 20")
    report = room.load(postgres_database, table="orders")
    assert (report.events, report.cases) == (20_000, 500)
    types = dict(room.query("select name, type from attribute"))
    assert types == {"amount": "number", "extra": "text", "list": "text"}
    assert room.load(postgres_database, "view", table="other.v").events == 10
    assert room.load(postgres_database, "kept", table="kept").events == 20
    again = room.load(postgres_database, query="select * from orders order by 3", log="q")
    assert again.events == 20_000
    drop_log(room.context, LogRequest(log="q"))


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.mariadb
def test_a_million_rows_need_no_more_memory_than_fifty_thousand(postgres_database, mariadb_database):
    postgres, mariadb = Server("postgresql", postgres_database), Server("mariadb", mariadb_database)
    postgres.run("create view t as select i, repeat('x', 100) as a from generate_series(1, 1000000) i")
    mariadb.run("create view t as select seq as i, repeat('x', 100) as a from seq_1_to_300000")
    for url, rows in ((postgres.url, 1_000_000), (mariadb.url, 300_000)):
        few, many = (
            _peak_mb(url, f"select * from t where i <= {rows // 20}"),
            _peak_mb(url, "select * from t"),
        )
        assert many < few + 60, (url.partition(":")[0], few, many)


def _peak_mb(url: str, query: str) -> float:
    """Peak memory of a process that reads all rows and keeps none."""
    import subprocess
    import sys

    program = (
        "import sys, resource; from tests.ingest.servers import chunks\n"
        "for _ in chunks(sys.argv[1], query=sys.argv[2]): pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, url, query], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
