"""The in-memory driver: one run at a time, in one thread, and time jumps to whatever is next.

A year of due times passes in seconds. The journal is written to the same tables as ever, in large
transactions, since nothing here survives the process anyway.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from home.clock import Clock, SettableClock
from home.database import Database
from orchestrate.engine.driver import Drive
from orchestrate.engine.journal import Journal
from orchestrate.engine.operations import Call, Operation, apply
from orchestrate.engine.statements import Claimed, on_driver

OPERATIONS_PER_TRANSACTION = 1000
Claim = Callable[[str], Coroutine[Any, Any, None]]


class InlineJournal(Journal):
    """A journal without a thread: each operation happens at once, many share a transaction."""

    def __init__(self, database: Database, worker: str) -> None:
        self.database, self.worker = database, worker
        self._connection = database.raw()
        if not database.is_postgres:
            self._connection.execute("pragma synchronous = off")
        self._execute = on_driver(self._connection, postgres=database.is_postgres)
        self._pending = 0

    def call(self, function: Callable[..., Any]) -> Any:
        """Run `function` in the open transaction."""
        return self._do(Call(function))

    def _submit(self, operation: Operation) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(self._do(operation))
        return future

    def _do(self, operation: Operation) -> Any:
        if self._pending == 0:
            self._execute("begin" if self.database.is_postgres else "begin immediate", {})
        self._pending += 1
        try:
            found = apply(self._execute, [operation], self.worker, postgres=self.database.is_postgres)[0]
        except BaseException:
            self._execute("rollback", {})
            self._pending = 0
            raise
        if self._pending >= OPERATIONS_PER_TRANSACTION:
            self.flush()
        return found

    def flush(self) -> None:
        """Commit what is open."""
        if self._pending:
            self._execute("commit", {})
            self._pending = 0

    def close(self) -> None:
        """Commit and let go of the connection."""
        with suppress(Exception):
            self.flush()
        self._connection.close()


def not_before(moment: float) -> datetime:
    """The first microsecond at which a moment (seconds since 1970) has come; rounded down it never would."""
    found = datetime.fromtimestamp(moment, UTC)
    return found if found.timestamp() >= moment else found + timedelta(microseconds=1)


class MemoryDriver:
    """A heap of moments; the earliest happens next, and a settable clock is moved there."""

    name = "memory"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, str]] = []
        self._handed: list[Claimed] = []

    def open(self, drive: Drive, loop: asyncio.AbstractEventLoop) -> None:  # noqa: ARG002
        """Remember how runs are driven."""
        self._drive = drive

    def dispatch(self, claimed: Claimed) -> None:
        """Drive it when its turn comes."""
        self._handed.append(claimed)

    def buried(self, worker: str) -> None:
        """There is no other worker."""

    def close(self) -> None:
        """Forget what was to come."""
        self._heap.clear()

    def wake_at(self, run: str, due: float | None) -> None:
        """Drive a run at a moment (seconds since 1970; long ago is at once), if it still waits then."""
        if due is not None:
            heapq.heappush(self._heap, (due, run))

    async def run_until_idle(self, claim: Claim, until: float | None = None) -> None:
        """Let everything happen that can, up to `until`; a clock that cannot be set is not waited for."""
        while self._heap and (until is None or self._heap[0][0] <= until):
            moment, run = self._heap[0]
            if moment > self.clock.now().timestamp():
                if not isinstance(self.clock, SettableClock):
                    break
                self.clock.set(not_before(moment))
            heapq.heappop(self._heap)
            await claim(run)
            while self._handed:
                await self._drive(self._handed.pop(0))
