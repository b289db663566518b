"""Decision rules from history: a small tree, tested on later cases, pruned, rounded, and written in CEL."""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from orchestrate.core.rules import literal

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DEPTH = 4
TRAINING = 0.7
"""Share of the earlier decisions that rules are learned from; they are tested on the rest."""
LEAST_SUPPORT = 0.05
"""A part of a rule that fewer decisions fall into goes to the manual queue."""
LEAST_PURITY = 0.95
"""A part of a rule that is right less often is left to a person."""
SLACK = 0.002
"""Share of decisions a rounder threshold may get wrong beside the exact one."""


@dataclass(frozen=True)
class Feature:
    """One thing a rule may ask about."""

    field: str
    """How CEL names it: `data.amount`, `done.check`."""
    values: Floats
    """One number per decision, NaN where it is missing; for `equals`, 1 where it is that value, else 0."""
    equals: str | bool | None = None
    guard: str = ""
    """The CEL that it is there; empty where it never is missing."""
    whole: bool = False
    """CEL has it as an integer."""
    name: str = ""
    """The attribute, for `data`."""

    @property
    def filled(self) -> Floats:
        """The values with missing ones below all others."""
        if not np.isnan(self.values).any():
            return self.values
        return np.where(np.isnan(self.values), self.bottom - 1, self.values)

    @property
    def bottom(self) -> float:
        """The least value there is."""
        known = self.values[~np.isnan(self.values)]
        return float(known.min()) if len(known) else 0.0

    def between(self, low: float, high: float) -> str:
        """The CEL for `low < value <= high`; infinite bounds bind nothing."""
        if low < self.bottom and self.guard and high < self.bottom:
            return f"!({self.guard})"
        parts = []
        if low >= self.bottom:
            parts.append(self._above(low))
        elif low > -np.inf and self.guard:
            parts.append(self.guard)
        if high < np.inf:
            parts.append(self._at_most(high, missing=low == -np.inf))
        return " && ".join(parts) or "true"

    def _above(self, low: float) -> str:
        test = (
            f"{self.field} == {literal(self.equals)}" if self.equals is not None else self._compare(">", low)
        )
        return f"{self.guard} && {test}" if self.guard else test

    def _at_most(self, high: float, *, missing: bool) -> str:
        if self.equals is not None:
            test = f"{self.field} != {literal(self.equals)}"
        else:
            test = self._compare("<=", high)
        return f"(!({self.guard}) || {test})" if self.guard and missing else test

    def _compare(self, operator: str, bound: float) -> str:
        return f"{self.field} {operator} {floor(bound) if self.whole else literal(bound)}"


@dataclass(frozen=True)
class Leaf:
    """One part of a rule: where it holds, and which branch it takes there."""

    bounds: tuple[tuple[int, float, float], ...]
    """`(feature, low, high)`: every one must hold."""
    branch: int
    n: int
    purity: float


@dataclass(frozen=True)
class MinedRule:
    """A rule for a choice, and how good it is."""

    when: dict[int, str]
    """CEL by branch; where none is true, a person decides."""
    accuracy: float
    """Share of later decisions that it puts on the branch they took."""
    predicted: float
    """The same if every part of the rule were used, also rare and impure ones."""
    majority: float
    """Share that always taking the commonest branch gets right."""
    p: float
    """Of a one-sided sign test against the majority, on later decisions."""
    undecided: float
    """Share of later decisions that it leaves to a person."""
    n: int
    fields: tuple[str, ...]
    """Attributes it asks about."""
    rare: int = 0
    """Parts with too little support."""
    impure: int = 0
    """Parts that are not right often enough."""


def mine_rule(features: list[Feature], branch: Ints) -> MinedRule | None:
    """The rule that predicts `branch` from `features`, both in order of time; None where nothing does.

    A tree of depth 4 with leaves of at least max(20, 1 %) decisions is learned from the first 70 %,
    splits that save too few errors are collapsed, thresholds are moved to round numbers, and the rest
    of the decisions tell how good it is.
    """
    from scipy.stats import binomtest

    cut = int(TRAINING * len(branch))
    if not features or cut < 40 or len(np.unique(branch[:cut])) < 2:
        return None
    table = np.column_stack([feature.filled for feature in features])
    leaves = _learn(table[:cut], branch[:cut])
    if len(leaves) < 2:
        return None
    later, truth = table[cut:], branch[cut:]
    predicted, decided = _apply(leaves, later, cut)
    majority = int(np.bincount(branch[:cut]).argmax())
    wins = int(((predicted == truth) & (truth != majority)).sum())
    losses = int(((predicted != truth) & (truth == majority)).sum())
    p = binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue if wins + losses else 1.0
    used = sorted({f for leaf in leaves for f, _, _ in leaf.bounds})
    return MinedRule(
        when=_when(leaves, features, cut),
        accuracy=float(((predicted == truth) & decided).mean()),
        predicted=float((predicted == truth).mean()),
        majority=float((truth == majority).mean()),
        p=float(p),
        undecided=float(1 - decided.mean()),
        n=len(branch),
        fields=tuple(sorted({features[f].name for f in used if features[f].name})),
        rare=sum(_rare(leaf, cut) for leaf in leaves),
        impure=sum(leaf.purity < LEAST_PURITY for leaf in leaves),
    )


