"""Before and after, honestly: weeks resampled, the mix of cases equalised, running cases counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mining.survival import Durations

Floats = NDArray[np.float64]
Scale = Literal["relative", "difference"]
DRAWS = 500
LEVEL = 0.95
CHUNK = 2_000_000
"""Weights held at once."""
SIMULATED_CASES = 200
"""A sandbox counts as this many cases, however many it ran."""
Statistic = Callable[[Floats], Floats]
"""Rows of case weights to one value each."""


@dataclass(frozen=True)
class Compared:
    """A figure before and after."""

    before: float
    after: float
    change: float
    interval: tuple[float, float]
    error: float
    """Standard error of the change, on its scale (of the logarithm where it is relative)."""


class Side:
    """Cases of one side, in weeks that are drawn again and again."""

    def __init__(self, week: NDArray[np.int64], stratum: NDArray[np.object_] | None) -> None:
        self.weeks, self.week = np.unique(week, return_inverse=True)
        self.count = len(week)
        self.stratum = stratum

    @property
    def widening(self) -> float:
        """Few weeks vary less among themselves than their mean does: Student's t in place of the normal."""
        from scipy.special import stdtrit

        n = len(self.weeks)
        if n < 2:
            return 1.0
        return float(stdtrit(n - 1, (1 + LEVEL) / 2) / stdtrit(1e9, (1 + LEVEL) / 2) * np.sqrt(n / (n - 1)))

    def draws(self, rng: np.random.Generator, draws: int) -> Floats:
        """Weights of weeks: all once, then resampled with replacement."""
        n = len(self.weeks)
        again = rng.multinomial(n, np.full(n, 1 / n), draws)
        return np.vstack([np.ones(n), again]).astype(float)

    def shares(self, weeks: Floats, strata: list[str]) -> Floats:
        """For each draw the share of each stratum."""
        counts = np.zeros((len(self.weeks), len(strata)))
        if self.stratum is not None:
            known = {name: i for i, name in enumerate(strata)}
            column = np.array([known.get(name, -1) for name in self.stratum])
            np.add.at(counts, (self.week[column >= 0], column[column >= 0]), 1)
        found = weeks @ counts
        return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12))


