"""A home of an older Baton is backed up, migrated with every log in it, and goes on working."""

import duckdb
import pytest

from home.duck import EventStore
from home.errors import Refused
from home.sql import migrations
from ingest.catalog import find_log

FIRST = {folder: dict(migrations("ingest", folder))[1] for folder in ("schema/events", "schema/log")}
EVENTS = """
    insert into event(n, source, source_row, case_id, activity, ts) values
      (0, 0, 1, 'k1', 'a', '2026-01-05 08:00'), (1, 0, 2, 'k2', 'a', '2026-01-05 08:00'),
      (2, 0, 3, 'k1', 'b', '2026-01-05 09:00'), (3, 0, 4, 'k2', 'c', '2026-01-05 10:00');
    insert into trace values (0, 'k1'), (0, 'k2');
    insert into activity values (0, 'a'), (1, 'b'), (2, 'c');
    insert into instance(cid, pos, aid, start_ts, ts, n, naid, nst) values
      (0, 0, 0, '2026-01-05 08:00', '2026-01-05 08:00', 0, 1, '2026-01-05 09:00'),
      (0, 1, 1, '2026-01-05 09:00', '2026-01-05 09:00', 2, null, null),
      (1, 0, 0, '2026-01-05 08:00', '2026-01-05 08:00', 1, 2, '2026-01-05 10:00'),
      (1, 1, 2, '2026-01-05 10:00', '2026-01-05 10:00', 3, null, null);
    insert into cv values (0, 'k1', '2026-01-05 08:00', '2026-01-05 09:00', 2, 0, 0, 1),
      (1, 'k2', '2026-01-05 08:00', '2026-01-05 10:00', 2, 1, 0, 2);
    insert into variant values (0, 7, 1, [0, 1]), (1, 8, 1, [0, 2]);
    insert into source values (0, 'old.csv', 'csv', null, '{}', 'x', 4, 4, 0, '2026-01-06');
"""


@pytest.fixture
def old(tmp_path):
    """The event store as the first version wrote it, with one log in it."""
    path = tmp_path / "home" / "events.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table schema_version(version integer not null)")
        connection.execute("insert into schema_version values (1)")
        connection.execute(FIRST["schema/events"])
        connection.execute("create schema log_1")
        connection.execute("set schema = 'log_1'")
        connection.execute(FIRST["schema/log"])
        connection.execute(EVENTS)
        connection.execute(
            "insert into main.log values ('orders', 'log_1', 'UTC', 'x', false, false, false, null, 2, 4, 4,"
            " 3, 2, 2, '2026-01-05 08:00', '2026-01-05 10:00', '2026-01-06')"
        )
    return path


def test_a_log_of_the_first_version_is_migrated_and_appended_to(old, room):
    more = "case_id,activity,timestamp\nk1,c,2026-01-05T11:00:00Z\nk3,a,2026-01-05T07:00:00Z\n"
    report = room.load(room.file("more.csv", more), append=True)
    assert (report.cases, report.events, report.variants) == (3, 6, 3)
    assert find_log(room.context.events, "orders").version == max(
        number for number, _ in migrations("ingest", "schema/log")
    )
    found = room.query("select case_id, n0 from cv order by t0, n0")
    assert found == [("k3", 5), ("k1", 0), ("k2", 1)]


def test_the_file_is_backed_up_once_before_it_is_changed(old, tmp_path):
    EventStore(old).close()
    EventStore(old).close()
    (backup,) = old.parent.glob("*.backup")
    assert backup.name == "events.v1.1.backup"
    with duckdb.connect(str(backup), read_only=True) as connection:
        assert connection.execute("select count(*) from log_1.event").fetchone() == (4,)
        assert connection.execute("select version from schema_version").fetchall() == [(1,)]


def test_ties_are_broken_by_arrival_after_a_migration_too(old):
    store = EventStore(old)
    with store.cursor("log_1") as cursor:
        assert cursor.execute("select cid, n0 from cv order by cid").fetchall() == [(0, 0), (1, 1)]
        assert cursor.execute("select count(*) from shaped").fetchone() == (4,)
    store.close()


def test_a_new_store_is_not_backed_up(tmp_path):
    EventStore(tmp_path / "events.duckdb").close()
    EventStore(tmp_path / "events.duckdb").close()
    assert not list(tmp_path.glob("*.backup"))


def test_a_log_of_a_newer_version_is_refused_in_one_line(old):
    store = EventStore(old)
    with store.writing() as cursor:
        cursor.execute("update log set version = 999")
    store.close()
    with pytest.raises(Refused, match="newer Baton") as caught:
        EventStore(old)
    assert "\n" not in caught.value.message
    assert len(list(old.parent.glob("*.backup"))) == 1


def test_a_migration_that_fails_changes_nothing(old, monkeypatch):
    from home import duck

    def broken(package, folder):
        return [*migrations(package, folder), *([(999, "select nonsense")] if folder == "schema/log" else [])]

    monkeypatch.setattr(duck, "migrations", broken)
    with pytest.raises(duckdb.Error):
        EventStore(old)
    with duckdb.connect(str(old), read_only=True) as connection:
        assert connection.execute("select version from schema_version").fetchall() == [(1,)]
        assert "n0" not in [c[0] for c in connection.execute("describe log_1.cv").fetchall()]
