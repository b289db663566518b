"""A read-only transaction on a database that SQLAlchemy has a dialect for, and what families override."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from home.errors import BatonError, UsageError, unknown
from ingest.adapter import Content
from ingest.adapters.sql import failures, texts
from ingest.adapters.sql.window import Kind
from ingest.errors import IngestError, Undecided, Unfit

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

ROWS = 20_000
"""Rows fetched at a time."""
LISTED = 30
READS = ("select", "with", "values", "table", "(")


@dataclass(frozen=True)
class Column:
    """A column of a result."""

    name: str
    kind: Kind | None = None
    """What its values are ordered as; `None`: nothing to go on by."""
    type: Any = None
    """The database's own type."""
    size: int = 0
    """Bits, where it is a row of bits."""


class Session:
    """One connection, in a transaction that cannot write and sees one state of the database.

    Raises `Unreachable` where the server does not let us in or is lost, `IngestError` for what is
    wrong with the query. Of a dialect without a family of its own, the transaction is rolled back.
    """

    def __init__(self, content: Content, url: "URL") -> None:
        from sqlalchemy.exc import DBAPIError

        self.name, self.url = content.name, url
        self.secrets = tuple(
            str(s) for s in (url.password, url.query.get("password"), url.query.get("sslpassword")) if s
        )
        self.engine = self._engine()
        self.done = 0
        try:
            self.connection = self.engine.connect()
            self._begin()
        except (DBAPIError, OSError) as error:
            self.engine.dispose()
            raise self._refused(error) from error

    # What a family overrides ------------------------------------------------------------------------
    def _engine(self) -> "Engine":
        import sqlalchemy

        try:
            return sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool, **self._arguments())
        except sqlalchemy.exc.NoSuchModuleError as error:
            known = "postgresql, mysql, mariadb, sqlite, oracle, mssql"
            raise UsageError(
                f"{self.name}: there is no SQLAlchemy dialect {self.url.drivername!r}.",
                hint=f"Known are {known}; others come with a Python package of their own.",
            ) from error
        except ImportError as error:
            raise IngestError(
                f"{self.name}: the driver of {self.url.drivername!r} is not installed ({error.name}).",
                hint=f"Install the Python package {error.name!r} beside Baton.",
            ) from error

    def _arguments(self) -> dict[str, Any]:
        return {}

    def _begin(self) -> None:
        """Make sure that nothing can be written."""

    def _refused(self, error: Exception) -> BatonError:
        return failures.unreachable(self.name, error, self.secrets)

    def describe(self, query: str) -> list[Column]:
        """The columns of a query, without running it; raises `IngestError` for what is no query."""
        return [self.column(*c) for c in self.answer(f"select * from (\n{query}\n) q where 1 = 0")[0]]

    def column(self, name: str, kind: Any, *_: Any) -> Column:
        """A column from its name and its type as the driver describes them."""
        return Column(name, "text", kind)

    def select(self, query: str, columns: Sequence[Column]) -> str:  # noqa: ARG002
        """SQL that reads a query from its beginning to its end."""
        return query

    def select_from(self, query: str, columns: Sequence[Column], cursor: Column, start: str | None) -> str:
        """SQL that reads the rows of a query at or after a value of the cursor column, in its order."""
        name = self.ordered(cursor)
        chosen = f"{name} >= {self.literal(start, cursor)}" if start is not None else f"{name} is not null"
        return f"select {self.listed(columns)} from (\n{query}\n) q where {chosen} order by {name}"

    def listed(self, columns: Sequence[Column]) -> str:  # noqa: ARG002
        """SQL of what is selected."""
        return "*"

    def ordered(self, cursor: Column) -> str:
        """SQL of the cursor column as it is compared."""
        return f"q.{self.quoted(cursor.name)}"

    def literal(self, value: str, cursor: Column) -> str:
        """SQL of a value of the cursor column."""
        return value if cursor.kind == "number" else "'" + value.replace("'", "''") + "'"

    def now(self) -> datetime:
        """The database's clock, UTC."""
        return datetime.now(UTC)

    def expected(self, sql: str) -> int | None:  # noqa: ARG002
        """About how many rows a statement will give, where the database can say so at once."""
        return None

    def portions(self, sql: str, columns: Sequence[Column]) -> Iterator[list[pa.Array]]:  # noqa: ARG002
        """The rows of a statement as text columns, portion by portion, in bounded memory."""
        for rows in self.fetched(sql):
            yield texts.columns(rows)

    def abandon(self, cursor: Any) -> None:
        """Let go of a result that is not read to its end."""

    # What all have in common ------------------------------------------------------------------------
    def fetched(self, sql: str) -> Iterator[Sequence[Any]]:
        """The rows of a statement through SQLAlchemy, as its driver gives them."""
        from sqlalchemy.exc import DBAPIError

        result = self._run(sql, stream_results=True, max_row_buffer=ROWS)
        cursor = result.cursor
        try:
            while rows := result.fetchmany(ROWS):
                self.done += len(rows)
                yield rows
        except GeneratorExit:  # nobody wants the rest
            self.abandon(cursor)
            raise
        except (DBAPIError, UnicodeDecodeError, OSError) as error:
            self.abandon(cursor)
            raise self.translated(error) from error

    def _run(self, sql: str, **options: Any) -> Any:
        """Run a statement as it stands: neither `:x` nor `%` in it means anything to us."""
        from sqlalchemy.exc import DBAPIError, ResourceClosedError

        try:
            result = self.connection.execution_options(no_parameters=True, **options).exec_driver_sql(sql)
            if not result.returns_rows:
                raise IngestError("The query returns no rows at all.", hint="Write one select.")
        except (DBAPIError, UnicodeDecodeError, OSError) as error:
            raise self.translated(error) from error
        except ResourceClosedError as error:
            raise IngestError("The query returns no rows at all.", hint="Write one select.") from error
        return result

    def answer(self, sql: str) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """What a driver says of the columns of a statement's result, and its rows, which are few."""
        result = self._run(sql)
        return list(result.cursor.description), list(result)

    def scalar(self, sql: str) -> Any:
        """The one value of a statement."""
        return self.answer(sql)[1][0][0]

    def without_cursor(self, query: str, cursor: Column) -> int:
        """How many rows have no value in the cursor column."""
        name = f"q.{self.quoted(cursor.name)}"
        return int(self.scalar(f"select count(*) from (\n{query}\n) q where {name} is null"))

    def table(self, asked: str | None) -> str:
        """The query that reads a table or view, by its name or `schema.name`."""
        import sqlalchemy
        from sqlalchemy.exc import DBAPIError

        try:
            return self._named(sqlalchemy.inspect(self.connection), asked)
        except DBAPIError as error:
            raise self.translated(error) from error

    def _named(self, found: Any, asked: str | None) -> str:
        known = self._tables(found, None)
        if asked is None:
            shown = ", ".join(known[:LISTED]) + (
                f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
            )
            if not known:
                raise Unfit("no events", f"{self.name} has no events: there is no table in it.")
            raise Undecided(
                "table",
                known,
                f"{self.name}: which table? It has {shown}.",
                hint="--table NAME reads one, --query SQL joins several.",
            )
        if asked in known:
            return f"select * from {self.quoted(asked)}"
        schema, _, name = asked.rpartition(".")
        if schema in found.get_schema_names():
            known = [f"{schema}.{other}" for other in self._tables(found, schema)]
            if asked in known:
                return f"select * from {self.quoted(schema)}.{self.quoted(name)}"
        raise unknown("table", asked, known, listing="baton ingest … without --table")

    def _tables(self, found: Any, schema: str | None) -> list[str]:
        names = [*found.get_table_names(schema), *found.get_view_names(schema)]
        with suppress(NotImplementedError):
            names += found.get_materialized_view_names(schema)
        return sorted(dict.fromkeys(names))

    def quoted(self, name: str) -> str:
        """A name as SQL, whatever is in it."""
        dialect = self.engine.dialect.identifier_preparer
        first, last = dialect.initial_quote, dialect.final_quote
        return f"{first}{name.replace(last, last * 2)}{last}"

    def translated(self, error: BaseException) -> BatonError:
        """A driver's error in our words."""
        return failures.translated(self.name, error, self.secrets, self.done)

    def close(self) -> None:
        """End the transaction and the connection, also one in the middle of a result."""
        with suppress(Exception):
            self.connection.invalidate()
        self.engine.dispose()


def one_query(query: str) -> str:
    """A query without the semicolon at its end; raises `IngestError` where it plainly does something else."""
    cleaned = query.strip().rstrip(";").strip()
    if not cleaned:
        raise UsageError("The query is empty.", hint="Write one select.")
    first = _first_word(cleaned)
    if first and not first.startswith(READS):
        raise IngestError(
            f"Only a query that reads is run; this one begins with {first!r}.", hint="Write one select."
        )
    return cleaned


def _first_word(query: str) -> str:
    """The first word after comments, lower case."""
    rest = query
    while rest:
        rest = rest.lstrip()
        if rest.startswith(("--", "#")):
            rest = rest.partition("\n")[2]
        elif rest.startswith("/*"):
            rest = rest.partition("*/")[2]
        else:
            break
    return "(" if rest.startswith("(") else "".join(re.findall(r"^\w+", rest.lower()))
