"""`baton performance`: cycle times, and the cases that arrive, end and are in progress week by week."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from home.context import Context
from home.contracts import Contract, Response
from home.duck import Cursor, rows
from home.sql import read_sql
from home.text import duration, plain, table
from mining.contracts import TimedRequest
from mining.lens import lens, timed_lens


class PerformanceRequest(TimedRequest):
    """Asks how long cases take and how many there are."""


class CycleTimes(Contract):
    """From the start of a case to its end."""

    cases: int
    mean_s: float
    min_s: float
    p25_s: float
    median_s: float
    p75_s: float
    p90_s: float
    p95_s: float
    max_s: float
    events_per_case: float


class Week(Contract):
    """One week, from Monday, in the log's zone."""

    week: date
    """Its Monday."""
    arrived: int
    """Cases that started."""
    ended: int
    """Cases whose last event is in it; running cases count as ended then."""
    in_progress: int
    """Cases begun and not ended by the end of the week."""
    median_s: float | None
    """Cycle time of those that ended."""


class Performance(Response):
    """Cycle times and volumes of a log."""

    log: str
    cycle: CycleTimes
    measured_in: str = "calendar time"
    """What cycle times are measured in: `calendar time`, or working time with its hours."""
    weeks: list[Week]

    def lines(self) -> Iterator[str]:
        """Cycle times, then the last weeks."""
        c = self.cycle
        yield f"{plain(self.log)}: {c.cases:,} cases, {c.events_per_case:.1f} events each"
        if self.measured_in != "calendar time":
            yield f"In {self.measured_in}."
        yield (
            f"Cycle time: median {duration(c.median_s)}, mean {duration(c.mean_s)}, "
            f"90 % within {duration(c.p90_s)}, longest {duration(c.max_s)}"
        )
        yield ""
        yield from table([week.model_dump(mode="json") for week in self.weeks[-26:]])


def performance(context: Context, request: PerformanceRequest) -> Performance:
    """Cycle times from case start to case end, and arrivals, throughput and work in progress per week."""
    with timed_lens(context, request) as view:
        view.some()
        cycle, measured_in = CycleTimes(**cycle_times(view.cursor)), view.time
    with lens(context, request.log, request.view, request.where) as view:  # weeks are those of the calendar
        return Performance(
            log=request.log,
            cycle=cycle,
            measured_in=measured_in,
            weeks=[Week(**w) for w in weeks(view.cursor, view.log.tz)],
        )


def cycle_times(cursor: Cursor) -> dict[str, Any]:
    """`cases mean_s min_s p25_s median_s p75_s p90_s p95_s max_s events_per_case` of the cases in view."""
    found = rows(cursor.execute(read_sql("mining.sql", "cycle_times")))[0]
    names = ("p25_s", "median_s", "p75_s", "p90_s", "p95_s")
    return {**dict(zip(names, found.pop("quantiles") or [], strict=False)), **found}


def weeks(cursor: Cursor, tz: str) -> list[dict[str, Any]]:
    """`week arrived ended in_progress median_s` of every week, which begins on Monday in `tz`."""
    return rows(cursor.execute(read_sql("mining.sql", "weeks"), {"tz": tz}))
