"""The driver port: how a run that a worker has claimed gets to be driven.

Three adapters are held to one contract test: `table` (tasks of the worker's event loop), `dbos`
(each segment is a DBOS workflow, visible and countable there), and `memory` (one run at a time,
time simulated). What makes runs safe is not in any of them: it is the journal's five statements.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from home.errors import UsageError
from orchestrate.engine.statements import Claimed

Drive = Callable[[Claimed], Coroutine[Any, Any, None]]
"""Drives a claimed run until only waits are left; raises nothing."""


class Driver(Protocol):
    """Sees to it that every claimed run is driven once, in this process."""

    name: str

    def open(self, drive: Drive, loop: asyncio.AbstractEventLoop) -> None:
        """Get ready. `drive` is run on `loop`. May block; not called on the loop."""
        ...

    def dispatch(self, claimed: Claimed) -> None:
        """Have a claimed run driven. Called on the loop; does not block."""
        ...

    def buried(self, worker: str) -> None:
        """A dead worker's runs were taken from it; forget what it left in the driver's own books."""
        ...

    def close(self) -> None:
        """Let go of everything. No segment is being driven any more."""
        ...


def make_driver(name: str, database: Any, worker: str, concurrency: int) -> Driver:
    """The driver called `name`: `table` or `dbos`."""
    if name == "table":
        from orchestrate.engine.table import TableDriver

        return TableDriver()
    if name == "dbos":
        from orchestrate.engine._dbos import DbosDriver

        return DbosDriver(database, worker, concurrency)
    raise UsageError(f"There is no driver {name!r}.", hint="There are table and dbos.")
