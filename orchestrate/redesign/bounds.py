"""Upper bounds on percentiles, from order statistics: no distribution is assumed."""

from datetime import timedelta

import numpy as np

from orchestrate.redesign.history import Floats

LEAST = 60
"""Observations from which a 95 % bound on the 95th percentile exists (1 - .95**59 ≥ .95)."""
NICE_S = (60, 120, 300, 600, 900, 1200, 1800, 2700, 3600)


def upper_percentile(values: Floats, share: float = 0.95, confidence: float = 0.95) -> float | None:
    """A value that the true percentile does not exceed, with this confidence.

    The smallest order statistic x(k) with P(Binomial(n, share) < k) ≥ confidence (Hahn and Meeker 1991,
    ch. 5); None where there are too few values.
    """
    from scipy.stats import binom

    n = len(values)
    rank = int(binom.ppf(confidence, n, share)) + 1
    if n < LEAST or rank > n:
        return None
    return float(np.sort(values)[rank - 1])


def nice(seconds: float) -> timedelta:
    """The next duration that people would name: minutes, half hours, hours, half days, days."""
    for known in NICE_S:
        if seconds <= known:
            return timedelta(seconds=known)
    unit = (
        1800 if seconds < 6 * 3600 else 3600 if seconds < 86400 else 43200 if seconds < 5 * 86400 else 86400
    )
    return timedelta(seconds=unit * float(np.ceil(seconds / unit)))
