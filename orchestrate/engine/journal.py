"""The journal: one writer thread per process, and whatever is queued goes in one transaction.

A commit that is refused is read again before it is believed: the journal entry it wanted to write
may be there already, written by itself, with only the acknowledgement lost.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import replace
from time import monotonic
from typing import Any

from sqlalchemy.engine import Connection

from home.database import Database
from orchestrate.engine import statements as sql
from orchestrate.engine.operations import Call, Claim, Operation, Park, Take, Verdict, apply
from orchestrate.engine.statements import Claimed, Commit, Execute, on_driver, on_sqlalchemy

log = logging.getLogger("baton.engine")
LARGEST_BATCH = 256
LONGEST_PAUSE_S = 1.0
PASSING_ON_SQLITE = ("locked", "busy", "full", "disk I/O error", "unable to open")


_Queued = tuple[Operation, "asyncio.Future[Any] | Future[Any]"]


def post_in(connection: Connection, run: str, kind: str, payload: Mapping[str, Any], at: float) -> int | None:
    """Post an event inside the caller's transaction; its number, or `None` when the run has ended."""
    postgres = connection.dialect.name == "postgresql"
    return sql.post(on_sqlalchemy(connection), run, kind, payload, at, postgres=postgres)


class Journal:
    """Writes for one worker. Every method may be called from any thread or event loop."""

    def __init__(self, database: Database, worker: str) -> None:
        self.database, self.worker = database, worker
        self._connection: Any = None
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name=f"journal {worker}", daemon=True)
        self._thread.start()

    async def commit(self, commit: Commit) -> Verdict:
        """Write one event."""
        found: Verdict = await self._submit(commit)
        return found

    async def park(self, park: Park) -> Verdict:
        """Let go of a run that waits."""
        found: Verdict = await self._submit(park)
        return found

    async def claim(self, run: str) -> Claimed | None:
        """Become the owner of a run that nobody owns; `None` where somebody does or it has ended."""
        since = monotonic()
        found: Claimed | None = await self._submit(Claim(run))
        return found and replace(found, since=since)

    async def take(self, now: float, limit: int, *, oldest: bool = False) -> list[Claimed]:
        """Become the owner of the runs whose turn it is; `oldest` looks at nothing but their wait."""
        since = monotonic()
        found: list[Claimed] = await self._submit(Take(now, limit, oldest))
        return [replace(claimed, since=since) for claimed in found]

    async def unseen(self, run: str, seen: int) -> list[tuple[int, str, str]]:
        """`(seq, kind, payload)` of the events after `seen`."""

        def read(execute: Execute) -> Any:
            return execute(sql.UNSEEN, {"run": run, "seen": seen}).fetchall()

        return [(int(seq), kind, payload) for seq, kind, payload in await self._submit(Call(read))]

    def submit(self, function: Callable[[Execute], Any], *, system: str = "") -> "asyncio.Future[Any]":
        """Run `function` in a transaction of the writer; it may be called twice.

        `system` names the protected system whose row it locks.
        """
        return self._submit(Call(function, system))

    async def ask(self, query: str) -> Any:
        """The first column of a query's first row."""
        return await self._submit(Call(lambda execute: execute(query, {}).fetchone()[0]))

    def call(self, function: Callable[[Execute], Any]) -> Any:
        """Run `function` in a transaction of the writer and wait for it. It may be called twice."""
        future: Future[Any] = Future()
        context = copy_context()  # whoever asks is known in there, too
        self._queue.put((Call(lambda execute: context.run(function, execute)), future))
        return future.result()

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _submit(self, operation: Operation) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put((operation, future))
        return future

    def _write(self) -> None:
        waiting: list[_Queued] = []
        while waiting or not (self._closing.is_set() and self._queue.empty()):
            waiting += self._queued(block=not waiting)
            batch, waiting = _one_per_run(waiting)
            if batch:
                _settle(zip((future for _, future in batch), self._results(batch), strict=True))
        if self._connection is not None:
            self._connection.close()

    def _queued(self, *, block: bool) -> list[_Queued]:
        """What is in the queue now; waits for something where there is nothing else to do."""
        found = [self._queue.get()] if block else []
        while len(found) < LARGEST_BATCH:
            try:
                found.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return [entry for entry in found if entry is not None]

    def _results(self, batch: list[_Queued]) -> list[Any]:
        operations = [operation for operation, _ in batch]
        try:
            return self._transaction(operations)
        except Exception as error:  # noqa: BLE001 - whoever waits for the operation gets the error
            if len(operations) == 1:
                return [error]
        # One of them is at fault; the others must not suffer for it.
        return [self._results([queued])[0] for queued in batch]

    def _transaction(self, operations: list[Operation]) -> list[Any]:
        """One transaction, again after a lost connection, a deadlock or a busy file."""
        pause = 0.02
        while True:
            try:
                return self._try(operations)
            except Exception as error:
                if not self._passing(error) or self._closing.wait(pause):
                    raise
                log.warning("the transactional store did not answer, trying again: %s", error)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _try(self, operations: list[Operation]) -> list[Any]:
        if self._connection is None:
            self._connection = self._open()
        connection, postgres = self._connection, self.database.is_postgres
        execute = on_driver(connection, postgres=postgres)
        if not postgres:
            connection.execute("begin immediate")
            try:
                found = apply(execute, operations, self.worker, postgres=False)
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:  # a full disk has rolled it back already
                    connection.execute("rollback")
                raise
            return found
        if len(operations) == 1 and isinstance(operations[0], Commit) and not operations[0].writes:
            # One statement is a transaction by itself: one round trip instead of three.
            return apply(execute, operations, self.worker, postgres=True)
        with connection.transaction():
            return apply(execute, operations, self.worker, postgres=True)

    def _open(self) -> Any:
        """The writer's own connection; on PostgreSQL a stopped worker loses its locks after a second."""
        connection = self.database.raw()
        if self.database.is_postgres:
            connection.prepare_threshold = 2
            connection.execute("set idle_in_transaction_session_timeout = 1000")
        return connection

    def _passing(self, error: Exception) -> bool:
        """Whether trying again can help; forgets a connection that is lost."""
        passing, lost = passing_trouble(error)
        if lost and self._connection is not None:
            self._connection.close()
            self._connection = None
        return passing


