"""`baton spectrum`: how the time between two steps changes over the months, case by case.

The performance spectrum (Denisov, Fahland and van der Aalst 2018): each passage from one step to the next is
a line from when the first ended to when the second began, coloured by the quarter its duration lies in.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from home.context import Context
from home.contracts import Contract, Option, Response
from home.errors import UsageError, unknown
from home.sql import read_sql
from home.text import plain, table
from mining.contracts import LogRequest
from mining.directly_follows import flows
from mining.lens import lens


class SpectrumRequest(LogRequest):
    """Asks for the passages of some flows."""

    path: Annotated[tuple[str, ...], Option(("--path",), "ACTIVITY")] = ()
    """Activities in a row, repeated for each; the flows between neighbours are shown. Without it, those that
    hold most time."""
    flows: Annotated[int, Field(ge=1, le=30)] = 5
    """How many flows without a path."""
    most: Annotated[int, Field(ge=10, le=20_000)] = 1500
    """Most passages per flow; more are thinned out evenly over time."""


class Segment(Contract):
    """One flow and its passages."""

    source: str
    target: str
    passages: int
    """How often it was passed in all."""
    quartiles_s: tuple[float, float, float]
    """A quarter, half and three quarters of its passages took at most this long."""
    left: list[float]
    """When each shown passage began, in seconds since 1970."""
    came: list[float]
    """When it ended."""
    quarter: list[int]
    """0 for the fastest quarter, 3 for the slowest."""
    cases: list[str]


class Spectrum(Response):
    """The performance spectrum of some flows."""

    log: str
    segments: list[Segment]
    message: str = ""

    def lines(self) -> Iterator[str]:
        """One line per flow; the passages themselves are for charts."""
        yield from table(
            [
                {
                    "from": s.source,
                    "to": s.target,
                    "passages": s.passages,
                    **dict(zip(("p25_s", "median_s", "p75_s"), s.quartiles_s, strict=True)),
                }
                for s in self.segments
            ]
        )
        yield plain(self.message) if self.message else "--json has each passage; the dashboard draws them."


def spectrum(context: Context, request: SpectrumRequest) -> Spectrum:
    """When each case passed from one step to the next, for a path or for the flows that hold most time."""
    if len(request.path) == 1:
        raise UsageError("--path needs two activities or more.", hint="--path A --path B shows A → B.")
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        known = flows(view.cursor, times="totals")
        pairs = _pairs(request, known)
        sql = read_sql("mining.sql", "segments")
        seen = {(f["source"], f["target"]): f for f in known}
        segments = []
        for source, target in pairs:
            asked = {"source": source, "target": target, "most": request.most}
            found = view.cursor.execute(sql, asked).fetchall()
            left, came, quarter, cases = map(list, zip(*found, strict=True)) if found else ([], [], [], [])
            took = view.cursor.execute(
                read_sql("mining.sql", "segment_quartiles"), {"source": source, "target": target}
            ).fetchone()
            segments.append(
                Segment(
                    source=source,
                    target=target,
                    passages=seen[source, target]["events"] if (source, target) in seen else 0,
                    quartiles_s=tuple(took[0]) if took and took[0] else (0.0, 0.0, 0.0),
                    left=left,
                    came=came,
                    quarter=quarter,
                    cases=cases,
                )
            )
    return Spectrum(
        log=request.log,
        segments=segments,
        message="" if segments else f"No step of {request.log!r} follows another.",
    )


def _pairs(request: SpectrumRequest, known: list[dict[str, object]]) -> list[tuple[str, str]]:
    if request.path:
        names = sorted({str(flow[side]) for flow in known for side in ("source", "target")})
        for activity in request.path:
            if activity not in names:
                raise unknown("activity", activity, names, listing=f"baton map {request.log}")
        return list(dict.fromkeys(pairwise(request.path)))
    held = sorted(known, key=lambda f: -(float(str(f["total_s"] or 0))))
    return [(str(f["source"]), str(f["target"])) for f in held[: request.flows]]
