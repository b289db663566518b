"""Quantiles of durations when some cases are still running (Kaplan and Meier 1958), under weights."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Durations:
    """Durations of cases, some of them censored: the case was still running when last seen."""

    def __init__(self, seconds: Floats, censored: NDArray[np.bool_]) -> None:
        self.order = np.argsort(seconds, kind="stable")
        self.times, self._first = np.unique(seconds[self.order], return_index=True)
        self._ended = (~censored)[self.order].astype(float)

    def quantiles(self, weights: Floats, q: float) -> Floats:
        """For each row of case weights the duration within which a share `q` of cases ends.

        Not a number where too many cases still run to tell.
        """
        if not len(self.times):
            return np.full(len(weights), np.nan)
        ordered = weights[:, self.order]
        gone = np.add.reduceat(ordered, self._first, axis=1)
        ended = np.add.reduceat(ordered * self._ended, self._first, axis=1)
        at_risk = gone[:, ::-1].cumsum(axis=1)[:, ::-1]
        hazard = np.divide(ended, at_risk, out=np.zeros_like(ended), where=at_risk > 1e-12)
        surviving = np.cumprod(1 - hazard, axis=1)
        reached = surviving <= 1 - q + 1e-9
        found = np.where(reached.any(axis=1), self.times[reached.argmax(axis=1)], np.nan)
        return np.asarray(found, dtype=np.float64)
