"""Learns how long open cases still take, and holds what it learned to a baseline on later cases.

Rows are the cases open at evenly spaced moments, as a model meets them when it is asked. The past is cut
by time: a model learns from the first part, its errors on the second part make its intervals (split
conformal prediction, Papadopoulos et al. 2002), and it is judged on the third. The baseline it must beat
is the median of what was left after the same sequence of activities.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mining.prefixes import Known

Floats = NDArray[np.float64]
Learner = Literal["scikit-learn", "lightgbm"]

MOMENTS = 60
"""Moments per part of the past."""
MOST_ROWS = 20_000
LEAST_ROWS = 200
LEAST_CASES = 60
ALIKE = 20
"""Open cases with the same sequence so far that its median needs."""
COVERED = 0.8
"""Share of cases that an interval is made to cover."""
BANDS = 5
"""Parts by predicted time left; errors grow with it, so each has an error distribution of its own."""
DRAWS = 500


@dataclass(frozen=True)
class Judged:
    """How wrong predictions were on cases that came later."""

    rows: int
    cases: int
    mae_s: float
    baseline_mae_s: float
    gain: float
    """1 − error / error of the baseline."""
    gain_low: float
    gain_high: float
    """95 % interval over cases."""
    covered: float
    """Share of cases that ended within their 80 % interval."""
    brier: float
    """Mean squared error of the probability of a breach."""
    brier_base: float
    """That of always saying the share of breaches."""


class Baseline:
    """The median of what was left after the same activities so far; after the same last two, or the last."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._levels = []
        for keys in (["path"], ["last", "before"], ["last"]):
            seen = rows.groupby(keys)["remaining_s"].agg(["median", "size"])
            self._levels.append((keys, seen[seen["size"] >= ALIKE]["median"]))
        self._all = float(rows["remaining_s"].median())

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Seconds left of each row."""
        found = np.full(len(rows), np.nan)
        for keys, medians in self._levels:
            index = pd.MultiIndex.from_frame(rows[keys]) if len(keys) > 1 else rows[keys[0]]
            found = np.where(np.isnan(found), medians.reindex(index).to_numpy(float), found)
        filled: Floats = np.where(np.isnan(found), self._all, found)
        return filled


class Boosted:
    """Gradient-boosted trees on all that is known of a case, least absolute error."""

    def __init__(self, rows: pd.DataFrame, learner: Learner) -> None:
        from threadpoolctl import threadpool_limits

        self._model = _untaught(learner)
        # Times left span seconds to months: on a logarithmic scale the median stays the median.
        with threadpool_limits(1):  # on a busy machine threads that wait for each other cost ten times more
            self._model.fit(_features(rows), np.log1p(rows["remaining_s"].to_numpy(float)))

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Seconds left of each row."""
        left: Floats = np.maximum(np.expm1(self._model.predict(_features(rows))), 0.0)
        return left


def _features(rows: pd.DataFrame) -> pd.DataFrame:
    """What a model sees, under names of our own: those of attributes may be anything."""
    found = Known.features(rows)
    return found.set_axis([f"f{i}" for i in range(found.shape[1])], axis=1)


def _untaught(learner: Learner) -> Any:
    if learner == "lightgbm":
        from lightgbm import LGBMRegressor

        return LGBMRegressor(
            objective="l1", n_estimators=200, learning_rate=0.08, min_child_samples=20, random_state=7,
            n_jobs=1, deterministic=True, verbosity=-1,
        )  # fmt: skip
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=200, learning_rate=0.08, min_samples_leaf=20, random_state=7,
        early_stopping=True,
    )  # fmt: skip


class Errors:
    """The errors that were made on earlier cases, by how long was predicted; what turns a guess into odds."""

    def __init__(self, predicted: Floats, actual: Floats) -> None:
        self._cuts = np.quantile(predicted, np.arange(1, BANDS) / BANDS)
        band = np.searchsorted(self._cuts, predicted, side="right")
        logs = np.log1p(actual) - np.log1p(predicted)
        everything = np.sort(logs)
        self._logs = [
            np.sort(logs[band == i]) if (band == i).sum() >= ALIKE else everything for i in range(BANDS)
        ]

    def interval(self, predicted: Floats) -> tuple[Floats, Floats]:
        """Between these a case ends with probability `COVERED`."""
        side = (1 - COVERED) / 2
        return self._at(predicted, side), self._at(predicted, 1 - side)

    def _at(self, predicted: Floats, level: float) -> Floats:
        band = np.searchsorted(self._cuts, predicted, side="right")
        # One more than there are: the next error is as likely to lie in any of the gaps between them.
        shift = np.array(
            [logs[min(len(logs) - 1, max(0, round(level * (len(logs) + 1)) - 1))] for logs in self._logs]
        )
        left: Floats = np.maximum(np.expm1(np.log1p(predicted) + shift[band]), 0.0)
        return left

    def longer_than(self, predicted: Floats, limit: Floats) -> Floats:
        """The probability that what is left exceeds `limit` (seconds, at or below 0: it has already)."""
        band = np.searchsorted(self._cuts, predicted, side="right")
        needed = np.log1p(np.maximum(limit, 0)) - np.log1p(predicted)
        found = [
            (len(self._logs[b]) - np.searchsorted(self._logs[b], n, side="right") + 0.5)
            / (len(self._logs[b]) + 1)
            for b, n in zip(band, needed, strict=True)
        ]
        return np.where(limit <= 0, 1.0, np.array(found, dtype=float))


