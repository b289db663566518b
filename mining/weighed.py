"""A candidate week by week: sums, and the same sums in weeks drawn anew."""

import numpy as np
from numpy.typing import NDArray

from mining.anchors import Anchors
from mining.pain import Entries
from mining.stability import (
    QUARTERS,
    Floats,
    Spread,
    Steps,
    chance_divergence,
    divergence,
    predictability,
    quarters,
    variation,
)

CELLS = 5_000_000
"""Draws times steps held at once."""


class Weighed:
    """Sums per week, and draws of weeks: the first row weighs each week once, the others resample."""

    def __init__(self, entries: Entries, anchors: Anchors, seed: int) -> None:
        self.entries, self.anchors = entries, anchors
        self.week = entries.week_of
        weeks = entries.weeks
        self.count = len(weeks)
        self.cases = np.bincount(self.week, minlength=self.count).astype(float)
        # The first and the last week may have been cut off; only the weeks between them are whole.
        last = self.count if entries.until is None else sum(week <= entries.until for week in weeks)
        self.whole = np.arange(1, last - 1) if last > 2 else np.arange(max(last, 1))
        self.recent = self.whole[-anchors.frequency["weeks"] :]
        self.quarter = quarters(self.cases)
        rng = np.random.default_rng(seed)
        draws = int(anchors.candidates["draws"])
        self.weights = self._draws(rng, draws, [np.flatnonzero(self.quarter == q) for q in range(QUARTERS)])
        self.recent_draws = np.vstack([self.recent, rng.choice(self.recent, (draws, len(self.recent)))])

    def _draws(self, rng: np.random.Generator, draws: int, strata: list[NDArray[np.int64]]) -> Floats:
        weights = np.zeros((draws + 1, self.count))
        weights[0] = 1
        for weeks in strata:
            if len(weeks):
                chosen = rng.choice(weeks, (draws, len(weeks)))
                np.add.at(weights, (np.repeat(np.arange(1, draws + 1), len(weeks)), chosen.ravel()), 1)
        return weights

    def frequency(self) -> Floats:
        """Entries per whole week."""
        found: Floats = self.cases[self.recent_draws].mean(axis=1)
        return found

    def pain(self) -> Floats:
        """Labour-equivalent hours per case."""
        hours = np.bincount(self.week, weights=self.entries.pain(self.anchors), minlength=self.count)
        found: Floats = (self.weights @ hours) / np.maximum(self.weights @ self.cases, 1.0)
        return found

    def stability(self, seed: int) -> dict[str, Floats]:
        """Change in bits beyond chance, predictability, and variation of volume and duration."""
        steps = Steps(self.entries.paths)
        path = self.entries.cases["path"].to_numpy(np.int64)
        in_week = steps.counts(path, self.week, self.count)
        found: dict[str, Floats] = {}
        size = max(1, CELLS // (QUARTERS * len(steps.pairs)))
        chunks = [self.weights[low : low + size] for low in range(0, len(self.weights), size)]
        if self.count >= QUARTERS:
            quarter = [self.quarter == q for q in range(QUARTERS)]
            parts = (np.stack([w[:, q] @ in_week[q] for q in quarter], axis=1) for w in chunks)
            found["change"] = np.concatenate([divergence(part) for part in parts])
            found["change"] -= chance_divergence(path, steps, seed)
        found["predictability"] = np.concatenate([predictability(w @ in_week, steps) for w in chunks])
        if len(self.recent) >= QUARTERS:
            found["volume"] = variation(self.cases[self.recent_draws])
        hours = self.entries.cases["cycle"].to_numpy(float)
        if hours.max() > 0:
            found["spread"] = Spread(hours, self.week, self.count).ratios(self.weights)
        return found
