"""Reading on: every row once, whatever becomes visible late and wherever reading breaks off."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import monotonic

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from home.errors import Unreachable, UsageError
from ingest.adapter import ROW
from ingest.adapters.sql import session
from ingest.adapters.sql.window import Position
from ingest.errors import IngestError
from tests.ingest.proxy import wire
from tests.ingest.servers import Server, chunks, read

LATE = 600
"""Seconds, or steps of a counter, that a row may be older than the newest when it becomes visible."""
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=1)
TYPES = {
    ("sqlite", "time"): "text",
    ("postgresql", "time"): "timestamptz",
    ("mariadb", "time"): "datetime(6)",
    ("sqlite", "number"): "integer",
    ("postgresql", "number"): "bigint",
    ("mariadb", "number"): "bigint unsigned",
}
ROWS = some.lists(some.tuples(some.integers(0, 3 * LATE), some.integers(0, 2)), max_size=7)
PULLS = some.lists(some.tuples(ROWS, some.integers(0, 4), some.booleans()), min_size=1, max_size=5)


def pull(url: str, position: str | None, *, most: int | None = None, **options: str):
    """The rows of one pull, up to `most` portions, and where to go on."""
    rows: list[tuple[str, ...]] = []
    reading = chunks(url, table="t", position=position, **options)
    kept: list[tuple[str, ...]] = []
    for chunk in islice(reading, most):
        if chunk.events is not None:
            columns = [
                c.to_pylist()
                for n, c in zip(chunk.events.schema.names, chunk.events, strict=True)
                if n != ROW
            ]
            rows += zip(*columns, strict=True)
        if chunk.position is not None:  # what came after the last position is read again
            position, kept = chunk.position, list(rows)
    reading.close()
    return kept, position


@pytest.mark.parametrize("kind", ["time", "number"])
def test_every_row_is_taken_once(server: Server, kind, monkeypatch):
    monkeypatch.setattr(session, "ROWS", 3)
    server.run(f"create table t(c {TYPES[server.kind, kind]}, a integer)")
    overlap = f"{LATE}s" if kind == "time" else str(LATE)

    @settings(
        max_examples=60 if server.kind == "sqlite" else 10,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @example([([(0, 0), (0, 0), (0, 1)], 1, False), ([(0, 0), (0, 0)], 0, False)])
    @example([([(5, 0)], 0, True), ([(7, 0), (7, 0)], 1, False), ([(9, 0)], 0, False)])
    @given(PULLS)
    def holds(pulls):
        server.run("delete from t")
        position, taken, newest, there = None, Counter(), 0, Counter()
        for rows, portions, future in pulls:
            visible = [(max(c, newest - LATE + 1), a) for c, a in rows]
            newest = max([newest, *(c for c, _ in visible)])
            values = [(value(kind, c), a) for c, a in visible]
            if future and kind == "time":
                values.append(("2998-01-01 00:00:00", 9))
            there.update(values)
            if values:
                server.many("insert into t values (?, ?)", values)
            if portions:  # reading breaks off, and begins again at its last position
                found, position = pull(server.url, position, most=portions, cursor="c", overlap=overlap)
                taken.update(found)
            found, position = pull(server.url, position, cursor="c", overlap=overlap)
            taken.update(found)
            assert sum(taken.values()) == sum(there.values())
        assert sorted(count for count in taken.values()) == sorted(count for count in there.values())
        assert Position.from_json(position).rows == sum(there.values()) if position else not there

    holds()


def value(kind: str, c: int) -> object:
    return c if kind == "number" else f"{NOW + timedelta(seconds=c):%Y-%m-%d %H:%M:%S}"


@pytest.mark.postgres
def test_what_commits_late_is_taken_with_an_overlap_and_lost_without(postgres_database):
    import psycopg

    server = Server("postgresql", postgres_database)
    server.run("create table t(id bigserial, a text)")
    with psycopg.connect(postgres_database) as slow:
        slow.execute("insert into t(a) values ('slow')")  # takes number 1, and does not commit yet
        server.run("insert into t(a) values ('quick')")
        first = {
            overlap: pull(postgres_database, None, cursor="id", overlap=overlap) for overlap in ("0", "1000")
        }
        assert [rows for rows, _ in first.values()] == [[("2", "quick")]] * 2
        slow.commit()
    assert pull(postgres_database, first["0"][1], cursor="id", overlap="0")[0] == []
    assert pull(postgres_database, first["1000"][1], cursor="id", overlap="1000")[0] == [("1", "slow")]
    # Without being asked, there is an overlap.
    assert pull(postgres_database, pull(postgres_database, None, cursor="id")[1], cursor="id")[0] == []


def test_a_row_that_changed_is_a_row_more(server):
    server.run("create table t(id integer, status varchar(9), at varchar(30))")
    server.run("insert into t values (1, 'open', '2026-01-01 10:00:00')")
    rows, position = pull(server.url, None, cursor="at")
    server.run("update t set status = 'done', at = '2026-01-01 10:05:00'")
    more, position = pull(server.url, position, cursor="at")
    assert [row[1] for row in rows + more] == ["open", "done"]
    assert pull(server.url, position, cursor="at")[0] == []


def test_rows_without_a_value_are_counted_not_forgotten(server):
    from ingest.adapter import Content, Options
    from ingest.adapters.sql_database import SqlDatabaseAdapter

    server.run(
        "create table t(id integer, a varchar(9))", "insert into t values (1, 'x'), (null, 'y'), (null, 'z')"
    )
    content = Content(name="t", address=server.url)
    reading = SqlDatabaseAdapter().read(content, Options(table="t", cursor="id"))
    assert sum(chunk.events.num_rows for chunk in reading.chunks if chunk.events) == 1
    (finding,) = reading.findings
    assert (finding.code, finding.count) == ("cursor_missing", 2)


def test_columns_may_come_but_not_go(server):
    server.run("create table t(id integer, a varchar(9))", "insert into t values (1, 'x')")
    _, position = pull(server.url, None, cursor="id")
    server.run("alter table t add column b varchar(9)")
    assert pull(server.url, position, cursor="id")[0] == []
    server.run("create table u as select id, b from t", "drop table t", "alter table u rename to t")
    with pytest.raises(IngestError, match="'a' is gone"):
        pull(server.url, position, cursor="id")


@pytest.mark.parametrize(
    ("overlap", "fits"), [("10m", "at"), ("100", "id"), ("0", "at"), ("0", "id"), ("1d", "at")]
)
def test_an_overlap_fits_its_column(server, overlap, fits):
    kind = "text" if server.kind == "sqlite" else "timestamp"
    server.run(f"create table t(id integer, at {kind})", "insert into t values (1, '2026-01-01 10:00:00')")
    assert len(read(server.url, table="t", cursor=fits, overlap=overlap)) == 1
    other = {"id": "at", "at": "id"}[fits]
    if overlap != "0":
        with pytest.raises(UsageError, match="overlap"):
            read(server.url, table="t", cursor=other, overlap=overlap)
    with pytest.raises(UsageError, match="overlap"):
        read(server.url, table="t", cursor=fits, overlap="soon")


@pytest.mark.postgres
@pytest.mark.parametrize(
    "value", ["infinity", "12026-01-01 00:00:00+00", "-infinity", "0044-01-01 00:00:00+00 BC"]
)
def test_a_time_beyond_all_times_hides_nothing(postgres_database, value):
    server = Server("postgresql", postgres_database)
    server.run("create table t(at timestamptz, a int)", f"insert into t values ('{value}', 1)")
    rows, position = pull(server.url, None, cursor="at")
    assert len(rows) == 1
    server.run("insert into t values (now(), 2)")
    rows, position = pull(server.url, position, cursor="at")
    assert [a for _, a in rows] == ["2"]
    assert pull(server.url, position, cursor="at")[0] == []


FILLED = {
    "postgresql": "create table t as select i as id, repeat('x', 200) as a from generate_series(1, 200000) i",
    "mariadb": "create table t as select seq as id, repeat('x', 200) as a from seq_1_to_200000",
}


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def remote(request) -> Server:
    name = {"postgresql": "postgres_database", "mariadb": "mariadb_database"}[request.param]
    server = Server(request.param, request.getfixturevalue(name))
    server.run(FILLED[server.kind])
    return server


@pytest.mark.parametrize("limit", [1_000_000, 9_000_000, 33_333_333])
def test_a_wire_that_is_cut_is_said_and_read_on_from(remote, limit):
    with wire(remote.url) as (cut, url):
        cut.limit = limit
        ids, position = [], None
        with pytest.raises(Unreachable) as caught:
            for chunk in chunks(url, table="t", cursor="id"):
                ids += chunk.events.column("id").to_pylist()
                position = chunk.position
        assert caught.value.retryable
        assert 0 <= len(ids) < 200_000
        cut.limit = None
        for chunk in chunks(url, table="t", cursor="id", position=position):
            ids += chunk.events.column("id").to_pylist() if chunk.events else []
    assert Counter(ids) == Counter(str(i) for i in range(1, 200_001))


@pytest.mark.mariadb
def test_who_stops_reading_does_not_wait_for_the_end(mariadb_database):
    began = monotonic()
    reading = chunks(mariadb_database, query="select seq, repeat('x', 100) as a from seq_1_to_20000000")
    next(reading)
    first = monotonic()
    reading.close()
    assert monotonic() - first < max(5, first - began)


def test_a_server_that_ends_the_connection_is_said(remote):
    reading = chunks(remote.url, table="t", cursor="id")
    next(reading)
    _hang_up(remote)
    with pytest.raises(Unreachable):
        for _ in reading:
            pass


def _hang_up(server: Server) -> None:
    """End every other connection to the database, as an administrator would."""
    if server.kind == "postgresql":
        server.run(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        return
    found = server.run(
        "select id from information_schema.processlist where db = database() and id <> connection_id()"
    )
    assert found
    for (number,) in found:
        server.run(f"kill {number}")