@dataclass(frozen=True)
class Forecast:
    """What was learned, whichever of model and baseline was better, and how good it was."""

    model: Boosted | Baseline
    errors: Errors
    judged: Judged
    beats: bool
    """The model was surely better than the baseline."""


def learned(
    past: Known, over: NDArray[np.bool_], sla_s: float, learner: Learner = "scikit-learn"
) -> Forecast | str:
    """Learn from the cases that are `over`; a sentence where there are too few of them."""
    cases = past.cases[over]
    if len(cases) < LEAST_CASES:
        return f"Only {len(cases)} cases are over; {LEAST_CASES} are needed to learn from."
    took = (cases["end"] - cases["start"]).dt.total_seconds()
    first, last = cases["start"].min(), past.cases["end"].max()
    # Whoever started this late and is over was quick; it would teach that all cases are.
    until = max(last - pd.Timedelta(seconds=float(took.quantile(0.95))), first + (last - first) / 2)
    cut = [first + (until - first) * share for share in (0.0, 0.6, 0.8, 1.0)]
    parts = []
    for begin, end in pairwise(cut):
        moments = pd.date_range(begin, end, periods=MOMENTS + 1)[1:].to_numpy("datetime64[us]")
        rows = past.open_at(moments, most=MOST_ROWS)
        parts.append(rows[over[rows["case"].to_numpy(int)]].reset_index(drop=True))
    train, calibrate, test = parts
    train = train[past.cases["end"].to_numpy()[train["case"].to_numpy(int)] <= cut[1]]
    if min(len(part) for part in (train, calibrate, test)) < LEAST_ROWS:
        return "Too few cases were open at one time to learn from; a longer log is needed."
    baseline, boosted = Baseline(train), Boosted(train, learner)
    actual = test["remaining_s"].to_numpy(float)
    wrong = np.abs(boosted.predict(test) - actual)
    base = np.abs(baseline.predict(test) - actual)
    gain, low, high = _gain(wrong, base, test["case"].to_numpy(int))
    beats = low > 0
    chosen: Boosted | Baseline = boosted if beats else baseline
    errors = Errors(chosen.predict(calibrate), calibrate["remaining_s"].to_numpy(float))
    predicted = chosen.predict(test)
    floor, ceiling = errors.interval(predicted)
    limit = sla_s - test["elapsed_s"].to_numpy(float)
    open_still = limit > 0
    broke = (actual > limit)[open_still]
    odds = errors.longer_than(predicted[open_still], limit[open_still])
    judged = Judged(
        rows=len(test),
        cases=int(test["case"].nunique()),
        mae_s=float(wrong.mean() if beats else base.mean()),
        baseline_mae_s=float(base.mean()),
        gain=gain,
        gain_low=low,
        gain_high=high,
        covered=float(((actual >= floor) & (actual <= ceiling)).mean()),
        brier=float(((odds - broke) ** 2).mean()) if len(broke) else 0.0,
        brier_base=float(((broke.mean() - broke) ** 2).mean()) if len(broke) else 0.0,
    )
    return Forecast(chosen, errors, judged, beats)


def _gain(wrong: Floats, base: Floats, case: NDArray[np.int64]) -> tuple[float, float, float]:
    """How much less wrong, with a 95 % interval from drawing whole cases (rows of one case are alike)."""
    _, which = np.unique(case, return_inverse=True)
    ours, theirs = np.bincount(which, weights=wrong), np.bincount(which, weights=base)
    draw = np.random.default_rng(7)
    picks = draw.integers(0, len(ours), (DRAWS, len(ours)))
    gains = 1 - ours[picks].sum(axis=1) / np.maximum(theirs[picks].sum(axis=1), 1e-9)
    low, high = np.quantile(gains, [0.025, 0.975])
    return float(1 - wrong.sum() / max(base.sum(), 1e-9)), float(low), float(high)
