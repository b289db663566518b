"""Plans made by chance, and the core driven through schedules made by chance."""

import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from hypothesis import strategies as st

from orchestrate.contracts import (
    Binding,
    Branch,
    Choice,
    Loop,
    Node,
    Owner,
    Parallel,
    Plan,
    Retry,
    Sequence,
    Skip,
    Sla,
    Step,
)
from orchestrate.core import advance, next_due, outstanding
from orchestrate.effects import Effect, Refusal
from orchestrate.events import Decided, Event, Failed, Started, Succeeded, Tick
from orchestrate.plan_index import PlanIndex
from orchestrate.turn import State

START = 1_700_000_000.0
SERVICE = Binding(connector="stub")


def a_plan(body: Node, **fields: Any) -> Plan:
    return Plan(name="planted", owner=Owner(name="ada"), body=body, **fields)


def service(name: str, **fields: Any) -> Step:
    fields.setdefault("binding", SERVICE)
    fields.setdefault("retry", Retry(wait_jitter=timedelta(0)))
    return Step(id=name, name=name.title(), does="service", **fields)


def human(name: str, **fields: Any) -> Step:
    return Step(id=name, name=name.title(), **fields)


def rule(text: str) -> Callable[[Any], bool]:
    """A stand-in for CEL: `odd` and `true` are all these plans say."""
    return {"odd": lambda e: e["visit"] % 2 == 1, "true": lambda e: True, "false": lambda e: False}[text]


def index(plan: Plan) -> PlanIndex:
    return PlanIndex(plan, rule)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Trees of every kind of node, up to some twenty leaves."""
    ids = count()

    def node(depth: int) -> Node:
        kinds = ["service", "human", "skip"]
        kinds += ["sequence", "parallel", "choice", "loop"] if depth < 3 else []
        name, kind = f"n{next(ids)}", draw(st.sampled_from(kinds))
        some = lambda: tuple(node(depth + 1) for _ in range(draw(st.integers(1, 3))))  # noqa: E731
        match kind:
            case "service":
                undo = Binding(connector="undo") if draw(st.booleans()) else None
                return service(name, compensation=undo)
            case "human":
                sla = Sla(due=timedelta(hours=1), remind=timedelta(minutes=30), escalate=("boss",))
                return human(name, outcomes=("yes", "no"), sla=draw(st.sampled_from([None, sla])))
            case "sequence":
                return Sequence(id=name, children=some())
            case "parallel":
                return Parallel(id=name, children=some())
            case "choice":
                by = draw(st.sampled_from(["default", "rule", "person"]))
                branches = [
                    Branch(name=f"b{i}", share=0.5, when=draw(st.sampled_from(["odd", "false"])), body=body)
                    for i, body in enumerate(some())
                ]
                return Choice(id=name, by=by, branches=tuple(branches))
            case "loop":
                again = draw(st.sampled_from(["true", "false"]))
                return Loop(
                    id=name, by="rule", again=again, body=node(depth + 1), redo=node(depth + 1), max_visits=2
                )
        return Skip(id=name)

    return a_plan(Sequence(id="root", children=tuple(node(0) for _ in range(draw(st.integers(1, 4))))))


class Schedule:
    """One run, driven to its end in an order drawn from a seed; the world answers by node and visit."""

    def __init__(self, plan: Plan, seed: int, *, failing: float = 0.0) -> None:
        self.index, self.random, self.failing = index(plan), Random(seed), failing
        self.now, self.state = START, None
        self.journal: list[tuple[Event, float]] = []
        self.effects: list[Effect] = []
        self.tell(Started(run="r", data={"amount": 1}))

    def tell(self, event: Event) -> tuple[Effect, ...]:
        before = repr(self.state)
        state, effects = advance(self.index, self.state, event, self.now)
        assert repr(self.state) == before, "the state was changed in place"
        if effects and isinstance(effects[0], Refusal):
            return effects
        self.state = state
        self.journal.append((event, self.now))
        self.effects += effects
        return effects

    @property
    def known(self) -> State:
        assert self.state is not None
        return self.state

    def possible(self) -> Iterator[Event]:
        """What the world may do next."""
        for attempt in outstanding(self.index, self.known):
            place = {"node": attempt.node, "visit": attempt.visit, "attempt": attempt.attempt}
            if self._chance(attempt.key, attempt.attempt) < self.failing:
                yield Failed(error="no", **place)
            else:
                yield Succeeded(output={f"f{attempt.visit % 2}": attempt.key, "last": attempt.key}, **place)
        for key, token in self.known["open"].items():
            if "task" in token:
                ways_on = ("retry", "cancel", "again") if token["task"]["kind"] == "manual" else ()
                outcomes = [o for o in token["task"]["outcomes"] if o not in ways_on]
                at = int(self._chance(key, token["visit"]) * len(outcomes))
                yield Decided(task=token["task"]["id"], outcome=outcomes[at] if outcomes else "done", by="bo")

    def _chance(self, *of: Any) -> float:
        return zlib.crc32(repr(of).encode()) / 2**32

    def run(self, limit: int = 3000) -> State:
        """Let things happen until the run has ended."""
        for _ in range(limit):
            if self.known["status"] != "open":
                return self.known
            events = list(self.possible())
            due = next_due(self.known)
            assert events or due is not None, f"waits on nothing: {self.known}"
            if not events or (due is not None and self.random.random() < 0.2):
                self.now = max(self.now, due or 0.0)
                self.tell(Tick())
            else:
                self.tell(self.random.choice(events))
        raise AssertionError("the run does not end")
