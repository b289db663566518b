"""The heartbeat: says that a worker lives, and takes over the runs of those that do not."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from home.database import Database
from orchestrate.statements import Execute, on_driver

log = logging.getLogger("baton.engine")
FRESH_SHARE = 0.8
POSTGRES_CLOCK = "extract(epoch from clock_timestamp())::float8"
SQLITE_CLOCK = "((julianday('now') - 2440587.5) * 86400.0)"
FREE = "update run set owner = null, fence = fence + 1, due = 0"
ORPHANS = f"""{FREE} where owner is not null and simulated = 0
and not exists (select 1 from worker where worker.id = run.owner) returning id"""  # noqa: S608


class Heartbeat:
    """A thread that beats, buries the dead and lets go of runs that this worker owns but does not drive."""

    def __init__(
        self,
        database: Database,
        worker: str,
        driver: str,
        *,
        every_s: float,
        limit_s: float,
        driven: Callable[[], Iterable[str]],
        buried: Callable[[str], None],
        freed: Callable[[], None],
    ) -> None:
        self.database, self.worker, self.driver = database, worker, driver
        self.every_s, self.limit_s = every_s, limit_s
        self._driven, self._buried, self._freed = driven, buried, freed
        self._last = self._quiet_until = 0.0
        self._suspects: set[str] = set()
        self._connection: Any = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"heartbeat {worker}", daemon=True)

    def fresh(self) -> bool:
        """Whether nobody can have taken our runs yet, with a fifth of the limit to spare."""
        return time.monotonic() - self._last < FRESH_SHARE * self.limit_s

    def start(self) -> None:
        """Beat once, let go of what an earlier life of this worker left, and go on beating."""
        self._transaction(lambda execute: execute(f"{FREE} where owner = :worker", {"worker": self.worker}))
        self._beat()
        self._disconnect()  # the thread opens its own; SQLite's belong to one thread
        self._thread.start()

    def stop(self) -> None:
        """Let go of every run and say goodbye, so that nobody has to wait for the limit."""
        self._ended.set()
        self._thread.join(timeout=5)
        try:
            self._transaction(self._goodbye)
        except Exception:
            log.exception("could not say goodbye; the runs go on elsewhere after %s s", self.limit_s)
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _goodbye(self, execute: Execute) -> None:
        execute(f"{FREE} where owner = :worker", {"worker": self.worker})
        execute("delete from worker where id = :worker", {"worker": self.worker})

    def _beat_on(self) -> None:
        while not self._ended.wait(self.every_s):
            try:
                self._beat()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next beat tries again
                log.warning("heartbeat failed: %s", error)
                # The others could not beat either: give them time before calling them dead.
                self._quiet_until = time.monotonic() + self.limit_s
                self._disconnect()
        self._disconnect()

    def _beat(self) -> None:
        begun = time.monotonic()
        self._transaction(self._say_alive)
        self._last = begun
        freed = self._transaction(self._reconcile)
        dead: list[str] = []
        if begun >= self._quiet_until:
            dead, taken = self._transaction(self._bury)
            freed += taken
        for worker in dead:
            log.warning("took over the runs of a worker that fell silent", extra={"worker": worker})
            self._buried(worker)
        if freed:
            self._freed()

    def _transaction(self, work: Callable[[Execute], Any]) -> Any:
        if self._connection is None:
            self._connection = self.database.raw()
        execute = on_driver(self._connection, postgres=self.database.is_postgres)
        execute("begin" if self.database.is_postgres else "begin immediate", {})
        try:
            found = work(execute)
            execute("commit", {})
        except BaseException:
            if not getattr(self._connection, "closed", False):
                execute("rollback", {})
            raise
        return found

    @property
    def _clock(self) -> str:
        return POSTGRES_CLOCK if self.database.is_postgres else SQLITE_CLOCK

    def _say_alive(self, execute: Execute) -> None:
        execute(
            f"insert into worker(id, beat, since, host, pid, driver)"  # noqa: S608 - one of two clocks
            f" values (:id, {self._clock}, {self._clock}, :host, :pid, :driver)"
            " on conflict (id) do update set beat = excluded.beat, pid = excluded.pid",
            {"id": self.worker, "host": socket.gethostname(), "pid": os.getpid(), "driver": self.driver},
        )

    def _bury(self, execute: Execute) -> tuple[list[str], int]:
        """Take over from workers that fell silent, and from owners that are no workers at all."""
        lock = " for update skip locked" if self.database.is_postgres else ""
        silent = f"select id from worker where beat < {self._clock} - :limit{lock}"  # noqa: S608
        dead = [row[0] for row in execute(silent, {"limit": self.limit_s}).fetchall()]
        taken = 0
        for worker in dead:
            taken += execute(f"{FREE} where owner = :worker", {"worker": worker}).rowcount
            execute("delete from worker where id = :worker", {"worker": worker})
        return dead, taken + len(execute(ORPHANS, {}).fetchall())

    def _reconcile(self, execute: Execute) -> int:
        """Let go of runs that are ours twice in a row though nobody drives them: a lost answer."""
        rows = execute("select id from run where owner = :worker", {"worker": self.worker}).fetchall()
        idle = {row[0] for row in rows} - set(self._driven())
        freed = 0
        for run in idle & self._suspects:
            values = {"run": run, "worker": self.worker}
            freed += execute(f"{FREE} where id = :run and owner = :worker", values).rowcount
        self._suspects = idle
        return freed
