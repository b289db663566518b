"""Blocks: parts of a process with one entry and one exit that can be planned by themselves."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mining.anchors import Anchors
from mining.derivatives import Variants
from mining.grow import grow_tree
from mining.tree import Tree

SMALLEST, LARGEST = 2, 15
LEAVES_SHARE = 0.8
"""Share of a block's activities that its tree must speak of."""
MOST_TRIED = 25
MOST_VARIANTS, MOST_ACTIVITIES = 1000, 60
SECONDS = 20.0
"""Only a safeguard: what is found should not depend on the machine."""
PathPain = Mapping[tuple[str, ...], tuple[list[float], list[float]]]
"""Labour-equivalent hours of each variant by position: of the waiting before it, and of the work in it."""


@dataclass(frozen=True)
class Block:
    """A part of a process."""

    activities: frozenset[str]
    ordered: tuple[str, ...]
    """The same, in the order they usually begin."""
    entered: float
    """Share of all cases that enter it."""
    closure: float
    """Share of those with nothing foreign between its first and last activity."""
    coverage: float
    """Share of those that its tree accepts exactly."""
    precision: float
    pain: float
    """Share of the pain of the whole process."""


def activity_sets(trees: Mapping[str, Tree] | list[Tree]) -> set[frozenset[str]]:
    """Activities of every part of these trees, and of every run of consecutive parts of a sequence."""
    found: set[frozenset[str]] = set()
    for tree in trees.values() if isinstance(trees, Mapping) else trees:
        for node in tree.nodes():
            found.add(node.alphabet)
            if node.operator == "sequence":
                found.update(_runs(node))
    whole = frozenset().union(*found) if found else frozenset()
    return {each for each in found if SMALLEST <= len(each) <= LARGEST and each != whole}


def _runs(node: Tree) -> Iterator[frozenset[str]]:
    parts = node.children
    for i in range(len(parts)):
        together: frozenset[str] = frozenset()
        for part in parts[i:]:
            together |= part.alphabet
            yield together


def within(variants: Variants, activities: frozenset[str]) -> tuple[Counter[tuple[str, ...]], int, int]:
    """The variants of a block: cases per projected path, cases that enter it, and those that stay within."""
    projected: Counter[tuple[str, ...]] = Counter()
    entered = closed = 0
    for variant, cases in variants.items():
        at = [i for i, name in enumerate(variant) if name in activities]
        if at:
            entered += cases
            closed += cases * (at[-1] - at[0] + 1 == len(at))
            projected[tuple(variant[i] for i in at)] += cases
    return projected, entered, closed


def pain_share(pains: PathPain, activities: frozenset[str]) -> float:
    """The share of the pain that lies within a part: waiting before its first activity lies outside."""
    inside = total = 0.0
    for variant, (waiting, work) in pains.items():
        total += sum(waiting) + sum(work)
        at = [i for i, name in enumerate(variant) if name in activities]
        inside += sum(work[i] for i in at) + sum(waiting[i] for i in at[1:])
    return inside / total if total else 0.0


