"""When each activity instance could have begun: the end of what came before it in its case."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OVERLAP = 0.1
"""Two activities run in parallel when they overlap in at least this share of the cases with both."""


def parallel_pairs(case: NDArray[np.int64], activity: NDArray[np.int64], start: NDArray[np.float64],
                   end: NDArray[np.float64]) -> set[tuple[int, int]]:  # fmt: skip
    """Pairs of activities whose instances overlap in time in many of the cases that have both.

    Rows are sorted by case, then start.
    """
    overlapping: Counter[tuple[int, int]] = Counter()
    bounds = np.flatnonzero(np.diff(case, prepend=-1, append=-1))
    for low, high in pairwise(bounds):
        reach = np.maximum.accumulate(end[low:high])
        if (start[low + 1 : high] < reach[:-1]).any():
            overlapping.update(_overlaps(activity[low:high], start[low:high], end[low:high]))
    found = set()
    for (a, b), n in overlapping.items():
        together = np.intersect1d(case[activity == a], case[activity == b])
        if n >= max(2, OVERLAP * len(together)):
            found |= {(a, b), (b, a)}
    return found


def _overlaps(
    acts: NDArray[np.int64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> set[tuple[int, int]]:
    found = set()
    for i in range(len(acts)):
        for j in range(i + 1, len(acts)):
            if start[j] >= end[i]:
                break
            if end[j] > start[j] and acts[i] != acts[j]:
                found.add((min(int(acts[i]), int(acts[j])), max(int(acts[i]), int(acts[j]))))
    return found


def enabled(instances: pd.DataFrame) -> pd.DataFrame:
    """For each instance, when it became possible and through which other instance.

    `instances` has `case`, `activity` (integers), `start`, `end` (seconds), sorted by case and start.
    Returns `enabled` (seconds; `start` where nothing came before) and `source` (row number of the
    instance that enabled it, -1 for none): the latest to end, at or before the start, among the earlier
    ones that do not run in parallel with it.
    """
    case, activity = instances["case"].to_numpy(), instances["activity"].to_numpy()
    start, end = instances["start"].to_numpy(), instances["end"].to_numpy()
    parallel = parallel_pairs(case, activity, start, end)
    concurrent = {a for a, _ in parallel}
    previous = np.arange(len(case)) - 1
    follows = np.concatenate(([False], case[1:] == case[:-1])) if len(case) else np.zeros(0, dtype=bool)
    # The row before is the answer wherever nothing overlaps; the others are looked at one by one.
    reach = pd.Series(end).groupby(case).cummax().to_numpy()
    simple = follows & (end[previous] <= start) & (reach[previous] <= end[previous])
    if concurrent:
        simple &= ~np.isin(activity, list(concurrent))
    source = np.where(simple, previous, -1)
    first = np.maximum.accumulate(np.where(follows, 0, np.arange(len(case))))
    for row in np.flatnonzero(follows & ~simple):
        source[row] = _latest(int(row), int(first[row]), activity, start, end, parallel)
    return pd.DataFrame({"enabled": np.where(source >= 0, end[source], start), "source": source})


def _latest(row: int, first: int, activity: NDArray[np.int64], start: NDArray[np.float64],
            end: NDArray[np.float64], parallel: set[tuple[int, int]]) -> int:  # fmt: skip
    best = -1
    for other in range(row - 1, first - 1, -1):
        ended = end[other] <= start[row]
        if (
            ended
            and (activity[other], activity[row]) not in parallel
            and (best < 0 or end[other] > end[best])
        ):
            best = other
    return best
