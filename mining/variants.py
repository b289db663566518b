"""Variants: the distinct sequences of activities that cases follow."""

from home.context import Context
from home.duck import Cursor, rows
from home.sql import read_sql
from mining.contracts import Variant, Variants, VariantsRequest
from mining.lens import lens, nothing_left


def variants(context: Context, request: VariantsRequest) -> Variants:
    """The variants of a log, commonest first, with the cycle times of their cases."""
    with lens(context, request.log, request.view, request.where) as view:
        if not view.cases:
            message = nothing_left(request.log, request.where)
            return Variants(log=request.log, cases=0, total=0, variants=[], message=message)
        sql = read_sql("mining.sql", "variants")
        found = rows(view.cursor.execute(sql, {"top": request.top or 1 << 62}))
        total = found[0]["total"]
        listed = [Variant(**{k: v for k, v in row.items() if k != "total"}) for row in found]
        return Variants(log=request.log, cases=view.cases, total=total, variants=listed)


def variant_counts(cursor: Cursor) -> dict[tuple[str, ...], int]:
    """Activity names of each variant to the number of its cases, commonest first.

    Costs milliseconds whatever the log's size; a lens narrows it.
    """
    found = cursor.execute(read_sql("mining.sql", "variant_counts")).fetchall()
    return {tuple(activities): n for activities, n in found}
