"""A log that is pulled piece by piece is the log that one load of everything makes."""

import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from home.errors import Unreachable
from ingest import pull
from ingest.contracts import LogRequest
from ingest.logs import drop_log
from ingest.named_sources import AddSourceRequest, NamedSource, add_source, remove_source
from ingest.pull import PullRequest
from tests.ingest.proxy import wire
from tests.ingest.servers import Server

TABLES = ("event", "instance", "cv", "variant")
OPTIONS = {"table": "t", "map": ("case_id=order_no", "activity=step", "timestamp=at", "case:kind=kind")}
MOMENTS = some.permutations(range(40))
STEPS = some.lists(some.tuples(some.integers(0, 5), some.integers(0, 3)), min_size=1, max_size=12)


@pytest.fixture
def table(room):
    path = room.folder / "erp.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(id integer primary key, order_no, step, at, who, kind)")
    connection.close()
    return path


@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),  # each example is several loads: none is made smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some.lists(STEPS, min_size=2, max_size=4), MOMENTS)
def test_pulled_is_loaded(room, table, batches, moments):
    moments = iter(moments * 2)
    with sqlite3.connect(table) as connection:
        connection.execute("delete from t")
    connection.close()
    context = room.context
    add_source(
        context,
        AddSourceRequest(name="erp", source=str(table), log="pulled", cursor="id", overlap="3", **OPTIONS),
    )
    number = 0
    try:
        for batch in batches:  # events of old cases come late, and before what is there
            with sqlite3.connect(table) as connection:
                for case, step in batch:
                    number += 1
                    minute = next(moments)
                    at = f"2026-01-{1 + minute // 24:02d} {minute % 24:02d}:{number % 60:02d}:00Z"
                    row = (number, f"o{case}", f"step {step}", at, f"p{number % 3}", f"k{case % 2}")
                    connection.execute("insert into t values (?, ?, ?, ?, ?, ?)", row)
            connection.close()
            (row,) = pull.pull(context, PullRequest(name="erp")).rows
            assert row.loaded == len(batch)
            room.load(table, "whole", replace=True, **OPTIONS)
            for name in TABLES:
                assert told(room, name, "pulled") == told(room, name, "whole"), name
        assert len(room.query("select * from source", "pulled")) == 1
    finally:
        remove_source(context, NamedSource(name="erp"))
        for log in ("pulled", "whole"):
            drop_log(context, LogRequest(log=log))


def told(room, table: str, log: str) -> list[dict[str, object]]:
    """The rows of a table without the numbers that cases happen to have."""
    return [{name: value for name, value in row.items() if name != "cid"} for row in room.rows(table, log)]


FILLED = {
    "postgresql": "create table t as select i as id, 'o' || i % 5000 as case_id,"
    " 'step ' || i % 9 as activity, timestamptz '2026-01-01 00:00+00' + i * interval '1 s' as timestamp,"
    " repeat('x', 200) as note"
    " from generate_series(1, 150000) i",
    "mariadb": "create table t as select seq as id, concat('o', seq % 5000) as case_id,"
    " concat('step ', seq % 9) as activity,"
    " cast('2026-01-01' as datetime) + interval seq second as timestamp,"
    " repeat('x', 200) as note from seq_1_to_150000",
}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def test_a_connection_that_drops_leaves_nothing_and_the_next_pull_goes_on(room, kind, request):
    name = {"postgresql": "postgres_database", "mariadb": "mariadb_database"}[kind]
    server = Server(kind, request.getfixturevalue(name))
    server.run(FILLED[kind])
    with wire(server.url) as (cut, url):
        add_source(
            room.context, AddSourceRequest(name="erp", source=url, log="orders", table="t", cursor="id")
        )
        before = room.counts()
        cut.limit = 25_000_000
        with pytest.raises(Unreachable) as caught:
            pull.pull(room.context, PullRequest(name="erp"))
        assert caught.value.exit_code == 3
        after = room.counts()
        assert after == before  # nothing half-loaded: no log, no events
        sent = max(cut.sent)
        cut.limit = None
        (row,) = pull.pull(room.context, PullRequest(name="erp")).rows
        assert (row.loaded, row.events, row.cases) == (150_000, 150_000, 5000)
        again = max(cut.sent[cut.sent.index(sent) + 1 :])
        assert again < 0.6 * (sent + again), "what had been read is not read again"
        (row,) = pull.pull(room.context, PullRequest(name="erp")).rows
        assert (row.seen, row.events) == (0, 150_000)
    whole = room.load(server.url, "whole", table="t")
    assert whole.variants == room.query("select count(*) from variant", "orders")[0][0]
    assert not list((room.context.home / "pulls").glob("*"))


@pytest.mark.chaos
def test_a_pull_that_is_killed_is_pulled_again_whole(baton, tmp_path):
    import os
    import signal
    import subprocess
    import sys

    path = tmp_path / "erp.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(id integer primary key, case_id, activity, timestamp)")
        connection.executemany(
            "insert into t values (?, ?, ?, ?)",
            ((i, f"c{i % 100}", f"a{i % 5}", f"2026-01-01 {i % 24:02d}:00:00Z") for i in range(60_000)),
        )
    connection.close()
    baton("source", "add", "erp", path, "--log", "orders", "--table", "t", "--cursor", "id")
    home = tmp_path / "home"
    for after in (0.7, 1.2, 1.6):
        command = [sys.executable, "-m", "baton", "--home", str(home), "pull", "erp"]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            started.wait(after)
        except subprocess.TimeoutExpired:
            os.kill(started.pid, signal.SIGKILL)
            started.wait()
    baton("pull", "erp")
    (row,) = baton("logs", "--json").json["rows"]
    assert (row["events"], row["cases"]) == (60_000, 100)
    shutil.rmtree(home)
