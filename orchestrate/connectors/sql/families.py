"""What databases do differently: time limits, read-only transactions, stopping what runs, what can pass."""

import re
import sqlite3
import time
from contextlib import suppress
from typing import Any

from sqlalchemy.engine import URL, Connection

LOST = re.compile(
    r"connection|closed|gone away|broken pipe|timed? ?out|refused|unreachable|resolve|locked|deadlock|"
    r"too many|shutting down|starting up|busy|lock wait|could not translate",
    re.IGNORECASE,
)
STATES = ("08", "40", "53", "55", "57")
"""SQLSTATE classes of what may go well another time; 57014 is our own time limit."""
MARIADB_PASSING = {1040, 1053, 1205, 1213, 1969, 2002, 2003, 2006, 2013, 3024}
EFFECT = (
    "create table if not exists baton_effect(effect_key varchar(255) not null primary key,"
    " at timestamp not null default current_timestamp, output {text} not null)"
)


class Family:
    """Any database that SQLAlchemy knows; overridden where one can do better."""

    text = "text"

    def arguments(self, timeout_s: float) -> dict[str, Any]:  # noqa: ARG002
        """Arguments of the driver's `connect`."""
        return {}

    def begin(self, connection: Connection, timeout_s: float, *, read: bool) -> None:
        """Set the limits of the transaction that has begun."""

    def stop(self, connection: Connection) -> None:
        """From another thread: end what the connection is doing."""
        with suppress(Exception):
            connection.invalidate()

    def passing(self, error: BaseException) -> bool:
        """Whether another attempt may go well."""
        return LOST.search(str(error)) is not None


class PostgreSql(Family):
    """Limits are settings of the transaction; a statement is cancelled by the protocol."""

    def arguments(self, timeout_s: float) -> dict[str, Any]:
        """Connecting counts towards the limit."""
        return {"connect_timeout": max(2, int(timeout_s))}

    def begin(self, connection: Connection, timeout_s: float, *, read: bool) -> None:
        """Both hold until the transaction ends."""
        if read:
            connection.exec_driver_sql("set transaction read only")
        connection.exec_driver_sql(f"set local statement_timeout = {max(1, int(timeout_s * 1000))}")
        connection.exec_driver_sql(f"set local lock_timeout = {max(1, int(timeout_s * 1000))}")

    def stop(self, connection: Connection) -> None:
        """The server is asked on a connection of its own."""
        with suppress(Exception):
            connection.connection.cancel()

    def passing(self, error: BaseException) -> bool:
        """By the server's SQLSTATE, where it has said one."""
        state = str(getattr(error, "sqlstate", None) or "")
        return state[:2] in STATES if state else super().passing(error)


class MariaDb(Family):
    """Limits are variables of the session; a query is killed from a second connection."""

    text = "longtext"

    def __init__(self, url: URL) -> None:
        self._url = url

    def arguments(self, timeout_s: float) -> dict[str, Any]:
        """Reading and writing beyond the server's own limit means that it hangs."""
        most = max(1, int(timeout_s) + 2)
        return {"connect_timeout": max(2, int(timeout_s)), "read_timeout": most, "write_timeout": most}

    def begin(self, connection: Connection, timeout_s: float, *, read: bool) -> None:
        """The connection is closed afterwards, so its session's variables harm nobody."""
        if read:
            connection.exec_driver_sql("set transaction read only")
            connection.exec_driver_sql("start transaction read only")
        with suppress(Exception):  # MySQL calls it otherwise, and has it for reading only
            connection.exec_driver_sql(f"set session max_statement_time = {max(timeout_s, 0.001):.3f}")
        connection.exec_driver_sql(f"set session innodb_lock_wait_timeout = {max(1, int(timeout_s))}")

    def stop(self, connection: Connection) -> None:
        """`kill query` with the same user."""
        import sqlalchemy

        with suppress(Exception):
            thread = int(connection.connection.thread_id())
            engine = sqlalchemy.create_engine(self._url, poolclass=sqlalchemy.NullPool)
            with engine.connect() as other:
                other.exec_driver_sql(f"kill query {thread}")

    def passing(self, error: BaseException) -> bool:
        """By the server's error number."""
        number = error.args[0] if error.args and isinstance(error.args[0], int) else None
        return number in MARIADB_PASSING if number else super().passing(error)


class Sqlite(Family):
    """The limit is looked at every few thousand instructions of its machine."""

    def arguments(self, timeout_s: float) -> dict[str, Any]:
        """Waiting for another writer counts towards the limit."""
        return {"timeout": timeout_s, "check_same_thread": False}

    def begin(self, connection: Connection, timeout_s: float, *, read: bool) -> None:
        """A handler that says yes ends the statement."""
        raw: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
        deadline = time.monotonic() + timeout_s
        raw.set_progress_handler(lambda: int(time.monotonic() > deadline), 5000)
        if read:
            connection.exec_driver_sql("pragma query_only = on")

    def stop(self, connection: Connection) -> None:
        """SQLite can be interrupted from any thread."""
        with suppress(Exception):
            raw: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
            raw.interrupt()

    def passing(self, error: BaseException) -> bool:
        """Locked and interrupted pass; what is wrong with the statement stays."""
        return re.search(r"locked|busy|interrupted|unable to open", str(error)) is not None


def family_of(url: URL) -> Family:
    """The family of a database."""
    match url.get_backend_name():
        case "postgresql":
            return PostgreSql()
        case "mysql" | "mariadb":
            return MariaDb(url)
        case "sqlite":
            return Sqlite()
    return Family()


def drivers_url(url: URL) -> URL:
    """The address with the driver that comes with Baton, where it names none."""
    name = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}.get(url.drivername)
    name = name or {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}.get(url.drivername)
    return url.set(drivername=name) if name else url
