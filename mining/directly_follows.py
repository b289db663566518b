"""`baton map`: which activity follows which, how often and after how long."""

from typing import Any, Literal

from home.context import Context
from home.duck import Cursor, rows
from home.sql import read_sql
from ingest import shape
from mining.contracts import AddedStep, Boundary, Flow, Map, MapActivity, MapRequest
from mining.lens import nothing_left, timed_lens

Times = Literal["none", "totals", "exact"]
TIMES_OF_FLOWS: dict[Times, str] = {"totals": "flow_totals", "exact": "flow_times"}


def process_map(context: Context, request: MapRequest) -> Map:
    """The directly-follows map: activities, the flows between them, and where cases begin and end.

    Frequencies come from variants, whatever the log's size; mean, median and 90th percentile are
    exact, and calendar time.
    """
    with timed_lens(context, request) as view:
        if not view.cases:
            message = nothing_left(request.log, request.where)
            return Map(log=request.log, cases=0, activities=[], flows=[], starts=[], ends=[], message=message)
        sides = boundaries(view.cursor)
        return Map(
            log=request.log,
            cases=view.cases,
            activities=[MapActivity(**row) for row in activities(view.cursor, timed=view.timed)],
            flows=[Flow(**row) for row in flows(view.cursor)],
            starts=[Boundary(activity=activity, cases=n) for side, activity, n in sides if side == "start"],
            added=added(view.cursor),
            measured_in=view.time,
            ends=[Boundary(activity=activity, cases=n) for side, activity, n in sides if side == "end"],
        )


def added(cursor: Cursor) -> list[AddedStep]:
    """The steps that people added to the log by hand, with their places on it."""
    return [
        AddedStep(
            step=step.name,
            after=step.after,
            before=step.before,
            typical_s=step.typical.total_seconds() if step.typical else None,
            role=step.role,
            evidence=step.evidence,
        )
        for step in shape.added(cursor)
        if not step.lost
    ]


def activities(cursor: Cursor, *, timed: bool = True) -> list[dict[str, Any]]:
    """`activity events cases`, most frequent first; if `timed`, also `mean_s median_s p90_s total_s`."""
    found = _rows(cursor, "activities")
    times = {row["activity"]: row for row in _rows(cursor, "activity_times")} if timed else {}
    return [{**row, **times.get(row["activity"], {})} for row in found]


def boundaries(cursor: Cursor) -> list[tuple[str, str, int]]:
    """`start` or `end`, activity and cases that begin or end with it, commonest first."""
    return cursor.execute(read_sql("mining.sql", "ends")).fetchall()


def flows(cursor: Cursor, *, times: Times = "exact") -> list[dict[str, Any]]:
    """`source target events cases`, most frequent first, and how long they take.

    `exact` times are those of `activities` and need a pass over the instances in view; `totals` are only
    `mean_s total_s`, which a whole log answers from its aggregates in milliseconds.
    """
    found = _rows(cursor, "flow_counts")
    name = TIMES_OF_FLOWS.get(times)
    waits = {(r["source"], r["target"]): r for r in _rows(cursor, name)} if name else {}
    return [{**row, **waits.get((row["source"], row["target"]), {})} for row in found]


def _rows(cursor: Cursor, name: str) -> list[dict[str, Any]]:
    return rows(cursor.execute(read_sql("mining.sql", name)))
