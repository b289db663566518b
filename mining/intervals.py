"""Lengths and unions of time intervals, as numpy arrays of seconds."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Intervals(NamedTuple):
    """Disjoint intervals in ascending order: `starts[i]` up to `ends[i]`, in seconds."""

    starts: Floats
    ends: Floats

    def covers(self, moments: Floats) -> NDArray[np.bool_]:
        """For each moment, whether it lies inside an interval (its start included, its end not)."""
        if not len(self.starts):
            return np.zeros(len(moments), dtype=bool)
        at = np.searchsorted(self.starts, moments, side="right") - 1
        return (at >= 0) & (moments < self.ends[np.maximum(at, 0)])

    def longer_than(self, seconds: float) -> "Intervals":
        """Only the intervals that last longer than `seconds`."""
        keep = self.ends - self.starts > seconds
        return Intervals(self.starts[keep], self.ends[keep])

    def within(self, low: float, high: float) -> "Intervals":
        """What lies between `low` and `high`."""
        starts, ends = np.maximum(self.starts, low), np.minimum(self.ends, high)
        return Intervals(starts[ends > starts], ends[ends > starts])


NONE = Intervals(np.empty(0), np.empty(0))


def union(starts: Floats, ends: Floats) -> Intervals:
    """Intervals in any order, overlapping ones merged, empty ones dropped."""
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    if not len(starts):
        return NONE
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    first = np.concatenate(([True], starts[1:] > reach[:-1]))
    last = np.concatenate((first[1:], [True]))
    return Intervals(starts[first], reach[last])


def minus(a: Intervals, b: Intervals) -> Intervals:
    """The parts of `a` that `b` does not cover."""
    if not len(a.starts) or not len(b.starts):
        return a
    low, high = float(a.starts[0]), float(a.ends[-1])
    gaps = Intervals(np.concatenate(([-np.inf], b.ends)), np.concatenate((b.starts, [np.inf])))
    gaps = gaps.within(low, high)
    # Every boundary of either cuts the line; a piece belongs if its middle lies in both.
    cuts = np.unique(np.concatenate((a.starts, a.ends, gaps.starts, gaps.ends)))
    middles = (cuts[:-1] + cuts[1:]) / 2
    keep = a.covers(middles) & gaps.covers(middles)
    return union(cuts[:-1][keep], cuts[1:][keep])


class Clockwork:
    """Seconds that count up only inside given intervals, readable at any moment."""

    def __init__(self, on: Intervals) -> None:
        lengths = on.ends - on.starts
        total = np.concatenate(([0.0], np.cumsum(lengths)))
        self._at = np.column_stack((on.starts, on.ends)).ravel()
        self._count = np.column_stack((total[:-1], total[1:])).ravel()

    def read(self, moments: Floats) -> Floats:
        """Counted seconds from the beginning of time until each moment."""
        if not len(self._at):
            return np.zeros_like(moments)
        return np.asarray(np.interp(moments, self._at, self._count))

    def between(self, low: Floats, high: Floats) -> Floats:
        """Counted seconds between two moments each."""
        return self.read(high) - self.read(low)


def covered(starts: Floats, ends: Floats, low: float, high: float, clock: Clockwork | None) -> float:
    """Seconds of `low` to `high` covered by at least one interval, counted by `clock` if given.

    `starts` ascend.
    """
    if not len(starts):
        return 0.0
    reach = np.minimum(np.maximum.accumulate(np.maximum(ends, low)), high)
    before = np.concatenate(([low], reach[:-1]))
    begin = np.minimum(np.maximum(np.maximum(starts, before), low), reach)
    return float((clock.between(begin, reach) if clock else reach - begin).sum())
