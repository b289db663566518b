"""Parts of a process that discovery calls parallel: whether they really ran at once, and in which order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mining.replay import Path
from mining.tree import Tree
from orchestrate.redesign.history import Floats, History

AT_ONCE = 0.1
"""Share of cases whose lanes overlap in time, from which they run at once today."""


@dataclass(frozen=True)
class Lanes:
    """When each lane of one parallel block ran, by case; NaN where it did not."""

    path: Path
    start: Floats
    end: Floats
    """Seconds since 1970; one row per case in which at least two lanes ran, one column per lane."""
    case: NDArray[np.int64]

    @property
    def overlapping(self) -> float:
        """Share of cases in which a lane began before another had ended."""
        if not len(self.case):
            return 0.0
        order = np.argsort(np.where(np.isnan(self.start), np.inf, self.start), axis=1)
        start = np.take_along_axis(self.start, order, axis=1)
        end = np.take_along_axis(self.end, order, axis=1)
        reach = np.maximum.accumulate(np.where(np.isnan(end), -np.inf, end), axis=1)
        return float((start[:, 1:] < reach[:, :-1]).any(axis=1).mean())

    def before(self, a: int, b: int) -> NDArray[np.bool_]:
        """For the cases with both lanes, whether `a` began before `b`."""
        both = ~np.isnan(self.start[:, a]) & ~np.isnan(self.start[:, b])
        return np.asarray(self.start[both, a] < self.start[both, b])

    @property
    def order(self) -> tuple[int, ...]:
        """Lanes in the order in which most cases begin them."""
        lanes = self.start.shape[1]
        wins = [
            sum(float(self.before(a, b).mean()) for b in range(lanes) if b != a and len(self.before(a, b)))
            for a in range(lanes)
        ]
        return tuple(sorted(range(lanes), key=lambda lane: (-wins[lane], lane)))

    @property
    def one_order(self) -> float:
        """Share of cases that keep to `order`."""
        if not len(self.case):
            return 0.0
        start = self.start[:, list(self.order)]
        last = np.fmax.accumulate(start, axis=1)
        return float((np.isnan(start[:, 1:]) | (start[:, 1:] >= last[:, :-1])).all(axis=1).mean())

    @property
    def serial_gain_s(self) -> Floats:
        """By case, seconds saved if lanes that ran one after the other had run at once."""
        length = self.end - self.start
        ran = ~np.isnan(self.start)
        span = np.nanmax(self.end, axis=1) - np.nanmin(self.start, axis=1)
        order = np.argsort(np.where(ran, self.start, np.inf), axis=1)
        start = np.take_along_axis(self.start, order, axis=1)
        end = np.take_along_axis(self.end, order, axis=1)
        waits = np.concatenate([np.zeros((len(start), 1)), np.maximum(start[:, 1:] - end[:, :-1], 0)], axis=1)
        alone = np.nanmax(np.take_along_axis(length, order, axis=1) + np.nan_to_num(waits), axis=1)
        return np.asarray(np.maximum(span - alone, 0.0))


def parallel_blocks(history: History) -> list[Lanes]:
    """The lanes of every parallel block of the grown tree."""
    found: list[Lanes] = []
    waiting: list[tuple[Path, Tree]] = [((), history.grown.tree)]
    while waiting:
        path, tree = waiting.pop()
        if tree.operator == "parallel":
            found.append(lanes_of(history, path, [child.alphabet for child in tree.children]))
        waiting.extend(((*path, i), child) for i, child in enumerate(tree.children))
    return sorted(found, key=lambda lanes: lanes.path)


def lanes_of(history: History, path: Path, alphabets: list[frozenset[str]]) -> Lanes:
    """When the activities of each alphabet ran, in the cases that fit and in which two of them ran."""
    case = history.case_of_row()
    activity = history.frame["activity"].to_numpy(object)
    times = {c: history.frame[c].to_numpy("datetime64[us]").astype(np.int64) / 1e6 for c in ("start", "end")}
    fits = np.zeros(history.cases, dtype=bool)
    for variant in history.parses:
        fits[history.variants[variant]] = True
    start = np.full((history.cases, len(alphabets)), np.inf)
    end = np.full((history.cases, len(alphabets)), -np.inf)
    for lane, alphabet in enumerate(alphabets):
        own = np.isin(activity, list(alphabet)) & fits[case]
        np.minimum.at(start[:, lane], case[own], times["start"][own])
        np.maximum.at(end[:, lane], case[own], times["end"][own])
    ran = np.isfinite(start)
    start[~ran] = end[~ran] = np.nan
    kept = np.flatnonzero(ran.sum(axis=1) >= 2)
    return Lanes(path, start[kept], end[kept], kept)
