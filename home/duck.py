"""The event store: one DuckDB file, one connection, a cursor per thread, one writer at a time."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from home.changes import changed, upkeep
from home.errors import Busy, Refused
from home.sql import migrations

Cursor = duckdb.DuckDBPyConnection
QUIET_S = 30.0
"""Seconds that writing the file anew waits for a moment without readers."""
LET_GO_S = 600.0
"""Seconds that a copy waits for those who were at work when it was made."""


class EventStore:
    """DuckDB behind one door.

    The main schema lists the logs; each log lives in a schema of its own with a generated name,
    so every query reads as if there were one log, and dropping a log drops its schema.
    """

    def __init__(
        self, path: Path, *, memory_limit: str = "4GB", packages: Sequence[str] = ("ingest",)
    ) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._packages = packages
        self._writer = threading.RLock()
        self._readers = threading.Condition()
        self._open = 0
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(path.parent / "tmp"),
            # No extension may be fetched, and queries may touch no file but what Baton itself names.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        existed = path.exists()
        self._connection = self._connect()
        if existed:
            self._back_up()
        with upkeep():
            self._migrate()

    def _connect(self) -> Cursor:
        connection = duckdb.connect(str(self.path), config=self._config)
        connection.execute("set enable_progress_bar = false")
        connection.execute("set TimeZone = 'UTC'")
        return connection

    def _steps(self, folder: str) -> list[tuple[int, str]]:
        return [step for package in self._packages for step in migrations(package, folder)]

    def _back_up(self) -> None:
        """Copy a file that is about to be migrated to `NAME.vN.M.backup`: its version and its logs'."""
        applied, logs = _versions(self._connection)
        newest, newest_log = self._steps("schema/events"), self._steps("schema/log")
        oldest = min(logs.values(), default=max((n for n, _ in newest_log), default=1))
        behind = any(n not in applied for n, _ in newest) or any(n > oldest for n, _ in newest_log)
        ahead = max(applied, default=0) > max(n for n, _ in newest)
        if not applied or not behind or ahead:
            return
        self._connection.close()  # what its write-ahead log holds goes into the file
        target = self.path.with_suffix(f".v{max(applied)}.{oldest}.backup")
        try:
            shutil.copyfile(self.path, target)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise Refused(
                f"{self.path} is of an older Baton, and no backup could be made of it: {error.strerror}.",
                hint=f"It needs {self.path.stat().st_size / 1e6:,.0f} MB beside it. Nothing was changed.",
            ) from error
        self._connection = self._connect()

    def _migrate(self) -> None:
        """Bring the main schema and every log's tables to the newest version, all or nothing.

        Refuses a file from a newer Baton.
        """
        steps = self._steps("schema/events")
        with self.writing() as cursor:
            cursor.execute("create table if not exists schema_version(version integer not null)")
            applied, _ = _versions(cursor)
            self._refuse_newer(max(applied, default=0), max(number for number, _ in steps))
            for number, sql in steps:
                if number not in applied:
                    cursor.execute(sql)
                    cursor.execute("insert into schema_version values (?)", [number])
            self._migrate_logs(cursor)
            cursor.execute("set schema = 'main'")

    def _migrate_logs(self, cursor: Cursor) -> None:
        steps = self._steps("schema/log")
        for schema, version in _versions(cursor)[1].items():
            self._refuse_newer(version, max(number for number, _ in steps))
            cursor.execute(f'set schema = "{_checked(schema)}"')
            for number, sql in steps:
                if number > version:
                    cursor.execute(sql)
                    cursor.execute("update main.log set version = ? where schema = ?", [number, schema])

    def _refuse_newer(self, found: int, newest: int) -> None:
        if found > newest:
            raise Refused(
                f"{self.path} was written by a newer Baton (version {found}; this one knows {newest}).",
                hint="Upgrade Baton, or use another folder with --home.",
            )

    @contextmanager
    def cursor(self, schema: str | None = None) -> Iterator[Cursor]:
        """A cursor to read with; with `schema`, names without a schema mean that log's tables."""
        with self._readers:
            cursor = self._connection.cursor()
            self._open += 1
        try:
            cursor.execute("set TimeZone = 'UTC'")
            if schema is not None:
                cursor.execute(f'set schema = "{_checked(schema)}"')
            yield cursor
        finally:
            cursor.close()
            with self._readers:
                self._open -= 1
                self._readers.notify_all()

    @contextmanager
    def writing(self, schema: str | None = None) -> Iterator[Cursor]:
        """A cursor inside one transaction, with no other writer beside it: all or nothing."""
        changed("events")
        with self._writer, self.cursor(schema) as cursor:
            cursor.execute("begin")
            try:
                yield cursor
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")

    def rewrite(self) -> None:
        """Write the file anew, so that no byte of what was deleted or replaced is left in it.

        Readers go on meanwhile; at the end it takes the first moment at which there are none. Raises
        `Busy` where there is no such moment; what was deleted is gone for every reader all the same.
        """
        new = self.path.with_suffix(".rewritten")
        new.unlink(missing_ok=True)
        with self._writer:
            self._copy(new)
            with self._readers:
                if not self._readers.wait_for(lambda: self._open == 0, timeout=QUIET_S):
                    new.unlink(missing_ok=True)
                    raise Busy(
                        f"{self.path} is being read without a pause, so it could not be written anew.",
                        hint="What was erased is in no answer any more; run it again when it is quiet.",
                    )
                self._connection.close()
                new.replace(self.path)
                self.path.with_suffix(".duckdb.wal").unlink(missing_ok=True)
                self._connection = self._connect()

    def copy_to(self, target: Path) -> None:
        """Write what is committed now to a new file; readers and writers go on meanwhile.

        Raises `Busy` where the file cannot be made whole, and leaves no file then.
        """
        self._copy(target)
        # Who listed tables meanwhile has seen the copy too and holds it open; the last one writes it whole.
        log = target.with_name(f"{target.name}.wal")
        with self._readers:
            if self._readers.wait_for(lambda: not log.exists(), timeout=LET_GO_S):
                return
        target.unlink()
        raise Busy(
            f"{self.path} was copied, but somebody who uses it kept the copy open for {LET_GO_S:.0f} s.",
            hint="Run it again when no long load or question is under way.",
        )

    def _copy(self, target: Path) -> None:
        with self.cursor() as cursor:
            cursor.execute(f"attach '{str(target).replace(chr(39), chr(39) * 2)}' as copied")
            try:
                cursor.execute(f"copy from database {self.path.stem} to copied")
            finally:
                cursor.execute("detach copied")

    def close(self) -> None:
        """Close the file; what is committed is on disk."""
        self._connection.close()


def _versions(cursor: Cursor) -> tuple[set[int], dict[str, int]]:
    """The migrations that the main schema has had, and the version of each log's tables by schema."""
    columns = cursor.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'main'"
        " and table_name in ('schema_version', 'log') and database_name = current_database()"
    ).fetchall()
    if ("schema_version", "version") not in columns:
        return set(), {}
    applied = {number for (number,) in cursor.execute("select version from schema_version").fetchall()}
    if ("log", "schema") not in columns:
        return applied, {}
    version = "version" if ("log", "version") in columns else "1"
    found = cursor.execute(f"select schema, {version} from main.log order by name").fetchall()  # noqa: S608
    return applied, dict(found)


def _checked(schema: str) -> str:
    if not schema.isidentifier():
        raise Refused(f"{schema!r} is no schema of a log.")
    return schema


def rows(cursor: Cursor) -> list[dict[str, Any]]:
    """The rest of a result as dictionaries, column name to value."""
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
