"""Change points: from which case on a sequence of cases behaves differently, and in what."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.001
SEGMENT = 100
"""Fewest cases between two changes."""
APART = 200
"""Changes nearer than this many cases are one."""
GRID = 20_000
"""Positions looked at; longer logs are scanned in steps of several cases."""
CELLS = 4_000_000
"""Positions times pairs held at once."""
ROOM = 40_000_000
"""Variants times pairs held at once."""
FEWEST = 8
"""A pair seen in fewer cases cannot give an alarm."""
TAIL = 50
FEW_RUNNING, MOST_RUNNING = 0.2, 0.5
SLOW = 0.95
"""Quantile of cycle times: of cases that began less than this before the end, only quick ones are done."""
SMALL = 0.05
"""A change that moves no share by so much is certain, and still too small to act on."""
START, END = "▶", "■"

Counts = NDArray[np.float64]
Seconds = NDArray[np.float64]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Shift:
    """A directly-follows pair whose share of cases changed."""

    pair: Pair
    before: float
    after: float
    strength: float
    """Likelihood ratio statistic G."""


@dataclass(frozen=True)
class Change:
    """A change of the process."""

    case: int
    """0-based index of the first case of the new behaviour, cases by start."""
    strength: float
    shifts: tuple[Shift, ...]
    """What changed, most certain first."""

    @property
    def small(self) -> bool:
        """Whether no share of cases moved by `SMALL` or more."""
        return all(abs(shift.after - shift.before) < SMALL for shift in self.shifts)


def find_changes(
    variant_of: NDArray[np.int64], variants: Sequence[Sequence[str]], *, alpha: float = ALPHA
) -> list[Change]:
    """Changes in a sequence of cases.

    `variant_of` gives for each case, by start, the index of its sequence of activities in `variants`.
    Each case is the set of its directly-follows pairs, start and end included. For every pair and
    every split of the cases in two, `G = 2 (LL left + LL right - LL all)` of Bernoulli models is
    compared with a chi-square of one degree of freedom at `alpha` over the number of tests
    (Bonferroni); the strongest split divides the cases, and so on within both parts. Each change is
    then tested again between its neighbours.
    """
    present, pairs = _features(variants, np.bincount(variant_of, minlength=len(variants)))
    if not pairs:
        return []
    step = max(1, -(-len(variant_of) // GRID), -(-len(variant_of) * len(pairs) // CELLS))
    counts = _counts(present, variant_of, step)
    scan = _Scan(np.vstack([np.zeros(len(pairs)), counts.cumsum(axis=0)]), len(variant_of), step, alpha)
    found = scan.pruned(scan.split(0, len(counts)))
    while near := [i for i in range(1, len(found)) if (found[i] - found[i - 1]) * step < APART]:
        weaker = min(near, key=lambda i: scan.strength(found, i))
        found = scan.pruned([p for i, p in enumerate(found) if i != weaker])
    return [_change(scan, found, i, pairs) for i in range(len(found))]


def _counts(present: NDArray[np.float32], variant_of: NDArray[np.int64], step: int) -> Counts:
    """How many of each `step` successive cases have each pair."""
    found = []
    size = step * max(1, CELLS // (step * present.shape[1]))
    for low in range(0, len(variant_of), size):
        rows = present[variant_of[low : low + size]]
        found.append(np.add.reduceat(rows, np.arange(0, len(rows), step), axis=0, dtype=np.float64))
    return np.concatenate(found)


def _features(
    variants: Sequence[Sequence[str]], cases: NDArray[np.int64]
) -> tuple[NDArray[np.float32], list[Pair]]:
    """Which pairs each variant has, leaving out pairs that (nearly) all or no cases have, and twins."""
    sets = [set(pairwise((START, *variant, END))) for variant in variants]
    seen: Counter[Pair] = Counter()
    for members, n in zip(sets, cases.tolist(), strict=True):
        for pair in members:
            seen[pair] += n
    total = int(cases.sum())
    useful = [pair for pair, n in seen.items() if FEWEST <= n <= total - FEWEST]
    # The pairs nearest to half of the cases can change most; there is room for so many.
    useful.sort(key=lambda pair: (abs(seen[pair] - total / 2), pair))
    pairs = sorted(useful[: max(100, ROOM // max(len(variants), 1))])
    number = {pair: i for i, pair in enumerate(pairs)}
    present = np.zeros((len(variants), len(pairs)), dtype=np.float32)
    for row, members in enumerate(sets):
        present[row, [number[pair] for pair in members if pair in number]] = 1
    if not pairs:
        return present, pairs
    _, first = np.unique(present[cases > 0], axis=1, return_index=True)
    kept = np.sort(first)
    return present[:, kept], [pairs[i] for i in kept]


def settled(running: NDArray[np.bool_], begun: Seconds, ended: Seconds) -> int:
    """How many cases, from the first, to look at before those that are not all finished.

    `begun` (ascending) and `ended` are seconds, `ended` of what is known of a case so far. What is
    unfinished looks like a change, and so do the quick cases that are finished among unfinished
    ones: so cases count while few of those around them are running, and while they began long
    enough before the end of the log for slow ones to be finished. Where that would leave out most
    cases, the process has no clear end, or came all at once, and it is not asked.
    """
    if not len(running):
        return 0
    longest = ended.max() - np.quantile(ended - begun, SLOW)
    mature = int(np.searchsorted(begun, longest, side="right"))
    until = mature if mature >= len(running) * (1 - MOST_RUNNING) else len(running)
    if running.mean() > MOST_RUNNING or len(running) < TAIL:
        return until
    total = np.concatenate(([0], np.cumsum(running)))
    share = (total[TAIL:] - total[:-TAIL]) / TAIL
    calm = np.flatnonzero(share <= FEW_RUNNING)
    return min(until, int(calm[-1]) + TAIL) if len(calm) else until


def seconds(moments: "pd.Series[Any]") -> Seconds:
    """Moments as seconds since 1970."""
    found: Seconds = moments.to_numpy("datetime64[us]").astype(np.int64) / 1e6
    return found


class _Scan:
    """Likelihood ratios of splits, from cumulative counts at each position."""

    def __init__(self, total: Counts, cases: int, step: int, alpha: float) -> None:
        self.total, self.step, self.alpha = total, step, alpha
        self.at = np.minimum(np.arange(len(total)) * step, cases).astype(float)
        self.least = max(1, -(-SEGMENT // step))

    def ratios(self, low: int, high: int) -> tuple[NDArray[np.int64], Counts, float] | None:
        """Positions between two, G of each pair at each position, and the value that alarms."""
        positions = np.arange(low + self.least, high - self.least + 1)
        whole = self.total[high] - self.total[low]
        n = self.at[high] - self.at[low]
        active = np.flatnonzero((whole > 0) & (whole < n))
        if not len(positions) or not len(active):
            return None
        left = self.total[positions][:, active] - self.total[low, active]
        size = (self.at[positions] - self.at[low])[:, None]
        both = _likelihood(left, size) + _likelihood(whole[active] - left, n - size)
        ratio = np.zeros((len(positions), self.total.shape[1]))
        ratio[:, active] = 2 * (both - _likelihood(whole[active], np.full(1, n)))
        return positions, ratio, _alarm(self.alpha, len(active) * len(positions))

    def best(self, low: int, high: int) -> tuple[int, Counts] | None:
        """The split between two positions that is most certain, and G of each pair; `None` without one."""
        found = self.ratios(low, high)
        if found is None:
            return None
        positions, ratio, alarm = found
        strongest = ratio.max(axis=0)
        if strongest.max() <= alarm:
            return None
        # All pairs that changed say where: their sum is steadier than the strongest alone.
        row = int(ratio[:, strongest > alarm].sum(axis=1).argmax())
        return int(positions[row]), np.where(strongest > alarm, ratio[row], 0.0)

    def split(self, low: int, high: int) -> list[int]:
        """Binary segmentation: positions of changes, ascending."""
        found = self.best(low, high)
        if found is None:
            return []
        return [*self.split(low, found[0]), found[0], *self.split(found[0], high)]

    def pruned(self, positions: list[int]) -> list[int]:
        """Each change tested again between its neighbours: moved, or dropped, until nothing moves."""
        for _ in range(20):
            before = list(positions)
            for position in before:
                i = positions.index(position)
                found = self.best(*self.around(positions, i))
                positions = positions[:i] + ([found[0]] if found else []) + positions[i + 1 :]
            if positions == before:
                break
        return positions

    def around(self, positions: list[int], i: int) -> tuple[int, int]:
        """The neighbours of a change."""
        edges = [0, *positions, len(self.total) - 1]
        return edges[i], edges[i + 2]

    def strength(self, positions: list[int], i: int) -> float:
        """How certain a change is."""
        found = self.best(*self.around(positions, i))
        return float(found[1].max()) if found else 0.0


def _likelihood(k: Counts, n: Counts) -> Counts:
    """Log likelihood of k of n under its own rate."""
    return _xlogx(k) + _xlogx(n - k) - _xlogx(n)


def _xlogx(x: Counts) -> Counts:
    found: Counts = x * np.log(np.where(x > 0, x, 1.0))
    return found


def _alarm(alpha: float, tests: int) -> float:
    """What a chi-square of one degree of freedom passes with probability `alpha / tests`."""
    return NormalDist().inv_cdf(alpha / tests / 2) ** 2


def _change(scan: _Scan, positions: list[int], i: int, pairs: list[Pair]) -> Change:
    low, high = scan.around(positions, i)
    at = positions[i]
    found = scan.best(low, high)
    strength = found[1] if found else np.zeros(len(pairs))
    before = (scan.total[at] - scan.total[low]) / (scan.at[at] - scan.at[low])
    after = (scan.total[high] - scan.total[at]) / (scan.at[high] - scan.at[at])
    order = np.argsort(-strength, kind="stable")
    shifts = [
        Shift(pairs[j], float(before[j]), float(after[j]), float(strength[j]))
        for j in order
        if strength[j] > 0
    ]
    return Change(int(scan.at[at]), float(strength.max()), tuple(shifts))
