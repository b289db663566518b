"""PostgreSQL: the server writes every value as text; rows come as Arrow batches where that driver works."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as compute

from ingest.adapters.sql import texts
from ingest.adapters.sql.session import Column, Session
from ingest.adapters.sql.window import Kind
from ingest.errors import IngestError, Unfit

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

log = logging.getLogger("baton.ingest")
PORTION_BYTES = 4 << 20
MONEY, ZONED = 790, 1184
KINDS: dict[int, Kind] = dict.fromkeys((20, 21, 23, 26, 700, 701, 1700), "number")
KINDS |= dict.fromkeys((1082, 1114, ZONED), "time")
SETTINGS = (
    "set session characteristics as transaction isolation level repeatable read, read only",
    "set transaction isolation level repeatable read, read only",
    # How values are written must not hang on who is asking.
    "set local timezone = 'UTC'",
    "set local datestyle = 'ISO, YMD'",
    "set local intervalstyle = 'iso_8601'",
    "set local bytea_output = 'hex'",
    "set local extra_float_digits = 1",
    "set local standard_conforming_strings = on",
    "set local client_encoding = 'UTF8'",
    "set local synchronize_seqscans = off",
)


class PostgreSQL(Session):
    """A repeatable-read, read-only transaction; what is run is a subquery, so it is a query."""

    def _engine(self) -> "Engine":
        self.url = self.url.set(drivername="postgresql+psycopg")
        if "connect_timeout" not in self.url.query:
            self.url = self.url.update_query_dict({"connect_timeout": "15"})
        return super()._engine()

    def _begin(self) -> None:
        for setting in SETTINGS:
            self.connection.exec_driver_sql(setting)

    def answer(self, sql: str) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """As a prepared statement, since the plain protocol would run several statements at once."""
        from psycopg import Error

        try:
            driver: Any = self.connection.connection.dbapi_connection
            with driver.cursor() as cursor:
                cursor.execute(sql, prepare=True)
                return [tuple(column) for column in cursor.description or ()], cursor.fetchall()
        except Error as error:
            raise self.translated(error) from error

    def column(self, name: str, kind: Any, *_: Any) -> Column:
        """A column with its type's number."""
        return Column(name, KINDS.get(int(kind), "text"), int(kind))

    def select(self, query: str, columns: Sequence[Column]) -> str:
        """All rows, in the query's own order."""
        return f"select {self.listed(columns)} from (\n{query}\n) q"

    def listed(self, columns: Sequence[Column]) -> str:
        """Every column as the server itself writes it: lists and records as JSON, money without its sign."""
        numbers = ", ".join({str(int(c.type)) for c in columns})
        nested = {
            number
            for (number,) in self.answer(
                f"select oid::int8 from pg_type where oid in ({numbers}) and typcategory in ('A', 'C')"
            )[1]
        }
        return ", ".join(f"{self._text(c, c.type in nested)} as {self.quoted(c.name)}" for c in columns)

    def _text(self, column: Column, nested: bool) -> str:
        name = f"q.{self.quoted(column.name)}"
        if nested:
            return f"to_json({name})::text"
        return f"{name}::numeric::text" if column.type == MONEY else f"{name}::text"

    def ordered(self, cursor: Column) -> str:
        """Text byte by byte: what a collation takes for equal is not the same."""
        name = f"q.{self.quoted(cursor.name)}"
        return f'{name}::text collate "C"' if cursor.kind == "text" else name

    def literal(self, value: str, cursor: Column) -> str:
        """A value of the cursor's own type."""
        quoted = "'" + value.replace("'", "''") + "'"
        if cursor.kind == "text":
            return quoted
        return f"{quoted}::{self.scalar(f'select format_type({int(cursor.type)}, null)')}"

    def now(self) -> datetime:
        """The server's clock."""
        found: datetime = self.scalar("select clock_timestamp()")
        return found.astimezone(UTC)

    def expected(self, sql: str) -> int | None:
        """What the planner expects."""
        plan = self.scalar(f"explain (format json) {sql}")
        return int(plan[0]["Plan"]["Plan Rows"]) or None

    def portions(self, sql: str, columns: Sequence[Column]) -> Iterator[list[pa.Array]]:
        """Arrow batches; where their driver cannot begin, the same rows through SQLAlchemy."""
        for portion in self._arrow(sql) or map(texts.columns, self.fetched(sql)):
            yield [_in_utc(a) if c.type == ZONED else a for a, c in zip(portion, columns, strict=True)]

    def _arrow(self, sql: str) -> Iterator[list[pa.Array]] | None:
        try:
            import adbc_driver_manager
            from adbc_driver_postgresql import StatementOptions, dbapi
        except ImportError:
            return None
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            connection = dbapi.connect(address)
        except adbc_driver_manager.Error as error:
            log.info("reading %s row by row: %s", self.name, self.translated(error).message)
            return None
        cursor = connection.cursor()
        try:
            for setting in SETTINGS:
                cursor.execute(setting)
            cursor.adbc_statement.set_options(
                **{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(PORTION_BYTES)}
            )
            cursor.execute(sql)
            batches = cursor.fetch_record_batch()
        except adbc_driver_manager.Error as error:
            log.info("reading %s row by row: %s", self.name, self.translated(error).message)
            cursor.close()
            connection.close()
            return None
        return self._batches(connection, cursor, batches)

    def _batches(self, connection: Any, cursor: Any, batches: Any) -> Iterator[list[pa.Array]]:
        import adbc_driver_manager

        try:
            with closing(connection), closing(cursor):
                for batch in batches:
                    self.done += batch.num_rows
                    yield [
                        self._sound(a, name)
                        for a, name in zip(batch.columns, batch.schema.names, strict=True)
                    ]
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self.translated(error) from error

    def _sound(self, column: pa.Array, name: str) -> pa.Array:
        if not pa.types.is_string(column.type):
            raise IngestError(f"Column {name!r} did not come as text but as {column.type}.")
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise Unfit(
                "encoding", f"{self.name}: column {name!r} holds bytes that are no text in UTF-8 (encoding)."
            ) from error
        return column


def _in_utc(column: pa.Array) -> pa.Array:
    """Times that the server wrote with the offset +00, with a Z in its place."""
    plain = compute.ends_with(column, "+00")
    if compute.all(plain, min_count=0).as_py():
        return compute.binary_replace_slice(column, -3, 2**31 - 1, "Z")
    return compute.replace_substring_regex(column, r"\+00$", "Z")
