"""Cases alike in their attributes that end differently depending on who decides."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from home.text import cel_text, percent
from mining.chaos.contracts import Sign
from mining.chaos.needless_approval import APPROVING, REFUSING
from mining.subgroups import DISCOVERIES, Feature, Outcome, Subgroup

FEWEST = 100
PARTS = 4
MOST_STRATA = 200
LEAST_POINTS = 0.05
"""Smaller differences are not worth telling."""


def unequal_outcomes(frame: pd.DataFrame) -> Iterator[Sign]:
    """Deciders who refuse more of alike cases than their colleagues do.

    Of each case the first decision counts: an activity named like an approval or a refusal, and who did it.
    Cases are alike when all case attributes with few values agree and numbers lie in the same quarter.
    Evidence as in `mining.subgroups`, false discoveries held to 5 %.
    """
    refusing = frame["activity"].map(lambda a: bool(REFUSING.search(a)))
    deciding = refusing | frame["activity"].map(lambda a: bool(APPROVING.search(a)))
    decided = frame[deciding & frame["resource"].notna()].drop_duplicates("case").set_index("case")
    if len(decided) < FEWEST or decided["resource"].nunique() < 2:
        return
    refused = decided["activity"].map(lambda a: bool(REFUSING.search(a)))
    outcome = Outcome(refused.to_numpy(float), _alike(decided))
    found = []
    for name in sorted(decided["resource"].unique()):
        mask = (decided["resource"] == name).to_numpy()
        feature = Feature("decider", str(name), f"{cel_text(str(name))} in resources", mask)
        group = outcome.compared((feature,), mask)
        if group is not None:
            found.append(group)
    yield from _told(found, decided.index)


def _told(groups: list[Subgroup], ids: pd.Index) -> Iterator[Sign]:
    from scipy.stats import false_discovery_control

    if not groups:
        return
    for group, q in zip(groups, false_discovery_control([g.p for g in groups]), strict=True):
        (feature,) = group.features
        if q > DISCOVERIES or group.low < LEAST_POINTS:
            continue
        yield Sign(
            sign="unequal_outcomes",
            headline=f"“{feature.words}” refuses {percent(group.inside)} of cases of which others refuse "
            f"{percent(group.outside)}",
            detail=f"{group.compared:,} cases compared with others alike in every attribute the log has: "
            f"{group.low * 100:.0f} to {group.high * 100:.0f} points more. What the log lacks may differ.",
            value=group.effect,
            cases=group.members,
            examples=[str(case) for case in ids[group.mask][:3]],
            where=feature.where,
        )


def _alike(cases: pd.DataFrame) -> np.ndarray:
    """A number for each combination of attribute values, numbers by quarter; attributes that tell cases apart
    one by one are left out."""
    strata = np.zeros(len(cases), dtype=np.int64)
    for name in sorted(c for c in cases.columns if c.startswith("case:")):
        column = cases[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            column = pd.qcut(column.rank(), PARTS, labels=False, duplicates="drop")
        codes = pd.factorize(column)[0] + 1
        joined = pd.factorize(strata * (int(codes.max(initial=0)) + 1) + codes)[0]
        if codes.max(initial=0) <= 50 and joined.max(initial=0) < max(MOST_STRATA, len(cases) // 20):
            strata = joined.astype(np.int64)
    return strata
