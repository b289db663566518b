"""Cases of which nobody can tell where they are: long stretches without any trace."""

from collections.abc import Iterator

import pandas as pd

from home.text import duration, percent
from mining.chaos.contracts import Sign

LONG_S = 5 * 86_400.0
TIMES = 5.0
"""A gap is long when it lasts five days and five times the median gap after the same activity."""
WORTH = 0.2
"""Share of all time that must lie in such gaps."""
FEWEST = 30


def untracked(frame: pd.DataFrame) -> Iterator[Sign]:
    """One sign, where a fifth of all time passes in gaps that leave no trace.

    `frame`: instances in order (`case`, `activity`, `start`, `end`, UTC).
    """
    by_case = frame.groupby("case", sort=False)
    gap = (by_case["start"].shift(-1) - frame["end"]).dt.total_seconds().clip(lower=0)
    usual = gap.groupby(frame["activity"]).transform("median")
    long = (gap > LONG_S) & (gap > TIMES * usual)
    total = float((by_case["end"].max() - by_case["start"].min()).dt.total_seconds().sum())
    lost = float(gap[long].sum())
    cases = frame.loc[long, "case"]
    if not total or lost / total < WORTH or cases.nunique() < FEWEST:
        return
    after = gap[long].groupby(frame["activity"]).sum().nlargest(1)
    worst = frame.loc[gap[long].nlargest(3).index, "case"]
    yield Sign(
        sign="untracked",
        headline=f"{percent(lost / total)} of all time passes without a trace",
        detail=f"In {cases.nunique():,} cases nothing is recorded for {duration(float(gap[long].median()))} "
        f"(median) where {duration(float(usual[long].median()))} are usual, mostly after “{after.index[0]}”. "
        "Waiting outside the company looks the same.",
        value=lost / total,
        cases=int(cases.nunique()),
        examples=list(worst.drop_duplicates()),
    )