def week_index(start: "pd.Series[pd.Timestamp]") -> NDArray[np.int64]:
    """The week each case started in, as a number; weeks begin on Monday."""
    days = start.astype("datetime64[s]").astype("int64").to_numpy() // 86_400
    return np.asarray((days + 3) // 7, dtype=np.int64)


def compare(
    before: tuple[Side, Statistic],
    after: tuple[Side, Statistic],
    *,
    scale: Scale,
    seed: int = 0,
    draws: int = DRAWS,
) -> Compared | None:
    """Both figures, their change, and its 95 % interval; `None` where either cannot be told.

    Weeks are drawn with replacement on both sides (cases of a week share its troubles, so drawing
    cases would promise too much). Where both sides have strata, cases of `after` are weighed so that
    their strata have the shares they had before (post-stratification, anew in each draw).
    Deviations are widened by Student's t, as weeks are few.
    """
    rng = np.random.default_rng(seed)
    weeks = [side.draws(rng, draws) for side, _ in (before, after)]
    values = [
        _values(before[0], before[1], weeks[0], None),
        _values(after[0], after[1], weeks[1], _factors(before[0], after[0], weeks)),
    ]
    return _change(values[0], values[1], scale, before[0].widening, after[0].widening)


def predict(
    before: tuple[Side, Statistic],
    after: tuple[Side, Statistic],
    *,
    scale: Scale,
    seed: int = 0,
    draws: int = DRAWS,
) -> Compared | None:
    """The same, where `after` was simulated with figures taken from `before`.

    Those figures are no surer than the weeks they come from, however many cases a sandbox runs. So the
    predicted figure is drawn as `S* (B* / B)`: `S*` from 200 simulated cases drawn with replacement,
    `B* / B` the deviation of the as-is figure in weeks drawn anew, independently of those it is
    compared with (`S* + B* - B` for shares). More simulated cases do not narrow it.
    """
    rng = np.random.default_rng(seed)
    weeks = before[0].draws(rng, draws)
    as_is = _values(before[0], before[1], weeks, None)
    calibration = _values(before[0], before[1], before[0].draws(rng, draws), None)
    n = after[0].count
    again = rng.multinomial(SIMULATED_CASES, np.full(n, 1 / n), draws)
    cases = np.vstack([np.ones(n), again]).astype(float)
    factors = _factors(before[0], after[0], [weeks[:1], np.ones((1, len(after[0].weeks)))])
    if factors is not None:
        cases = cases * factors[0]
    simulated = np.concatenate([after[1](part) for part in _chunks(cases)])
    if scale == "relative":
        if not as_is[0] > 0:
            return None
        simulated = simulated * np.concatenate([[1.0], calibration[1:] / as_is[0]])
    else:
        simulated = simulated + np.concatenate([[0.0], calibration[1:] - as_is[0]])
    return _change(as_is, simulated, scale, before[0].widening, before[0].widening)


def _values(side: Side, statistic: Statistic, weeks: Floats, factors: Floats | None) -> Floats:
    size = max(1, CHUNK // max(side.count, 1))
    found = []
    for low in range(0, len(weeks), size):
        weights = weeks[low : low + size][:, side.week]
        if factors is not None:
            weights = weights * factors[low : low + size]
        found.append(statistic(weights))
    return np.concatenate(found)


def _chunks(weights: Floats) -> Iterator[Floats]:
    size = max(1, CHUNK // max(weights.shape[1], 1))
    for low in range(0, len(weights), size):
        yield weights[low : low + size]


def _factors(before: Side, after: Side, weeks: list[Floats]) -> Floats | None:
    """For each draw and case of `after`, how much it counts so that the strata are as before."""
    if before.stratum is None or after.stratum is None:
        return None
    strata = sorted(set(before.stratum) & set(after.stratum))
    if not strata:
        return None
    target, there = before.shares(weeks[0], strata), after.shares(weeks[1], strata)
    ratio = np.divide(target, there, out=np.zeros_like(target), where=there > 0)
    known = {name: i for i, name in enumerate(strata)}
    column = np.array([known.get(name, len(strata)) for name in after.stratum])
    return np.hstack([ratio, np.zeros((len(ratio), 1))])[:, column]


def _change(
    before: Floats, after: Floats, scale: Scale, widen_before: float, widen_after: float
) -> Compared | None:
    if not (np.isfinite(before[0]) and np.isfinite(after[0])):
        return None
    b, a = before, after
    if scale == "relative":
        if before[0] <= 0 or after[0] <= 0:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            b, a = np.log(before), np.log(after)
    drawn = (a[0] + widen_after * (a[1:] - a[0])) - (b[0] + widen_before * (b[1:] - b[0]))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < 0.9 * (len(before) - 1):
        return None
    low, high = (float(np.quantile(drawn, p)) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    change = float(a[0] - b[0])
    if scale == "relative":
        interval, shown = (float(np.expm1(low)), float(np.expm1(high))), float(np.expm1(change))
    else:
        interval, shown = (low, high), change
    return Compared(float(before[0]), float(after[0]), shown, interval, float(drawn.std()))


def mean_of(values: Floats) -> Statistic:
    """The weighted mean; not a number where nothing has weight."""

    def statistic(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        return np.asarray(np.where(total > 0, weights @ values / np.maximum(total, 1e-12), np.nan))

    return statistic


def quantile_of(seconds: Floats, censored: NDArray[np.bool_], q: float) -> Statistic:
    """The Kaplan-Meier quantile."""
    durations = Durations(seconds, censored)
    return lambda weights: durations.quantiles(weights, q)
