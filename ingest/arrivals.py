"""Loads what has arrived into its logs, in batches, each event once: every second or two in the service."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from home.context import Context
from home.errors import BatonError
from home.scratch import working_folder
from ingest import arrival_store, feeds
from ingest.adapters.arrivals import write
from ingest.adapters.flat import Columns
from ingest.arrival_store import PUSHED, STARTS, Waiting
from ingest.arrived import Poison, row
from ingest.contracts import IngestReport, IngestRequest
from ingest.errors import Rejected
from ingest.feeds import Feed
from ingest.load import combined, load
from ingest.mapping_file import MappingFile

MOST = 20_000
"""Events of one load."""
PATIENCE = 40
"""Loads spent on finding the events of a refused batch that cannot be loaded."""
HOUR = timedelta(hours=1)
_one_at_a_time = threading.Lock()
_forgot: datetime | None = None


def deliver(context: Context, queue: str | None = None) -> tuple[IngestReport, ...]:
    """Load everything that waits in `queue`, or in all of them; a report per load.

    An event that cannot be loaded is tried again `TRIES` times in all, then becomes a dead letter. A
    queue that cannot be loaded now (its mapping is gone, the disk is full) keeps what it has; the
    others are loaded, and the first such error is raised at the end.
    """
    reports: list[IngestReport] = []
    failure: BatonError | None = None
    with _one_at_a_time:
        _forget_old(context)
        for found in arrival_store.queues(context.state):
            if found.queue.startswith(STARTS) or queue not in (None, found.queue):
                continue
            try:
                reports += _Delivery(context, _feed(context, found.queue, found.log)).run()
            except BatonError as error:
                context.job.check()
                _note(context, found.queue, error)
                failure = failure or error
    if failure is not None:
        raise failure
    return tuple(reports)


def _forget_old(context: Context) -> None:
    """Once an hour, forget ids that are known long enough."""
    global _forgot
    now = context.clock.now()
    if _forgot is None or now - _forgot >= HOUR:
        _forgot = now
        arrival_store.forget_old(context.state, now)


def _note(context: Context, queue: str, error: BatonError) -> None:
    """Let the list of sources say why a queue is not loaded."""
    with context.events.writing() as cursor:
        for feed in feeds.all_feeds(context.events):
            if feed.name == queue:
                now = context.clock.now().replace(tzinfo=None)
                feeds.failed(cursor, feed, now, "failed", error.message)


def _feed(context: Context, queue: str, log: str) -> Feed:
    """The named source of a queue; what is pushed to a log itself has one that makes itself."""
    known = {feed.name: feed for feed in feeds.all_feeds(context.events)}
    if queue in known:
        return known[queue]
    if not queue.startswith(PUSHED):
        return feeds.find_feed(context.events, queue)  # raises: there is none of that name
    request = IngestRequest(source=queue, log=log, append=True)
    made = Feed(queue, log, request.model_dump_json(), context.clock.now().replace(tzinfo=None))
    with context.events.writing() as cursor:
        feeds.add(cursor, made)
    return made


@dataclass
class _Delivery:
    """One queue being emptied."""

    context: Context
    feed: Feed
    reports: list[IngestReport] = field(default_factory=list)
    patience: int = PATIENCE

    def __post_init__(self) -> None:
        self.state, self.name = self.context.state, self.feed.name
        self.request, self.spec = asked(self.feed)

    def run(self) -> list[IngestReport]:
        """Load portion by portion, until nothing waits that waited at the beginning."""
        done = self._position()
        # A process that died between the load and this line has left arrivals that are loaded.
        arrival_store.settle(self.state, self.name, done)
        upto = arrival_store.head(self.state, self.name)  # what is put off has its turn at the next delivery
        while batch := arrival_store.portion(self.state, self.name, done, upto, MOST):
            self._take(batch)
            done = batch[-1].seq
        return self.reports

    def _position(self) -> int:
        with self.context.events.cursor() as cursor:
            found = cursor.execute("select position from main.feed where name = ?", [self.name]).fetchone()
        return int(json.loads(found[0])["seq"]) if found and found[0] else 0

    def _take(self, batch: Sequence[Waiting]) -> None:
        """Load those of a batch that can be; put off the others first, so that the rest is one range."""
        rows: list[tuple[Waiting, Columns]] = []
        failed: list[tuple[Waiting, str]] = []
        for event in batch:
            try:
                rows.append((event, row(event.payload, self.spec.map, dates=self.spec.dates)))
            except Poison as error:
                failed.append((event, error.message))
        self._put_off(failed)
        if rows:
            self._load(rows)

    def _load(self, rows: Sequence[tuple[Waiting, Columns]]) -> None:
        try:
            report = self._loaded(rows)
        except Rejected as error:
            # Somewhere among them is one that spoils the load: halve until it is alone.
            self.patience -= 1
            if len(rows) == 1 or self.patience < 0:
                self._put_off([(event, error.message) for event, _ in rows])
                return
            half = len(rows) // 2
            self._load(rows[:half])
            self._load(rows[half:])
            return
        self.reports.append(report)
        arrival_store.settle(self.state, self.name, rows[-1][0].seq)
        with self.context.events.writing() as cursor:
            now = self.context.clock.now().replace(tzinfo=None)
            feeds.succeeded(cursor, self.feed, now, report.status, report.message)

    def _loaded(self, rows: Sequence[tuple[Waiting, Columns]]) -> IngestReport:
        # What the mapping names is there in any case, though no event of this portion may have it.
        columns = dict.fromkeys(self.spec.map.values())
        for _, found in rows:
            columns |= dict.fromkeys(found)
        with working_folder(self.context.home) as folder:
            path = folder / f"{_plain(self.name)}.arrivals"
            write(path, list(columns), ((event.seq, found) for event, found in rows))
            request = self.request.model_copy(update={"source": str(path)})
            return load(self.context, request, feed=self._now(), spec=self.spec)

    def _now(self) -> Feed:
        return feeds.find_feed(self.context.events, self.name)

    def _put_off(self, failed: Sequence[tuple[Waiting, str]]) -> None:
        arrival_store.put_off(self.state, self.name, failed, self.context.clock.now())


def asked(feed: Feed) -> tuple[IngestRequest, MappingFile]:
    """What a feed's load is asked, and its mapping."""
    request = IngestRequest.model_validate_json(feed.request)
    file = MappingFile.parse(request.mapping, feed.name) if request.mapping else MappingFile()
    spec = combined(request, file)
    return request.model_copy(update={"mapping": None, "append": True}), spec


def _plain(name: str) -> str:
    return Path("".join(c if c.isalnum() or c in "-_. " else "-" for c in name)).name[:100] or "arrivals"
