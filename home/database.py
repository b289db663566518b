"""The transactional store: SQLite or PostgreSQL behind one door, spoken to in plain SQL."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from home.changes import changed, changes, upkeep
from home.errors import Refused, SettingError, Unreachable
from home.sql import migrations

Row = dict[str, Any]
PATIENCE = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 5000,  # milliseconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""Of connections to PostgreSQL: without it a cut cable is noticed after a quarter of an hour."""
STATEMENTS = re.compile(r";(?=[ \t]*(?:--[^\n]*)?\n)")
"""What ends a statement of a migration: a semicolon at the end of a line, or before its comment."""


class Database:
    """A pool of connections and the migrations of the transactional store.

    Statements use `:name` parameters and run unchanged on both databases. The hot path of the
    engine takes raw connections of its own through `raw`.
    """

    def __init__(
        self, url: str, *, packages: Sequence[str] = ("ingest", "orchestrate"), pool_size: int = 8
    ) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise SettingError(
                "The database URL cannot be read.", hint="Write postgresql://… or sqlite:///…"
            ) from error
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_postgres = parsed.get_backend_name() == "postgresql"
        if not self.is_postgres and parsed.get_backend_name() != "sqlite":
            raise SettingError(
                f"The transactional store cannot be {parsed.get_backend_name()!r}.",
                hint="SQLite and PostgreSQL can.",
            )
        self._packages = packages
        self.engine = self._open(pool_size)
        event.listen(self.engine, "after_cursor_execute", _notice)
        with upkeep():
            self._migrate()

    def _open(self, pool_size: int) -> Engine:
        if self.is_postgres:
            options = {"options": "-c idle_in_transaction_session_timeout=10000 -c timezone=UTC"}
            arguments = self._patience() | options
            return sqlalchemy.create_engine(
                self.url, pool_size=pool_size, pool_pre_ping=True, connect_args=arguments
            )
        if self.url.database:
            Path(self.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = sqlalchemy.create_engine(self.url, connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _migrate(self) -> None:
        """Bring the store to the newest version, backing up a SQLite file before it is changed."""
        # One sequence of numbers over all rooms: what is new is whatever has a number above the store's.
        steps = sorted(step for package in self._packages for step in migrations(package, "schema/state"))
        newest = max(number for number, _ in steps)
        self._back_up(newest)
        with self.transaction() as connection:
            if self.is_postgres:  # two services starting together migrate one after the other
                connection.execute(text("select pg_advisory_xact_lock(7202601)"))
            connection.execute(text("create table if not exists schema_version(version integer not null)"))
            found = connection.execute(text("select max(version) from schema_version")).scalar() or 0
            if found > newest:
                raise Refused(
                    f"The transactional store is of a newer Baton (version {found}, known {newest}).",
                    hint="Upgrade Baton, or use another home folder or database.",
                )
            for number, sql in steps:
                if number > found:
                    for statement in filter(str.strip, STATEMENTS.split(sql)):
                        connection.exec_driver_sql(statement)
                    connection.execute(text("insert into schema_version values (:v)"), {"v": number})

    def _back_up(self, newest: int) -> None:
        """Copy an older SQLite file to `NAME.vN.backup`; PostgreSQL has backups of its own."""
        if self.is_postgres or not self.url.database or not Path(self.url.database).exists():
            return
        import sqlite3

        source = self.raw()
        try:
            found = source.execute("select max(version) from schema_version").fetchone()[0] or newest
            if found < newest:
                target = sqlite3.connect(Path(self.url.database).with_suffix(f".v{found}.backup"))
                source.backup(target)
                target.close()
        except sqlite3.OperationalError:  # a new file has no version yet, and nothing to lose
            return
        finally:
            source.close()

    @contextmanager
    def transaction(self, *, read: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error.

        On SQLite a reader does not wait for the writer when it says `read`.
        """
        try:
            with self.engine.connect().execution_options(read=read) as connection, connection.begin():
                yield connection
        except OperationalError as error:
            raise Unreachable(
                f"The transactional store did not answer: {str(error.orig).strip().splitlines()[0]}",
                hint="Check that the database is up and that --home or BATON_DATABASE_URL is right.",
            ) from error

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Every row of a query, as dictionaries."""
        with self.transaction(read=True) as connection:
            return [dict(row) for row in connection.execute(text(sql), parameters or {}).mappings()]

    def row(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """The first row of a query, or `None`."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Run one statement in its own transaction; how many rows it touched."""
        with self.transaction() as connection:
            return connection.execute(text(sql), parameters or {}).rowcount

    def raw(self) -> Any:
        """A new DBAPI connection outside the pool (psycopg or sqlite3), in autocommit mode."""
        if self.is_postgres:
            import psycopg

            url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
            return psycopg.connect(url, autocommit=True, **self._patience())
        import sqlite3

        connection = sqlite3.connect(self.url.database or ":memory:", timeout=30, isolation_level=None)
        _pragmas(connection)
        return connection

    def _patience(self) -> dict[str, Any]:
        """`PATIENCE`, but for what the URL says itself."""
        return {name: value for name, value in PATIENCE.items() if name not in self.url.query}

    def compact(self) -> None:
        """Write the store anew, so that deleted and replaced values leave no bytes behind.

        On PostgreSQL the space is only freed to be used again; its write-ahead log is the server's.
        """
        connection = self.raw()
        try:
            connection.execute("vacuum")
            if not self.is_postgres:
                connection.execute("pragma wal_checkpoint(truncate)")
        finally:
            connection.close()

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _notice(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    if cursor.rowcount != 0 and changes(statement):
        changed("state")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event opens transactions, not the driver
    _pragmas(connection)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write says so at once; a later upgrade of its lock could only fail.
    read = connection.get_execution_options().get("read", False)
    connection.exec_driver_sql("begin" if read else "begin immediate")


def _pragmas(connection: Any) -> None:
    # WAL first: without it readers block the writer, and commits cost six times as much.
    for pragma in ("journal_mode = wal", "synchronous = full", "busy_timeout = 30000", "foreign_keys = on"):
        connection.execute(f"pragma {pragma}")
