"""`baton map`: which activity follows which, how often and after how long."""

from typing import Any

from home.context import Context
from home.duck import Cursor, rows
from home.sql import read_sql
from mining.contracts import Boundary, Flow, Map, MapActivity, MapRequest
from mining.lens import lens, nothing_left


def process_map(context: Context, request: MapRequest) -> Map:
    """The directly-follows map: activities, the flows between them, and where cases begin and end.

    Frequencies come from variants, whatever the log's size; mean, median and 90th percentile are
    exact, and calendar time.
    """
    with lens(context, request.log, request.view, request.where) as view:
        if not view.cases:
            message = nothing_left(request.log, request.where)
            return Map(log=request.log, cases=0, activities=[], flows=[], starts=[], ends=[], message=message)
        sides = _rows(view.cursor, "ends")
        return Map(
            log=request.log,
            cases=view.cases,
            activities=[MapActivity(**row) for row in activities(view.cursor, timed=view.timed)],
            flows=[Flow(**row) for row in flows(view.cursor)],
            starts=[
                Boundary(activity=r["activity"], cases=r["cases"]) for r in sides if r["side"] == "start"
            ],
            ends=[Boundary(activity=r["activity"], cases=r["cases"]) for r in sides if r["side"] == "end"],
        )


def activities(cursor: Cursor, *, timed: bool = True) -> list[dict[str, Any]]:
    """`activity events cases`, most frequent first; if `timed`, also `mean_s median_s p90_s total_s`."""
    found = _rows(cursor, "activities")
    times = {row["activity"]: row for row in _rows(cursor, "activity_times")} if timed else {}
    return [{**row, **times.get(row["activity"], {})} for row in found]


def flows(cursor: Cursor, *, times: bool = True) -> list[dict[str, Any]]:
    """`source target events cases`, most frequent first; with `times`, also those of `activities`."""
    found = _rows(cursor, "flow_counts")
    waits = {(r["source"], r["target"]): r for r in _rows(cursor, "flow_times")} if times else {}
    return [{**row, **waits.get((row["source"], row["target"]), {})} for row in found]


def _rows(cursor: Cursor, name: str) -> list[dict[str, Any]]:
    return rows(cursor.execute(read_sql("mining.sql", name)))
