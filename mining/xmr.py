"""XmR charts: whether a weekly figure has changed, or only varies as it always did."""

from collections.abc import Sequence

import numpy as np

from home.contracts import Contract

FEWEST = 20
BASELINE = 12
"""Weeks from which the limits are computed, unless given."""
RUN = 8


class Signal(Contract):
    """A point, or the end of a run, that chance does not explain."""

    index: int
    rule: str
    """`outside`: beyond a limit. `run`: eight in a row on one side of the centre."""


class Xmr(Contract):
    """Centre, natural process limits, and what lies outside of them."""

    centre: float
    lower: float
    upper: float
    baseline: int
    """Values that the limits come from."""
    signals: list[Signal]


def xmr(values: Sequence[float], *, baseline: int | None = None) -> Xmr | None:
    """Limits `centre ± 2.66 x mean moving range` (Shewhart; Wheeler, *Understanding Variation*).

    They come from the first `baseline` values (12 where absent); all values are judged. `None` for fewer
    than 20 values: limits from so few say little.
    """
    series = np.asarray(values, dtype=float)
    if len(series) < FEWEST or not np.isfinite(series).all():
        return None
    first = series[: baseline or BASELINE]
    centre = float(first.mean())
    width = 2.66 * float(np.abs(np.diff(first)).mean())
    outside = np.flatnonzero(np.abs(series - centre) > width + 1e-12)
    signals = [Signal(index=int(i), rule="outside") for i in outside]
    side, length = 0.0, 0
    for i, value in enumerate(series):
        now = float(np.sign(value - centre))
        length = length + 1 if now == side and now else int(now != 0)
        side = now
        if length == RUN:
            signals.append(Signal(index=i, rule="run"))
    return Xmr(
        centre=centre,
        lower=centre - width,
        upper=centre + width,
        baseline=len(first),
        signals=sorted(signals, key=lambda s: (s.index, s.rule)),
    )
