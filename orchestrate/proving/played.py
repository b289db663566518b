"""Plays runs in simulated time: the engine's own core and journal, against the sandbox's world."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from home.errors import Refused
from orchestrate.core.effects import CloseTask, DoneTask, Effect, EscalateTask, OpenTask, Refusal
from orchestrate.core.events import Decided, Event, Started, Succeeded, Tick
from orchestrate.core.machine import advance, next_due, outstanding
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import State, attempt_key
from orchestrate.engine.entry import entry_of
from orchestrate.proving.world import Answer, World

MOST_EVENTS = 5_000
"""A run with more is going round in circles."""


@dataclass(frozen=True)
class Case:
    """One run to be played."""

    run: str
    begins: float
    """Seconds since 1970."""
    data: dict[str, Any]


@dataclass
class PlayedRun:
    """One run that was played to its end."""

    case: Case
    state: State
    entries: list[dict[str, Any]] = field(default_factory=list)
    """Its journal, as `entry_of` writes it."""
    stuck: bool = False
    """It waits for something that nothing in the sandbox brings."""
    manual: int = 0
    """Times it came to the manual queue."""


def play_runs(index: PlanIndex, world: World, cases: Iterable[Case]) -> Iterator[PlayedRun]:
    """Play each case to its end. Cases do not wait for each other: waits are drawn, not queued for."""
    for case in cases:
        yield _Playing(index, world, case).to_the_end()


class _Playing:
    """One run on its way."""

    def __init__(self, index: PlanIndex, world: World, case: Case) -> None:
        self.index, self.world, self.case = index, world, case
        self.tasks: dict[str, tuple[str, int, Answer]] = {}
        """Node, how many times it had asked, and the answer that is on its way, by task."""
        self.asked: Counter[str] = Counter()
        self.attempts: dict[tuple[str, int, int], Answer] = {}
        self.entries: list[dict[str, Any]] = []
        self.state: State | None = None
        self.manual = 0

    def to_the_end(self) -> PlayedRun:
        """Every event in the order of its moment; at the same moment, answers come before timers."""
        self._tell(Started(run=self.case.run, data=self.case.data), self.case.begins)
        assert self.state is not None  # noqa: S101 - told just now
        while self.state["status"] == "open":
            found = self._next()
            if found is None:
                return PlayedRun(self.case, self.state, self.entries, stuck=True, manual=self.manual)
            at, event = found
            self._tell(event, at)
            if len(self.entries) > MOST_EVENTS:
                last = self.entries[-1]["node"]
                raise Refused(
                    f"Plan {self.index.plan.name!r} goes round in circles in the sandbox:"
                    f" run {self.case.run!r} had {MOST_EVENTS:,} events, the last at {last!r}.",
                    hint="Look at that step's output contract, and at the loop it is in.",
                )
        return PlayedRun(self.case, self.state, self.entries, manual=self.manual)

    def _tell(self, event: Event, at: float) -> None:
        before = self.state
        self.state, effects = advance(self.index, before, event, at)
        if effects and isinstance(effects[0], Refusal):
            raise Refused(f"The sandbox told run {self.case.run!r} what does not fit: {effects[0].reason}.")
        self.entries.append(entry_of(self.index, before, event, effects, at))
        for effect in effects:
            self._react(effect, at)
        for attempt in outstanding(self.index, self.state):
            which = (attempt.node, attempt.visit, attempt.attempt)
            if which not in self.attempts:
                self.attempts[which] = self.world.attempt(self.case.run, attempt.step, attempt.visit, at)

    def _react(self, effect: Effect, at: float) -> None:
        match effect:
            case OpenTask() if effect.kind != "side":
                who = effect.assignee or effect.role
                self.manual += effect.kind == "manual"
                self.asked[effect.node] += 1  # not the visit: a loop asks after every pass of one visit
                about = (self.case.run, effect.node, self.asked[effect.node])
                answer = self.world.task(*about, effect.kind, effect.outcomes, who, at)
                self.tasks[effect.task] = (*about[1:], answer)
            case EscalateTask() if effect.task in self.tasks:
                node, turn, answer = self.tasks[effect.task]
                who = effect.assignee or effect.role
                answer = self.world.escalated(self.case.run, node, turn, effect.level, answer, who, at)
                self.tasks[effect.task] = (node, turn, answer)
            case CloseTask() | DoneTask():
                self.tasks.pop(effect.task, None)

    def _next(self) -> tuple[float, Event] | None:
        """The next thing that happens, and when."""
        found: list[tuple[float, int, str, Event]] = []
        for name, (node, _, answer) in self.tasks.items():
            decided = Decided(
                task=name, outcome=answer.outcome, output=answer.output, by=answer.by, begun=answer.begun
            )
            found.append((answer.ends, 0, node, decided))
        for which, answer in self.attempts.items():
            node, visit, attempt = which
            state: State = self.state or {}
            token = state["open"].get(attempt_key(state, node, visit), {})
            if (token.get("visit"), token.get("attempt"), token.get("phase")) != (visit, attempt, "ready"):
                continue
            done = Succeeded(
                node=node,
                visit=visit,
                attempt=attempt,
                output=answer.output,
                begun=answer.begun,
                resource=answer.by,
            )
            found.append((answer.ends, 0, node, done))
        due = next_due(self.state or {})
        if due is not None:
            found.append((due, 1, "", Tick()))
        if not found:
            return None
        at, _, _, event = min(found, key=lambda candidate: candidate[:3])
        return at, event