class Search:
    """Finds the few blocks worth showing; a block's tree is grown only when it is asked for."""

    def __init__(
        self, variants: Variants, pains: PathPain, anchors: Anchors, *, seconds: float = SECONDS
    ) -> None:
        self.variants, self.rules = variants, anchors.candidates
        self.total = sum(variants.values())
        self.until = time.process_time() + seconds
        self.tried: dict[frozenset[str], Block | None] = {}
        self.promising = self._promising(_trees(variants), pains)

    def _promising(self, trees: list[Tree], pains: PathPain) -> list[tuple[frozenset[str], float]]:
        """Sets of activities that are entered and closed often enough and hold enough pain."""
        found = []
        for activities in activity_sets(trees):
            _, entered, closed = within(self.variants, activities)
            if entered < self.rules["entered"] * self.total or closed < self.rules["closure"] * entered:
                continue
            share = pain_share(pains, activities)
            if share >= self.rules["least"]:
                found.append((activities, share))
        return sorted(found, key=lambda each: (len(each[0]), -each[1], sorted(each[0])))

    def good(self, activities: frozenset[str], share: float) -> Block | None:
        """The block, if its cases follow a precise tree; `None` if not, or when time has run out."""
        if activities not in self.tried:
            if len(self.tried) >= MOST_TRIED or time.process_time() > self.until:
                return None
            self.tried[activities] = self._grown(activities, share)
        return self.tried[activities]

    def _grown(self, activities: frozenset[str], share: float) -> Block | None:
        projected, entered, closed = within(self.variants, activities)
        found = grow_tree(projected, most_variants=60, passes=2)
        said = len(found.tree.alphabet) >= LEAVES_SHARE * len(activities) and found.tree.leaves >= SMALLEST
        if not said or found.coverage < self.rules["coverage"] or found.precision < self.rules["precision"]:
            return None
        return Block(
            activities=activities,
            ordered=_in_order(projected),
            entered=entered / self.total,
            closure=closed / entered,
            coverage=found.coverage,
            precision=found.precision,
            pain=share,
        )

    def smallest(self) -> Block | None:
        """From the whole process down: the smallest good block that holds most of the pain at each step."""
        block: Block | None = None
        while True:
            pain = block.pain if block else 1.0
            smaller = (
                (activities, share)
                for activities, share in self.promising
                if share >= self.rules["share"] * pain and (block is None or activities < block.activities)
            )
            found = next((good for each in smaller if (good := self.good(*each))), None)
            if found is None:
                return block
            block = found

    def disjoint(self) -> list[Block]:
        """Good blocks that share no activity, those with most pain first."""
        found: list[Block] = []
        for activities, share in sorted(self.promising, key=lambda each: (-each[1], len(each[0]))):
            if all(not activities & block.activities for block in found):
                block = self.good(activities, share)
                if block:
                    found.append(block)
        return found


def worth_showing(
    variants: Variants, pains: PathPain, anchors: Anchors, *, seconds: float = SECONDS
) -> list[Block]:
    """The smallest good block with most of the pain; where there is none, disjoint good blocks."""
    search = Search(variants, pains, anchors, seconds=seconds)
    one = search.smallest()
    return [one] if one else search.disjoint()


def _trees(variants: Variants) -> list[Tree]:
    """Several views of the same process, for the parts they divide it into."""
    from mining._pm4py import inductive_tree

    variants = _without_rarest(variants)
    common = _commonest(variants, 0.8)
    trees = [inductive_tree(common), inductive_tree(common, 0.2), grow_tree(variants, most_variants=60).tree]
    if len(variants) <= MOST_VARIANTS:
        trees += [inductive_tree(variants), inductive_tree(variants, 0.2)]
    return trees


def _without_rarest(variants: Variants) -> Variants:
    """The variants without all but the commonest activities: miners take the cube of their number."""
    seen: Counter[str] = Counter()
    for variant, cases in variants.items():
        seen.update(dict.fromkeys(variant, cases))
    if len(seen) <= MOST_ACTIVITIES:
        return variants
    kept = {name for name, _ in seen.most_common(MOST_ACTIVITIES)}
    shorter: Counter[tuple[str, ...]] = Counter()
    for variant, cases in variants.items():
        path = tuple(name for name in variant if name in kept)
        if path:
            shorter[path] += cases
    return shorter


def _commonest(variants: Variants, share: float) -> dict[tuple[str, ...], int]:
    """The commonest variants that together hold this share of the cases, as far as there is room."""
    kept: dict[tuple[str, ...], int] = {}
    left = share * sum(variants.values())
    for variant, cases in sorted(variants.items(), key=lambda each: (-each[1], each[0])):
        if left <= 0 or len(kept) >= MOST_VARIANTS:
            break
        if variant:
            kept[variant] = cases
            left -= cases
    return kept


def _in_order(projected: Variants) -> tuple[str, ...]:
    """Activities by the mean position at which they first occur."""
    place: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for path, cases in projected.items():
        for position, name in enumerate(dict.fromkeys(path)):
            place[name] += position * cases
            seen[name] += cases
    return tuple(sorted(seen, key=lambda name: (place[name] / seen[name], name)))
