"""Variants: the distinct sequences of activities that cases follow."""

from home.context import Context
from home.duck import Cursor, rows
from home.sql import read_sql
from mining.contracts import Variant, Variants, VariantsRequest
from mining.lens import nothing_left, timed_lens


def variants(context: Context, request: VariantsRequest) -> Variants:
    """The variants of a log, commonest first, with the cycle times of their cases."""
    with timed_lens(context, request) as view:
        if not view.cases:
            message = nothing_left(request.log, request.where)
            return Variants(log=request.log, cases=0, total=0, variants=[], message=message)
        sql = read_sql("mining.sql", "variants")
        found = rows(view.cursor.execute(sql, {"top": request.top or 1 << 62}))
        total = found[0]["total"]
        names = _names(view.cursor)
        listed = [
            Variant(**{**row, "activities": [names[aid] for aid in row["activities"]]})
            for row in ({k: v for k, v in row.items() if k != "total"} for row in found)
        ]
        return Variants(
            log=request.log, cases=view.cases, total=total, variants=listed, measured_in=view.time
        )


def variant_counts(cursor: Cursor) -> dict[tuple[str, ...], int]:
    """Activity names of each variant to the number of its cases, commonest first.

    Costs milliseconds whatever the log's size; a lens narrows it.
    """
    named = {str(aid): name for aid, name in _names(cursor).items()}.__getitem__
    found = cursor.execute(read_sql("mining.sql", "variant_counts")).fetchall()
    return {tuple(map(named, acts.split())): n for acts, n in found}


def _names(cursor: Cursor) -> dict[int, str]:
    """Activities by number. They are put in here, not in SQL: there, 60,000 of them per row do not fit."""
    return dict(cursor.execute("select aid, name from activity").fetchall())
