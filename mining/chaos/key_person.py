"""Work that waits for one person: nearly all of an activity is done by one, and it lies before them."""

from collections.abc import Iterator

import pandas as pd

from home.text import cel_text, duration, percent
from mining.chaos.contracts import Sign

SHARE = 0.8
"""Share of an activity that one resource does."""
WAITING = 0.1
"""Share of all time between steps that must lie before it."""
FEWEST = 50
PEOPLE = 4
"""With fewer people in the log, somebody is always the one."""
ROBOT = 60.0
"""What follows within a minute does not wait."""


def key_person(frame: pd.DataFrame) -> Iterator[Sign]:
    """Each activity that one resource does and before which a tenth of all waiting lies.

    `frame`: instances in order (`case`, `activity`, `resource`, `start`, `end`).
    """
    if frame["resource"].nunique() < PEOPLE:
        return
    before = frame["end"].groupby(frame["case"], sort=False).shift(1)
    waited = (frame["start"] - before).dt.total_seconds().clip(lower=0).fillna(0.0)
    total = float(waited.sum())
    done = frame[frame["resource"].notna()]
    often = done[done["activity"].map(done["activity"].value_counts()) >= FEWEST]
    for activity, rows in often.groupby("activity", sort=True):
        counts = rows["resource"].value_counts()
        person, times = str(counts.index[0]), int(counts.iloc[0])
        lies = waited.loc[rows.index]
        if times / len(rows) < SHARE or not total or lies.median() < ROBOT:
            continue
        if float(lies.sum()) / total < WAITING:
            continue
        chosen = rows[rows["resource"] == person]
        yield Sign(
            sign="key_person",
            headline=f"“{person}” does {percent(times / len(rows))} of “{activity}”, and work waits there",
            detail=f"{percent(float(lies.sum()) / total)} of all time between steps lies before it, "
            f"{duration(float(lies.mean()))} on average. `baton waiting` tells how much of it is absence.",
            value=times / len(rows),
            cases=int(rows["case"].nunique()),
            examples=list(chosen.loc[lies.loc[chosen.index].nlargest(3).index, "case"].drop_duplicates()),
            where=f"contains({cel_text(str(activity))})",
        )
