"""Notices what other processes did to runs: by notification on PostgreSQL, by a look at SQLite's version."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

from home.database import Database
from orchestrate.engine.journal import passing_trouble

log = logging.getLogger("baton.engine")
GLANCE_S = 0.01
LISTEN_S = 0.5
LONGEST_PAUSE_S = 1.0
ARRIVED = "select id from run where owner = :worker and head > seen"
WAITING = (
    "select 1 from run where owner is null and status = 'open' and simulated = 0 and due <= :now limit 1"
)


class Watcher:
    """A thread that calls `arrived(run)` for a run that has news; `None` means that some run is due."""

    def __init__(
        self,
        database: Database,
        worker: str,
        now: Callable[[], float],
        arrived: Callable[[str | None], None],
    ) -> None:
        self.database, self.worker = database, worker
        self._now, self._arrived = now, arrived
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {worker}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _watch(self) -> None:
        pause = 0.1
        news = self._notifications if self.database.is_postgres else self._changes
        while not self._ended.is_set():
            try:
                for run in news():
                    pause = 0.1
                    self._arrived(run)
            except Exception as error:
                if not passing_trouble(error)[0]:
                    log.exception("the watch fails; runs are still found once a second")
                self._ended.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _notifications(self) -> Iterator[str | None]:
        connection: Any = self.database.raw()
        try:
            connection.execute("listen baton")
            yield None  # whatever happened before we listened
            while not self._ended.is_set():
                for notification in connection.notifies(timeout=LISTEN_S):
                    yield notification.payload
                    if self._ended.is_set():
                        return
        finally:
            connection.close()

    def _changes(self) -> Iterator[str | None]:
        connection: sqlite3.Connection = self.database.raw()
        try:
            seen = -1
            while not self._ended.wait(GLANCE_S):
                (version,) = connection.execute("pragma data_version").fetchone()
                if version == seen:
                    continue
                seen = version
                for (run,) in connection.execute(ARRIVED, {"worker": self.worker}).fetchall():
                    yield run
                if connection.execute(WAITING, {"now": self._now()}).fetchone():
                    yield None
        finally:
            connection.close()
