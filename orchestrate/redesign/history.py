"""The finished cases of one log, replayed on the tree that was grown from them."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from home.contracts import utc_text
from home.errors import Refused
from ingest.shaping.placed import Placed
from mining.change_points import find_changes, seconds, settled
from mining.floating import grow_beside_floating
from mining.grow import Grown
from mining.outcomes import DecisionName, decision_names
from mining.replay import Decision, Parse, Path, Replay, decisions
from mining.running import running_cases

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NOT_ATTRIBUTES = frozenset(
    ("case", "activity", "resource", "start", "end", "system", "cost", "outcome", "logged", "row")
)
"""Columns of `History.frame` that are no attributes."""
FEWEST_AFTER = 300
"""Cases there must be after the last change of the process, for a plan made from them alone."""
WORSE = 0.02
"""Coverage that is given up at most for writing a decision as one step with outcomes."""
MOST_RUNNING = 0.5
"""Where more cases look unfinished than this, the process has no clear end, and all are kept."""


@dataclass(frozen=True)
class Facts:
    """What is known of a log beside its instances."""

    log: str
    log_hash: str = ""
    tz: str = "UTC"
    timed: bool = True
    candidate: str = ""
    where: str | None = None
    focus: tuple[str, ...] | None = None
    """Moves are limited to these activities; None allows them everywhere."""
    since: str | None = None
    """Only cases that began then or later (ISO 8601, UTC)."""
    changed: bool = False
    """Find out when the process last changed, and take only cases since then."""
    activities: tuple[str, ...] | None = None
    """Only this part of the process; None is the whole."""
    added: tuple[Placed, ...] = ()
    """Steps that people added to the log by hand; no instance has them."""


@dataclass(frozen=True)
class Taken:
    """How one choice or loop was decided, one entry per decision, ordered by the start of the case."""

    branch: Ints
    case: Ints
    """Number of the case."""
    row: Ints
    """Row of the case's last event before the decision; its first row where there was none."""
    begun: NDArray[np.bool_]
    """Whether there was an event before."""
    visit: Ints
    done: Ints
    """One column per activity of `History.names`: how often it was done before."""


