"""The DBOS driver: each segment is a DBOS workflow. The only module that imports DBOS.

DBOS keeps the books of segments (which ran where, which are running) and brings queues, rate limits
and schedules; it carries none of the engine's promises. No DBOS step is used, no run is ever resumed
through it, and what it would recover after a crash finds that its run was given to somebody else.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, SetWorkflowID
from dbos import _serialization as serialization

from home.database import Database
from home.errors import Refused
from orchestrate.engine.driver import Drive
from orchestrate.engine.statements import Claimed

log = logging.getLogger("baton.engine")
APPLICATION_VERSION = "baton-1"
"""A constant: DBOS runs only what its own version left, and an upgrade must not strand anything."""
RECOVERIES = 50


class PickleRefused(Refused):
    """A row asks to be unpickled, which would run whatever it says."""

    code = "pickle"


def refuse_pickle(*_: Any) -> Any:
    """Stands where DBOS would unpickle a row."""
    raise PickleRefused(
        "A row of DBOS's tables is pickled, and Baton writes none: it was forged or is foreign.",
        hint="Look at who can write to the database.",
    )


class DbosDriver:
    """One DBOS per process, on the engine's own database."""

    name = "dbos"

    def __init__(self, database: Database, worker: str, concurrency: int) -> None:
        self.database, self.worker, self.concurrency = database, worker, concurrency
        self._handed: dict[tuple[str, int], Claimed] = {}
        self._threads = ThreadPoolExecutor(max_workers=1 if not database.is_postgres else 4)

    def open(self, drive: Drive, loop: asyncio.AbstractEventLoop) -> None:
        """Launch DBOS. Refuses to be called inside a running event loop."""
        self._drive, self._loop = drive, loop
        # Every way to pickle leads through this one class, also for rows that name their format.
        serialization.DefaultSerializer.deserialize = refuse_pickle
        serialization.DefaultSerializer.serialize = refuse_pickle
        DBOS(
            config={
                "name": "baton",
                "system_database_url": self._url(),
                "serializer": serialization.DBOSPortableJSON,
                "application_version": APPLICATION_VERSION,
                "executor_id": self.worker,
                "sys_db_pool_size": 8 if self.database.is_postgres else 1,
                "sys_db_idle_transaction_timeout_sec": 1.0,
                "log_level": "ERROR",
                "notification_listener_polling_interval_sec": 1.0,
                "max_executor_threads": self.concurrency,
            }
        )
        self._workflow = DBOS.workflow(name="segment", max_recovery_attempts=RECOVERIES)(self._segment())
        DBOS.launch()

    def _url(self) -> str:
        driver = "postgresql+psycopg" if self.database.is_postgres else "sqlite"
        url: str = self.database.url.set(drivername=driver).render_as_string(hide_password=False)
        return url

    def _segment(self) -> Any:
        async def segment(run: str, fence: int) -> None:
            claimed = self._handed.pop((run, fence), None)
            if claimed is None:
                return  # recovered after a crash: the run's row says who drives it now
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._drive(claimed), self._loop))

        return segment

    def dispatch(self, claimed: Claimed) -> None:
        """Start a workflow called `run@fence` for it."""
        self._handed[claimed.run, claimed.fence] = claimed
        self._threads.submit(self._start, claimed)

    def _start(self, claimed: Claimed) -> None:
        try:
            with SetWorkflowID(f"{claimed.run}@{claimed.fence}"):
                DBOS.start_workflow(self._workflow, claimed.run, claimed.fence)
        except Exception:
            log.exception("DBOS did not start a segment; driving it without", extra={"run": claimed.run})
            if self._handed.pop((claimed.run, claimed.fence), None) is not None:
                asyncio.run_coroutine_threadsafe(self._drive(claimed), self._loop)

    def buried(self, worker: str) -> None:
        """Cancel the segments that a dead worker left."""
        left = [w.workflow_id for w in DBOS.list_workflows(executor_id=worker, status="PENDING")]
        if left:
            DBOS.cancel_workflows(left)

    def close(self) -> None:
        """End DBOS. A segment it has not written down as ended finds nothing to do when it is recovered."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        DBOS.destroy(workflow_completion_timeout_sec=0)
