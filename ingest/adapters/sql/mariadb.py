"""MariaDB and MySQL: the server's own text of every value, streamed row by row."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from home.errors import BatonError
from ingest.adapters.sql import texts
from ingest.adapters.sql.session import Column, Session
from ingest.adapters.sql.window import Kind
from ingest.errors import IngestError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

DECIMAL, TIMESTAMP, BIT = 0, 7, 16
KINDS: dict[int, Kind | None] = dict.fromkeys((DECIMAL, 1, 2, 3, 5, 8, 9, 13, 246), "number")
KINDS |= dict.fromkeys((TIMESTAMP, 10, 12, 14), "time")
KINDS |= dict.fromkeys((4, 11, BIT, 255))  # a float's text is rounded, a time of day comes again tomorrow
SETTINGS = (
    "set session transaction isolation level repeatable read",
    "set session transaction read only",
    "set session time_zone = '+00:00'",
    # A long load must not be cut off because we write to disk for a while.
    "set session net_write_timeout = 3600",
)


class MariaDB(Session):
    """A read-only transaction. What is run would also do as a subquery: no `into`, no `call`."""

    def _engine(self) -> "Engine":
        driver = "mariadb+pymysql" if self.url.get_backend_name() == "mariadb" else "mysql+pymysql"
        self.url = self.url.set(drivername=driver)
        if "charset" not in self.url.query:
            self.url = self.url.update_query_dict({"charset": "utf8mb4"})
        return super()._engine()

    def _arguments(self) -> dict[str, Any]:
        from pymysql.converters import encoders

        arguments: dict[str, Any] = {
            "conv": dict(encoders)
        }  # no decoders: values stay as the server wrote them
        if "connect_timeout" not in self.url.query:
            arguments["connect_timeout"] = 15
        return {"connect_args": arguments}

    def _begin(self) -> None:
        for setting in SETTINGS:
            self.connection.exec_driver_sql(setting)
        self.connection.commit()
        self.connection.exec_driver_sql("start transaction with consistent snapshot, read only")

    def column(self, name: str, kind: Any, *more: Any) -> Column:
        """A column with its type's code."""
        return Column(name, KINDS.get(int(kind), "text"), int(kind), int(more[1] or 0))

    def ordered(self, cursor: Column) -> str:
        """Text byte by byte: what a collation takes for equal is not the same."""
        name = f"q.{self.quoted(cursor.name)}"
        return f"cast(convert({name} using utf8mb4) as binary)" if cursor.kind == "text" else name

    def literal(self, value: str, cursor: Column) -> str:
        """A value of the cursor column."""
        if cursor.kind == "number":
            return value
        escaped = value.removesuffix("Z").replace("\\", "\\\\").replace("'", "''")
        return (
            f"cast(convert('{escaped}' using utf8mb4) as binary)" if cursor.kind == "text" else f"'{escaped}'"
        )

    def now(self) -> datetime:
        """The server's clock."""
        return datetime.fromisoformat(str(self.scalar("select utc_timestamp(6)"))).replace(tzinfo=UTC)

    def portions(self, sql: str, columns: Sequence[Column]) -> Iterator[list[pa.Array]]:
        """The rows; bits as zeros and ones, moments that the server keeps in UTC with a Z."""
        for rows in self.fetched(sql):
            values = zip(*rows, strict=True)
            yield [texts.column_of(_written(v, c)) for v, c in zip(values, columns, strict=True)]

    def abandon(self, cursor: Any) -> None:
        """Hang up: the driver would read a result to its end first, which can take hours."""
        with suppress(Exception):
            unread = cursor._result
            unread.unbuffered_active, unread.connection = False, None
            driver: Any = self.connection.connection.dbapi_connection
            driver._force_close()

    def translated(self, error: BaseException) -> BatonError:
        """A driver's error in our words."""
        inner = getattr(error, "orig", None) or error
        code = inner.args[0] if getattr(inner, "args", ()) else None
        if code == 1060 and (found := re.search("'(.*)'", str(inner.args[-1]))):
            return IngestError(
                f"Two columns are called {found[1]!r}.", hint="Give one another name with `as`."
            )
        return super().translated(error)


def _written(values: Sequence[Any], column: Column) -> Sequence[Any]:
    if column.type == TIMESTAMP:
        return [None if v is None else f"{v}Z" for v in values]
    if column.type == BIT:
        return [None if v is None else f"{int.from_bytes(v):0{column.size}b}" for v in values]
    return values
