"""Whether people still agree with a model: Wilson's bound over windows of blind checks."""

import math
from collections.abc import Sequence

SURE = 3.89
"""Standard normal quantile of a look: one-sided 0.00005, since every check looks at every window anew."""
WINDOWS = (20, 30, 50, 100, 200)
"""Newest checks that are looked at together: short ones see a sudden change, long ones a small one."""


def wilson(k: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share, `k` of `n` (Wilson 1927); `z` = 1.96 is 95 %."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = k / n, z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def drifted(agreed: Sequence[bool], least: float, windows: Sequence[int] = WINDOWS) -> str | None:
    """Why a model is not to be trusted any more, or `None`. `agreed` is per blind check, the newest last.

    It is not trusted where the agreement is *surely* below `least`: the upper bound of some window of
    the newest checks lies below it. Doubt alone is no reason, or few checks would always be one.
    """
    for n in windows:
        if len(agreed) < n:
            break
        k = sum(agreed[-n:])
        high = wilson(k, n, SURE)[1]
        if high < least:
            return (
                f"people agreed in {k} of the last {n} blind checks, which is at most {high:.0%};"
                f" {least:.0%} is wanted"
            )
    return None
