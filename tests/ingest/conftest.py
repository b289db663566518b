"""Loads sources in this process, and reads a log's tables back with their names."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from home.context import Context, Stores
from home.settings import configure
from ingest.catalog import find_log
from ingest.contracts import IngestReport, IngestRequest
from ingest.errors import Rejected
from ingest.load import ingest
from tests.ingest.servers import Server, sqlite_server

READ_BACK = {
    "event": "select e.* exclude (n, source, source_row) from event e order by case_id, ts, n",
    "instance": """
        select c.case_id, i.pos, a.name as activity, r.name as resource, s.name as system,
               i.start_ts, i.ts, i.cost, next.name as next_activity, later.name as next_resource,
               i.nst, i.* exclude
               (cid, pos, aid, rid, sid, start_ts, ts, cost, n, naid, nrid, nst)
        from instance i join cv c using (cid) join activity a using (aid) left join resource r using (rid)
        left join system s using (sid) left join activity next on next.aid = i.naid
        left join resource later on later.rid = i.nrid order by c.t0, c.n0, pos""",
    "cv": """
        select c.case_id, c.cid, c.t0, c.t1, c.n, first.name as first, last.name as last, c.* exclude
               (case_id, cid, t0, t1, n, vid, sa, ea, n0)
        from cv c join activity first on first.aid = c.sa join activity last on last.aid = c.ea
        order by t0, n0""",
    "variant": """
        select v.n, list(a.name order by v.pos) as acts
        from (select vid, n, unnest(acts) as aid, generate_subscripts(acts, 1) as pos from variant) v
        join activity a using (aid) group by v.vid, v.n order by v.n desc, acts::varchar""",
}


class Room:
    """An ingest room with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        configuration = configure({"home": folder / "home"}, {})
        self.context = Context(configuration, Stores(configuration.settings), actor="tester")

    def file(self, name: str, content: str | bytes) -> Path:
        """A file with that content."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, source: object, log: str = "orders", **options: Any) -> IngestReport:
        """Load a source as `baton ingest` does."""
        return ingest(self.context, IngestRequest(source=str(source), log=log, **options))

    def rejected(self, source: object, **options: Any) -> IngestReport:
        """The report of a source that must be refused; nothing of it may stay."""
        before = self.counts()
        with pytest.raises(Rejected) as caught:
            self.load(source, **options)
        assert self.counts() == before
        report = caught.value.report
        assert report.status == "reject"
        assert report.message
        return report

    def counts(self) -> list[tuple[Any, ...]]:
        """What the store holds: every table of every schema with its size."""
        with self.context.events.cursor() as cursor:
            return cursor.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables()"
                " where not temporary order by all"
            ).fetchall()

    def rows(self, table: str, log: str = "orders") -> list[dict[str, Any]]:
        """A table of a log with names for ids, and attributes under their own names."""
        with self.context.events.cursor(find_log(self.context.events, log).schema) as cursor:
            names = dict(cursor.execute("select col, name from attribute").fetchall())
            found = cursor.execute(READ_BACK.get(table, f"select * from {table}"))
            columns = [names.get(column[0], column[0]) for column in found.description]
            return [dict(sorted(zip(columns, row, strict=True))) for row in found.fetchall()]

    def query(self, sql: str, log: str = "orders") -> list[tuple[Any, ...]]:
        """A query on a log's tables."""
        with self.context.events.cursor(find_log(self.context.events, log).schema) as cursor:
            return cursor.execute(sql).fetchall()


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """An empty ingest room."""
    return Room(tmp_path)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    """An empty database to read from, once on each kind of server."""
    if request.param == "sqlite":
        return sqlite_server(tmp_path)
    fixture = {"postgresql": "postgres_database", "mariadb": "mariadb_database"}[request.param]
    return Server(request.param, request.getfixturevalue(fixture))


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word; who `accept`s knows that a reader waits."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening
