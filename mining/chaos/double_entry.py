"""Data typed in twice: an attribute that two systems record for the same case with the same values."""

from collections.abc import Iterator
from itertools import combinations

import pandas as pd

from home.text import percent
from mining.chaos.contracts import Sign
from mining.instances import BASE

FEWEST = 50
SAME = 0.9
"""Share of cases in which both hold the same value."""
DISTINCT = 0.1
"""An attribute says something when it has a distinct value for a tenth of the cases, or 20."""


def double_entry(frame: pd.DataFrame) -> Iterator[Sign]:
    """Pairs of event attributes that agree between activities of two systems in nine of ten cases.

    `frame`: instances with `system` and event attributes. An attribute that follows the case through every
    step is carried along, not typed in; so it must be absent from most steps.
    """
    attributes = [c for c in frame.columns if c not in BASE and not c.startswith("case:")]
    entered = []
    for name in attributes:
        rows = frame[frame[name].notna() & frame["system"].notna()]
        if not 0 < len(rows) <= len(frame) / 2:
            continue
        for (system, activity), part in rows.groupby(["system", "activity"], sort=True):
            values = part.drop_duplicates("case").set_index("case")[name].astype(str)
            if len(values) >= FEWEST and values.nunique() >= min(20, DISTINCT * len(values)):
                entered.append((name, str(system), str(activity), values))
    seen: set[frozenset[tuple[str, str]]] = set()
    for (name, system, activity, values), (other, second, later, more) in combinations(entered, 2):
        pair = frozenset(((system, name), (second, other)))
        if system == second or pair in seen:
            continue
        both = values.index.intersection(more.index)
        if len(both) < FEWEST:
            continue
        same = float((values[both] == more[both]).mean())
        if same < SAME:
            continue
        seen.add(pair)
        yield Sign(
            sign="double_entry",
            headline=f"“{name}” is recorded in {system} and again in {second}",
            detail=f"“{activity}” and “{later}” hold the same value in {percent(same)} of the {len(both):,} "
            "cases that have both. Whether it is typed or sent is not in the log.",
            value=same,
            cases=len(both),
            examples=[str(case) for case in both[:3]],
        )
