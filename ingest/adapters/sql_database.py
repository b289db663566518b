"""Reads a table or a query of a database, read-only and streamed, whole or from where it ended."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from home.errors import UsageError, unknown
from ingest.adapter import ROW, Chunk, Content, Options, Reading
from ingest.adapters.sql.session import Column, Session, one_query
from ingest.adapters.sql.sqlite import MAGIC, SQLite
from ingest.adapters.sql.texts import Digest
from ingest.adapters.sql.window import Position, Window
from ingest.contracts import Finding
from ingest.errors import IngestError, Unfit

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

OURS = ("postgres", "mysql", "mariadb", "sqlite", "oracle", "mssql")
ELSEWHERE = ("http", "https", "amqp", "amqps", "kafka", "file", "ftp", "s3")


class SqlDatabaseAdapter:
    """Any database SQLAlchemy has a dialect for; SQLite files by their path."""

    name = "sql_database"
    reads = "databases by URL, SQLite files: a --table or a --query, read-only"
    suffixes = (".db", ".sqlite", ".sqlite3")
    several = False

    def recognises(self, content: Content) -> int:
        """An address with a known dialect, or a SQLite file."""
        if content.address is None:
            return 90 if content.head.startswith(MAGIC) else 0  # a known format may lie in it
        if content.address.partition(":")[0].lower() in ELSEWHERE:
            return 0
        from sqlalchemy.exc import NoSuchModuleError

        try:
            _url(content).get_dialect()
        except NoSuchModuleError:
            return 0
        except UsageError:
            return 50 if content.address.startswith(OURS) else 0  # reading says what is wrong with it
        except ImportError:
            return 90  # a dialect there is; reading says which driver it wants
        return 90

    def read(self, content: Content, options: Options) -> Reading:
        """Connect, check what is asked for, and stream its rows inside one read-only transaction."""
        source = _Source(content, options)
        return Reading(
            source.chunks(),
            columns=source.names,
            digest=None if content.digest else source.digest.hexdigest,
            findings=source.findings,
        )


class _Source:
    """One reading of one table or query."""

    def __init__(self, content: Content, options: Options) -> None:
        if content.path is not None and not content.head.startswith(MAGIC):
            raise Unfit("format", f"{content.name} is no SQLite database.")
        query = one_query(options.query) if options.query else None
        self.options = options
        self.digest = Digest()
        self.findings: list[Finding] = []
        self.session = session(content)
        try:
            self.query = query or self.session.table(options.table)
            self.columns = self.session.describe(self.query)
            self.names = tuple(column.name for column in self.columns)
            self._refuse_doubled()
            self.window = self._window() if options.cursor else None
            self.sql = self._sql()
        except BaseException:
            self.session.close()
            raise

    def chunks(self) -> Iterator[Chunk]:
        """The rows, portion by portion; the connection is closed when they end, however they end."""
        done = self.window.rows if self.window else 0
        expected = self.session.expected(self.sql)
        last: str | None = None
        try:
            for portion in self.session.portions(self.sql, self.columns):
                fresh = self.window.take(portion) if self.window else None
                if fresh is not None:
                    portion = [column.take(pa.array(fresh, pa.int64())) for column in portion]
                self.digest.take(portion)
                rows = len(portion[0])
                numbers = pa.array(range(done + 1, done + 1 + rows), pa.int64())
                done += rows
                last = self.window.position() if self.window else None
                yield Chunk(pa.record_batch([*portion, numbers], names=[*self.names, ROW]), position=last)
                self.options.progress(min(0.99, self.session.done / expected) if expected else None)
            if self.window and (end := self.window.position(last=True)) != last:
                yield Chunk(position=end)
        finally:
            self.session.close()

    def _sql(self) -> str:
        if self.window is None:
            return self.session.select(self.query, self.columns)
        cursor = Column(self.window.column, self.window.kind, self._cursor().type)
        return self.session.select_from(self.query, self.columns, cursor, self.window.start)

    def _cursor(self) -> Column:
        found = {column.name: column for column in self.columns}
        asked = self.options.cursor or ""
        if asked not in found:
            raise unknown("column", asked, list(found), listing="baton inspect")
        return found[asked]

    def _window(self) -> Window:
        before = Position.from_json(self.options.position) if self.options.position else None
        cursor = self._cursor()
        kind = cursor.kind
        if isinstance(self.session, SQLite):  # where a value's type is its own, and an empty table has none
            counted = (self.options.overlap or "0").isdecimal()
            kind = self.session.cursor_kind(self.query, cursor) or (
                before.kind if before else "number" if counted else "text"
            )
        if kind is None:
            raise IngestError(
                f"The order of {cursor.name!r} does not tell new rows from old ones.",
                hint="A cursor is a time of the last change, or a number that only grows.",
            )
        if missing := self.session.without_cursor(self.query, cursor):
            self.findings.append(_missing(cursor.name, missing))
        now = self.session.now()
        return Window(cursor.name, kind, self.names, self.options.overlap, before, now)

    def _refuse_doubled(self) -> None:
        doubled = sorted({name for name in self.names if self.names.count(name) > 1})
        if doubled:
            raise IngestError(
                f"Two columns are called {doubled[0]!r}.", hint="Give one another name with `as`."
            )


def session(content: Content) -> Session:
    """A read-only session on a database, by its family."""
    url = _url(content)
    backend = url.get_backend_name()
    if backend == "sqlite":
        return SQLite(content, url)
    if backend in ("postgresql", "postgres"):
        from ingest.adapters.sql.postgresql import PostgreSQL

        return PostgreSQL(content, url)
    if backend in ("mysql", "mariadb"):
        from ingest.adapters.sql.mariadb import MariaDB

        return MariaDB(content, url)
    return Session(content, url)


def _url(content: Content) -> "URL":
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if content.path is not None:
        return URL.create("sqlite", database=str(content.file.resolve()))
    try:
        return make_url(content.address or "")
    except (ArgumentError, ValueError) as error:  # neither may repeat the address: it holds a password
        raise UsageError(
            f"{content.name}: this is no address of a database.",
            hint="dialect://user:password@host:port/database; write @ : / in a password as %40 %3A %2F.",
        ) from error


def _missing(column: str, count: int) -> Finding:
    return Finding(
        code="cursor_missing",
        severity="warning",
        count=count,
        message=f"{count:,} rows have no value in {column!r}, so a pull cannot tell whether they are new: "
        "they are not read. A --query with coalesce(…) gives them one.",
        where=f"column {column!r}",
    )
