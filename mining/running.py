"""Which cases of a log are still running: their last activity rarely ends a case, and it was recent."""

from typing import Any

import numpy as np
import pandas as pd

LIKELY = 0.5
RARE = 0.99
"""A case is old enough to tell where this share of the gaps after its last activity was shorter."""


def running_cases(frame: pd.DataFrame) -> frozenset[str]:
    """Cases that are more likely still running than over.

    `frame` has one row per activity instance, ordered within its case: `case`, `activity`, `start`,
    `end`. With p the share of an activity's occurrences after which nothing came though there was time
    enough, and s the share of gaps after it longer than the time since, a case whose last activity it
    is runs with probability s(1 - p) / (p + s(1 - p)). Shared by the whole log, so a process without
    a fixed end is not mistaken for a running one. What nothing ever came after tells nothing.
    """
    following = frame.groupby("case", sort=False)["start"].shift(-1)
    gap = (following - frame["end"]).dt.total_seconds().clip(lower=0).to_numpy(float)
    age = (frame["end"].max() - frame["end"]).dt.total_seconds().to_numpy(float)
    last, (code, activities) = np.isnan(gap), pd.factorize(frame["activity"])
    gaps = np.bincount(code[~last], minlength=len(activities))
    old = (gaps[code] > 0) & (age > _quantile(gap[~last], code[~last], gaps, RARE)[code])
    seen, ended = (np.bincount(code[rows], minlength=len(activities)) for rows in (old, old & last))
    ends = np.where(seen > 0, ended / np.maximum(seen, 1), 0.5)[code[last]]
    shorter = _at_most(gap[~last], code[~last], age[last], code[last])
    still = (1 - shorter / np.maximum(gaps[code[last]], 1)) * (1 - ends)
    runs = (gaps[code[last]] > 0) & (still / np.maximum(ends + still, 1e-12) > LIKELY)
    return frozenset(frame["case"][last][runs])


def _quantile(values: Any, group: Any, sizes: Any, share: float) -> Any:
    """The quantile of the values of each group, between two of them in proportion; 0 for an empty group."""
    if not len(values):
        return np.zeros(len(sizes))
    ordered = values[np.lexsort((values, group))]
    place = share * np.maximum(sizes - 1, 0)
    first, lower = np.cumsum(sizes) - sizes, np.floor(place).astype(np.int64)
    upper = np.minimum(lower + 1, np.maximum(sizes - 1, 0))
    low, high = (ordered[np.minimum(first + at, len(ordered) - 1)] for at in (lower, upper))
    return np.where(sizes > 0, low + (high - low) * (place - lower), 0.0)


def _at_most(values: Any, group: Any, limits: Any, of: Any) -> Any:
    """How many values of its own group are at most each limit."""
    kind = np.repeat([0, 1], [len(values), len(limits)])
    order = np.lexsort((kind, np.concatenate([values, limits]), np.concatenate([group, of])))
    before = np.cumsum(kind[order] == 0)
    found = np.empty(len(kind), dtype=np.int64)
    found[order] = before
    sizes = np.bincount(group, minlength=int(of.max(initial=-1)) + 1)
    return found[len(values) :] - (np.cumsum(sizes) - sizes)[of]
