"""Floating activities: what happens at any time beside the process, proposed as side tasks or events."""

from collections import Counter, defaultdict
from math import log2

from mining.derivatives import Variants
from mining.grow import PLAN, Grown, grow, grow_tree

LEAST_SHARE = 0.05
LEAST_ENTROPY = 0.75
LEAST_GAIN = 0.08
MOST = 3
FEWEST = 50
"""Cases from which it can be told that an activity floats."""
ENOUGH = 0.95
"""Coverage from which nothing needs hiding."""
TRIAL_VARIANTS = 60
MOST_TRIALS = 5
"""Candidates that get a second chance beside the first one hidden."""
ESSENTIAL = 0.9
"""Share of cases from which an activity is left out only where the process cannot be planned with it:
beside a plannable process, work that nearly every case needs must be waited for."""


def grow_beside_floating(variants: Variants) -> Grown:
    """Grow a tree, leaving out up to three activities that float if that lets it cover more cases.

    An activity floats when at least 5 % of cases have it, both its predecessors and its successors
    vary (at least 0.75 bit), and hiding it gains at least 0.08 of coverage.
    """
    total = sum(variants.values())
    found = grow(variants)
    hidden: tuple[str, ...] = ()
    candidates = floating_candidates(variants) if total >= FEWEST else {}
    while len(hidden) < MOST and found.coverage < ENOUGH:
        most = ESSENTIAL if found.coverage >= PLAN else 1.0
        trials = [
            (
                grow_tree(left, most_variants=TRIAL_VARIANTS, passes=2).coverage * sum(left.values()) / total,
                activity,
            )
            for activity, share in candidates.items()
            if activity not in hidden and share <= most
            if (left := without(variants, {*hidden, activity}))
        ]
        coverage, activity = max(trials, default=(0.0, ""))
        candidates = {name: candidates[name] for _, name in sorted(trials)[-MOST_TRIALS:]}
        if coverage < found.coverage + LEAST_GAIN:
            break
        hidden = (*hidden, activity)
        left = without(variants, set(hidden))
        grown = grow(left)
        found = Grown(
            tree=grown.tree,
            coverage=grown.coverage * sum(left.values()) / total,
            precision=grown.precision,
            floating=hidden,
            demanded=grown.demanded,
            admitted=grown.admitted,
        )
    return found


def floating_candidates(variants: Variants) -> dict[str, float]:
    """Activities whose neighbours on both sides vary, and the share of cases (at least 5 %) they are in."""
    before: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    after: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    cases: Counter[str] = Counter()
    for variant, n in variants.items():
        for left, right in zip((None, *variant), (*variant, None), strict=True):
            if right is not None:
                before[right][left] += n
            if left is not None:
                after[left][right] += n
        for activity in set(variant):
            cases[activity] += n
    total = sum(variants.values())
    return {
        activity: n / total
        for activity, n in sorted(cases.items())
        if n >= LEAST_SHARE * total
        and min(entropy(before[activity]), entropy(after[activity])) >= LEAST_ENTROPY
    }


def entropy(counts: Counter[str | None]) -> float:
    """Shannon entropy in bits."""
    total = counts.total()
    return -sum(n / total * log2(n / total) for n in counts.values() if n)


def without(variants: Variants, hidden: set[str]) -> dict[tuple[str, ...], int]:
    """The variants with these activities left out; cases left with nothing vanish."""
    left: Counter[tuple[str, ...]] = Counter()
    for variant, n in variants.items():
        rest = tuple(activity for activity in variant if activity not in hidden)
        if rest:
            left[rest] += n
    return dict(left)
