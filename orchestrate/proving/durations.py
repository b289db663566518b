"""Durations drawn from what a plan keeps of the log: 21 quantiles, with a tail of its own."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

TAIL = (0.96, 0.97, 0.98, 0.985, 0.99, 0.9925, 0.995, 0.9975, 0.999, 0.9995)
"""Levels between the last two quantiles at which the tail is drawn out."""

Levels = npt.NDArray[np.float64]


@lru_cache(maxsize=4096)
def curve(quantiles: tuple[float, ...], n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """`(levels, seconds)` of a quantile function that is linear in between.

    Between the last two quantiles lies a twentieth of the observations, and one of them is the
    longest: a straight line would make all of them long. They are taken for a Pareto tail that
    reaches the longest where the longest of `n` is expected, at level 1 - 1/n.
    """
    steps = len(quantiles) - 1
    levels = [i / steps for i in range(steps)]
    seconds = list(quantiles[:-1])
    last, longest = quantiles[-2], quantiles[-1]
    share = 1 / steps
    if last > 0 and longest > last and n * share > math.e:
        power = math.log(longest / last) / math.log(n * share)
        inner = [level for level in TAIL if levels[-1] < level < 1 - 1 / n]
        levels += inner
        seconds += [min(last * (share / (1 - level)) ** power, longest) for level in inner]
        levels.append(1 - 1 / n)
        seconds.append(longest)
    return (*levels, 1.0), (*seconds, longest)


def at_level(quantiles: Sequence[float], n: int, level: float) -> float:
    """The duration at `level` (0 to 1), in seconds; 0 where nothing was observed."""
    if len(quantiles) < 2:
        return quantiles[0] if quantiles else 0.0
    levels, seconds = curve(tuple(quantiles), n)
    above = min(bisect_right(levels, level), len(levels) - 1)
    width = levels[above] - levels[above - 1]
    part = (level - levels[above - 1]) / width if width > 0 else 1.0
    return seconds[above - 1] + part * (seconds[above] - seconds[above - 1])


def at_levels(quantiles: Sequence[float], n: int, level: Levels) -> Levels:
    """`at_level` of many levels."""
    if len(quantiles) < 2:
        return np.full(len(level), quantiles[0] if quantiles else 0.0)
    return np.asarray(np.interp(level, *curve(tuple(quantiles), n)))
