"""The event store: one DuckDB file, one connection, a cursor per thread, one writer at a time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from home.errors import Refused
from home.sql import migrations

Cursor = duckdb.DuckDBPyConnection


class EventStore:
    """DuckDB behind one door.

    The main schema lists the logs; each log lives in a schema of its own with a generated name,
    so every query reads as if there were one log, and dropping a log drops its schema.
    """

    def __init__(
        self, path: Path, *, memory_limit: str = "4GB", packages: Sequence[str] = ("ingest",)
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._packages = packages
        self._writer = threading.RLock()
        temporary = path.parent / "tmp"
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(temporary),
            # No extension may be fetched, and queries may touch no file but what Baton itself names.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._connection = duckdb.connect(str(path), config=config)
        self._connection.execute("set enable_progress_bar = false")
        self._connection.execute("set TimeZone = 'UTC'")
        self._migrate()

    def _migrate(self) -> None:
        """Bring the main schema to the newest version; refuse a file from a newer Baton."""
        steps = [step for package in self._packages for step in migrations(package, "schema/events")]
        newest = max(number for number, _ in steps)
        with self.writing() as cursor:
            cursor.execute("create table if not exists schema_version(version integer not null)")
            row = cursor.execute("select max(version) from schema_version").fetchone()
            found = row[0] if row and row[0] is not None else 0
            if found > newest:
                raise Refused(
                    f"{self.path} was written by a newer Baton (version {found}; this one knows {newest}).",
                    hint="Upgrade Baton, or use another folder with --home.",
                )
            for number, sql in steps:
                if number > found:
                    cursor.execute(sql)
                    cursor.execute("insert into schema_version values (?)", [number])

    @contextmanager
    def cursor(self, schema: str | None = None) -> Iterator[Cursor]:
        """A cursor to read with; with `schema`, names without a schema mean that log's tables."""
        cursor = self._connection.cursor()
        try:
            cursor.execute("set TimeZone = 'UTC'")
            if schema is not None:
                cursor.execute(f'set schema = "{_checked(schema)}"')
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def writing(self, schema: str | None = None) -> Iterator[Cursor]:
        """A cursor inside one transaction, with no other writer beside it: all or nothing."""
        with self._writer, self.cursor(schema) as cursor:
            cursor.execute("begin")
            try:
                yield cursor
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")

    def close(self) -> None:
        """Close the file; what is committed is on disk."""
        self._connection.close()


def _checked(schema: str) -> str:
    if not schema.isidentifier():
        raise Refused(f"{schema!r} is no schema of a log.")
    return schema


def rows(cursor: Cursor) -> list[dict[str, Any]]:
    """The rest of a result as dictionaries, column name to value."""
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
