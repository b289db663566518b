"""Approvals beyond the first that practically never change the outcome."""

import re
from collections.abc import Iterator

import pandas as pd

from home.text import cel_text, percent
from mining.chaos.contracts import Sign
from mining.outcomes import outcome_of

APPROVING = re.compile(r"approv|authori[sz]|sign[- ]?off|release|genehmig|freigab|valider|goedkeur", re.I)
REFUSING = re.compile(r"reject|refus|declin|deni|ablehn|return|withdraw", re.I)
FEWEST = 50
CHANGED = 0.02
"""Below this share of refusals right after it, a further approval decides nothing."""


def needless_approval(frame: pd.DataFrame) -> Iterator[Sign]:
    """Each further approval that is refused in less than 2 % of the cases that reach it.

    `frame`: instances in order (`case`, `activity`). An approval is an activity named like one; it is refused
    where the same decision was logged with a refusing outcome, or a refusal comes right after it.
    """
    names = frame["activity"].drop_duplicates()
    approving = {a for a in names if APPROVING.search(a) and not REFUSING.search(a)}
    refusing = {a for a in names if REFUSING.search(a)}
    decision = {a: (outcome_of(a) or (a, ""))[0] for a in approving | refusing}
    asked = frame[frame["activity"].isin(approving | refusing)].assign(
        decision=lambda f: f["activity"].map(decision), refused=lambda f: f["activity"].isin(refusing)
    )
    approved = asked["activity"].isin(approving)
    before = approved.groupby(asked["case"], sort=False).cumsum() - approved.astype(int)
    further = asked[before > 0]
    followed = frame["activity"].groupby(frame["case"], sort=False).shift(-1)
    for name, rows in further.groupby("decision", sort=True):
        cases = rows["case"].nunique()
        if cases < FEWEST or not rows["activity"].isin(approving).any():
            continue
        after = followed.loc[rows.index].isin(refusing)
        share = float((rows["refused"] | after).groupby(rows["case"]).any().mean())
        if share >= CHANGED:
            continue
        of_all = cases / frame["case"].nunique()
        activity = str(rows.loc[rows["activity"].isin(approving), "activity"].mode().iloc[0])
        yield Sign(
            sign="needless_approval",
            headline=f"“{name}” follows another approval in {percent(of_all)} of cases and decides nothing",
            detail=f"It refused {percent(share)} of the {cases:,} cases that reached it already approved. "
            "What it prevents by being there is not in the log.",
            value=of_all,
            cases=cases,
            examples=list(rows["case"].drop_duplicates().iloc[:3]),
            where=f"contains({cel_text(activity)})",
        )
