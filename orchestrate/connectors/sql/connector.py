"""Reads or changes a database by one statement; what it changes is changed once."""

import asyncio
import json
import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from datetime import time as moment
from decimal import Decimal
from typing import Any

from home.context import Context
from orchestrate.connectors.port import About, CallFailed, Work, options_of
from orchestrate.connectors.secrets import Secrets
from orchestrate.connectors.sql.options import KEY, SqlOptions

STOP_S = 5.0
"""How long a statement that was told to stop may take to do so."""


class SqlConnector:
    """One connection and one transaction per attempt."""

    summary = "Reads or changes a database by one SQL statement with bound parameters; changes happen once."
    about = About(
        purpose="Looks something up in a database, or writes it there, by one SQL statement.",
        verbs=(
            "look up",
            "query",
            "read",
            "select",
            "insert",
            "store",
            "save",
            "record",
            "update",
            "archive",
        ),
        systems=("database", "PostgreSQL", "MariaDB", "MySQL", "SQLite", "Oracle", "data warehouse"),
        idempotent="a write and its key are one transaction: a repeated attempt gets the first one's output",
        cost="one connection and one statement",
    )
    options = SqlOptions

    def __init__(self, context: Context) -> None:
        """Addresses come with each binding."""

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Run the statement on a thread; after the deadline, or cancelled, it is stopped in the database."""
        options, secrets = options_of("sql", SqlOptions, work), Secrets()
        statement = _Statement(options, secrets, work)
        running = asyncio.ensure_future(asyncio.to_thread(statement.run))
        try:
            async with asyncio.timeout(work.timeout_s + 1):  # the database's own limit comes first
                return await asyncio.shield(running)
        except TimeoutError as error:
            raise CallFailed(f"the statement took longer than {work.timeout_s:g} s") from error
        finally:
            if not running.done():
                await _stopped(statement, running)


async def _stopped(statement: "_Statement", running: "asyncio.Future[Any]") -> None:
    """Stop the statement and wait for its thread, so that nothing goes on that nobody waits for."""
    await asyncio.shield(asyncio.to_thread(statement.stop))
    with suppress(Exception, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(running), STOP_S)


class _Statement:
    """One statement on its way."""

    def __init__(self, options: SqlOptions, secrets: Secrets, work: Work) -> None:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        from orchestrate.connectors.sql.families import drivers_url, family_of

        self._options, self._secrets, self._work = options, secrets, work
        self._ends = time.monotonic() + work.timeout_s
        try:
            self._url = drivers_url(make_url(secrets.maybe(options.url)))
        except ArgumentError as error:
            raise CallFailed("the setting url is no address of a database", retryable=False) from error
        for secret in (self._url.password, *self._url.query.values()):
            if isinstance(secret, str):
                secrets.hide(secret)
        self._family = family_of(self._url)
        self._connection: Any = None
        self._values = {KEY: work.key} | {
            name: _bindable(work.input[name]) for name in options.names - {KEY} if name in work.input
        }
        missing = sorted(options.names - {KEY} - work.input.keys())
        if missing:
            message = f"the statement wants {missing[0]!r}, which the input does not have"
            raise CallFailed(message, retryable=False)
        self._told_to_stop = threading.Event()

    def run(self) -> Mapping[str, Any]:
        """To the end, in one transaction; raises `CallFailed`."""
        import sqlalchemy
        from sqlalchemy.exc import DBAPIError, NoSuchModuleError, ResourceClosedError

        try:
            arguments = self._family.arguments(self._left())
            engine = sqlalchemy.create_engine(
                self._url, poolclass=sqlalchemy.NullPool, connect_args=arguments, hide_parameters=True
            )
            with engine.connect() as connection, connection.begin():
                self._connection = connection
                if self._told_to_stop.is_set():
                    raise CallFailed("it was stopped")
                self._family.begin(connection, self._left(), read=self._options.does == "read")
                if self._options.does == "write" and self._options.keyed == "table":
                    return self._once(connection)
                return self._execute(connection)
        except (DBAPIError, ResourceClosedError) as error:
            raise self._failed(getattr(error, "orig", None) or error) from error
        except (OverflowError, UnicodeError, TypeError, ValueError) as error:  # of the driver, on a value
            said = f"a value of the input cannot be handed to the database: {type(error).__name__}"
            raise CallFailed(said, retryable=False) from error
        except (NoSuchModuleError, ImportError) as error:
            message = f"there is no driver for {self._url.drivername!r} here"
            raise CallFailed(message, retryable=False) from error

    def stop(self) -> None:
        """From another thread: have the database give up."""
        self._told_to_stop.set()
        if self._connection is not None:
            self._family.stop(self._connection)

    def _left(self) -> float:
        return max(0.05, self._ends - time.monotonic())

    def _once(self, connection: Any) -> Mapping[str, Any]:
        """Claim the key, do it, and keep its output with the key: all in this one transaction."""
        from sqlalchemy import inspect, text
        from sqlalchemy.exc import IntegrityError

        from orchestrate.connectors.sql.families import EFFECT

        if not inspect(connection).has_table("baton_effect"):
            connection.exec_driver_sql(EFFECT.format(text=self._family.text))
        known = text("select output from baton_effect where effect_key = :key")
        found = connection.execute(known, {"key": self._work.key}).scalar()
        if found is not None:
            before: dict[str, Any] = json.loads(found)
            return before
        claim = text("insert into baton_effect(effect_key, output) values (:key, '{}')")
        try:
            connection.execute(claim, {"key": self._work.key})
        except IntegrityError as error:  # another attempt is at it, or has just done it
            raise CallFailed("another attempt of this step is writing it") from error
        output = self._execute(connection)
        keep = text("update baton_effect set output = :output where effect_key = :key")
        connection.execute(keep, {"output": json.dumps(output), "key": self._work.key})
        return output

    def _execute(self, connection: Any) -> Mapping[str, Any]:
        from sqlalchemy import text

        result = connection.execute(text(self._options.statement), self._values)
        if not result.returns_rows:
            return {"changed": result.rowcount}
        found = result.mappings().fetchmany(self._options.most_rows + 1)
        if len(found) > self._options.most_rows:
            message = f"there are more than {self._options.most_rows:,} rows; see the setting most_rows"
            raise CallFailed(message, retryable=False)
        rows = [{str(name): _plain(value) for name, value in row.items()} for row in found]
        if self._options.answers == "rows":
            return {"rows": rows, "count": len(rows)}
        if len(rows) != 1:
            raise CallFailed(f"the statement gave {len(rows)} rows where one is wanted", retryable=False)
        return rows[0] if self._options.answers == "row" else {"value": next(iter(rows[0].values()), None)}

    def _failed(self, error: BaseException) -> CallFailed:
        said = error.args[1] if len(error.args) == 2 and isinstance(error.args[0], int) else error
        line = next((part for part in str(said).splitlines() if part.strip()), type(error).__name__)
        late = time.monotonic() >= self._ends
        message = f"the database says: {line.strip()}" if not late else "the statement did not end in time"
        return self._secrets.failed(message, retryable=late or self._family.passing(error))


def _bindable(value: Any) -> Any:
    """A value of the input as a parameter; lists and objects are bound as JSON text."""
    return json.dumps(value) if isinstance(value, dict | list) else value


def _plain(value: Any) -> Any:
    """A value of a row as JSON holds it: exact where JSON can be, else as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else _exact(value)
    if isinstance(value, datetime | date | moment):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.loads(json.dumps(value, default=str))
    return str(value)


def _exact(value: Decimal) -> float | str:
    return float(value) if Decimal(repr(float(value))) == value else str(value)