def _one_per_run(waiting: list[_Queued]) -> tuple[list[_Queued], list[_Queued]]:
    """What may share a transaction, and what comes after it: one statement writes a run only once."""
    batch, later, runs = [], [], set()
    for operation, future in waiting:
        run = getattr(operation, "run", None)
        if run is not None and run in runs:
            later.append((operation, future))
        else:
            runs.add(run)
            batch.append((operation, future))
    return batch, later


def passing_trouble(error: Exception) -> tuple[bool, bool]:
    """`(whether trying again can help, whether the connection is lost)`."""
    import sqlite3

    if isinstance(error, sqlite3.OperationalError):
        words = str(error)
        # A disk that is full or fails may be mended while we wait; what failed once is opened anew.
        return any(word in words for word in PASSING_ON_SQLITE), "disk" in words
    import psycopg

    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False, False
    state = error.sqlstate or ""
    # 08 connection, 40 deadlock or serialisation, 53 no room, 57P shutdown, 25P03 our own idle limit
    passing = not state or state.startswith(("08", "40", "53", "57P")) or state == "25P03"
    return passing, passing and not state.startswith(("40", "53"))


def _settle(results: Iterable[tuple[Any, Any]]) -> None:
    """Hand results over: to threads at once, to each event loop in one call."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Any, Any]]] = {}
    for future, result in results:
        if isinstance(future, Future):
            _set(future, result)
        else:
            loops.setdefault(future.get_loop(), []).append((future, result))
    for loop, pairs in loops.items():
        try:
            loop.call_soon_threadsafe(_set_all, pairs)
        except RuntimeError:  # the loop was closed; nobody waits any more
            continue


def _set_all(pairs: list[tuple[Any, Any]]) -> None:
    for future, result in pairs:
        if not future.done():
            _set(future, result)


def _set(future: Any, result: Any) -> None:
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
