"""Candidates under an attribute condition: the cases of a process that hold most of its pain."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from home.duck import Cursor
from home.ids import slug
from home.sql import read_sql
from home.text import percent
from ingest.catalog import Log
from mining.explain import attribute_features
from mining.pain import WHOLE, Entries
from mining.plannable import Plannable
from mining.spots import Found
from mining.subgroups import Mask, Numbers, Subgroup, distinct, surely_higher

LEAST_CASES, MOST_CASES = 0.2, 0.8
"""Share of the cases that a condition may leave."""
LEAST_PAIN = 0.6
"""Share of the pain that those cases hold."""
LEAST_RATIO = 1.5
"""Times the pain per case of the others: surely more is not yet worth a plan of its own."""
MOST = 2


@dataclass(frozen=True)
class Narrowed:
    """A condition that leaves the painful cases."""

    words: str
    where: str
    """The same as a filter (CEL)."""
    cases: frozenset[str]
    share: float
    """Of all cases."""
    pain_share: float
    q: float


def attributes_of(cursor: Cursor, tz: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """One row per case in view with its attributes under `case:NAME` and its start, and each one's type."""
    frame = cursor.execute(read_sql("mining.sql", "outcomes_of_cases"), {"tz": tz}).df()
    named = cursor.execute("select col, name, type from attribute where scope = 'case'").fetchall()
    kinds = {name: kind for _, name, kind in named}
    return frame.rename(columns={col: f"case:{name}" for col, name, _ in named}), kinds


def narrowed(
    frame: pd.DataFrame, kinds: dict[str, str], pain: dict[str, float], running: frozenset[str]
) -> list[Narrowed]:
    """The attribute conditions that leave 20 to 80 % of the cases with 60 % of the pain or more; at most two.

    `frame` is of `attributes_of`; `pain` says the hours of each case. Pain per case must surely be higher
    than that of the other cases that started in the same month: stratified ranks (van Elteren 1960), false
    discoveries over all conditions held to 5 % (Benjamini and Hochberg 1995), and half as much again at
    least. Running cases are not compared, since their pain is not over.
    """
    hours: Numbers = np.asarray(frame["case_id"].map(pain).fillna(0.0), dtype=np.float64)
    total = float(hours.sum())
    if total <= 0 or not kinds:
        return []
    features = [f for f in attribute_features(frame, kinds) if LEAST_CASES <= f.mask.mean() <= MOST_CASES]
    over = ~frame["case_id"].isin(running).to_numpy()
    months = pd.factorize(frame["started"].dt.to_period("M"))[0].astype(np.int64)
    sure = surely_higher(hours[over], [f.among(over) for f in features], months[over])
    whole = {f.where: f.mask for f in features}
    shares = {f.where: float(hours[f.mask].sum()) / total for f in features}
    holding = [g for g in sure if _holds(g, shares[g.features[0].where])]
    # The one that holds most pain in fewest cases first: of nested cuts, that at the edge of the pain.
    holding.sort(key=lambda g: float(whole[g.features[0].where].mean()) - shares[g.features[0].where])
    return [_narrowed(g, whole[g.features[0].where], frame, hours) for g in distinct(holding, MOST)]


def _holds(group: Subgroup, pain_share: float) -> bool:
    return pain_share >= LEAST_PAIN and group.inside >= LEAST_RATIO * group.outside


def _narrowed(group: Subgroup, mask: Mask, frame: pd.DataFrame, hours: Numbers) -> Narrowed:
    (feature,) = group.features
    return Narrowed(
        words=feature.words,
        where=feature.where,
        cases=frozenset(frame["case_id"][mask]),
        share=float(mask.mean()),
        pain_share=float(hours[mask].sum() / hours.sum()),
        q=group.q,
    )


def entries_of(whole: Entries, narrow: Narrowed) -> Entries:
    """The cases that a condition leaves, as entries of a process of their own in the same weeks."""
    cases = whole.cases[whole.cases["case_id"].isin(narrow.cases)].reset_index(drop=True)
    path, kept = pd.factorize(cases["path"])
    return Entries(cases.assign(path=path), [whole.paths[i] for i in kept], whole.weeks[-1], whole.promise)


def under_condition(log: Log, narrow: Narrowed, entries: Entries, verdict: Plannable) -> Found:
    """The candidate that a condition makes; it is planned from its own cases."""
    return Found(
        log=log.name,
        part=WHOLE,
        label=f"the process {log.name} where {narrow.words}",
        slug=f"when:{_slug(narrow.words)}",
        pain_share=narrow.pain_share,
        verdict=verdict.verdict,
        coverage=verdict.coverage,
        because=f"{percent(narrow.share)} of the cases hold {percent(narrow.pain_share)} of the pain, within "
        f"months too (q = {narrow.q:.2g}). {verdict.because}",
        activities=tuple(sorted({activity for path in entries.paths for activity in path})),
        condition=narrow.where,
    )


def _slug(words: str) -> str:
    for sign, said in ((" > ", " over "), (" ≤ ", " up to "), (" = ", " is ")):
        words = words.replace(sign, said)
    return slug(words.replace(",", ""), length=40)
