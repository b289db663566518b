"""Batches: work that is held back until there is enough of it, then done together."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mining.intervals import Intervals

TOLERANCE_S = 60.0
HABIT = 0.5
"""Work done one after the other is a batch only where this share of the activity is done so."""


def find_batches(work: pd.DataFrame, idle: dict[int, Intervals], *, strict: bool) -> pd.DataFrame:
    """Which instances were done as a batch, and when the batch was complete.

    `work` has `activity`, `resource` (integers, resource -1 if unknown), `start`, `end`, `enabled`
    (seconds). A batch is two or more instances of one activity, done by one resource at the same time
    or directly one after the other, all of them possible before the first began. A queue looks the same, and
    so does what is found in the morning; so unless `strict`, work that did not begin at the same moment is
    a batch only if the resource was there and idle while it waited (`idle`: when each resource was
    there with nothing to do), it is three or more, and half of the activity is done this way.
    Returns `batch` (-1 for none) and `complete` (seconds: when its last member became possible).
    """
    order = np.lexsort((work["enabled"], work["start"], work["resource"]))
    a, r = work["activity"].to_numpy()[order], work["resource"].to_numpy()[order]
    s, f, e = (work[name].to_numpy()[order] for name in ("start", "end", "enabled"))
    batch, complete = np.full(len(work), -1), np.full(len(work), np.nan)
    low, found = 0, []
    while low < len(a):
        high = _run(low, a, r, s, f, e, idle.get(int(r[low])))
        if high - low > 1 and r[low] >= 0:
            found.append((low, high, bool(s[high - 1] - s[low] <= 1e-3 and (f[low:high] > s[low]).all())))
        low = high
    kept = found if strict else _habitual(found, a, s, e, r, idle)
    for number, (low, high, _) in enumerate(kept):
        batch[order[low:high]] = number
        complete[order[low:high]] = e[low:high].max()
    return pd.DataFrame({"batch": batch, "complete": complete}, index=work.index)


def _run(
    low: int,
    a: NDArray[np.int64],
    r: NDArray[np.int64],
    s: NDArray[np.float64],
    f: NDArray[np.float64],
    e: NDArray[np.float64],
    idle: Intervals | None,
) -> int:
    """One past the last row that continues what begins at `low`, with no idle time of its own between."""
    high, reach = low + 1, f[low]
    while high < len(a) and a[high] == a[low] and r[high] == r[low] and e[high] <= s[low] + 1e-6:
        gap = s[high] - reach
        if gap > TOLERANCE_S and (idle is None or _idle_within(idle, reach, s[high]) > TOLERANCE_S):
            break
        reach = max(reach, f[high])
        high += 1
    return high


def _idle_within(idle: Intervals, low: float, high: float) -> float:
    part = _window(idle, low, high)
    return float((part.ends - part.starts).sum())


def _window(idle: Intervals, low: float, high: float) -> Intervals:
    first = int(np.searchsorted(idle.ends, low, side="right"))
    last = int(np.searchsorted(idle.starts, high, side="left"))
    return Intervals(idle.starts[first:last], idle.ends[first:last]).within(low, high)


def _habitual(
    found: list[tuple[int, int, bool]],
    a: NDArray[np.int64],
    s: NDArray[np.float64],
    e: NDArray[np.float64],
    r: NDArray[np.int64],
    idle: dict[int, Intervals],
) -> list[tuple[int, int, bool]]:
    """Batches begun at one moment, and the others of activities that are mostly done in batches."""
    together = [x for x in found if x[2]]
    others = [
        x
        for x in found
        if not x[2] and x[1] - x[0] >= 3 and _held_back(idle.get(int(r[x[0]])), e[x[0] : x[1]], s[x[0]])
    ]
    in_batches = np.zeros(a.max() + 1 if len(a) else 1)
    for low, high, _ in together + others:
        in_batches[a[low]] += high - low
    total = np.bincount(a, minlength=len(in_batches)) if len(a) else in_batches
    habit = in_batches >= HABIT * np.maximum(total, 1)
    return together + [x for x in others if habit[a[x[0]]]]


def _held_back(idle: Intervals | None, enabled: NDArray[np.float64], first: float) -> bool:
    """Whether the resource was idle while most of the members, the last apart, were waiting."""
    if idle is None:
        return True
    waits = np.sort(enabled)[:-1]
    held = [_idle_within(idle, e, first) > TOLERANCE_S for e in waits]
    return bool(np.mean(held) >= 0.8)
