"""What a plan's rules would have said at every decision that history took."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from home.errors import BatonError
from mining.replay import Decision, Parse, decisions
from orchestrate.contracts import Choice, Loop, Plan, Step, deciders
from orchestrate.core.rules import compile_rule
from orchestrate.plans.plan_tree import PlanTree
from orchestrate.redesign.history import NOT_ATTRIBUTES, Ints


class Judge:
    """Asks the plan's rules at every decision that history took."""

    def __init__(self, frame: pd.DataFrame, plan: Plan, made: PlanTree, first: Ints) -> None:
        self.plan, self.made, self.first = plan, made, first
        steps = [node for node in made.node_of.values() if isinstance(node, Step)]
        self.ids = {step.name: step.id for step in steps}
        self.words = {step.id: frozenset(step.outcomes) for step in steps}
        self.outcomes = frame["outcome"].to_numpy(object)
        self.fields = _fields(plan, frame, first)
        self.start = frame["start"].to_numpy("datetime64[us]").astype(np.int64) / 1e6
        self.end = frame["end"].to_numpy("datetime64[us]").astype(np.int64) / 1e6
        self.asked = frozenset(plan.input.get("properties", {}))

    def judge(self, parse: Parse, own: Ints, trace: tuple[str, ...]) -> tuple[int, int, NDArray[np.bool_]]:
        """For the cases `own` of one variant: decisions by rule, how many agree, and who goes manual."""
        manual = np.full(len(own), any(part.path in self.made.by_hand for part in parse.all()))
        decided = agreed = 0
        for decision in decisions(parse):
            if any(decision.path[: len(path)] == path for path in self.made.by_hand):
                continue
            node = self.made.node_of[decision.path]
            if isinstance(node, Loop) and decision.branch == 1 and decision.visit >= node.max_visits:
                manual[:] = True
            if isinstance(node, Choice | Loop) and node.by not in ("person", "event"):
                told = self._told(node, decision, own, trace)
                said = self._said(node, decision, own[told], trace)
                known = np.array([way is not None for way in said], dtype=bool)
                manual[told] |= ~known
                decided += int(known.sum())
                agreed += sum(way == decision.branch for way in said)
        return decided, agreed, manual

    def _told(
        self, node: Choice | Loop, decision: Decision, own: Ints, trace: tuple[str, ...]
    ) -> NDArray[np.bool_]:
        """For which cases anything but a person of the plan's own could say which way.

        Where a choice goes by the outcome of a step, and the log has no such outcome of it, the way
        the case went is what the person would have said: no rule is tested there.
        """
        step = self._decider(node, decision, trace)
        if node.by != "outcome" or step < 0:
            return np.ones(len(own), dtype=bool)
        words = self.words[self.ids[trace[step]]]
        return np.array([self.outcomes[row + step] in words for row in self.first[own]], dtype=bool)

    def _decider(self, node: Choice | Loop, decision: Decision, trace: tuple[str, ...]) -> int:
        """Where the step by whose outcome a choice goes was last done; -1 for none."""
        of = deciders(node)
        return max((i for i in range(decision.before + 1) if self.ids[trace[i]] in of), default=-1)

    def _said(
        self, node: Choice | Loop, decision: Decision, own: Ints, trace: tuple[str, ...]
    ) -> list[int | None]:
        if node.by == "default":
            return [_default(node)] * len(own)
        if node.by == "outcome":
            step = self._decider(node, decision, trace)
            return [
                _by_word(node, self.outcomes[self.first[case] + step] if step >= 0 else None) for case in own
            ]
        return [self._says(node, self._environment(decision, int(case), trace)) for case in own]

    def _says(self, node: Choice | Loop, environment: Mapping[str, Any]) -> int | None:
        """The branch the plan would take; None for the manual queue."""
        if isinstance(node, Loop):
            holds = _holds(node.again or "false", environment)
            return None if holds is None else int(holds)
        for i, branch in enumerate(node.branches):
            if branch.when:
                holds = _holds(branch.when, environment)
                if holds is None:
                    return None
                if holds:
                    return i
        return _named(node, node.otherwise)

    def _environment(self, decision: Decision, case: int, trace: tuple[str, ...]) -> dict[str, Any]:
        row = int(self.first[case])
        done = dict.fromkeys(self.ids.values(), 0)
        outcome = dict.fromkeys(self.ids.values(), "")
        for position in range(decision.before + 1):
            identity = self.ids[trace[position]]
            done[identity] += 1
            word = self.outcomes[row + position]
            outcome[identity] = word if isinstance(word, str) else "done"
        begun = decision.before >= 0
        at = row + max(decision.before, 0)
        known = self.fields if begun else {n: v for n, v in self.fields.items() if n in self.asked}
        return {
            "data": {name: values[at] for name, values in known.items() if values[at] is not None},
            "done": done,
            "outcome": outcome,
            "visit": decision.visit,
            "elapsed_s": float(self.end[at] - self.start[row]) if begun else 0.0,
        }

    def breaches(self, cases: int) -> int:
        """Cases whose first event does not have the input that the plan asks for."""
        from jsonschema import Draft202012Validator

        if not self.plan.input:
            return 0
        validator = Draft202012Validator(self.plan.input)
        seen: dict[tuple[Any, ...], bool] = {}
        broken = 0
        for row in self.first[:cases]:
            data = {n: v[row] for n, v in self.fields.items() if n in self.asked and v[row] is not None}
            key = tuple(data.items())
            if key not in seen:
                seen[key] = not validator.is_valid(data)
            broken += seen[key]
        return broken


def _default(node: Choice | Loop) -> int:
    if isinstance(node, Loop):
        return int(node.share_again >= 0.5)
    return max(range(len(node.branches)), key=lambda i: node.branches[i].share)


def _by_word(node: Choice | Loop, word: str | None) -> int | None:
    if isinstance(node, Loop):
        return int(word in node.again_outcomes)
    return next((i for i, branch in enumerate(node.branches) if word in branch.words), None)


def _named(node: Choice, name: str | None) -> int | None:
    return next((i for i, branch in enumerate(node.branches) if branch.name == name), None)


def _holds(rule: str, environment: Mapping[str, Any]) -> bool | None:
    try:
        return compile_rule(rule)(environment)
    except BatonError:
        return None


def _fields(plan: Plan, frame: pd.DataFrame, first: Ints) -> dict[str, list[Any]]:
    """The values, by row, of every field the plan's rules may ask about, as JSON has them."""
    from orchestrate.plans.changes import steps
    from orchestrate.redesign.inputs import plain

    wanted = dict(plan.input.get("properties", {}))
    for node in steps(plan.body):
        wanted |= node.output.get("properties", {})
    case = np.repeat(np.arange(len(first) - 1), np.diff(first)) if len(frame) else np.zeros(0, dtype=np.int64)
    found: dict[str, list[Any]] = {}
    for name, schema in wanted.items():
        column = next((c for c in (f"case:{name}", name, f"event:{name}") if c in frame.columns), None)
        if column is None or column in NOT_ATTRIBUTES:
            continue
        values = frame[column].groupby(case).ffill()
        if schema.get("type") == "number":
            values = pd.to_numeric(values, errors="coerce")
        found[name] = [None if pd.isna(v) else plain(v) for v in values.tolist()]
    return found
