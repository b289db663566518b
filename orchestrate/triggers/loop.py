"""Looks at triggers as long as a worker runs: once a second, and none holds up another."""

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from home.clock import Clock
from home.context import Context
from home.errors import BatonError, Cancelled
from home.jobs import Job
from ingest import arrival_store
from orchestrate.triggers import after, intake, schedule, store
from orchestrate.triggers.contracts import AfterRun, Event, Rows, Schedule
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.store import Kept, Moved

if TYPE_CHECKING:
    from orchestrate.triggers.events import Listening

log = logging.getLogger("baton.triggers")
BEAT_S = 1.0
AT_ONCE = 4
"""Triggers looked at at the same time."""
LEASE_S = 60.0
KEPT = timedelta(days=90)
"""How long an occurrence is known; its run is for as long as runs are."""
HOUR = timedelta(hours=1)
FORGET = "delete from occurrence where at < :before"


class Triggers:
    """One per worker. Any number may run on one database: each occurrence starts its run once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clock: Clock = context.clock
        self._starter = Starter(context.state, context.clock)
        self._listening: Listening | None = None
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="trigger")
        self._running: dict[str, Job] = {}
        self._guard = threading.Lock()
        self._forgot: datetime | None = None
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="triggers", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being read is cancelled, and nothing half-done is kept."""
        self._ended.set()
        with self._guard:
            for job in self._running.values():
                job.cancel()
        if self._thread.is_alive():
            self._thread.join()
        if self._listening is not None:
            self._listening.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def beat(self) -> list[Future[None]]:
        """Begin a look at every trigger that is due; what is under way goes on."""
        now = self._clock.now()
        if self._forgot is None or now - self._forgot >= HOUR:
            self._forgot = now
            self._context.state.execute(FORGET, {"before": (now - KEPT).timestamp()})
            arrival_store.forget_old(self._context.state, now)
        active = store.all_triggers(self._context.state, active=True)
        self._listen(active)
        waiting = intake.waiting(self._context.state) if active else {}
        begun = []
        with self._guard:
            for kept in active:
                if kept.name not in self._running and _due(kept, waiting, now.timestamp()):
                    self._running[kept.name] = Job(f"trigger {kept.name}")
                    begun.append(self._pool.submit(self._look, kept))
        return begun

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                self.beat()
                self._said = ""
            except BatonError as error:
                if error.message != self._said:  # the same every second says nothing new
                    log.warning("triggers cannot be looked at: %s", error.message)
                self._said = error.message
            except Exception:
                log.exception("looking at triggers failed")

    def _look(self, kept: Kept) -> None:
        try:
            self._by_kind(kept)
        except Moved as error:
            log.debug("%s: %s", kept.name, error.message)
        except Cancelled:
            intake.release(
                self._starter.state, kept, self._clock.now().timestamp()
            )  # others may go on at once
        except BatonError as error:
            self._failed(kept, error.message)
        except Exception as error:
            log.exception("the trigger %s failed", kept.name)
            self._failed(kept, f"{type(error).__name__}: {error}")
        finally:
            with self._guard:
                self._running.pop(kept.name, None)

    def _by_kind(self, kept: Kept) -> None:
        match kept.trigger.on:
            case Schedule() as on:
                schedule.look(self._starter, kept, on)
            case AfterRun() as on:
                after.look(self._starter, kept, on)
            case Rows() as on:
                from orchestrate.triggers import rows

                rows.look(self._new_context(job=self._running[kept.name]), self._starter, kept, on)
            case Event():
                from orchestrate.triggers import events

                now = self._clock.now().timestamp()
                if intake.claim(self._starter.state, kept, now + LEASE_S):
                    made = partial(events.occurrence, kept)
                    intake.drain(self._starter, kept, made, self._running[kept.name])
                    intake.release(self._starter.state, kept, None)

    def _listen(self, active: list[Kept]) -> None:
        """Begin and end consumers; what they need is imported when a trigger wants one."""
        if self._listening is None and any(isinstance(kept.trigger.on, Event) for kept in active):
            from orchestrate.triggers.events import Listening

            self._listening = Listening(self._new_context)
        if self._listening is not None:
            self._listening.tend(self._context.state, active)

    def _failed(self, kept: Kept, message: str) -> None:
        """Keep what went wrong, and look again later: each failure in a row doubles the wait."""
        from ingest.feeds import wait_after

        log.warning("the trigger %s: %s", kept.name, message)
        now = self._clock.now().timestamp()
        usual = kept.trigger.on.every_s if isinstance(kept.trigger.on, Rows) else 1.0
        try:
            with self._starter.state.transaction() as connection:
                failures = store.fail(connection, kept, message, now)
            wait = wait_after(max(1, failures), usual).total_seconds()
            intake.release(self._starter.state, kept, now + wait)
        except BatonError as error:
            log.warning("the trigger %s: %s", kept.name, error.message)

    def _new_context(self, *, actor: str = "trigger", job: Job | None = None) -> Context:
        own = self._context
        return Context(own.configuration, own.stores, clock=own.clock, job=job, actor=actor)


def _due(kept: Kept, waiting: Mapping[str, int], now: float) -> bool:
    if kept.due is not None and kept.due > now:
        return False
    match kept.trigger.on:
        case Schedule() | Rows():
            return kept.due is not None
        case Event():
            return bool(waiting.get(kept.queue))
        case AfterRun():
            return True
    return False
