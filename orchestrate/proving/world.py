"""The sandbox's world: people and systems that answer as the log showed, in simulated time.

What is assumed: a person takes a task after a wait, and works on it for a time, both drawn from what
the log showed of that step. An escalation finds a new person who answers after a fresh wait in half
of the cases, and changes nothing in the other half. A step that a connector does begins at once and
takes as long as it took people, unless its author says what to expect. Choices and outcomes go as
often each way as in the log. Nobody is busier because of the plan.
"""

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrate.contracts import Choice, JsonSchema, Loop, Observed, Plan, Step, deciders
from orchestrate.core.each import NO_LIST
from orchestrate.plans.check import nodes
from orchestrate.proving.durations import at_level
from orchestrate.proving.plainest import plainest
from orchestrate.proving.twin import HELPED, assumed_s

OUTCOME = "outcome"
"""Key in `Observed.outputs` under which the shares of a step's outcomes stand."""
NOBODY = "nobody in particular"


@dataclass(frozen=True)
class Answer:
    """What comes of a task or an attempt, and when; moments in seconds since 1970."""

    begun: float
    """When work on it begins."""
    ends: float
    outcome: str
    output: dict[str, Any]
    by: str


class World:
    """Everybody and everything outside the engine. The same seed gives every case the same luck."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan, self._seed = plan, seed
        found = [*nodes(plan.body), *plan.side]
        self._nodes = {node.id: node for node in found}
        self._steps = [node for node in found if isinstance(node, Step)]
        self._outcomes = {step.id: _outcome_shares(plan, step) for step in self._steps if step.outcomes}
        seen = [step.observed for step in self._steps if step.observed and step.observed.waiting_s]
        self._waits = sorted(seen, key=lambda observed: observed.waiting_s[len(observed.waiting_s) // 2])

    def luck(self, *what: object) -> float:
        """A number from 0 to 1 that depends on the seed and on what it is for, and on nothing else."""
        return random.Random(f"{self._seed}:{':'.join(map(str, what))}").random()

    def task(
        self,
        case: str,
        node: str,
        turn: int,
        kind: str,
        outcomes: Sequence[str],
        who: str | None,
        now: float,
    ) -> Answer:
        """What a person makes of a task that opened `now`."""
        asked, about = self._nodes[node], (case, node, turn)
        output: dict[str, Any] = {}
        waited = worked = 0.0
        if isinstance(asked, Step) and asked.each and tuple(outcomes) == NO_LIST:
            item = plainest(asked.input.get("properties", {}).get(asked.each.item, {}))
            return _answer(now + self._manual_wait(*about), 0.0, NO_LIST[0], {asked.each.of: [item]}, who)
        if kind == "manual" and not (isinstance(asked, Step) and asked.does == "manual"):
            waited = self._manual_wait(*about)
        elif isinstance(asked, Step):
            waited, worked = self._wait(asked, 0, *about), self._work(asked, *about)
            output = filled(asked, lambda what: self.luck(*about, what))
        outcome = self._outcome(node, outcomes, *about)
        return _answer(now + waited, worked, outcome, output, who)

    def escalated(
        self, case: str, node: str, turn: int, level: int, answer: Answer, who: str | None, now: float
    ) -> Answer:
        """What the next in the chain makes of it: the earlier answer, or a quicker one of their own."""
        step = self._nodes[node]
        if not isinstance(step, Step) or answer.begun <= now:
            return answer
        if self.luck(case, node, turn, "helps", level) >= HELPED:
            return answer
        begun = now + self._wait(step, level, case, node, turn)
        if begun >= answer.begun:
            return answer
        return _answer(begun, answer.ends - answer.begun, answer.outcome, answer.output, who)

    def attempt(self, case: str, step: Step, turn: int, now: float) -> Answer:
        """What a system makes of an attempt that began `now`."""
        about = (case, step.id, turn)
        output = filled(step, lambda what: self.luck(*about, what))
        if step.outcomes:
            output[OUTCOME] = self._outcome(step.id, step.outcomes, *about)
        by = step.binding.connector if step.binding else None
        return _answer(now, self._work(step, *about), "", output, by)

    def _wait(self, step: Step, person: int, *about: object) -> float:
        if step.observed is None:
            return 0.0
        return at_level(step.observed.waiting_s, step.observed.n, self.luck(*about, "wait", person))

    def _work(self, step: Step, *about: object) -> float:
        if step.observed is None or (step.binding is not None and step.expected is not None):
            return assumed_s(step)
        return at_level(step.observed.processing_s, step.observed.n, self.luck(*about, "work"))

    def _manual_wait(self, *about: object) -> float:
        """The manual queue is new, so nobody knows its waits: one of the slower half of the others."""
        slower: list[Observed] = self._waits[len(self._waits) // 2 :]
        if not slower:
            return 0.0
        one = slower[int(self.luck(*about, "manual step") * len(slower))]
        return at_level(one.waiting_s, one.n, self.luck(*about, "manual"))

    def _outcome(self, node: str, outcomes: Sequence[str], *about: object) -> str:
        if not outcomes:
            return "done"
        shares = {name: share for name, share in self._shares(node).items() if name in outcomes}
        return drawn(shares or dict.fromkeys(outcomes[:1], 1.0), self.luck(*about, OUTCOME))

    def _shares(self, node: str) -> Mapping[str, float]:
        asked = self._nodes[node]
        if isinstance(asked, Choice):
            return {branch.name: branch.share for branch in asked.branches}
        if isinstance(asked, Loop):
            return {"again": asked.share_again, "on": 1 - asked.share_again}
        return self._outcomes.get(node, {})


def _answer(begun: float, worked: float, outcome: str, output: dict[str, Any], by: str | None) -> Answer:
    """To the millisecond, as clocks tell it."""
    return Answer(round(begun, 3), round(begun + worked, 3), outcome, output, by or NOBODY)


def drawn(shares: Mapping[str, float], luck: float) -> str:
    """The name that `luck` (0 to 1) falls on when each has its share; shares need not sum to one."""
    names = list(shares)
    sums, total = [], 0.0
    for name in names:
        total += max(shares[name], 0.0)
        sums.append(total)
    return names[min(bisect_right(sums, luck * total), len(names) - 1)] if total > 0 else names[0]


def _outcome_shares(plan: Plan, step: Step) -> dict[str, float]:
    """How often each outcome of a step came: as seen of the step, else as the way the cases went after it."""
    if step.observed and OUTCOME in step.observed.outputs:
        return dict(step.observed.outputs[OUTCOME])
    for node in nodes(plan.body):
        if not isinstance(node, Choice | Loop) or step.id not in deciders(node):
            continue
        if isinstance(node, Choice):
            return {word: b.share / len(b.words) for b in node.branches for word in b.words}
        on = [name for name in step.outcomes if name not in node.again_outcomes]
        again = dict.fromkeys(node.again_outcomes, node.share_again / max(len(node.again_outcomes), 1))
        return again | dict.fromkeys(on, (1 - node.share_again) / max(len(on), 1))
    return dict.fromkeys(step.outcomes, 1 / len(step.outcomes))


def filled(step: Step, luck: Any) -> dict[str, Any]:
    """What a step writes: values as often as the log showed them, and whatever its contract asks for."""
    seen = step.observed.outputs if step.observed else {}
    properties: JsonSchema = step.output.get("properties", {})
    found = {
        name: _cast(drawn(shares, luck(name)), properties.get(name, {}))
        for name, shares in seen.items()
        if shares and name != OUTCOME
    }
    for name in step.output.get("required", ()):
        found.setdefault(name, plainest(properties.get(name, {})))
    return found


def _cast(value: str, schema: JsonSchema) -> Any:
    """A value as its contract wants it; outputs are counted as text."""
    kind = schema.get("type")
    try:
        if kind == "number":
            return float(value)
        if kind == "integer":
            return int(float(value))
    except ValueError:
        return value
    return value.casefold() in ("true", "yes", "1") if kind == "boolean" else value
