"""`baton findings`: what stands out in a log, in words, each with a filter that shows the cases."""

from collections.abc import Iterator
from datetime import UTC
from zoneinfo import ZoneInfo

from pydantic import Field

from home.context import Context
from home.contracts import Contract, LogName, Request, Response
from home.duck import rows
from home.sql import read_sql
from home.text import cel_text, duration, percent, plain
from mining.drift import DriftChange, DriftRequest, drift
from mining.lens import View, lens
from mining.rework import reworked
from mining.waiting import ActivityWaiting, WaitingRequest, waiting

WEEK_S = 7 * 86_400
WORTH_SHARE = 0.05
"""Rework in fewer cases, and waiting that is less of all waiting, does not stand out."""
BECAUSE = {
    "batching": "it is held back to be done together with others",
    "contention": "whoever does it is busy with earlier cases",
    "prioritisation": "whoever does it takes later cases first",
    "unavailability": "whoever does it is not at work",
    "extraneous": "nothing in the log explains it: a customer, another system, or nobody looked",
}


class FindingsRequest(Request):
    """Which log, and how many findings."""

    log: LogName
    """Name of the log."""
    top: int = Field(default=3, ge=1, le=10)
    """How many at most."""


class Finding(Contract):
    """One thing that stands out."""

    kind: str
    """`waiting`, `drift`, `rework` or `slow`."""
    headline: str
    detail: str
    where: str
    """A filter (CEL) that leaves the cases it speaks of."""
    hours_per_week: float | None = None
    """How much time it is, where it is time."""


class Findings(Response):
    """What stands out in a log, most important first."""

    log: str
    findings: list[Finding]

    def lines(self) -> Iterator[str]:
        """Headline, detail and filter of each."""
        for number, finding in enumerate(self.findings, 1):
            yield f"{number}. {plain(finding.headline)}"
            yield f"   {plain(finding.detail)}"
            yield f"   baton map {plain(self.log)} --where '{plain(finding.where)}'"
        if not self.findings:
            yield f"Nothing stands out in {plain(self.log)}."


def findings(context: Context, request: FindingsRequest) -> Findings:
    """What stands out in a log: where it waits and why, what changed, what is done again, what is slow.

    The longest wait comes first, then a change of the process, then rework, then the slowest tenth.
    """
    waits = waiting(context, WaitingRequest(log=request.log))
    changes = [change for change in drift(context, DriftRequest(log=request.log)).changes if not change.small]
    with lens(context, request.log) as view:
        view.some()
        weeks = _weeks(view)
        long = [a for a in waits.activities if a.total_s >= WORTH_SHARE * waits.total_s and a.total_s > 0]
        found = [_waiting(a, waits.total_s, weeks, known=waits.processing_known) for a in long[:1]]
        found += [_change(change, view.log.tz) for change in changes[-1:]]
        found += _rework(view)
        found += [_waiting(a, waits.total_s, weeks, known=waits.processing_known) for a in long[1:2]]
        found += _slow(view)
    return Findings(log=request.log, findings=found[: request.top])


def _weeks(view: View) -> float:
    first, last = view.log.first_at, view.log.last_at
    if first is None or last is None:
        return 1.0
    return max(1.0, (last - first).total_seconds() / WEEK_S)


def _waiting(a: ActivityWaiting, total_s: float, weeks: float, *, known: bool) -> Finding:
    cause_s = getattr(a.causes, a.top_cause)
    what = "waiting" if known else "time between events"
    because = f"; {percent(cause_s / a.total_s)} of that while {BECAUSE[a.top_cause]}" if known else ""
    return Finding(
        kind="waiting",
        headline=f"“{a.activity}” waits {duration(a.mean_s)} on average",
        detail=f"{percent(a.total_s / total_s)} of all {what} lies before it{because}.",
        where=f"contains({cel_text(a.activity)})",
        hours_per_week=a.total_s / 3600 / weeks,
    )


def _change(change: DriftChange, tz: str) -> Finding:
    day = change.at.replace(tzinfo=change.at.tzinfo or UTC).astimezone(ZoneInfo(tz)).date()
    return Finding(
        kind="drift",
        headline=f"The process changed on {day:%d %B %Y}",
        detail=" ".join(driver.words for driver in change.drivers[:2]),
        where=f'start >= "{day}"',
    )


def _rework(view: View) -> list[Finding]:
    found = [a for a in reworked(view.cursor) if a.cases >= WORTH_SHARE * view.cases]
    if not found:
        return []
    worst = found[0]
    sql = read_sql("mining.sql", "cycle_by_repeat")
    (took,) = rows(view.cursor.execute(sql, {"activity": worst.activity}))
    compared = ""
    if took["others_s"] is not None:
        compared = (
            f"; half of those take over {duration(took['again_s'])}, "
            f"half of the others over {duration(took['others_s'])}"
        )
    name = cel_text(worst.activity)
    return [
        Finding(
            kind="rework",
            headline=f"“{worst.activity}” is done again in {percent(worst.cases / view.cases)} of the cases",
            detail=f"{worst.repeats:,} times in {worst.cases:,} cases{compared}.",
            where=f"follows({name}, {name})",
        )
    ]


def _slow(view: View) -> list[Finding]:
    (tail,) = rows(view.cursor.execute(read_sql("mining.sql", "slowest")))
    if not tail["cases"]:
        return []
    return [
        Finding(
            kind="slow",
            headline=f"One case in ten takes over {duration(tail['limit_s'])}",
            detail=f"The slowest tenth holds {percent(tail['share'])} of all time; half of the cases end "
            f"within {duration(tail['median_s'])}.",
            where=f"duration_s > {tail['limit_s']:.0f}",
        )
    ]
