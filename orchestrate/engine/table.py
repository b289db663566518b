"""The table driver: each claimed run is a task of the worker's own event loop."""

import asyncio

from orchestrate.engine.driver import Drive
from orchestrate.engine.statements import Claimed


class TableDriver:
    """Nothing but the tables of the engine: the run's row says who owns it and when it is due."""

    name = "table"

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, drive: Drive, loop: asyncio.AbstractEventLoop) -> None:
        """Remember how and where runs are driven."""
        self._drive, self._loop = drive, loop

    def dispatch(self, claimed: Claimed) -> None:
        """Drive it beside the others."""
        task = self._loop.create_task(self._drive(claimed))
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)

    def buried(self, worker: str) -> None:
        """Nothing is kept outside the engine's tables."""

    def close(self) -> None:
        """Nothing to let go of."""
