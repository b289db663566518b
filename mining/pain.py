"""What is known of a candidate: per case its week, pain, path and handoffs, from the log's tables."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from home.duck import Cursor
from home.sql import read_sql
from mining.anchors import Anchors
from mining.promises import weigh_promises

KINDS = ("waiting", "rework", "exceptions", "penalties")
"""Kinds of pain, hours each. A broken promise is a matter of the whole case, so parts have no penalties."""


Kind = Literal["process", "block", "handoff", "loop"]


@dataclass(frozen=True)
class Part:
    """A whole process, a block of it, a handoff from one activity to another, or the repetition of one."""

    kind: Kind
    activities: tuple[str, ...] = ()
    """Of a block; of a handoff the first and the second; of a loop the one that is repeated."""


WHOLE = Part("process")


@dataclass(frozen=True)
class Entries:
    """The cases that enter a candidate."""

    cases: pd.DataFrame
    """By entry: `case_id`, `entered`, `week` (Monday), hours of `waiting`, `rework`, `exceptions`,
    `penalties` and `cycle`, `handoffs`, `systems`, `path` (index into `paths`)."""
    paths: list[tuple[str, ...]]
    until: date | None = None
    """The week in which the last case of the whole process started; later entries are stragglers."""
    promise: str | None = None
    """What was due, where a promise is known."""

    def pain(self, anchors: Anchors) -> NDArray[np.float64]:
        """Labour-equivalent hours of each case."""
        weights = dict.fromkeys(KINDS, 1.0) | {"waiting": anchors.pain["alpha"]}
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
        return np.asarray((week - week.min()).dt.days // 7, dtype=np.int64)


def prepare(cursor: Cursor, log: str, anchors: Anchors) -> str | None:
    """Put the pain of every activity instance, and broken promises, in temporary tables of this cursor.

    Returns what was promised, in words.
    """
    rules = {"best": anchors.pain["best"], "longest": anchors.pain["longest_h"], "rare": anchors.pain["rare"]}
    cursor.execute(read_sql("mining.sql", "parts"), rules)
    return weigh_promises(cursor, log, anchors)


def entries(
    cursor: Cursor, tz: str, part: Part = WHOLE, until: date | None = None, promise: str | None = None
) -> Entries:
    """The cases that enter a part of the process, or the whole. Needs `prepare`."""
    number = dict(cursor.execute("select name, aid from activity").fetchall())
    aids = [number[name] for name in part.activities]
    values: dict[str, Any]
    match part.kind:
        case "handoff":
            query, values = "chosen_handoff", {"source": aids[0], "target": aids[1]}
        case "loop":
            query, values = "chosen_loop", {"again": aids[0]}
        case _:
            query, values = "chosen", {"aids": aids or None}
    cursor.execute(read_sql("mining.sql", query), values)
    cursor.execute(read_sql("mining.sql", "chosen_case"), {"tz": tz})
    cases = cursor.execute(read_sql("mining.sql", "chosen_cases"), {"whole": part.kind == "process"}).df()
    paths = [tuple(row[0]) for row in cursor.execute(read_sql("mining.sql", "chosen_paths")).fetchall()]
    return Entries(cases, paths, until, promise)
