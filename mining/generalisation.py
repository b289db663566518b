"""Generalisation: how often the parts of a model were used, as a hint whether new cases will fit it too."""

from collections import Counter
from collections.abc import Iterable
from math import sqrt

from mining.derivatives import Variants


def generalisation(activities: Iterable[str], variants: Variants) -> float | None:
    """1 − mean over the model's activities of 1/√executions (Buijs, van Dongen and van der Aalst 2012).

    The paper counts how often an alignment visits each node of the tree; here every execution of the
    activity in the log counts, so it holds for nets too. An activity that was never done counts 1; none at
    all: `None`.
    """
    executions: Counter[str] = Counter()
    for variant, cases in variants.items():
        for activity in variant:
            executions[activity] += cases
    terms = [1 / sqrt(max(executions[activity], 1)) for activity in sorted(set(activities))]
    return 1 - sum(terms) / len(terms) if terms else None
