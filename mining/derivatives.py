"""Exact membership and precision of process trees, by a lazy automaton of their derivatives.

A process tree is a regular expression with shuffle. Its partial derivatives (Antimirov 1996; for the
shuffle, Broda et al. 2018) are again such expressions, so a trace is replayed by taking one derivative
per activity. States are made when first reached, and at most `STATES` of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from home.errors import Refused
from mining.tree import Tree

STATES = 50_000
Variants = Mapping[tuple[str, ...], int]
"""Cases per sequence of activities."""
State = int
"""A state of an `Automaton`; 0 is the state from which nothing is accepted."""
_Expression = tuple[object, ...]


class TooManyStates(Refused):
    """A tree interleaves so much that its automaton passed the cap."""


@dataclass(slots=True)
class Trie:
    """Variants as a prefix tree: cases that pass through each prefix, and that end there."""

    through: int = 0
    ended: int = 0
    children: dict[str, "Trie"] = field(default_factory=dict)

    @classmethod
    def of(cls, variants: Variants) -> "Trie":
        """The prefix tree of these variants."""
        root = cls()
        for variant, cases in variants.items():
            node = root
            node.through += cases
            for activity in variant:
                child = node.children.get(activity)
                if child is None:
                    child = node.children[activity] = cls()
                child.through += cases
                node = child
            node.ended += cases
        return root


class Replayable(Protocol):
    """What can be walked activity by activity: a tree's automaton, or a net's."""

    start: State

    def __len__(self) -> int: ...
    def step(self, state: State, activity: str) -> State: ...
    def enabled(self, state: State) -> frozenset[str]: ...
    def accepting(self, state: State) -> bool: ...


def accepts(automaton: Replayable, trace: Iterable[str]) -> bool:
    """Whether the automaton can produce this trace exactly."""
    state = automaton.start
    for activity in trace:
        state = automaton.step(state, activity)
        if not state:
            return False
    return automaton.accepting(state)


class Automaton:
    """The deterministic automaton of a tree, built as far as it was walked.

    Expressions are kept once each and known by number, so a state is a small set of numbers.
    """

    def __init__(self, tree: Tree, *, states: int = STATES) -> None:
        self.most_states = states
        self._number: dict[_Expression, int] = {}
        self._expression: list[_Expression] = []
        self._nullable: list[bool] = []
        self._first: list[frozenset[str]] = []
        self._derivatives: dict[tuple[int, str], frozenset[int]] = {}
        self._empty = self._intern(("empty",))
        self._state: dict[frozenset[int], State] = {}
        self._members: list[frozenset[int]] = []
        self._enabled: list[frozenset[str]] = []
        self._accepting: list[bool] = []
        self._steps: dict[tuple[State, str], State] = {}
        self._state_of(frozenset())
        self.start: State = self._state_of(frozenset((self._translate(tree),)))

    def __len__(self) -> int:
        """States made so far."""
        return len(self._members)

    def step(self, state: State, activity: str) -> State:
        """The state after one more activity; 0 when the tree does not allow it there."""
        key = (state, activity)
        found = self._steps.get(key)
        if found is None:
            if activity in self._enabled[state]:
                after: set[int] = set()
                for expression in self._members[state]:
                    after |= self._derive(expression, activity)
                found = self._state_of(frozenset(after))
            else:
                found = 0
            self._steps[key] = found
        return found

    def enabled(self, state: State) -> frozenset[str]:
        """The activities that may come next."""
        return self._enabled[state]

    def accepting(self, state: State) -> bool:
        """Whether a case may end here."""
        return self._accepting[state]

    def accepts(self, trace: Iterable[str]) -> bool:
        """Whether the tree can produce this trace exactly."""
        return accepts(self, trace)

    def _state_of(self, members: frozenset[int]) -> State:
        found = self._state.get(members)
        if found is None:
            if len(self._members) >= self.most_states:
                raise TooManyStates(
                    f"The process tree has more than {self.most_states} states.",
                    hint="Hide activities that happen at any time, or look at one block of the process.",
                )
            found = self._state[members] = len(self._members)
            self._members.append(members)
            self._enabled.append(frozenset().union(*(self._first[member] for member in members)))
            self._accepting.append(any(self._nullable[member] for member in members))
        return found

    def _translate(self, tree: Tree) -> int:
        if tree.operator == "leaf":
            return self._intern(("leaf", tree.activity))
        if tree.operator == "silent":
            return self._empty
        children = [self._translate(child) for child in tree.children]
        if tree.operator == "sequence":
            return self._sequence(children)
        if tree.operator == "parallel":
            return self._parallel(children)
        if tree.operator == "choice":
            return self._intern(("choice", *sorted(set(children))))
        body, redo = children
        return self._sequence([body, self._intern(("star", self._sequence([redo, body])))])

    def _sequence(self, parts: Iterable[int]) -> int:
        flat: list[int] = []
        for part in parts:
            kind, *inner = self._expression[part]
            if kind == "sequence":
                flat.extend(inner)  # type: ignore[arg-type]
            elif kind != "empty":
                flat.append(part)
        return self._joined("sequence", flat)

    def _parallel(self, parts: Iterable[int]) -> int:
        flat: list[int] = []
        for part in parts:
            kind, *inner = self._expression[part]
            if kind == "parallel":
                flat.extend(inner)  # type: ignore[arg-type]
            elif kind != "empty":
                flat.append(part)
        return self._joined("parallel", sorted(flat))

    def _joined(self, kind: str, parts: list[int]) -> int:
        if not parts:
            return self._empty
        return parts[0] if len(parts) == 1 else self._intern((kind, *parts))

    def _intern(self, expression: _Expression) -> int:
        found = self._number.get(expression)
        if found is None:
            found = self._number[expression] = len(self._expression)
            self._expression.append(expression)
            nullable, first = self._begin(expression)
            self._nullable.append(nullable)
            self._first.append(first)
        return found

    def _begin(self, expression: _Expression) -> tuple[bool, frozenset[str]]:
        """Whether the expression accepts the empty trace, and the activities it may begin with."""
        kind, *inner = expression
        if kind == "empty":
            return True, frozenset()
        if kind == "leaf":
            return False, frozenset((str(inner[0]),))
        parts: list[int] = inner  # type: ignore[assignment]
        if kind == "sequence":
            first: frozenset[str] = frozenset()
            for part in parts:
                first |= self._first[part]
                if not self._nullable[part]:
                    return False, first
            return True, first
        nullables = [self._nullable[part] for part in parts]
        begun = frozenset[str]().union(*(self._first[part] for part in parts))
        if kind == "star":
            return True, begun
        return (any(nullables) if kind == "choice" else all(nullables)), begun

    def _derive(self, expression: int, activity: str) -> frozenset[int]:
        """What may remain of the expression after the activity."""
        key = (expression, activity)
        found = self._derivatives.get(key)
        if found is None:
            found = frozenset()
            if activity in self._first[expression]:
                found = frozenset(self._remainders(expression, activity))
            self._derivatives[key] = found
        return found

    def _remainders(self, expression: int, activity: str) -> Iterable[int]:
        kind, *inner = self._expression[expression]
        if kind == "leaf":
            yield self._empty
            return
        parts: list[int] = inner  # type: ignore[assignment]
        if kind == "choice":
            for part in parts:
                yield from self._derive(part, activity)
        elif kind == "star":
            for rest in self._derive(parts[0], activity):
                yield self._sequence((rest, expression))
        elif kind == "sequence":
            for i, part in enumerate(parts):
                for rest in self._derive(part, activity):
                    yield self._sequence((rest, *parts[i + 1 :]))
                if not self._nullable[part]:
                    break
        else:
            for i, part in enumerate(parts):
                for rest in self._derive(part, activity):
                    yield self._parallel((*parts[:i], rest, *parts[i + 1 :]))


@dataclass(frozen=True)
class Measure:
    """How well a tree describes a log."""

    fitness: float
    """Share of cases that the tree accepts exactly."""
    precision: float
    """Of what the tree allows after the prefixes it shares with the log, the share that the log shows."""
    states: int
    """States that were needed to know it."""


def measure(model: Tree | Replayable, trie: Trie) -> Measure:
    """Fitness and precision of a model, exactly, in one walk over the prefixes of a log.

    Precision is the escaping-edges measure (Muñoz-Gama and Carmona 2010), each prefix weighted with
    its cases, and the end of a case counted as one more thing that may come next. Raises
    `TooManyStates` where the model interleaves too much to tell.
    """
    automaton = Automaton(model) if isinstance(model, Tree) else model
    fitting = 0
    seen = allowed = 0
    waiting = [(trie, automaton.start)]
    while waiting:
        node, state = waiting.pop()
        enabled, accepting = automaton.enabled(state), automaton.accepting(state)
        known = [(activity, child) for activity, child in node.children.items() if activity in enabled]
        seen += node.through * (len(known) + (accepting and node.ended > 0))
        allowed += node.through * (len(enabled) + accepting)
        if accepting:
            fitting += node.ended
        waiting.extend((child, automaton.step(state, activity)) for activity, child in known)
    return Measure(
        fitness=fitting / trie.through if trie.through else 0.0,
        precision=seen / allowed if allowed else 1.0,
        states=len(automaton),
    )
