"""Reads a table or a query of a database, read-only and streamed."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from home.errors import Unreachable, UsageError, unknown
from ingest.adapter import ROW, Chunk, Content, Options, Reading
from ingest.errors import IngestError, Unfit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

SQLITE = b"SQLite format 3\0"
ROWS = 20_000


class SqlDatabaseAdapter:
    """Any database SQLAlchemy has a dialect for; SQLite files by their path."""

    name = "sql_database"
    reads = "databases by URL, SQLite files: a --table or a --query, read-only"
    suffixes = (".db", ".sqlite", ".sqlite3")

    def recognises(self, content: Content) -> int:
        """An address with a known dialect, or a SQLite file."""
        if content.address is None:
            return 100 if content.head.startswith(SQLITE) else 0
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError

        try:
            make_url(content.address).get_dialect()
        except (ArgumentError, NoSuchModuleError, ImportError):
            return 0
        return 90

    def read(self, content: Content, options: Options) -> Reading:
        """Connect, check what is asked for, and stream its rows inside one read-only transaction."""
        source = _Source(content, options)
        return Reading(source.chunks(), columns=source.columns, digest=source.digest.hexdigest)


class _Source:
    def __init__(self, content: Content, options: Options) -> None:
        self.content, self.options = content, options
        self.digest = hashlib.sha256()
        if content.path is not None and not content.head.startswith(SQLITE):
            raise Unfit("format", f"{content.name} is no SQLite database.")
        self.engine = _engine(content)
        self.connection = self._connect()
        self.result = self._execute()
        self.columns = self._unique(list(self.result.keys()))

    def chunks(self) -> Iterator[Chunk]:
        """The rows, portion by portion; the connection is closed when they end, however they end."""
        from sqlalchemy.exc import DBAPIError

        done = 0
        try:
            while rows := self.result.fetchmany(ROWS):
                columns = [pa.array(map(_text, column), pa.string()) for column in zip(*rows, strict=True)]
                for column in columns:
                    _absorb(self.digest, column)
                numbers = pa.array(range(done + 1, done + 1 + len(rows)), pa.int64())
                done += len(rows)
                yield Chunk(pa.record_batch([*columns, numbers], names=[*self.columns, ROW]))
                self.options.progress(None)
        except DBAPIError as error:
            raise self._translated(error) from error
        finally:
            self.connection.close()
            self.engine.dispose()

    def _connect(self) -> "Connection":
        from sqlalchemy.exc import DBAPIError

        try:
            connection = self.engine.connect()
        except DBAPIError as error:
            if self.content.path is not None:
                raise self._translated(error) from error
            raise Unreachable(
                f"{self.content.name} did not answer: {_said(error)}",
                hint="Check the address, the user and the password.",
            ) from error
        if self.engine.dialect.name == "postgresql":
            return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        if self.engine.dialect.name in ("mysql", "mariadb"):
            connection.exec_driver_sql("set session transaction read only")
            connection.commit()
        return connection

    def _execute(self) -> Any:
        from sqlalchemy.exc import DBAPIError

        try:
            streamed = self.connection.execution_options(stream_results=True, max_row_buffer=ROWS)
            result = (
                streamed.exec_driver_sql(self.options.query) if self.options.query else self._table(streamed)
            )
        except (DBAPIError, UnicodeDecodeError) as error:
            self.connection.close()
            raise self._translated(error) from error
        if not result.returns_rows:
            raise IngestError(
                "The query returns no rows at all.", hint="Write a query that begins with select."
            )
        return result

    def _table(self, connection: "Connection") -> Any:
        import sqlalchemy

        found = sqlalchemy.inspect(connection)
        known = [*found.get_table_names(), *found.get_view_names()]
        if self.options.table is None:
            raise UsageError(
                f"{self.content.name}: which table? It has {', '.join(known) or 'none'}.",
                hint="--table NAME reads one, --query SQL joins several.",
            )
        schema, _, name = self.options.table.rpartition(".")
        if schema:
            known = [*found.get_table_names(schema), *found.get_view_names(schema)]
        if name not in known:
            raise unknown("table", self.options.table, known, listing="baton ingest … without --table")
        table = sqlalchemy.table(name, schema=schema or None)
        return connection.execute(sqlalchemy.select(sqlalchemy.text("*")).select_from(table))

    def _unique(self, names: list[str]) -> tuple[str, ...]:
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise IngestError(
                f"Two columns are called {doubled[0]!r}.", hint="Give one another name with `as`."
            )
        return tuple(names)

    def _translated(self, error: Exception) -> IngestError:
        said = _said(error)
        if isinstance(error, UnicodeDecodeError):
            return Unfit("encoding", f"{self.content.name} holds text that is not UTF-8: {said}")
        if self.content.path is not None and any(
            w in said for w in ("not a database", "malformed", "disk image")
        ):
            return Unfit("corrupt", f"{self.content.name} is a corrupt SQLite database: {said}")
        return IngestError(f"{self.content.name}: {said}", hint="Mend the query; nothing was loaded.")


def _engine(content: Content) -> "Engine":
    import sqlalchemy
    from sqlalchemy.engine import make_url

    if content.path is not None:
        return _sqlite(str(content.file.resolve()))
    url = make_url(content.address or "")
    if url.get_backend_name() == "sqlite":
        return _sqlite(url.database or "")
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)


def _sqlite(path: str) -> "Engine":
    """A SQLite file that nobody can write through this connection, whatever the query says."""
    import sqlite3

    import sqlalchemy

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)
        connection.execute("pragma query_only = on")
        return connection

    return sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.NullPool)


def _absorb(digest: Any, column: pa.Array) -> None:
    """Add a text column to a digest: nulls, lengths and bytes, but not the padding of its buffers."""
    _, offsets, data = column.buffers()
    ends = memoryview(offsets)[: 4 * (len(column) + 1)] if offsets else b""
    digest.update(column.is_null().to_numpy(zero_copy_only=False).tobytes())
    digest.update(ends)
    digest.update(memoryview(data)[: int.from_bytes(ends[-4:], "little")] if data else b"")


def _said(error: Exception) -> str:
    """The first line of what the database itself said."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _text(value: Any) -> str | None:
    """A value of a database as text that reads back as the same value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(" ")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value.is_finite() else None
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", errors="backslashreplace")
    return str(value)
