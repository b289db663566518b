"""Activity instances as a DataFrame, for analyses that no aggregate answers."""

import pandas as pd

from home.duck import Cursor
from home.sql import read_sql

BASE = ("case", "activity", "resource", "start", "end", "system", "cost")


def instances(cursor: Cursor, *, attributes: bool = True) -> pd.DataFrame:
    """One row per activity instance, ordered by case (first timestamp) and position in the case.

    `case`, `activity`, `resource`, `system`: text, the last two may be absent. `start`, `end`: naive
    UTC; equal where no start is known. `cost`: number or absent. With `attributes`, event attributes
    under their own name (`event:NAME` where that is one of the columns above) and case attributes as
    `case:NAME`.
    """
    frame: pd.DataFrame = cursor.execute(read_sql("mining.sql", "instances")).df()
    if not attributes:
        return frame[list(BASE)]
    return frame.rename(columns=attribute_columns(cursor))


def attribute_columns(cursor: Cursor) -> dict[str, str]:
    """Store column (`e0`, `c0`) to the name users see in a table of instances."""
    found = cursor.execute("select scope, name, col from attribute order by scope, col").fetchall()
    names = {col: f"case:{name}" if scope == "case" else name for scope, name, col in found}
    taken = {*BASE, *(name for col, name in names.items() if col.startswith("c"))}
    return {
        col: f"event:{name}" if col.startswith("e") and name in taken else name for col, name in names.items()
    }
