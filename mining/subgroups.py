"""Subgroup discovery: groups of cases whose outcome differs from that of cases alike in other respects.

Every group is compared with the others *within strata* of the controls, so what only goes with a control
does not show. Evidence is van Elteren's stratified rank test (1960), which needs no normal outcome and for
a yes-or-no outcome is the Cochran–Mantel–Haenszel test; the false discovery rate over all groups tested is
held by Benjamini and Hochberg (1995). The effect is the difference of means, each stratum counted by the
members of the group in it, so that effect times members is what the group has in excess.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Strata = NDArray[np.int64]

LEAST_CASES = 30
LEAST_SHARE = 0.01
MOST_SHARE = 0.95
DISCOVERIES = 0.05
"""False discovery rate."""
ALIKE = 0.8
"""Two groups that share this much of their members (Jaccard) tell the same; the weaker is left out."""
BEAM = 10
"""Single conditions that are refined by a second one."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One condition on cases."""

    dimension: str
    """What it speaks of: an attribute, the activities, the resources, …; conditions on one do not join."""
    words: str
    where: str
    """The same as a filter (CEL)."""
    mask: Mask
    kind: str = ""
    """Conditions of one kind are cuts of the same numbers, of which one is told."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", self.kind or f"{self.dimension}: {self.words}")

    def among(self, cases: Mask) -> "Feature":
        """The same condition on some of the cases."""
        return replace(self, mask=self.mask[cases])


@dataclass(frozen=True)
class Subgroup:
    """A group that differs, and how sure that is."""

    features: tuple[Feature, ...]
    mask: Mask
    members: int
    compared: int
    """Members in strata that also have others; only these are compared."""
    inside: float
    """Mean outcome of the members compared."""
    outside: float
    """Mean outcome of the others, weighted like the members."""
    low: float
    """95 % interval of `inside - outside`."""
    high: float
    p: float
    q: float = 1.0
    """Smallest false discovery rate at which it is still told."""

    @property
    def effect(self) -> float:
        """`inside - outside`."""
        return self.inside - self.outside

    @property
    def excess(self) -> float:
        """What all members together have more than others alike."""
        return self.effect * self.compared


class Outcome:
    """The outcome of each case, ranked within strata once for all groups."""

    def __init__(self, values: Numbers, strata: Strata) -> None:
        from scipy.stats import rankdata

        _, self.strata = np.unique(strata, return_inverse=True)
        self.values = values
        order = np.argsort(self.strata, kind="stable")
        self._size = np.bincount(self.strata).astype(float)
        ranks = np.empty(len(values))
        at = 0
        for size in self._size.astype(int):
            chosen = order[at : at + size]
            ranks[chosen] = rankdata(values[chosen])
            at += size
        self._ranks = ranks
        spread = (ranks - self._sums(ranks)[self.strata] / self._size[self.strata]) ** 2
        self._spread = self._sums(spread)
        self._total, self._squares = self._sums(values), self._sums(values**2)

    def _sums(self, values: Numbers, mask: Mask | None = None) -> Numbers:
        strata = self.strata if mask is None else self.strata[mask]
        weights = values if mask is None else values[mask]
        return np.bincount(strata, weights=weights, minlength=len(self._size)).astype(float)

    def compared(self, features: tuple[Feature, ...], mask: Mask) -> Subgroup | None:
        """The group beside others in its strata; none where too few cases can be compared."""
        from scipy.stats import norm

        ours = np.bincount(self.strata[mask], minlength=len(self._size)).astype(float)
        others = self._size - ours
        shared = (ours > 0) & (others > 0)
        compared = ours[shared].sum()
        if compared < LEAST_CASES or others[shared].sum() < LEAST_CASES:
            return None
        n, m, size = ours[shared], others[shared], self._size[shared]
        rank_sum = self._sums(self._ranks, mask)[shared]
        weight = 1 / (size + 1)
        variance = float((weight**2 * n * m / (size * (size - 1)) * self._spread[shared]).sum())
        if variance <= 0:
            return None
        z = float((weight * (rank_sum - n * (size + 1) / 2)).sum()) / np.sqrt(variance)
        total, squares = self._sums(self.values, mask)[shared], self._sums(self.values**2, mask)[shared]
        mean, other = total / n, (self._total[shared] - total) / m
        scatter = (
            np.maximum(squares / n - mean**2, 0),
            np.maximum((self._squares[shared] - squares) / m - other**2, 0),
        )
        inside, outside = float((n * mean).sum() / compared), float((n * other).sum() / compared)
        error = np.sqrt(float((n**2 * (scatter[0] / n + scatter[1] / m)).sum())) / compared
        effect = inside - outside
        return Subgroup(
            features, mask, int(mask.sum()), int(compared), inside, outside,
            effect - 1.96 * error, effect + 1.96 * error, float(2 * norm.sf(abs(z))),
        )  # fmt: skip


def discovered(
    values: Numbers, features: Sequence[Feature], controls: dict[str, Strata], base: Strata, *, top: int
) -> tuple[list[Subgroup], int]:
    """The groups with a higher outcome than cases alike, most excess first, and how many were tested.

    `controls` are strata by dimension; a group is compared within all of them but those it speaks of, and
    within `base`. A second condition joins a first one only where it differs *among the cases that pass
    the first*.
    """
    features = [f for f in features if _of_size(f.mask)]
    outcomes = _Outcomes(values, controls, base)
    singles = [s for f in features if (s := outcomes.of((f,)).compared((f,), f.mask)) is not None]
    leading = sorted((s for s in singles if s.effect > 0), key=lambda s: s.p)[:BEAM]
    tested = list(singles)
    for first in leading:
        (one,) = first.features
        for other in features:
            both = one.mask & other.mask
            if other.dimension == one.dimension or not _of_size(both):
                continue
            inside = outcomes.within(one, other)
            narrowed = inside.compared((one, other), other.mask[one.mask])
            whole = outcomes.of((one, other)).compared((one, other), both)
            if narrowed is not None and whole is not None and narrowed.effect > 0:
                # As unsure as the less sure of its two steps.
                tested.append(_replaced(whole, p=max(narrowed.p, whole.p)))
    return distinct(_sure(tested), top), len(tested)


def surely_higher(values: Numbers, features: Sequence[Feature], base: Strata) -> list[Subgroup]:
    """The single conditions whose cases surely have a higher outcome than others in the strata `base`, most
    excess first."""
    outcome = Outcome(values, base)
    compared = (outcome.compared((f,), f.mask) for f in features if _of_size(f.mask))
    return _sure([group for group in compared if group is not None])


def _sure(tested: Sequence[Subgroup]) -> list[Subgroup]:
    sure = [s for s in _with_q(tested) if s.q <= DISCOVERIES and s.low > 0]
    return sorted(sure, key=lambda s: (-s.excess, len(s.features)))


def distinct(groups: Sequence[Subgroup], top: int) -> list[Subgroup]:
    """The first `top` of them, without those that one before has told already."""
    chosen: list[Subgroup] = []
    for group in groups:
        if not any(_told_by(group, told) for told in chosen):
            chosen.append(group)
        if len(chosen) == top:
            break
    return chosen


def _told_by(group: Subgroup, told: Subgroup) -> bool:
    """Whether a group adds nothing to one told before: nearly the same cases, another cut of the same
    numbers, or a part of it that is surely no worse than the whole."""
    if float((group.mask & told.mask).sum() / max(1, (group.mask | told.mask).sum())) >= ALIKE:
        return True
    if {f.kind for f in group.features} == {f.kind for f in told.features}:
        return True
    part = len(group.features) > len(told.features) and set(told.features) <= set(group.features)
    return part and group.low <= told.effect


class _Outcomes:
    """The outcome ranked within the strata that suit each set of dimensions."""

    def __init__(self, values: Numbers, controls: dict[str, Strata], base: Strata) -> None:
        self._values, self._controls, self._base = values, controls, base
        self._kept: dict[frozenset[str], Outcome] = {}
        self._inside: dict[tuple[int, frozenset[str]], Outcome] = {}

    def of(self, features: tuple[Feature, ...]) -> Outcome:
        spoken = frozenset(f.dimension for f in features).intersection(self._controls)
        if spoken not in self._kept:
            self._kept[spoken] = Outcome(self._values, self._strata(spoken))
        return self._kept[spoken]

    def within(self, first: Feature, second: Feature) -> Outcome:
        """Among the cases of the first feature."""
        spoken = frozenset((first.dimension, second.dimension)).intersection(self._controls)
        key = (id(first), spoken)
        if key not in self._inside:
            self._inside[key] = Outcome(self._values[first.mask], self._strata(spoken)[first.mask])
        return self._inside[key]

    def _strata(self, spoken: frozenset[str]) -> Strata:
        joined = self._base.astype(np.int64)
        for dimension, strata in self._controls.items():
            if dimension not in spoken:
                joined = joined * (int(strata.max(initial=0)) + 1) + strata
        return joined


def _of_size(mask: Mask) -> bool:
    members = int(mask.sum())
    return max(LEAST_CASES, LEAST_SHARE * len(mask)) <= members <= MOST_SHARE * len(mask)


def _replaced(group: Subgroup, **changes: float) -> Subgroup:
    return replace(group, **changes)  # type: ignore[arg-type]


def _with_q(groups: Sequence[Subgroup]) -> list[Subgroup]:
    """The groups with their q-values (Benjamini and Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    if not groups:
        return []
    return [
        _replaced(group, q=float(q))
        for group, q in zip(groups, false_discovery_control([g.p for g in groups]), strict=True)
    ]
