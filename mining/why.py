"""The why card: every figure behind the scores of a candidate, where its bin ends, and cases to look at."""

import numpy as np

from home.contracts import Contract
from mining.anchors import Anchors, bin_of, to_move
from mining.change_points import Change
from mining.pain import KINDS, Entries
from mining.stability import variation
from mining.weighed import Weighed

FEWEST_WEEKS = 13


class Term(Contract):
    """One figure behind a score."""

    term: str
    words: str
    value: float | None
    unit: str
    score: int | None = None
    """Its own score from 1 to 5, where it has one."""
    lower: float | None = None
    """Value at which the score would be one less."""
    higher: float | None = None
    """Value at which the score would be one more."""
    cases: tuple[str, ...] = ()
    """Cases to look at."""


class Why(Contract):
    """The why card: every figure behind the scores."""

    frequency: list[Term]
    pain: list[Term]
    stability: list[Term]
    notes: list[str] = []


def frequency_terms(weighed: Weighed, per_week: float, anchors: Anchors) -> list[Term]:
    """Entries per week."""
    edges = anchors.frequency["edges"]
    lower, higher = to_move(per_week, edges)
    recent = weighed.entries.cases[np.isin(weighed.week, weighed.recent)]
    return [
        Term(
            term="entries",
            words=f"cases that enter per week, over {len(weighed.recent)} whole weeks",
            value=round(per_week, 3),
            unit="cases/week",
            score=bin_of(per_week, edges),
            lower=lower,
            higher=higher,
            cases=tuple(recent["case_id"].tail(3)),
        )
    ]


WORDS = {
    "waiting": "waiting that the best tenth did not have, per case",
    "rework": "doing the same step again, per case",
    "exceptions": "steps that few cases need, per case",
    "penalties": "promises that were broken, per case",
}


def pain_terms(weighed: Weighed, pain_h: float, anchors: Anchors) -> list[Term]:
    """Hours per case, and what they are made of."""
    cases = weighed.entries.cases
    lower, higher = to_move(pain_h, anchors.pain["edges"])
    worst = cases["case_id"].to_numpy()[np.argsort(-weighed.entries.pain(anchors), kind="stable")[:3]]
    found = [
        Term(
            term="pain",
            words=f"labour-equivalent hours: {anchors.pain['alpha']:g} x waiting + "
            + " + ".join(kind for kind in KINDS if kind != "waiting"),
            value=round(pain_h, 4),
            unit="h/case",
            score=bin_of(pain_h, anchors.pain["edges"]),
            lower=lower,
            higher=higher,
            cases=tuple(worst),
        )
    ]
    for kind in KINDS:
        hours = cases[kind].to_numpy(float)
        most = cases["case_id"].to_numpy()[np.argsort(-hours, kind="stable")[:3]][: int((hours > 0).sum())]
        mean: float | None = round(float(hours.mean()), 4)
        words = WORDS[kind]
        if kind == "penalties":
            words, mean = _penalties(weighed.entries, mean, anchors)
        found.append(Term(term=kind, words=words, value=mean, unit="h/case", cases=tuple(most)))
    return found


def _penalties(entries: Entries, mean: float | None, anchors: Anchors) -> tuple[str, float | None]:
    if entries.promise is None:
        return "no promise is known: neither an attribute says when cases are due, nor the anchors", None
    late = int((entries.cases["penalties"] > 0).sum())
    return (
        f"{late:,} of {len(entries.cases):,} cases were not {entries.promise}:"
        f" {anchors.pain['penalty_h']:g} h each, per case"
    ), mean


STABILITY_WORDS = {
    "change": ("difference between successive quarters, beyond chance", "bit"),
    "predictability": ("how well the next step is foreseen by the last", "share"),
    "volume": ("weekly variation of entries, standard deviation / mean", "ratio"),
    "spread": ("90th percentile / median of cycle time", "ratio"),
}


def stability_terms(values: dict[str, float], anchors: Anchors) -> list[Term]:
    """Change, predictability, and variation of volume and duration."""
    found = []
    for name, (words, unit) in STABILITY_WORDS.items():
        value = values.get(name)
        edges = anchors.stability[name]
        if value is None:
            found.append(Term(term=name, words=f"{words}: too short a log to tell", value=None, unit=unit))
            continue
        lower, higher = to_move(value, edges)
        found.append(
            Term(
                term=name,
                words=words,
                value=round(float(value), 4),
                unit=unit,
                score=bin_of(value, edges),
                lower=lower,
                higher=higher,
            )
        )
    return found


def notes_on(weighed: Weighed, cap: int, timed: bool, anchors: Anchors) -> list[str]:
    """What a reader must know before trusting the scores."""
    notes = []
    if len(weighed.recent) < FEWEST_WEEKS:
        notes.append(f"Only {len(weighed.recent)} whole weeks: frequency is less certain than it looks.")
    volume = variation(weighed.cases[weighed.recent][None])[0]
    if volume > anchors.frequency["bursty"]:
        notes.append(f"Bursty: entries per week vary by {volume:.1f} times their mean.")
    if not timed:
        notes.append("No instance has a start: waiting includes processing; rework costs no known hours.")
    if cap == 2:
        recent = anchors.stability["recent_weeks"]
        notes.append(f"Stability is at most 2: it changed within the last {recent} weeks.")
    if cap == 1:
        notes.append("Not yet: it changes every week or two.")
    return notes


def drift_notes(steady: Weighed, changes: list[Change]) -> list[str]:
    """When the process changed."""
    if not changes:
        return []
    weeks = steady.entries.weeks
    when = ", ".join(f"{weeks[steady.week[change.case]]:%G-W%V}" for change in changes[-3:])
    times = "once, in" if len(changes) == 1 else f"{len(changes)} times, lately in"
    return [f"The process changed {times} {when}."]
