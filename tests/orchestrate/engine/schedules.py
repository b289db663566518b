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
    Each,
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
from orchestrate.core.effects import Effect, Refusal
from orchestrate.core.events import Called, Decided, Event, Failed, Started, Succeeded, Tick
from orchestrate.core.machine import advance, next_due, outstanding
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import State

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


LISTS = {"amount": 1, "none": [], "one": [7], "many": [1, 2, 3, 4], "text": "abc"}
"""What runs of planted plans are started with: the fields that steps work through."""
Pick = Callable[[Any], Any]
"""Chooses one of several things, by chance."""


def grown(pick: Pick, *, callee: str | None = "child", deep: int = 3, timed: bool = True) -> Plan:
    """A tree of every kind of node, up to some twenty leaves; steps, lists of them and other plans."""
    ids = count()

    def each() -> Each | None:
        of = pick([None, None, None, "none", "one", "many", "many", "text"])
        return of and Each(of=of, at_once=pick([1, 2, 10]), stop=pick([True, False]))

    def node(depth: int) -> Node:
        kinds = ["service", "service", "human", "skip", *(["call"] if callee else [])]
        kinds += ["sequence", "parallel", "choice", "loop"] if depth < deep else []
        name, kind = f"n{next(ids)}", pick(kinds)
        some = lambda: tuple(node(depth + 1) for _ in range(pick([1, 2, 3])))  # noqa: E731
        match kind:
            case "service":
                undo = Binding(connector="undo") if pick([True, False]) else None
                deadline = pick([None, None, timedelta(minutes=2)]) if timed else None
                return service(name, compensation=undo, deadline=deadline, each=each())
            case "human":
                sla = Sla(due=timedelta(hours=1), remind=timedelta(minutes=30), escalate=("boss",))
                limit = pick([None, timedelta(hours=2)]) if timed else None
                return human(name, outcomes=("yes", "no"), sla=pick([None, sla]), deadline=limit, each=each())
            case "call":
                return Step(id=name, name=name.title(), does="plan", plan=callee, each=each())
            case "sequence":
                return Sequence(id=name, children=some())
            case "parallel":
                return Parallel(id=name, children=some())
            case "choice":
                by = pick(["default", "rule", "person"])
                branches = [
                    Branch(name=f"b{i}", share=0.5, when=pick(["odd", "false"]), body=body)
                    for i, body in enumerate(some())
                ]
                return Choice(id=name, by=by, branches=tuple(branches))
            case "loop":
                again = pick(["true", "false"])
                return Loop(
                    id=name, by="rule", again=again, body=node(depth + 1), redo=node(depth + 1), max_visits=2
                )
        return Skip(id=name)

    body = Sequence(id="root", children=tuple(node(0) for _ in range(pick([1, 2, 3, 4]))))
    if not timed:
        return a_plan(body)
    limits = {"deadline": pick([None, None, timedelta(days=2)]), "at_deadline": pick(["manual", "cancel"])}
    return a_plan(body, expected=pick([None, timedelta(hours=8)]), **limits)


@st.composite
def plans(draw: st.DrawFn, *, timed: bool = True) -> Plan:
    """Plans that Hypothesis can shrink; `timed` ones have deadlines."""
    return grown(lambda of: draw(st.sampled_from(of)), timed=timed)


def decision(task: dict[str, Any], luck: float, by: str) -> Decided:
    """What somebody makes of a task, by `luck` (0 to 1); never to try in vain again, nor to give up."""
    name = task["id"]
    ways = [way for way in task["outcomes"] if way not in ("retry", "cancel", "again")]
    if task["outcomes"] == ["retry", "cancel"]:  # what was to be worked through is no list
        return Decided(task=name, outcome="retry", output={"text": []}, by=by)
    if task["kind"] != "manual":
        ways = task["outcomes"]
    return Decided(task=name, outcome=ways[int(luck * len(ways))] if ways else "done", by=by)


class Schedule:
    """One run, driven to its end in an order drawn from a seed; the world answers by node and visit."""

    def __init__(
        self, plan: Plan, seed: int, *, failing: float = 0.0, data: dict[str, Any] | None = None
    ) -> None:
        self.index, self.random, self.failing = index(plan), Random(seed), failing
        self.now, self.state = START, None
        self.journal: list[tuple[Event, float]] = []
        self.effects: list[Effect] = []
        self.tell(Started(run="r", data=data or {"amount": 1}))

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
            if attempt.binding is None:
                yield Called(plan=attempt.step.plan or "", version=1, **place)
            else:
                yield self._answer(attempt.key, place)
        for key, token in self.known["open"].items():
            if "child" in token:
                place = {"node": token.get("node", key), "visit": token["visit"], "attempt": token["attempt"]}
                yield self._answer(f"{key}:{token['visit']}", place)
            if "task" in token:
                yield decision(token["task"], self._chance(key, token["visit"]), "bo")

    def _answer(self, key: str, place: dict[str, Any]) -> Event:
        if self._chance(key, place["attempt"]) < self.failing:
            return Failed(error="no", **place)
        return Succeeded(output={f"f{place['visit'] % 2}": key, "last": key}, **place)

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
