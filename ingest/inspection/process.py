"""How much rows look like a process when one column is taken for the case and another for the activity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.inspection.columns import Values

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grouped:
    """Rows in the order of case, time and place in the source; rows without a case are left out."""

    order: Ints
    begins: NDArray[np.bool_]
    """Whether a row is the first of its case."""

    @classmethod
    def by(cls, case: Values, time: NDArray[np.float64] | None) -> "Grouped":
        """The rows grouped by a column; `time` is seconds, NaN where there is none."""
        rows = np.arange(case.rows)
        order = np.lexsort(
            (rows, case.codes) if time is None else (rows, np.nan_to_num(time, nan=np.inf), case.codes)
        )
        order = order[case.codes[order] >= 0]
        codes = case.codes[order]
        begins = np.concatenate([[True], codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, bool)
        return cls(order, begins)


def order_of(grouped: Grouped, activity: Values) -> tuple[float, float, float]:
    """Three shares from 0 to 1 that are high for real cases and activities.

    How well an activity tells the next one (mutual information above chance, by the entropy of the next);
    how many cases of several rows begin with the same activity; how few rows repeat one of their case.
    """
    codes = activity.codes[grouped.order]
    begins = grouped.begins
    if len(codes) < 2 or activity.distinct < 2:
        return 0.0, 0.0, 0.0
    several = np.zeros(len(codes), bool)
    several[:-1] = begins[:-1] & ~begins[1:]
    firsts = codes[several]
    same_start = float(np.bincount(firsts[firsts >= 0]).max()) / len(firsts) if (firsts >= 0).any() else 0.0
    follows = ~begins[1:] & (codes[1:] >= 0) & (codes[:-1] >= 0)
    a, b = codes[:-1][follows], codes[1:][follows]
    told = _told(a, b, activity.distinct) * float((a != b).mean()) if len(a) else 0.0
    return told, same_start, _fresh(grouped, codes, activity.distinct)


def _told(a: Ints, b: Ints, words: int) -> float:
    if len(a) < 2:
        return 0.0
    _, joint = np.unique(a * words + b, return_counts=True)
    left, right = np.bincount(a), np.bincount(b)
    h_next = _entropy(right[right > 0])
    if h_next <= 0:
        return 0.0
    information = _entropy(left[left > 0]) + h_next - _entropy(joint)
    # Miller and Madow: what as many cells would show by chance.
    chance = (len(joint) - (left > 0).sum() - (right > 0).sum() + 1) / (2 * len(a))
    return float(np.clip((information - max(0.0, chance)) / h_next, 0.0, 1.0))


def _entropy(counts: NDArray[np.int64]) -> float:
    p = counts / counts.sum()
    return float(-(p * np.log(p)).sum())


def _fresh(grouped: Grouped, codes: Ints, words: int) -> float:
    case = np.cumsum(grouped.begins) - 1
    filled = codes >= 0
    pairs = case[filled] * words + codes[filled]
    return len(np.unique(pairs)) / len(pairs) if len(pairs) else 0.0


def locality(grouped: Grouped, time: NDArray[np.float64]) -> float:
    """How short cases are beside the whole: 1 less the median span of a case by the span of all."""
    moments = time[grouped.order]
    case = np.cumsum(grouped.begins) - 1
    known = ~np.isnan(moments)
    if known.sum() < 2:
        return 0.0
    whole = float(moments[known].max() - moments[known].min())
    if whole <= 0:
        return 0.0
    size = int(case[-1]) + 1
    low, high, n = np.full(size, np.inf), np.full(size, -np.inf), np.bincount(case[known], minlength=size)
    np.minimum.at(low, case[known], moments[known])
    np.maximum.at(high, case[known], moments[known])
    spans = (high - low)[n > 1]
    return float(np.clip(1 - np.median(spans) / whole, 0.0, 1.0)) if len(spans) else 0.0


def constancy(grouped: Grouped, values: Values) -> tuple[float, float]:
    """Of the cases with several rows: the share with one value of the column, and with one in each row."""
    codes = values.codes[grouped.order]
    case = np.cumsum(grouped.begins) - 1
    if not len(case):
        return 0.0, 0.0
    size = int(case[-1]) + 1
    rows = np.bincount(case, minlength=size)
    filled = np.bincount(case[codes >= 0], minlength=size)
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(low, case[codes >= 0], codes[codes >= 0])
    np.maximum.at(high, case, codes)
    several = (rows > 1) & (filled > 0)
    if not several.any():
        return 0.0, 0.0
    one = (low == high)[several]
    return float(one.mean()), float((filled == rows)[several].mean())
