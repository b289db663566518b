"""The heartbeat: says that a worker lives, and takes over the runs of those that do not."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from home.database import Database
from home.errors import Unreachable
from orchestrate.engine.journal import passing_trouble
from orchestrate.engine.statements import Execute, on_driver, raise_alert

log = logging.getLogger("baton.engine")
FRESH_SHARE = 0.8
START_PATIENCE_S = 30.0
POSTGRES_CLOCK = "extract(epoch from clock_timestamp())::float8"
SQLITE_CLOCK = "((julianday('now') - 2440587.5) * 86400.0)"
FREE = "update run set owner = null, fence = fence + 1, due = 0"
BROKEN_OFF = """
update run set owner = null, fence = fence + 1, recoveries = recoveries + 1,
  due = case when recoveries + 1 >= :poison then null else 0 end,
  stuck = case when recoveries + 1 >= :poison then :why else null end"""
OF_WORKER = f"{BROKEN_OFF} where owner = :worker returning id, stuck, fence"
ORPHANS = f"""{BROKEN_OFF} where owner is not null and simulated = 0
and not exists (select 1 from worker where worker.id = run.owner) returning id, stuck, fence"""  # noqa: S608
LEAVE = "delete from system_place where worker = :worker"
DIED = "its worker died every time, {} times in a row; `baton release` lets it go on"


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
        poison_after: int = 5,
        driven: Callable[[], Iterable[str]],
        buried: Callable[[str], None],
        freed: Callable[[], None],
        beaten: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.database, self.worker, self.driver = database, worker, driver
        self.every_s, self.limit_s, self.poison_after = every_s, limit_s, poison_after
        self._driven, self._buried, self._freed, self._beaten = driven, buried, freed, beaten
        self._last = self._quiet_until = self._unbroken = 0.0
        self._suspects: set[str] = set()
        self._connection: Any = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"heartbeat {worker}", daemon=True)

    def fresh(self, since: float) -> bool:
        """Whether nobody can have taken a run yet that was ours at `since` (of the monotonic clock).

        A fifth of the limit is to spare. A beat that comes too late, as after the process was stopped,
        makes the lease certain again for what is found ours after it, and for nothing else.
        """
        return since >= self._unbroken and time.monotonic() - self._last < FRESH_SHARE * self.limit_s

    def start(self) -> None:
        """Beat once, let go of what an earlier life of this worker left, and go on beating.

        A store that does not answer is asked again for a while; then raises `Unreachable`.
        """
        deadline = time.monotonic() + START_PATIENCE_S
        while (trouble := self._first_beat()) is not None:
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"The transactional store did not answer for {START_PATIENCE_S:g} s: {trouble}",
                    hint="Check that the database is up and that --home or BATON_DATABASE_URL is right.",
                ) from trouble
            self._ended.wait(self.every_s)
        self._disconnect()  # the thread opens its own; SQLite's belong to one thread
        self._thread.start()

    def _first_beat(self) -> Exception | None:
        """What kept it from being heard, where trying again can help."""
        try:
            self._transaction(lambda execute: self._recover(execute, OF_WORKER, self.worker))
            self._beat()
        except Exception as error:
            self._disconnect()
            if not passing_trouble(error)[0]:
                raise
            return error
        return None

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
        execute(LEAVE, {"worker": self.worker})
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
        if begun - self._last > FRESH_SHARE * self.limit_s:
            self._unbroken = begun
        self._last = begun
        self._beaten(time.monotonic() - begun)
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
            self._connection = self._open()
        execute = on_driver(self._connection, postgres=self.database.is_postgres)
        execute("begin" if self.database.is_postgres else "begin immediate", {})
        try:
            found = work(execute)
            execute("commit", {})
        except BaseException:
            if self._in_transaction():
                execute("rollback", {})
            raise
        return found

    def _open(self) -> Any:
        """A connection of its own; cut off in a transaction, its locks are gone after a second."""
        connection = self.database.raw()
        if self.database.is_postgres:
            connection.execute("set idle_in_transaction_session_timeout = 1000")
        return connection

    def _in_transaction(self) -> bool:
        """Whether there is something to roll back: a lost connection or a full disk has done so already."""
        if self.database.is_postgres:
            return not self._connection.closed
        return bool(self._connection.in_transaction)

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
            taken += self._recover(execute, OF_WORKER, worker)
            execute("delete from worker where id = :worker", {"worker": worker})
        return dead, taken + self._recover(execute, ORPHANS, "")

    def _recover(self, execute: Execute, statement: str, worker: str) -> int:
        """Free runs whose worker died driving them; one that it happens to again and again is parked."""
        why = DIED.format(self.poison_after)
        rows = execute(statement, {"worker": worker, "poison": self.poison_after, "why": why}).fetchall()
        for run, stuck, fence in rows:
            if stuck is not None:
                raise_alert(execute, run, "stuck", int(fence), stuck, time.time())
        execute(LEAVE, {"worker": worker})
        return len(rows)

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
