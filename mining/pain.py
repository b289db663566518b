"""What is known of a candidate: per case its week, pain, path and handoffs, from the log's tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from home.duck import Cursor
from home.sql import read_sql
from mining.anchors import Anchors

KINDS = ("waiting", "rework", "exceptions")
"""Kinds of pain, hours each. Penalties for broken SLAs join them once a log says what was due."""


@dataclass(frozen=True)
class Entries:
    """The cases that enter a candidate: a whole process, or the part of it with some activities."""

    cases: pd.DataFrame
    """By entry: `case_id`, `week` (Monday), hours of `waiting`, `rework`, `exceptions` and `cycle`,
    `handoffs`, `systems`, `path` (index into `paths`)."""
    paths: list[tuple[str, ...]]
    activities: frozenset[str]
    until: date | None = None
    """The week in which the last case of the whole process started; later entries are stragglers."""

    def pain(self, anchors: Anchors) -> NDArray[np.float64]:
        """Labour-equivalent hours of each case."""
        weights = {"waiting": anchors.pain["alpha"], "rework": 1.0, "exceptions": 1.0}
        return sum((self.cases[k].to_numpy(float) * w for k, w in weights.items()), np.zeros(len(self.cases)))

    @property
    def weeks(self) -> list[date]:
        """Every Monday from the first entry to the last, or to `until`, those without entries too."""
        first, last = self.cases["week"].min(), self.cases["week"].max()
        if self.until is not None:
            last = max(last, pd.Timestamp(self.until))
        return [day.date() for day in pd.date_range(first, last, freq="7D")]

    @property
    def week_of(self) -> NDArray[np.int64]:
        """For each case the index of its week."""
        week = pd.to_datetime(self.cases["week"])
        return ((week - week.min()).dt.days // 7).to_numpy(np.int64)


def prepare(cursor: Cursor, anchors: Anchors) -> None:
    """Put the pain of every activity instance in a temporary table of this cursor."""
    rules = {"best": anchors.pain["best"], "longest": anchors.pain["longest_h"], "rare": anchors.pain["rare"]}
    cursor.execute(read_sql("mining.sql", "parts"), rules)


def entries(
    cursor: Cursor, tz: str, activities: Iterable[str] | None = None, until: date | None = None
) -> Entries:
    """The cases that enter the part of the process with these activities, or the whole. Needs `prepare`."""
    named = dict(cursor.execute("select name, aid from activity").fetchall())
    wanted = list(named) if activities is None else list(activities)
    numbers = None if activities is None else [named[name] for name in wanted]
    cursor.execute(read_sql("mining.sql", "chosen"), {"aids": numbers})
    cursor.execute(read_sql("mining.sql", "chosen_case"), {"tz": tz})
    cases = cursor.execute(read_sql("mining.sql", "chosen_cases")).df()
    paths = [tuple(row[0]) for row in cursor.execute(read_sql("mining.sql", "chosen_paths")).fetchall()]
    return Entries(cases, paths, frozenset(wanted), until)
