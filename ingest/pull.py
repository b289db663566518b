"""Pulls what is new from named sources: one report per source, each source by one puller at a time."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from pydantic import field_validator, model_validator

from home.context import Context
from home.contracts import Argument, Contract, Option, Request, Response
from home.errors import BatonError, Cancelled, ExitCode, Refused, SettingError
from ingest import feeds
from ingest.arrival_store import PUSHED
from ingest.arrivals import asked, deliver
from ingest.catalog import all_logs
from ingest.consumers import broker_of, consume
from ingest.contracts import Finding, IngestReport
from ingest.errors import IngestError, Rejected
from ingest.feeds import Feed
from ingest.load import load
from ingest.named_sources import FLOWS

log = logging.getLogger("baton.ingest")
CHECK_S = 0.2
"""How long a wait goes on before it is asked whether it was cancelled."""
_busy: set[str] = set()
_guard = threading.Lock()


class PullRequest(Request):
    """What to pull."""

    name: Annotated[str | None, Argument("NAME")] = None
    """Name of one source."""
    all: bool = False
    """Every source there is."""
    every: Annotated[str | None, Option(("--every",), "TIME")] = None
    """Go on: pull again after 30s, 15m, 2h … until Ctrl-C. The service does this by itself for sources
    that were added with --every."""

    @field_validator("every")
    @classmethod
    def _interval(cls, every: str | None) -> str | None:
        if every is not None:
            feeds.seconds(every)
        return every

    @model_validator(mode="after")
    def _one_way(self) -> "PullRequest":
        if (self.name is None) != self.all:
            raise ValueError("name one source, or say --all")
        return self


class PullRow(Contract):
    """What became of one pull."""

    source: str
    """Name of the source."""
    log: str
    status: str
    """ok, ok_warn, quarantine, reject or failed."""
    seen: int = 0
    """Rows read that were new."""
    loaded: int = 0
    """Rows that became events."""
    set_aside: int = 0
    """Rows kept apart; see `baton quarantine`."""
    cases: int = 0
    """Cases in the log now."""
    events: int = 0
    """Events in the log now."""
    message: str = ""
    findings: tuple[Finding, ...] = ()


class PullReport(Response):
    """What every pulled source brought."""

    rows: tuple[PullRow, ...]

    def lines(self) -> Iterator[str]:
        """A line per source."""
        from home.text import plain

        if not self.rows:
            yield "There is no named source yet. `baton source add NAME SOURCE --log LOG` makes one."
        for row in self.rows:
            yield plain(f"{row.source}: {row.message}")
            if row.status not in ("failed", "reject"):
                yield plain(
                    f"  {row.log} holds {row.cases:,} cases and {row.events:,} events ({row.status})."
                )
            for finding in row.findings:
                where = f" ({finding.where})" if finding.where else ""
                yield plain(f"  {finding.severity}: {finding.message}{where}")


class PullFailed(IngestError):
    """Some of several sources could not be pulled; `report` has what became of each."""

    code = "pull"

    def __init__(self, report: PullReport, codes: set[ExitCode]) -> None:
        bad = [row for row in report.rows if row.status in ("failed", "reject")]
        told = "; ".join(f"{row.source}: {row.message}" for row in bad)
        super().__init__(
            f"{len(bad)} of {len(report.rows)} sources could not be pulled. {told}",
            hint="The others were. `baton source list` shows the state of each.",
        )
        self.report = report
        if codes == {ExitCode.UNREACHABLE}:
            self.exit_code = ExitCode.UNREACHABLE  # type: ignore[misc]


def pull(context: Context, request: PullRequest) -> PullReport:
    """Load what is new from a named source, or from all of them.

    A source with a cursor is read on from where the last pull ended, each row once; one without is read
    whole, and where its content changed, that takes the place of what it brought before. Each source is
    one transaction: all or nothing. Where a connection is lost in the middle nothing half-loaded stays;
    the next pull begins with what had been read.
    """
    chosen = [feeds.find_feed(context.events, request.name)] if request.name else pulled(context)
    if request.every is None:
        return _once(context, chosen, alone=request.name is not None)
    wait_s = feeds.seconds(request.every)
    while True:
        try:
            report = _once(context, chosen, alone=False)
        except PullFailed as error:
            report = error.report
        for line in report.lines():
            log.info("%s", line)
        context.job.progress(None, "; ".join(f"{row.source}: {row.message}" for row in report.rows))
        _wait(context, wait_s)


def pulled(context: Context) -> list[Feed]:
    """The sources that are pulled, by name; what is pushed brings its events by itself."""
    return [feed for feed in feeds.all_feeds(context.events) if not asked(feed)[0].source.startswith(PUSHED)]


def flows(feed: Feed) -> bool:
    """Whether a source brings its events by itself: it is pushed, or a queue or topic of a broker."""
    source = asked(feed)[0].source
    try:
        return source.startswith(FLOWS) or broker_of(feed) is not None
    except SettingError:  # of what its reference leads to nothing is known
        return False


def pull_one(context: Context, name: str) -> PullRow:
    """Load what is new from one source, and keep what became of it; raises what went wrong.

    Raises `Refused` while the same source is being pulled.
    """
    with _alone(f"{context.home.absolute()}:{name}"):
        feed = feeds.find_feed(context.events, name)
        try:
            report = _loaded(context, feed)
        except Cancelled:
            raise
        except Exception as error:
            said = error.message if isinstance(error, BatonError) else f"{type(error).__name__}: {error}"
            status = "reject" if isinstance(error, Rejected) else "failed"
            with context.events.writing() as cursor:
                feeds.failed(cursor, feed, _now(context), status, said)
            raise
        with context.events.writing() as cursor:
            feeds.succeeded(cursor, feed, _now(context), report.status, report.message)
    return _row(feed, report)


def _loaded(context: Context, feed: Feed) -> IngestReport:
    request, spec = asked(feed)
    if not flows(feed):
        return load(context, request, feed=feed, spec=spec)
    taken = consume(context, feed)
    reports = (*taken.reports, *deliver(context, feed.name))
    if reports:
        return reports[-1].model_copy(
            update={name: sum(getattr(r, name) for r in reports) for name in ("seen", "loaded", "set_aside")}
        )
    known = [log for log in all_logs(context.events) if log.name == feed.log]
    size = {name: getattr(known[0], name) for name in ("cases", "events")} if known else {}
    return IngestReport(log=feed.log, status="ok", message="Nothing has arrived.", **size)


def _once(context: Context, chosen: Sequence[Feed], *, alone: bool) -> PullReport:
    rows: list[PullRow] = []
    codes: set[ExitCode] = set()
    for feed in chosen:
        context.job.progress(0.0, f"pulling {feed.name}")
        try:
            rows.append(pull_one(context, feed.name))
        except Cancelled:
            raise
        except BatonError as error:
            if alone:
                raise
            codes.add(error.exit_code)
            status = "reject" if isinstance(error, Rejected) else "failed"
            rows.append(PullRow(source=feed.name, log=feed.log, status=status, message=error.message))
    report = PullReport(rows=tuple(rows))
    if codes:
        raise PullFailed(report, codes)
    return report


def _row(feed: Feed, report: IngestReport) -> PullRow:
    names = ("status", "seen", "loaded", "set_aside", "cases", "events", "message", "findings")
    return PullRow(source=feed.name, log=feed.log, **{name: getattr(report, name) for name in names})


def _wait(context: Context, wait_s: float) -> None:
    """Wait, unless the job is cancelled."""
    still = threading.Event()
    while wait_s > 0:
        context.job.check()
        still.wait(min(CHECK_S, wait_s))
        wait_s -= CHECK_S


def _now(context: Context) -> datetime:
    return context.clock.now().replace(tzinfo=None)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    with _guard:
        if name in _busy:
            raise Refused(
                f"{name.partition(':')[2]} is being pulled right now.", hint="Wait until that has ended."
            )
        _busy.add(name)
    try:
        yield
    finally:
        with _guard:
            _busy.discard(name)