def _learn(table: Floats, branch: Ints) -> list[Leaf]:
    from sklearn.tree import DecisionTreeClassifier

    least = max(20, int(0.01 * len(branch)))
    fitted = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=least, random_state=0)
    tree = fitted.fit(table, branch).tree_
    everyone = np.arange(len(branch))

    def grown(node: int, rows: Ints, bounds: dict[int, tuple[float, float]]) -> list[Leaf]:
        counts = np.bincount(branch[rows])
        here = Leaf(_frozen(bounds), int(counts.argmax()), len(rows), float(counts.max() / len(rows)))
        feature = int(tree.feature[node])
        if feature < 0:
            return [here]
        at = snap(table[rows, feature], branch[rows], float(tree.threshold[node]))
        low, high = bounds.get(feature, (-np.inf, np.inf))
        goes_left = table[rows, feature] <= at
        if not goes_left.any() or goes_left.all():
            return [here]
        below = grown(
            int(tree.children_left[node]), rows[goes_left], bounds | {feature: (low, min(high, at))}
        )
        above = grown(
            int(tree.children_right[node]), rows[~goes_left], bounds | {feature: (max(low, at), high)}
        )
        split = below + above
        errors = sum(leaf.n * (1 - leaf.purity) for leaf in split)
        saved = here.n * (1 - here.purity) - errors
        if len({leaf.branch for leaf in split}) < 2 or saved < max(3.0, 2 * np.sqrt(max(errors, 1.0))):
            return [here]
        return split

    return grown(0, everyone, {})


def _frozen(bounds: dict[int, tuple[float, float]]) -> tuple[tuple[int, float, float], ...]:
    return tuple((feature, low, high) for feature, (low, high) in sorted(bounds.items()))


def snap(values: Floats, branch: Ints, threshold: float) -> float:
    """The roundest threshold that splits the values as well as this one, but for a few."""
    left = values <= threshold
    if not left.any() or left.all():
        return threshold
    exact = _errors(left, branch)
    allowed = exact + max(1.0, SLACK * len(values))
    scale = abs(threshold)
    if scale < 1e-9:
        return 0.0 if _errors(values <= 0.0, branch) <= allowed else threshold
    for digits in range(1, 8):
        step = 10.0 ** (floor(log10(scale)) - digits + 1)
        for finer in (step, step / 2):
            candidate = float(f"{round(threshold / finer) * finer:.10g}")
            split = values <= candidate
            if split.any() and not split.all() and _errors(split, branch) <= allowed:
                return candidate
    return threshold


def _errors(left: NDArray[np.bool_], branch: Ints) -> float:
    sides = (branch[left], branch[~left])
    return float(sum(len(side) - int(np.bincount(side).max()) for side in sides if len(side)))


def _apply(leaves: list[Leaf], table: Floats, trained: int) -> tuple[Ints, NDArray[np.bool_]]:
    """The branch each row is put on, and whether the rule decides it without a person."""
    predicted = np.zeros(len(table), dtype=np.int64)
    decided = np.zeros(len(table), dtype=bool)
    for leaf in leaves:
        inside = np.ones(len(table), dtype=bool)
        for feature, low, high in leaf.bounds:
            inside &= (table[:, feature] > low) & (table[:, feature] <= high)
        predicted[inside] = leaf.branch
        decided[inside] = _good(leaf, trained)
    return predicted, decided


def _rare(leaf: Leaf, trained: int) -> bool:
    return leaf.n < LEAST_SUPPORT * trained


def _good(leaf: Leaf, trained: int) -> bool:
    return leaf.purity >= LEAST_PURITY and not _rare(leaf, trained)


def _when(leaves: list[Leaf], features: list[Feature], trained: int) -> dict[int, str]:
    """The CEL of each branch that some good leaf takes."""
    found: dict[int, list[str]] = {}
    for leaf in leaves:
        if _good(leaf, trained):
            parts = [features[f].between(low, high) for f, low, high in leaf.bounds]
            found.setdefault(leaf.branch, []).append(" && ".join(parts) or "true")
    return {
        branch: parts[0] if len(parts) == 1 else " || ".join(f"({part})" for part in parts)
        for branch, parts in sorted(found.items())
    }
