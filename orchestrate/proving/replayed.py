"""History through a plan: which cases it takes, what its rules would have said, how long it would take."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mining.derivatives import Automaton
from mining.replay import Parse, Replay
from orchestrate.contracts import Plan, Step
from orchestrate.plans.plan_tree import Names, made_parallel, plan_tree, serial_today
from orchestrate.proving.judge import Judge
from orchestrate.proving.twin import HELPED
from orchestrate.redesign.history import Facts, Floats, Ints, finished, own_outcome

DRAWS = 500


@dataclass
class Replayed:
    """What became of every case; arrays have one entry per case, by start."""

    cases: int
    fits: NDArray[np.bool_]
    manual: NDArray[np.bool_]
    """Would meet the manual queue."""
    asis_s: Floats
    tobe_s: Floats
    week: NDArray[Any]
    decided: int = 0
    """Decisions that rules took."""
    agreed: int = 0
    """Of them, those that went as in the log."""
    breaches: int = 0
    """Cases whose data breaks the plan's input contract."""
    deviating: dict[tuple[str, ...], int] = field(default_factory=dict)
    timed: bool = True
    """Whether cycle times could be predicted: each activity stands in the plan once."""

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """95 % interval of the median of `tobe_s`: whole weeks are drawn, because their cases are alike."""
        weeks, member = np.unique(self.week, return_inverse=True)
        groups = [self.tobe_s[member == i] for i in range(len(weeks))]
        rng = np.random.default_rng(seed)
        medians = [
            float(np.median(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])))
            for _ in range(DRAWS)
        ]
        low, high = np.quantile(medians, [0.025, 0.975])
        return float(low), float(high)


def replay_plan(frame: pd.DataFrame, facts: Facts, plan: Plan) -> Replayed:
    """Replay the finished cases of a log (as `mining.instances` gives them) through a plan."""
    names = Names(plan)
    if plan.provenance is not None and plan.provenance.part:
        part = names.of_part(list(map(str, frame["activity"].unique())))
        facts = Facts(**{**vars(facts), "activities": part})
    frame, _ = finished(frame, facts)
    known = {a: names.known(str(a)) for a in frame["activity"].unique()}
    frame = frame.assign(
        outcome=frame["activity"].map({a: word for a, (_, word) in known.items()}).fillna(own_outcome(frame)),
        activity=frame["activity"].map({a: name for a, (name, _) in known.items()}),
    )
    frame = frame[~frame["activity"].isin(names.side)].reset_index(drop=True)
    return _Replaying(frame, facts, plan).run()


class _Replaying:
    def __init__(self, frame: pd.DataFrame, facts: Facts, plan: Plan) -> None:
        self.frame, self.facts, self.plan = frame, facts, plan
        self.made = plan_tree(plan, seen=frozenset(map(str, frame["activity"].unique())))
        case = frame["case"].to_numpy()
        changes = np.flatnonzero(case[1:] != case[:-1]) + 1 if len(case) else np.zeros(0, dtype=np.int64)
        self.first: Ints = np.concatenate([[0], changes, [len(frame)]]).astype(np.int64)
        self.start, self.end = (
            frame[c].to_numpy("datetime64[us]").astype(np.int64) / 1e6 for c in ("start", "end")
        )
        self.at_once = made_parallel(plan)
        self.serial = serial_today(plan)
        self._cycles = self._cycle(len(self.first) - 1 if len(frame) else 0)
        self.luck = np.random.default_rng(0)

    def run(self) -> Replayed:
        cases = len(self.first) - 1 if len(self.frame) else 0
        found = Replayed(
            cases=cases,
            fits=np.zeros(cases, dtype=bool),
            manual=np.ones(cases, dtype=bool),
            asis_s=self._cycles,
            tobe_s=self._cycles.copy(),
            week=self._weeks(cases),
        )
        variants: dict[tuple[str, ...], list[int]] = {}
        activities = self.frame["activity"].tolist()
        for number in range(cases):
            trace = tuple(activities[self.first[number] : self.first[number + 1]])
            variants.setdefault(trace, []).append(number)
        found.timed = self.made.tree.distinct
        replay = Replay(self.made.tree) if found.timed else None
        automaton = None if replay else Automaton(self.made.tree)
        judge = Judge(self.frame, self.plan, self.made, self.first)
        for trace, numbers in variants.items():
            parse = replay.parse(trace) if replay else None
            if parse is None and not (automaton and automaton.accepts(trace)):
                found.deviating[trace] = len(numbers)
                continue
            own = np.array(numbers, dtype=np.int64)
            found.fits[own], found.manual[own] = True, False
            if parse is not None:
                found.tobe_s[own] = self._tobe(parse, own, trace)
                decided, agreed, manual = judge.judge(parse, own, trace)
                found.decided += decided
                found.agreed += agreed
                found.manual[own] |= manual
        found.breaches = judge.breaches(cases)
        return found

    def _cycle(self, cases: int) -> Floats:
        if not cases:
            return np.zeros(0)
        last = np.maximum.reduceat(self.end, self.first[:-1])
        return np.asarray(last - np.minimum.reduceat(self.start, self.first[:-1]))

    def _weeks(self, cases: int) -> NDArray[Any]:
        begun = self.frame["start"].iloc[self.first[:cases]]
        local = begun.dt.tz_localize("UTC").dt.tz_convert(self.facts.tz).dt.tz_localize(None)
        return np.asarray(local.dt.to_period("W").astype(str))

    def _tobe(self, parse: Parse, own: Ints, trace: tuple[str, ...]) -> Floats:
        """Cycle times of these cases in the plan: critical paths, each case with the times it had itself."""
        rows = self.first[own]

        def length(part: Parse, today: bool) -> Floats:
            if part.operator == "leaf":
                return self._step(part, rows, trace, today)
            lengths = [length(inner, today) for inner in part.parts]
            if not lengths:
                return np.zeros(len(own))
            together = np.vstack(lengths)
            at_once = part.operator == "parallel" and not (
                today and self.made.node_of[part.path].id in self.serial
            )
            return np.asarray(together.max(axis=0) if at_once else together.sum(axis=0))

        # What the model gets wrong of today, it gets wrong of the plan, too: only the difference counts.
        saved = length(parse, True) - length(parse, False)
        return np.asarray(np.maximum(self._cycles[own] - saved, 0.0))

    def _step(self, part: Parse, rows: Ints, trace: tuple[str, ...], today: bool) -> Floats:
        serial = trace[part.position] in self.at_once
        before = part.position - 1 if serial else part.before
        start, end = self.start[rows + part.position], self.end[rows + part.position]
        waited = np.maximum(start - self.end[rows + before], 0.0) if before >= 0 else np.zeros(len(rows))
        node = self.made.node_of[part.path]
        if not today and isinstance(node, Step) and node.sla is not None and node.sla.escalate:
            waited = self._escalated(node, waited)
        return np.asarray(waited + np.maximum(end - start, 0.0))

    def _escalated(self, step: Step, waited: Floats) -> Floats:
        """A wait past its due time ends with a fresh one of the next person, in half of the cases."""
        due = step.sla.due.total_seconds() if step.sla else 0.0
        seen = step.observed.waiting_s if step.observed else ()
        if not seen:
            return waited
        fresh = np.interp(self.luck.random(len(waited)), np.linspace(0, 1, len(seen)), seen)
        helped = self.luck.random(len(waited)) < HELPED
        return np.where(helped & (waited > due), np.minimum(waited, due + fresh), waited)
