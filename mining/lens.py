"""A lens on a log: raw events in place of activity instances, only the cases that pass a filter, or both."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from home.context import Context
from home.duck import Cursor
from home.interrupt import interruptible
from home.sql import read_sql
from ingest.catalog import Log, find_log
from mining.contracts import TimedRequest
from mining.errors import NothingLeft
from mining.filters import Condition, condition

if TYPE_CHECKING:
    from mining.working_time import Time

ViewOf = Literal["instances", "events"]


@dataclass(frozen=True)
class View:
    """A log as seen through a lens."""

    log: Log
    """The whole log, as the catalog has it."""
    cursor: Cursor
    """`instance`, `cv`, `variant`, `edge` and `activity` on it hold only what is in view."""
    cases: int
    """Cases in view."""
    where: str | None
    timed: bool
    """Some instances in view have a start of their own, so there are processing times."""
    time: str = "calendar time"
    """What durations are measured in."""

    def some(self) -> "View":
        """This view, for questions that need cases; raises `NothingLeft` where it has none."""
        if not self.cases:
            raise NothingLeft(nothing_left(self.log.name, self.where), hint="Widen the filter.")
        return self


@contextmanager
def lens(
    context: Context,
    log_name: str,
    view: ViewOf = "instances",
    where: str | None = None,
    *,
    time: "Time" = "calendar",
    calendar: str | None = None,
) -> Iterator[View]:
    """Open a log for mining queries.

    `view="events"` shows raw events by their time, where instances were paired or have a start of their
    own; `where` keeps the cases that pass a CEL expression (`mining.filters`); `time="working"` sets every
    moment to a clock that runs in working time only, as the file `calendar` says or the log shows, so that
    whatever is measured is measured in working time. All are temporary tables and views that shadow the
    log's own and end with the block. A query in it ends when the job is cancelled. Raises `NotFound` and
    `FilterError`.
    """
    log = find_log(context.events, log_name)
    with context.events.cursor(log.schema) as cursor, interruptible(cursor, context.job):
        source = f'"{log.schema}".'
        raw = view == "events" and (log.paired or log.timed)
        if raw:
            cursor.execute(_sql("raw_events", source))
            source = "raw_"
        if raw or where or time == "working":
            measured = "calendar time"
            if time == "working":
                from mining.working_time import log_calendar, make_duty, said

                hours = log_calendar(cursor, log, calendar)
                make_duty(cursor, hours, log)
                measured = said(hours)
            cases = _narrow(cursor, source, where, log.tz, warped=time == "working")
            yield View(log, cursor, cases, where, log.timed and not raw, measured)
        else:
            yield View(log, cursor, log.cases, None, log.timed)


def timed_lens(context: Context, request: TimedRequest) -> AbstractContextManager[View]:
    """The lens that a question about durations asks for."""
    return lens(
        context,
        request.log,
        request.view,
        request.where,
        time=request.time,
        calendar=request.calendar,
    )


def _narrow(cursor: Cursor, source: str, where: str | None, tz: str, *, warped: bool) -> int:
    """Shadow the tables behind `source` with the cases that pass; returns how many do."""
    wanted = condition(cursor, where, tz=tz) if where else Condition("true", {})
    kept = _sql("kept", source).replace("where passes", f"where {wanted.sql}")
    cursor.execute(kept, wanted.parameters)
    if warped:
        cursor.execute(_sql("warped", source))
        source = "warped_"
    cursor.execute(_sql("narrow", source))
    found = cursor.execute("select count(*) from kept").fetchone()
    return found[0] if found else 0


def _sql(name: str, source: str) -> str:
    """A file of `mining/sql` whose `source.` tables are those of one schema, or of the raw events."""
    return read_sql("mining.sql", name).replace("source.", source)


def nothing_left(log_name: str, where: str | None) -> str:
    """One sentence for an empty view."""
    return f"No case of {log_name!r} passes {where}." if where else f"{log_name!r} has no cases."
