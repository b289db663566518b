"""Discovery for planning: a tree is grown from the commonest variant, as long as it stays precise."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from mining.derivatives import Automaton, Measure, TooManyStates, Trie, Variants, measure
from mining.tree import Tree, repeatable

Verdict = Literal["plan", "pilot", "refuse"]
PLAN, PILOT = 0.8, 0.6
"""Share of cases the tree must accept exactly."""
PRECISION, LOWER_PRECISION = 0.8, 0.7
MOST_LEAVES = 30
MOST_VARIANTS = 200
LEAST_SHARE = 0.002
PASSES = 3
FLOWER = 3
"""Activities in one "any of these, again and again" from which it says nothing any more."""


@dataclass(frozen=True)
class Grown:
    """A tree for planning, and how much of the log it stands for."""

    tree: Tree
    coverage: float
    """Share of all cases that the tree accepts exactly, floating activities aside."""
    precision: float
    floating: tuple[str, ...] = ()
    """Activities that happen at any time and were left out."""
    demanded: float = PRECISION
    """The precision that was asked for."""
    admitted: int = 0
    """Variants the tree was grown from."""

    @property
    def verdict(self) -> Verdict:
        """`plan` the whole, `pilot` it first, or `refuse` the whole and look at its blocks."""
        return "plan" if self.coverage >= PLAN else "pilot" if self.coverage >= PILOT else "refuse"


def grow(variants: Variants) -> Grown:
    """The tree to plan with: precision .8, or .7 where that leaves less than .6 of the cases covered."""
    found = grow_tree(variants)
    if found.coverage < PILOT:
        wider = grow_tree(variants, precision=LOWER_PRECISION)
        if wider.coverage > found.coverage + 0.1:
            return wider
    return found


def grow_tree(
    variants: Variants,
    *,
    precision: float = PRECISION,
    most_variants: int = MOST_VARIANTS,
    passes: int = PASSES,
) -> Grown:
    """Grow a tree from the commonest variant.

    In order of frequency a variant is admitted only if inductive mining of the admitted ones keeps the
    tree precise on the whole log, small, not a flower and never empty, and raises coverage. Rejected
    variants get another chance in the next pass, when the tree has changed.
    """
    total = sum(variants.values())
    ordered = sorted(((v, n) for v, n in variants.items() if v), key=lambda each: (-each[1], each[0]))
    if not ordered:
        raise ValueError("There are no cases to grow a tree from.")
    trie = Trie.of(variants)
    admitted = dict(ordered[:1])
    tree = _mined(admitted)
    best = measure(tree, trie)
    least = max(2.0, LEAST_SHARE * total)
    waiting = [(v, n) for v, n in ordered[1:] if n >= least][:most_variants]
    tried: set[tuple[Tree, tuple[str, ...]]] = set()
    for _ in range(passes):
        rejected: list[tuple[tuple[str, ...], int]] = []
        changed = False
        automaton = Automaton(tree)
        for variant, cases in waiting:
            if automaton.accepts(variant):
                admitted[variant] = cases
                continue
            rejected.append((variant, cases))
            if (tree, variant) in tried:
                continue
            tried.add((tree, variant))
            larger = _mined({**admitted, variant: cases})
            found = _acceptable(larger, trie, precision)
            if found and found.fitness > best.fitness:
                rejected.pop()
                admitted[variant] = cases
                tree, best, automaton, changed = larger, found, Automaton(larger), True
        waiting = rejected
        if not changed or not waiting:
            break
    return Grown(tree, best.fitness, best.precision, demanded=precision, admitted=len(admitted))


def _acceptable(tree: Tree, trie: Trie, precision: float) -> Measure | None:
    if tree.nullable or tree.leaves > MOST_LEAVES or is_flower(tree):
        return None
    try:
        found = measure(tree, trie)
    except TooManyStates:
        return None
    return found if found.precision >= precision else None


def is_flower(tree: Tree) -> bool:
    """Whether some part allows three or more activities in any order, any number of times."""
    for node in tree.nodes():
        if node.operator == "loop":
            body, redo = node.children
            anything = body.operator == "silent" or (body.operator == "choice" and redo.operator == "silent")
            if anything and node.leaves >= FLOWER:
                return True
    return False


def _mined(variants: Mapping[tuple[str, ...], int]) -> Tree:
    """Inductive mining with direct repeats folded first and allowed again afterwards."""
    from mining._pm4py import inductive_tree

    folded: Counter[tuple[str, ...]] = Counter()
    repeats: set[str] = set()
    for variant, cases in variants.items():
        repeats |= {a for a, b in pairwise(variant) if a == b}
        folded[without_repeats(variant)] += cases
    return repeatable(inductive_tree(folded), frozenset(repeats))


def without_repeats(variant: tuple[str, ...]) -> tuple[str, ...]:
    """The sequence with direct repetitions of an activity written once."""
    return tuple(a for i, a in enumerate(variant) if i == 0 or variant[i - 1] != a)
