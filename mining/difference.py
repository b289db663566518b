"""`baton difference`: two logs, periods or segments beside each other, and where they surely differ."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from home.context import Context
from home.contracts import Contract, Option, Response
from home.text import duration, percent, plain, table
from mining.contracts import TimedRequest
from mining.directly_follows import activities, flows
from mining.lens import View, lens

DISCOVERIES = 0.05
Floats = NDArray[np.float64]


class DifferenceRequest(TimedRequest):
    """Asks where two sides differ."""

    against: Annotated[str | None, Option(("--against",), "CEL")] = None
    """The other side: the cases that pass this filter; without it and `--with`, all that --where leaves."""
    other: Annotated[str | None, Option(("--with",), "LOG")] = None
    """The other side is another log."""


class Difference(Contract):
    """An activity, or a flow from `source` to `target`, on both sides."""

    source: str
    target: str | None = None
    """Absent for an activity."""
    share: float
    """Cases with it, of the cases on this side."""
    other_share: float
    points: float
    """`share - other_share`."""
    low: float
    high: float
    """95 % interval of it (Newcombe 1998)."""
    sure: bool
    """It differs, false discoveries over everything compared held to 5 %."""
    median_s: float | None
    """Median time of the flow, or processing time of the activity, on this side."""
    other_median_s: float | None


class Differences(Response):
    """Two sides and where they differ, surest and largest first."""

    log: str
    side: str
    other_side: str
    cases: int
    other_cases: int
    activities: list[Difference]
    flows: list[Difference]
    measured_in: str = "calendar time"

    def lines(self) -> Iterator[str]:
        """What surely differs, largest first."""
        sides = ((self.side, self.cases), (self.other_side, self.other_cases))
        yield " against ".join(f"{plain(side)} ({cases:,} cases)" for side, cases in sides)
        sure = [d for d in (*self.activities, *self.flows) if d.sure]
        if not sure:
            yield "Nothing surely differs in what the cases do."
            return
        if self.measured_in != "calendar time":
            yield f"In {self.measured_in}."
        yield ""
        yield from table([_told(d) for d in sorted(sure, key=lambda d: -abs(d.points))[:25]])
        if len(sure) > 25:
            yield f"… and {len(sure) - 25} more; `--json` has all of them."


def _told(d: Difference) -> dict[str, str]:
    return {
        "what": f"{d.source} → {d.target}" if d.target else d.source,
        "here": percent(d.share),
        "there": percent(d.other_share),
        "points": f"{d.points * 100:+.1f} ({d.low * 100:+.1f} to {d.high * 100:+.1f})",
        "time here": duration(d.median_s),
        "there ": duration(d.other_median_s),
    }


def difference(context: Context, request: DifferenceRequest) -> Differences:
    """Compare which activities and flows the cases of two sides have, and how long they take.

    The sides are two filters on one log (`--where`, `--against`), a filter and all other cases, or two logs
    (`--with`). Shares differ surely where a two-proportion test says so with false discoveries held to 5 %
    (Benjamini and Hochberg 1995); times are told beside them and are not tested.
    """
    against = request.against
    if against is None and request.other is None and request.where is not None:
        against = f"!({request.where})"
    log = request.other or request.log
    here, measured = _side(context, request, request.log, request.where)
    there, _ = _side(context, request, log, against)
    made = _compared(here, there)
    return Differences(
        log=request.log,
        side=_called(request.log, request.where),
        other_side=_called(log, against),
        cases=here.cases,
        other_cases=there.cases,
        activities=[d for d in made if d.target is None],
        flows=[d for d in made if d.target is not None],
        measured_in=measured,
    )


class _Side:
    """What one side's cases do: cases and median time of each activity and flow."""

    def __init__(self, view: View) -> None:
        self.cases = view.cases
        acts = activities(view.cursor, timed=view.timed)
        self.what = {(row["activity"], None): (row["cases"], row.get("median_s")) for row in acts}
        self.what |= {
            (row["source"], row["target"]): (row["cases"], row.get("median_s")) for row in flows(view.cursor)
        }


def _side(context: Context, request: DifferenceRequest, log: str, where: str | None) -> tuple[_Side, str]:
    with lens(context, log, request.view, where, time=request.time, calendar=request.calendar) as view:
        view.some()
        return _Side(view), view.time


def _called(log: str, where: str | None) -> str:
    return f"{log} where {where}" if where else log


def _compared(here: _Side, there: _Side) -> list[Difference]:
    from scipy.stats import false_discovery_control

    names = list(dict.fromkeys([*here.what, *there.what]))
    ours = np.array([here.what.get(name, (0, None))[0] for name in names], dtype=float)
    theirs = np.array([there.what.get(name, (0, None))[0] for name in names], dtype=float)
    n, m = float(here.cases), float(there.cases)
    p = _two_proportions(ours, n, theirs, m)
    sure = false_discovery_control(p) <= DISCOVERIES if len(p) else np.empty(0, dtype=bool)
    low, high = _newcombe(ours, n, theirs, m)
    made = [
        Difference(
            source=source,
            target=target,
            share=ours[i] / n,
            other_share=theirs[i] / m,
            points=ours[i] / n - theirs[i] / m,
            low=float(low[i]),
            high=float(high[i]),
            sure=bool(sure[i]),
            median_s=here.what.get((source, target), (0, None))[1],
            other_median_s=there.what.get((source, target), (0, None))[1],
        )
        for i, (source, target) in enumerate(names)
    ]
    return sorted(made, key=lambda d: (not d.sure, -abs(d.points), d.source, d.target or ""))


def _two_proportions(a: Floats, n: float, b: Floats, m: float) -> Floats:
    """Two-sided p of equal proportions, pooled."""
    from scipy.stats import norm

    pooled = (a + b) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.divide(np.abs(a / n - b / m), error, out=np.zeros_like(error), where=error > 0)
    found: Floats = 2 * norm.sf(z)
    return found


def _newcombe(a: Floats, n: float, b: Floats, m: float) -> tuple[Floats, Floats]:
    """95 % interval of a difference of proportions, from the Wilson intervals of both."""
    l1, u1 = _wilson(a, n)
    l2, u2 = _wilson(b, m)
    p1, p2 = a / n, b / m
    d = p1 - p2
    return d - np.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2), d + np.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


def _wilson(k: Floats, n: float) -> tuple[Floats, Floats]:
    z = 1.959964
    p = k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half
