"""How stable a process is: change between quarters, predictable next steps, steady volume and duration."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
QUARTERS = 4
SHUFFLES = 5


class Steps:
    """The steps (directly-follows pairs, start and end included) of the paths of a candidate."""

    def __init__(self, paths: Sequence[Sequence[str]]) -> None:
        from scipy.sparse import csr_array

        counted = [Counter(pairwise(("", *path, ""))) for path in paths]
        self.pairs = sorted(set().union(*counted))
        number = {pair: i for i, pair in enumerate(self.pairs)}
        rows = np.repeat(np.arange(len(paths)), [len(counts) for counts in counted])
        columns = [number[pair] for counts in counted for pair in counts]
        times = [float(n) for counts in counted for n in counts.values()]
        self.of_path = csr_array((times, (rows, columns)), shape=(len(paths), len(self.pairs)))
        self.source = np.unique([source for source, _ in self.pairs], return_inverse=True)[1]
        self.activities = len({name for path in paths for name in path})

    def counts(self, path: NDArray[np.int64], group: NDArray[np.int64], groups: int) -> Floats:
        """How often each step is taken by the cases of each group; `path` and `group` by case."""
        from scipy.sparse import csr_array

        ones = np.ones(len(path))
        cases = csr_array((ones, (group, path)), shape=(groups, self.of_path.shape[0]))
        return np.asarray((cases @ self.of_path).toarray())


def divergence(parts: Floats) -> Floats:
    """Mean Jensen-Shannon divergence in bits between successive distributions (Lin 1991).

    `parts`: draws by quarters by steps, counts; quarters without steps are skipped.
    """
    total = parts.sum(axis=2, keepdims=True)
    share = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)
    p, q = share[:, :-1], share[:, 1:]
    middle = (p + q) / 2
    found = (_relative(p, middle) + _relative(q, middle)) / 2
    both = (total[:, :-1, 0] > 0) & (total[:, 1:, 0] > 0)
    mean: Floats = (found * both).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
    return mean


def _relative(p: Floats, q: Floats) -> Floats:
    ratio = np.divide(p, q, out=np.ones_like(p), where=(p > 0) & (q > 0))
    found: Floats = (p * np.log2(ratio)).sum(axis=2)
    return found


def chance_divergence(path: NDArray[np.int64], steps: Steps, seed: int) -> float:
    """The divergence that the same cases have in shuffled order, on average."""
    rng = np.random.default_rng(seed)
    quarter = np.arange(len(path)) * QUARTERS // max(len(path), 1)
    shuffled = (steps.counts(rng.permutation(path), quarter, QUARTERS) for _ in range(SHUFFLES))
    return float(np.mean([divergence(parts[None])[0] for parts in shuffled]))


def quarters(entries_per_week: Floats) -> NDArray[np.int64]:
    """For each week the quarter it belongs to, so that each holds about a quarter of the cases."""
    before = np.concatenate(([0.0], np.cumsum(entries_per_week)[:-1])) + entries_per_week / 2
    quarter = np.floor(before / max(entries_per_week.sum(), 1.0) * QUARTERS)
    return np.asarray(np.minimum(quarter, QUARTERS - 1), dtype=np.int64)


def predictability(counts: Floats, steps: Steps) -> Floats:
    """`1 - H / log2(|A| + 1)`, H the mean entropy of the next step in bits. `counts`: draws by steps."""
    # Pairs are sorted by where they leave from, so each source is a run of columns.
    of_source = np.add.reduceat(counts, np.flatnonzero(np.diff(steps.source, prepend=-1)), axis=1)
    share = np.divide(counts, of_source[:, steps.source], out=np.ones_like(counts), where=counts > 0)
    bits = -(counts * np.log2(share)).sum(axis=1) / np.maximum(counts.sum(axis=1), 1.0)
    found: Floats = 1 - bits / np.log2(steps.activities + 1)
    return found


class Spread:
    """p90 / p50 of durations under any weighting of weeks, from buckets 2 % wide."""

    WIDTH = 0.02

    def __init__(self, hours: Floats, week: NDArray[np.int64], weeks: int) -> None:
        bucket = np.floor(np.log(np.maximum(hours, 1 / 60)) / self.WIDTH).astype(np.int64)
        values, column = np.unique(bucket, return_inverse=True)
        self.value = np.exp((values + 0.5) * self.WIDTH)
        self.counts = np.zeros((weeks, len(values)))
        np.add.at(self.counts, (week, column), 1)

    def ratios(self, weights: Floats) -> Floats:
        """For each row of week weights. Below a minute all durations are the same."""
        cumulative = (weights @ self.counts).cumsum(axis=1)
        total = np.maximum(cumulative[:, -1:], 1.0)
        p50, p90 = (self.value[(cumulative >= q * total).argmax(axis=1)] for q in (0.5, 0.9))
        found: Floats = p90 / p50
        return found


def variation(counts: Floats) -> Floats:
    """Coefficient of variation of each row."""
    mean = counts.mean(axis=1)
    found: Floats = counts.std(axis=1) / np.where(mean > 0, mean, 1.0)
    return found


def diversity(cases_per_path: Floats) -> float:
    """How many equally common paths would be as varied: `2 ^ entropy` (Hill number of order 1)."""
    share = cases_per_path[cases_per_path > 0] / cases_per_path.sum()
    return float(2 ** -(share * np.log2(share)).sum())
