"""Scores from 1 to 5 of a candidate for frequency, pain and stability, with reasons and intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from home.contracts import Contract
from mining.anchors import Anchors
from mining.change_points import Change, find_changes, seconds, settled
from mining.pain import Entries
from mining.stability import Floats, diversity
from mining.weighed import Weighed
from mining.why import Why, drift_notes, frequency_terms, notes_on, pain_terms, stability_terms

NOT_YET = 3
"""Changes, on average two weeks apart or less, from which a process is too young to be planned."""


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
    weighed = Weighed(entries, anchors, seed)
    frequency, pain = weighed.frequency(), weighed.pain()
    steady = Weighed(process, anchors, seed) if process else weighed
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
        frequency=frequency_terms(weighed, frequency[0], anchors),
        pain=pain_terms(weighed, pain[0], anchors),
        stability=stability_terms({name: values[0] for name, values in parts.items()}, anchors),
        notes=notes_on(weighed, cap, timed, anchors) + drift_notes(steady, changes),
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
    cases = entries.cases
    begun = seconds(cases["entered"])
    until = settled(
        cases["case_id"].isin(running).to_numpy(), begun, begun + 3600 * cases["cycle"].to_numpy()
    )
    changes = find_changes(cases["path"].to_numpy(np.int64)[:until], entries.paths)
    return [change for change in changes if not change.small]


def _cap(entries: Entries, changes: list[Change], anchors: Anchors) -> int:
    """The most that stability can be after what drift says."""
    if not changes:
        return 5
    week = entries.week_of
    at = [int(week[change.case]) for change in changes]
    if len(at) >= NOT_YET and (at[-1] - at[0]) / (len(at) - 1) <= 2:
        return 1
    return 2 if week[-1] - at[-1] < anchors.stability["recent_weeks"] else 5
