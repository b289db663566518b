"""SQLite files: opened so that nothing can be written, whatever a query says."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from home.errors import BatonError, NotFound
from ingest.adapters.sql import failures, texts
from ingest.adapters.sql.session import Column, Session
from ingest.adapters.sql.window import Kind
from ingest.errors import IngestError, Unfit

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

MAGIC = b"SQLite format 3\0"
ABOUT = ("table_", "index_", "foreign_key_list", "database_list", "read_uncommitted")
"""Pragmas that say what a database holds."""
DOUBLED = re.compile(r":\d+$")
CORRUPT = ("not a database", "malformed", "disk image")


class SQLite(Session):
    """A file opened read-only, where an authorizer lets statements read and do nothing else."""

    def _engine(self) -> "Engine":
        import sqlalchemy

        path = str(self.url.database or "")
        if not Path(path).is_file():
            raise NotFound(
                f"There is no file {path!r}.", hint="sqlite:////absolute/path, or the path by itself."
            )
        return sqlalchemy.create_engine(
            "sqlite://", creator=lambda: _opened(path), poolclass=sqlalchemy.NullPool
        )

    def _refused(self, error: Exception) -> BatonError:
        return self.translated(error)

    def describe(self, query: str) -> list[Column]:
        """The columns; as a subquery's, a second one of a name would be called `name:1`."""
        found = super().describe(query)
        names = {column.name for column in found}
        return [
            replace(c, name=DOUBLED.sub("", c.name)) if DOUBLED.sub("", c.name) in names else c for c in found
        ]

    def cursor_kind(self, query: str, cursor: Column) -> Kind | None:
        """The kind of the cursor column's values, `None` where it has none; raises where there are two."""
        name = f"q.{self.quoted(cursor.name)}"
        found = [
            row[0]
            for row in self.answer(
                f"select distinct typeof({name}) in ('integer', 'real')"
                f" from (\n{query}\n) q where {name} is not null"
            )[1]
        ]
        if len(found) > 1:
            raise IngestError(
                f"{cursor.name!r} holds numbers and text: its order tells nothing.",
                hint="Choose another cursor, or cast it in a --query.",
            )
        return ("number" if found == [1] else "text") if found else None

    def ordered(self, cursor: Column) -> str:
        """Byte by byte, whatever the column's collation."""
        return f"q.{self.quoted(cursor.name)} collate binary"

    def now(self) -> datetime:
        """This machine's clock."""
        return datetime.now(UTC)

    def portions(self, sql: str, columns: Sequence[Column]) -> Iterator[list[pa.Array]]:  # noqa: ARG002
        """The rows; raises `Unfit` for bytes that are no text."""
        for rows in self.fetched(sql):
            try:
                yield texts.columns(rows)
            except UnicodeEncodeError as error:
                raise Unfit(
                    "encoding", f"{self.name} holds text that is not UTF-8 (encoding) near row {self.done}."
                ) from error

    def translated(self, error: BaseException) -> BatonError:
        """A driver's error in our words."""
        said = failures.said(error)
        if any(words in said for words in CORRUPT):
            return Unfit("corrupt", f"{self.name} is a corrupt SQLite database: {said}")
        if "Could not decode" in said:
            return Unfit("encoding", f"{self.name} holds text that is not UTF-8 (encoding): {said}")
        if "not authorized" in said or "prohibited" in said:
            return IngestError(f"{self.name}: only reading is allowed ({said}).", hint="Write one select.")
        return super().translated(error)


def _lies_still(path: str) -> bool:
    """Whether a file in WAL mode is nobody's at present: opened as such, it would get files beside it."""
    with Path(path).open("rb") as file:
        header = file.read(20)
    return header[18:20] == b"\2\2" and not Path(f"{path}-wal").exists()


def _opened(path: str) -> Any:
    import sqlite3

    way = "immutable=1" if _lies_still(path) else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(path)}?{way}", uri=True, check_same_thread=False)
    connection.execute("pragma query_only = on")
    reading = {
        sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }  # fmt: skip

    def allow(action: int, first: str | None, *_: Any) -> int:
        told = action == sqlite3.SQLITE_PRAGMA and (first or "").startswith(ABOUT)
        return sqlite3.SQLITE_OK if told or action in reading else sqlite3.SQLITE_DENY

    connection.set_authorizer(allow)
    return connection
