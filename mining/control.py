"""`baton control`: whether a weekly figure has changed, or only varies as it always did."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

from home.context import Context
from home.contracts import Contract, Response
from home.duck import rows
from home.sql import read_sql
from home.text import cell, plain, table
from mining.contracts import LogRequest
from mining.lens import lens
from mining.xmr import FEWEST, Xmr, xmr

Figure = Literal["median", "p90", "throughput"]
LABELS: dict[Figure, tuple[str, str, str]] = {
    "median": ("median_s", "s", "median end-to-end time of the cases that ended in the week"),
    "p90": ("p90_s", "s", "time within which nine in ten of the cases that ended in the week took"),
    "throughput": ("cases", "cases/week", "cases that ended in the week"),
}
WEEK = timedelta(weeks=1)


class ControlRequest(LogRequest):
    """Asks for a control chart."""

    of: Figure = "median"
    """`median` or `p90` of end-to-end time, or `throughput`."""


class WeekValue(Contract):
    """One week."""

    week: date
    """Its Monday, in the log's zone."""
    value: float
    cases: int
    signal: str | None = None
    """`outside` the limits, or the end of a `run` of eight on one side."""


class Control(Response):
    """A weekly figure with its natural process limits."""

    log: str
    of: str
    label: str
    unit: str
    """`s` or `cases/week`."""
    weeks: list[WeekValue]
    """Whole weeks, those with cases."""
    limits: Xmr | None
    """Absent where there are too few weeks to tell."""
    reason: str = ""
    """Why there are no limits."""

    def lines(self) -> Iterator[str]:
        """What signals, then the weeks."""
        yield plain(f"{self.log}: {self.label}")
        if self.limits is None:
            yield self.reason
        else:
            name = "value_s" if self.unit == "s" else "value"
            low, centre, high = (
                cell(name, v) for v in (self.limits.lower, self.limits.centre, self.limits.upper)
            )
            yield f"centre {centre}, natural limits {low} to {high}"
            signals = [w for w in self.weeks if w.signal]
            yield f"{len(signals)} weeks signal a change" if signals else "nothing but the usual variation"
        yield ""
        shown = [{**w.model_dump(), "value_s" if self.unit == "s" else "value": w.value} for w in self.weeks]
        yield from table(shown, ("week", "value_s" if self.unit == "s" else "value", "cases", "signal"))


def control(context: Context, request: ControlRequest) -> Control:
    """An XmR chart of a weekly figure: centre, natural process limits, and the weeks that signal a change.

    Weeks are those of the log's zone in which cases ended; the first and the last, which the log may
    cut, are left out. Fewer than 20 weeks say too little for limits.
    """
    column, unit, label = LABELS[request.of]
    with lens(context, request.log, request.view, request.where) as view:
        sql = read_sql("mining.sql", "weekly")
        found = rows(view.cursor.execute(sql, {"tz": view.log.tz})) if view.cases else []
    whole = _gapless(found[1:-1], zero=request.of == "throughput")
    limits = xmr([float(row[column]) for row in whole])
    signals = {signal.index: signal.rule for signal in reversed(limits.signals)} if limits else {}
    return Control(
        log=request.log,
        of=request.of,
        label=label,
        unit=unit,
        weeks=[
            WeekValue(week=row["week"], value=row[column], cases=row["cases"], signal=signals.get(index))
            for index, row in enumerate(whole)
        ],
        limits=limits,
        reason="" if limits else f"{len(whole)} whole weeks are too few for limits; {FEWEST} are needed.",
    )


def _gapless(weeks: list[dict[str, Any]], *, zero: bool) -> list[dict[str, Any]]:
    """The weeks with those in which no case ended, where that is a value of its own."""
    if not zero or not weeks:
        return weeks
    known = {row["week"]: row for row in weeks}
    first, last = weeks[0]["week"], weeks[-1]["week"]
    count = (last - first) // WEEK + 1
    every = [first + WEEK * number for number in range(count)]
    return [known.get(week, {"week": week, "cases": 0, "median_s": None, "p90_s": None}) for week in every]
