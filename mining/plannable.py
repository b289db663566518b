"""Whether a process can be planned: how much of it a precise tree accepts, and why not more."""

from collections import Counter
from dataclasses import dataclass

from home.text import percent
from mining.derivatives import Variants
from mining.floating import grow_beside_floating
from mining.grow import PILOT, PLAN, Grown, Verdict
from mining.outcomes import decision_names

MOST_ACTIVITIES = 500
"""Above this many, names tell cases apart rather than steps, and looking for a tree is futile."""
WORSE = 0.02
"""Coverage given up at most for one decision written as several activities."""


@dataclass(frozen=True)
class Plannable:
    """The verdict on a process."""

    verdict: Verdict
    coverage: float
    precision: float
    because: str
    """One sentence for people."""


def plannable(variants: Variants) -> Plannable:
    """Grow a tree from finished cases since the last change, and say whether it is enough to plan with."""
    if not any(variants):
        return Plannable("refuse", 0.0, 0.0, "No finished case is left to plan with.")
    names = set().union(*variants)
    if len(names) > MOST_ACTIVITIES:
        because = f"It has {len(names):,} distinct activities; rename or merge them first."
        return Plannable("refuse", 0.0, 0.0, because)
    grown = grow_beside_floating(variants)
    named = {a: d.name for d in decision_names(names) for a in d.outcomes}
    if named:
        merged: Counter[tuple[str, ...]] = Counter()
        for variant, cases in variants.items():
            merged[tuple(named.get(name, name) for name in variant)] += cases
        decided = grow_beside_floating(merged)
        if decided.coverage >= grown.coverage - WORSE:
            grown = decided
    return Plannable(grown.verdict, grown.coverage, grown.precision, _because(grown))


def _because(grown: Grown) -> str:
    covered = f"A precise tree accepts {percent(grown.coverage)} of the cases"
    beside = f", with {', '.join(grown.floating)} beside it" if grown.floating else ""
    if grown.verdict == "plan":
        return f"{covered}{beside}."
    if grown.verdict == "pilot":
        return f"{covered}{beside}: fewer than {percent(PLAN)}, so pilot it first."
    return f"{covered}{beside}: fewer than {percent(PILOT)}, so plan a part of it."
