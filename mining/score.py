"""Scores from 1 to 5 of a candidate for frequency, pain and stability, with reasons and intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from home.contracts import Contract
from mining.anchors import Anchors, bin_of, to_move
from mining.drift import Change, find_changes, settled
from mining.pain import KINDS, Entries
from mining.stability import (
    QUARTERS,
    Floats,
    Spread,
    Steps,
    chance_divergence,
    divergence,
    diversity,
    predictability,
    quarters,
    variation,
)

FEWEST_WEEKS = 13
NOT_YET = 3
"""Changes, on average two weeks apart or less, from which a process is too young to be planned."""


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


class Interval(Contract):
    """95 % intervals of the scores, by resampling weeks."""

    frequency: tuple[int, int]
    pain: tuple[int, int]
    stability: tuple[int, int]
    total: tuple[int, int]


@dataclass(frozen=True)
class Scored:
    """The scores of a candidate."""

    frequency: int
    pain: int
    stability: int
    interval: Interval
    totals: tuple[int, ...]
    """The total in each draw."""
    per_week: float
    pain_h: float
    """Labour-equivalent hours per case."""
    diversity: float
    why: Why


def score(
    entries: Entries,
    anchors: Anchors,
    *,
    timed: bool,
    running: frozenset[str] = frozenset(),
    process: Entries | None = None,
    seed: int = 0,
) -> Scored:
    """Score a candidate. The same entries, anchors and seed give the same numbers.

    Drift is not looked for where many cases are `running`. What is planned with the whole process
    (`process`) is as stable as that.
    """
    weighed = _Weighed(entries, anchors, seed)
    frequency, pain = weighed.frequency(), weighed.pain()
    steady = _Weighed(process, anchors, seed) if process else weighed
    parts, changes = steady.stability(seed), _changes(steady.entries, running)
    cap = _cap(steady.entries, changes, anchors)
    stability = np.minimum(_mean_score(parts, anchors), cap)
    scores = np.column_stack(
        [
            _bins(frequency, anchors.frequency["edges"]),
            _bins(pain, anchors.pain["edges"]),
            stability,
        ]
    )
    totals = scores.sum(axis=1)
    low, high = (np.quantile(scores[1:], q, axis=0, method="nearest").astype(int) for q in (0.025, 0.975))
    span = [int(np.quantile(totals[1:], q, method="nearest")) for q in (0.025, 0.975)]
    why = Why(
        frequency=_frequency_terms(weighed, frequency[0], anchors),
        pain=_pain_terms(weighed, pain[0], anchors),
        stability=_stability_terms({name: values[0] for name, values in parts.items()}, anchors),
        notes=_notes(weighed, cap, timed, anchors) + _drifted(steady, changes),
    )
    path_cases = np.bincount(entries.cases["path"], minlength=len(entries.paths)).astype(float)
    return Scored(
        frequency=int(scores[0, 0]),
        pain=int(scores[0, 1]),
        stability=int(scores[0, 2]),
        interval=Interval(
            frequency=(int(low[0]), int(high[0])),
            pain=(int(low[1]), int(high[1])),
            stability=(int(low[2]), int(high[2])),
            total=(span[0], span[1]),
        ),
        totals=tuple(int(t) for t in totals[1:]),
        per_week=float(frequency[0]),
        pain_h=float(pain[0]),
        diversity=diversity(path_cases),
        why=why,
    )


class _Weighed:
    """Sums per week, and draws of weeks: the first row weighs each week once, the others resample."""

    def __init__(self, entries: Entries, anchors: Anchors, seed: int) -> None:
        self.entries, self.anchors = entries, anchors
        self.week = entries.week_of
        weeks = entries.weeks
        self.count = len(weeks)
        self.cases = np.bincount(self.week, minlength=self.count).astype(float)
        # The first and the last week may have been cut off; only the weeks between them are whole.
        last = self.count if entries.until is None else sum(week <= entries.until for week in weeks)
        self.whole = np.arange(1, last - 1) if last > 2 else np.arange(max(last, 1))
        self.recent = self.whole[-anchors.frequency["weeks"] :]
        self.quarter = quarters(self.cases)
        rng = np.random.default_rng(seed)
        draws = int(anchors.candidates["draws"])
        self.weights = self._draws(rng, draws, [np.flatnonzero(self.quarter == q) for q in range(QUARTERS)])
        self.recent_draws = np.vstack([self.recent, rng.choice(self.recent, (draws, len(self.recent)))])

    def _draws(self, rng: np.random.Generator, draws: int, strata: list[NDArray[np.int64]]) -> Floats:
        weights = np.zeros((draws + 1, self.count))
        weights[0] = 1
        for weeks in strata:
            if len(weeks):
                chosen = rng.choice(weeks, (draws, len(weeks)))
                np.add.at(weights, (np.repeat(np.arange(1, draws + 1), len(weeks)), chosen.ravel()), 1)
        return weights

    def frequency(self) -> Floats:
        """Entries per whole week."""
        found: Floats = self.cases[self.recent_draws].mean(axis=1)
        return found

    def pain(self) -> Floats:
        """Labour-equivalent hours per case."""
        hours = np.bincount(self.week, weights=self.entries.pain(self.anchors), minlength=self.count)
        found: Floats = (self.weights @ hours) / np.maximum(self.weights @ self.cases, 1.0)
        return found

    def stability(self, seed: int) -> dict[str, Floats]:
        """Change in bits beyond chance, predictability, and variation of volume and duration."""
        steps = Steps(self.entries.paths)
        path = self.entries.cases["path"].to_numpy(np.int64)
        in_week = np.zeros((self.count, len(steps.pairs)))
        np.add.at(in_week, self.week, steps.of_path[path])
        found = {}
        if self.count >= QUARTERS:
            parts = np.stack(
                [self.weights[:, self.quarter == q] @ in_week[self.quarter == q] for q in range(QUARTERS)],
                axis=1,
            )
            found["change"] = divergence(parts) - chance_divergence(path, steps, seed)
        found["predictability"] = predictability(self.weights @ in_week, steps)
        if len(self.recent) >= QUARTERS:
            found["volume"] = variation(self.cases[self.recent_draws])
        hours = self.entries.cases["cycle"].to_numpy(float)
        if hours.max() > 0:
            found["spread"] = Spread(hours, self.week, self.count).ratios(self.weights)
        return found


def _bins(values: Floats, edges: list[float]) -> NDArray[np.int64]:
    ordered = np.array(edges, dtype=float)
    if ordered[0] < ordered[-1]:
        return 1 + np.searchsorted(ordered, values, side="right")
    return 1 + np.searchsorted(-ordered, -values, side="right")


def _mean_score(parts: dict[str, Floats], anchors: Anchors) -> NDArray[np.int64]:
    """Rounded mean of change, predictability, and steadiness (volume and duration together)."""
    scores = {name: _bins(values, anchors.stability[name]).astype(float) for name, values in parts.items()}
    steady = [scores[name] for name in ("volume", "spread") if name in scores]
    three = [scores[name] for name in ("change", "predictability") if name in scores]
    if steady:
        three.append(np.mean(steady, axis=0))
    found: NDArray[np.int64] = np.floor(np.mean(three, axis=0) + 0.5).astype(np.int64)
    return found


def _changes(entries: Entries, running: frozenset[str]) -> list[Change]:
    until = settled(entries.cases["case_id"].isin(running).to_numpy())
    return find_changes(entries.cases["path"].to_numpy(np.int64)[:until], entries.paths)


def _cap(entries: Entries, changes: list[Change], anchors: Anchors) -> int:
    """The most that stability can be after what drift says."""
    if not changes:
        return 5
    week = entries.week_of
    at = [int(week[change.case]) for change in changes]
    if len(at) >= NOT_YET and (at[-1] - at[0]) / (len(at) - 1) <= 2:
        return 1
    return 2 if week[-1] - at[-1] < anchors.stability["recent_weeks"] else 5


def _frequency_terms(weighed: _Weighed, per_week: float, anchors: Anchors) -> list[Term]:
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
}


def _pain_terms(weighed: _Weighed, pain_h: float, anchors: Anchors) -> list[Term]:
    cases = weighed.entries.cases
    lower, higher = to_move(pain_h, anchors.pain["edges"])
    worst = cases["case_id"].to_numpy()[np.argsort(-weighed.entries.pain(anchors), kind="stable")[:3]]
    found = [
        Term(
            term="pain",
            words=f"labour-equivalent hours: {anchors.pain['alpha']:g} x waiting + rework + exceptions",
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
        mean = round(float(hours.mean()), 4)
        found.append(Term(term=kind, words=WORDS[kind], value=mean, unit="h/case", cases=tuple(most)))
    found.append(Term(term="penalties", words="no SLA is known", value=None, unit="h/case"))
    return found


STABILITY_WORDS = {
    "change": ("difference between successive quarters, beyond chance", "bit"),
    "predictability": ("how well the next step is foreseen by the last", "share"),
    "volume": ("weekly variation of entries, standard deviation / mean", "ratio"),
    "spread": ("90th percentile / median of cycle time", "ratio"),
}


def _stability_terms(values: dict[str, float], anchors: Anchors) -> list[Term]:
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


def _notes(weighed: _Weighed, cap: int, timed: bool, anchors: Anchors) -> list[str]:
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


def _drifted(steady: _Weighed, changes: list[Change]) -> list[str]:
    if not changes:
        return []
    weeks = steady.entries.weeks
    when = ", ".join(f"{weeks[steady.week[change.case]]:%G-W%V}" for change in changes[-3:])
    times = "once, in" if len(changes) == 1 else f"{len(changes)} times, lately in"
    return [f"The process changed {times} {when}."]