@dataclass
class History:
    """Finished cases by start, each a run of neighbouring rows of `frame`, and their replay."""

    frame: pd.DataFrame
    """Activity instances without floating ones; `outcome` is how it ended, by the word in the name of a
    merged decision or by what the log says, `logged` the activity as the log calls it, `row` its place in
    the table that was read."""
    facts: Facts
    grown: Grown
    merged: tuple[DecisionName, ...]
    left_out: dict[str, int]
    """Cases not looked at, by reason."""
    first: Ints
    """First row of each case, and past the end the number of rows."""
    variants: dict[tuple[str, ...], Ints]
    """Case numbers by sequence of activities."""
    side: pd.DataFrame
    """Instances of floating activities."""
    unmerged: tuple[tuple[DecisionName, ...], float] = ((), 0.0)
    """Decisions that would make the tree worse, and the coverage it would have with them."""
    parses: dict[tuple[str, ...], Parse] = field(default_factory=dict)
    """Of the variants that the tree accepts."""

    @property
    def names(self) -> list[str]:
        """The activities of the tree, sorted."""
        return sorted(self.grown.tree.alphabet)

    @property
    def cases(self) -> int:
        """Finished cases."""
        return len(self.first) - 1

    @property
    def fitting(self) -> int:
        """Cases that the tree accepts."""
        return sum(len(self.variants[variant]) for variant in self.parses)

    def cycle_s(self) -> Floats:
        """Seconds from first start to last end of each case."""
        grouped = self.frame.groupby(self.case_of_row(), sort=False)
        span = grouped["end"].max() - grouped["start"].min()
        return np.asarray(span.dt.total_seconds(), dtype=np.float64)

    def case_of_row(self) -> Ints:
        """Number of the case that each row belongs to."""
        return np.repeat(np.arange(self.cases), np.diff(self.first))

    def taken(self) -> dict[Path, Taken]:
        """Every decision that the fitting cases took, by choice and loop."""
        collected: dict[Path, list[tuple[Ints, Decision, Ints]]] = {}
        column = {name: i for i, name in enumerate(self.names)}
        for variant, parse in self.parses.items():
            counts = np.zeros((len(variant) + 1, len(column)), dtype=np.int64)
            for i, activity in enumerate(variant):
                counts[i + 1] = counts[i]
                counts[i + 1, column[activity]] += 1
            for decision in decisions(parse):
                collected.setdefault(decision.path, []).append(
                    (self.variants[variant], decision, counts[decision.before + 1])
                )
        return {path: self._table(parts) for path, parts in sorted(collected.items())}

    def _table(self, parts: list[tuple[Ints, Decision, Ints]]) -> Taken:
        sizes = [len(cases) for cases, _, _ in parts]
        case = np.concatenate([cases for cases, _, _ in parts])

        def spread(values: list[int]) -> Ints:
            return np.repeat(np.array(values, dtype=np.int64), sizes)

        before = spread([decision.before for _, decision, _ in parts])
        visit = spread([decision.visit for _, decision, _ in parts])
        order = np.lexsort((visit, case))
        done = np.repeat(np.vstack([counts for _, _, counts in parts]), sizes, axis=0)
        return Taken(
            branch=spread([decision.branch for _, decision, _ in parts])[order],
            case=case[order],
            row=(self.first[case] + np.maximum(before, 0))[order],
            begun=(before >= 0)[order],
            visit=visit[order],
            done=done[order],
        )

    def enabled_rows(self) -> tuple[Ints, Ints]:
        """For each event of a fitting case: its row, and the row of what came before it in the tree.

        -1 where nothing came before.
        """
        rows, before = [], []
        for variant, parse in self.parses.items():
            leaves = [(part.position, part.before) for part in parse.all() if part.operator == "leaf"]
            start = self.first[self.variants[variant]]
            for position, previous in leaves:
                rows.append(start + position)
                before.append(start + previous if previous >= 0 else np.full(len(start), -1))
        if not rows:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return np.concatenate(rows), np.concatenate(before)


def read_history(frame: pd.DataFrame, facts: Facts) -> History:
    """Clean the instances of a log, grow a tree, and replay them on it.

    `frame` is what `mining.instances` gives. Left out are cases from before the process last changed
    and running ones; names that differ in an outcome word become one decision where the tree stays as good.
    Raises `Refused` where nothing is left.
    """
    frame = frame.assign(row=np.arange(len(frame)))
    if facts.changed:
        facts = replace(facts, changed=False, since=last_change(frame))
    frame, left_out = finished(frame, facts)
    if frame.empty:
        raise Refused(
            f"No finished case of {facts.log!r} is left to plan with.",
            hint="Widen the filter, or plan the whole log.",
        )
    plain = grow_beside_floating(_counted(frame["case"], frame["activity"]))
    merged, unmerged, relabelled, grown = _merged(frame, plain)
    floats = relabelled["activity"].isin(grown.floating).to_numpy()
    kept = relabelled[~floats].reset_index(drop=True)
    starts = np.flatnonzero(kept["case"].to_numpy()[1:] != kept["case"].to_numpy()[:-1]) + 1
    first = np.concatenate([[0], starts, [len(kept)]]).astype(np.int64)
    variants = _variants(kept["activity"].tolist(), first)
    replay = Replay(grown.tree)
    parses = {v: parse for v in variants if (parse := replay.parse(v)) is not None}
    side = relabelled[floats]
    return History(kept, facts, grown, merged, left_out, first, variants, side, unmerged, parses)


