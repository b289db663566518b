"""Keeps logs fresh while the service runs: pulls sources when they are due, loads what was pushed."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from home.context import Context
from home.errors import BatonError, Cancelled, Refused
from home.jobs import Job
from ingest import feeds
from ingest.arrivals import deliver
from ingest.consumers import Consumers
from ingest.pull import flows, pull_one

log = logging.getLogger("baton.ingest")
BEAT_S = 1.0
AT_ONCE = 2
"""Sources pulled at the same time."""


class Scheduler:
    """One thread that looks once a second for what is due, and a few that pull.

    A source is never pulled twice at the same time. After a failure the wait doubles, from the source's
    own interval up to an hour; the failure is kept with the source.
    """

    def __init__(self, context: Callable[..., Context]) -> None:
        self._context = context
        """Makes a context: `context(actor=…, job=…)`."""
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="pull")
        self._running: dict[str, Job] = {}
        self._guard = threading.Lock()
        self._said = ""
        self._consumers = Consumers(context)
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, *, cancel: bool = True) -> None:
        """End: what is being pulled is cancelled, or waited for; nothing half-done is kept."""
        self._ended.set()
        with self._guard:
            for job in self._running.values() if cancel else ():
                job.cancel()
        if self._thread.is_alive():
            self._thread.join()
        self._consumers.stop()
        self._pool.shutdown(wait=True, cancel_futures=cancel)

    def beat(self) -> None:
        """Load what arrived, begin every pull that is due."""
        context = self._context(actor="schedule")
        self._deliver(context)
        now = context.clock.now().replace(tzinfo=None)
        known = feeds.all_feeds(context.events)
        self._consumers.tend(known)
        waiting = feeds.due(known, now)
        with self._guard:
            for feed in waiting:
                if feed.name not in self._running and not flows(feed):
                    self._running[feed.name] = Job(f"pull {feed.name}")
                    self._pool.submit(self._pull, feed.name)

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                self.beat()
            except Exception:
                log.exception("looking for sources that are due failed")

    def _deliver(self, context: Context) -> None:
        try:
            deliver(context)
            self._said = ""
        except BatonError as error:
            if error.message != self._said:  # the same every second says nothing new
                log.warning("what arrived cannot be loaded: %s", error.message)
            self._said = error.message

    def _pull(self, name: str) -> None:
        try:
            row = pull_one(self._context(actor="schedule", job=self._running[name]), name)
            log.log(logging.INFO if row.seen else logging.DEBUG, "pulled %s: %s", name, row.message)
        except (Cancelled, Refused) as error:
            log.info("%s was not pulled: %s", name, error.message)
        except BatonError as error:
            log.warning("pulling %s failed: %s", name, error.message)
        except Exception:
            log.exception("pulling %s failed", name)
        finally:
            with self._guard:
                del self._running[name]
