"""Both stores: transactions that hold, migrations that run once, newer files that are refused."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from home import duck
from home.database import Database
from home.duck import EventStore
from home.errors import Busy, Refused


def test_a_failed_write_leaves_nothing_in_the_event_store(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "events.duckdb")
    with pytest.raises(ZeroDivisionError), store.writing() as cursor:
        cursor.execute("create schema half")
        raise ZeroDivisionError
    with store.cursor() as cursor:
        assert cursor.execute(
            "select count(*) from duckdb_schemas() where schema_name = 'half'"
        ).fetchone() == (0,)


def test_a_cursor_on_a_schema_sees_its_tables_and_temporary_ones_hide_them(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "events.duckdb")
    with store.writing() as cursor:
        cursor.execute("create schema l1; create table l1.cv as select 1 as cid")
    with store.cursor("l1") as cursor:
        assert cursor.execute("select cid from cv").fetchall() == [(1,)]
        cursor.execute("create temp table cv as select 2 as cid")
        assert cursor.execute("select cid from cv").fetchall() == [(2,)]
    with store.cursor("l1") as cursor:
        assert cursor.execute("select cid from cv").fetchall() == [(1,)]


def test_a_schema_name_cannot_carry_sql(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "events.duckdb")
    with pytest.raises(Refused), store.cursor('l1"; drop table log; --'):
        pass


def test_an_event_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    store = EventStore(path)
    with store.writing() as cursor:
        cursor.execute("insert into schema_version values (999)")
    store.close()
    with pytest.raises(Refused, match="newer Baton"):
        EventStore(path)


def test_a_state_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    database = Database(url)
    database.execute("insert into schema_version values (999)")
    database.close()
    with pytest.raises(Refused, match="newer Baton"):
        Database(url)


def test_an_older_state_store_is_backed_up_before_it_is_changed(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "state.sqlite"
    with sqlite3.connect(path) as old:
        old.execute("create table schema_version(version integer not null)")
        old.execute("create table keepsake(x text)")
        old.execute("insert into keepsake values ('kept')")
        old.execute("insert into schema_version values (-1)")
    Database(f"sqlite:///{path}").close()
    with sqlite3.connect(path.with_suffix(".v-1.backup")) as backup:
        assert backup.execute("select x from keepsake").fetchone() == ("kept",)


def test_a_failed_transaction_leaves_nothing_in_the_state_store(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.exec_driver_sql("create table half(x text)")
        raise ZeroDivisionError
    assert database.rows("select name from sqlite_master where name = 'half'") == []


def test_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with database.transaction() as writer:
        writer.exec_driver_sql("insert into schema_version values (0)")
        assert database.row("select max(version) as v from schema_version") is not None


class SeenInTheMaking(EventStore):
    """A store where somebody lists tables, and goes on reading, while a copy of it is being made."""

    reader: Any = None
    listed = threading.Event()

    @contextmanager
    def cursor(self, schema: str | None = None) -> Iterator[Any]:
        with super().cursor(schema) as cursor:
            yield Listing(self, cursor) if self.reader else cursor


class Listing:
    def __init__(self, store: SeenInTheMaking, cursor: Any) -> None:
        self.store, self.cursor = store, cursor

    def execute(self, sql: str) -> Any:
        if sql.startswith("copy from"):
            self.store.reader.execute("begin")
            self.store.reader.execute("select count(*) from duckdb_tables()").fetchall()
            self.store.listed.set()
        return self.cursor.execute(sql)


@pytest.fixture
def seen_in_the_making(tmp_path: Path) -> SeenInTheMaking:
    store = SeenInTheMaking(tmp_path / "events.duckdb")
    with store.writing() as cursor:
        cursor.execute("create table many as select range as n from range(10_000)")
    return store


def test_a_copy_that_a_reader_has_seen_is_whole_when_it_is_given(
    seen_in_the_making: SeenInTheMaking, tmp_path: Path
) -> None:
    store, target, digests = seen_in_the_making, tmp_path / "copy.duckdb", []

    def copy() -> None:
        store.copy_to(target)
        digests.append(hashlib.sha256(target.read_bytes()).hexdigest())

    with store.cursor() as reader:
        store.reader = reader
        copying = threading.Thread(target=copy)
        copying.start()
        assert store.listed.wait(60)
        while store._open > 1:  # the copy's own cursor is closed: it waits for the reader alone
            copying.join(0.01)
        assert not digests
    copying.join(60)
    store.close()
    assert digests == [hashlib.sha256(target.read_bytes()).hexdigest()]
    with closing(duckdb.connect(str(target), read_only=True)) as copied:
        assert copied.execute("select count(*) from many").fetchone() == (10_000,)


def test_a_copy_that_nobody_lets_go_of_is_refused_and_removed(
    seen_in_the_making: SeenInTheMaking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duck, "LET_GO_S", 0.0)
    store, target = seen_in_the_making, tmp_path / "copy.duckdb"
    with store.cursor() as store.reader, pytest.raises(Busy, match="kept the copy open"):
        store.copy_to(target)
    store.reader = None
    assert not target.exists()
    store.copy_to(target)
    assert target.exists()