def finished(frame: pd.DataFrame, facts: Facts) -> tuple[pd.DataFrame, dict[str, int]]:
    """The instances of the cases to look at, and how many were left out, by reason."""
    left_out: dict[str, int] = {}
    if facts.since is not None:
        began = frame.groupby("case", sort=False)["start"].transform("min")
        kept = frame[began >= pd.Timestamp(facts.since).tz_localize(None)]
        left_out["before the process changed"] = frame["case"].nunique() - kept["case"].nunique()
        frame = kept
    running = running_cases(frame)
    total = frame["case"].nunique()
    if running and len(running) <= MOST_RUNNING * total:
        frame = frame[~frame["case"].isin(running)]
        left_out["still running"] = len(running)
    if facts.activities is not None:
        frame = frame[frame["activity"].isin(facts.activities)]
    return frame.reset_index(drop=True), left_out


def last_change(frame: pd.DataFrame) -> str | None:
    """When the process last changed, if enough cases came after it; ISO 8601, UTC.

    Changes too small to act on do not count.
    """
    whole, _ = finished(frame, Facts(""))
    span = whole.groupby("case", sort=False).agg(begun=("start", "min"), ended=("end", "max"))
    span = span.sort_values("begun", kind="stable")
    running = np.zeros(len(span), dtype=bool)
    span = span.iloc[: settled(running, seconds(span["begun"]), seconds(span["ended"]))]
    variants = whole.groupby("case", sort=False)["activity"].agg(tuple).loc[span.index]
    codes, sequences = pd.factorize(variants)
    changes = find_changes(codes.astype(np.int64), list(sequences))
    last = [c.case for c in changes if not c.small and len(span) - c.case >= FEWEST_AFTER]
    return utc_text(span["begun"].iloc[last[-1]]) if last else None


def own_outcome(frame: pd.DataFrame) -> "pd.Series[str]":
    """How the log itself says that each instance ended: its attribute `outcome`, where it has one."""
    if "outcome" not in frame.columns:
        return pd.Series(None, index=frame.index, dtype=object)
    said = frame["outcome"].astype("string").str.strip()
    # "done" is what our own runs say of a step that has no outcomes.
    known = said.notna() & ~said.isin(("", "done")).fillna(False)
    return said.astype(object).where(known, None)


def _counted(case: "pd.Series[str]", activity: "pd.Series[str]") -> dict[tuple[str, ...], int]:
    codes = case.to_numpy()
    starts = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    bounds = np.concatenate([[0], starts, [len(codes)]])
    names = activity.tolist()
    return Counter(tuple(names[a:b]) for a, b in pairwise(bounds))


def _variants(names: list[str], first: Ints) -> dict[tuple[str, ...], Ints]:
    cases: dict[tuple[str, ...], list[int]] = {}
    for number, (a, b) in enumerate(pairwise(first)):
        cases.setdefault(tuple(names[a:b]), []).append(number)
    return {variant: np.array(numbers, dtype=np.int64) for variant, numbers in cases.items()}


Merged = tuple[DecisionName, ...]


def _merged(frame: pd.DataFrame, plain: Grown) -> tuple[Merged, tuple[Merged, float], pd.DataFrame, Grown]:
    """The decisions that are merged or better not, the frame with them, and its tree."""
    activities = frame["activity"].unique()
    found = tuple(decision_names(map(str, activities)))
    frame = frame.assign(outcome=own_outcome(frame), logged=frame["activity"])
    if not found:
        return (), ((), 0.0), frame, plain
    names = {activity: d.name for d in found for activity in d.outcomes}
    words = {activity: word for d in found for activity, word in d.outcomes.items()}
    renamed = frame.assign(
        activity=frame["activity"].map(names).fillna(frame["activity"]),
        outcome=frame["activity"].map(words).fillna(frame["outcome"]),
    )
    grown = grow_beside_floating(_counted(renamed["case"], renamed["activity"]))
    if grown.coverage < plain.coverage - WORSE:
        return (), (found, grown.coverage), frame, plain
    return found, ((), 0.0), renamed, grown
