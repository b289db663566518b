"""Replay of traces on a process tree: which branch every choice took, and how often every loop went round.

Every activity is written once in a grown tree, so each part of the tree owns the events of its own
activities, and a trace is replayed by projection. Only passes of a loop have to be searched for.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mining.derivatives import Automaton
from mining.tree import Operator, Tree

Path = tuple[int, ...]
"""Where a node is in its tree: the index of each child on the way down; `()` is the root."""


@dataclass(frozen=True, slots=True)
class Parse:
    """What one trace did in one part of the tree."""

    path: Path
    operator: Operator
    before: int
    """Position in the trace of the last event before this part was entered; -1 at the start."""
    parts: tuple["Parse", ...] = ()
    """The children; the branch taken of a choice; body, redo, body, … of a loop."""
    branch: int = 0
    """Of a choice: the index of the branch taken."""
    position: int = -1
    """Of a leaf: the position of its event in the trace."""

    @property
    def last(self) -> int:
        """Position of the last event so far when this part has ended."""
        if self.operator == "leaf":
            return self.position
        return max((part.last for part in self.parts), default=self.before)

    def all(self) -> Iterator["Parse"]:
        """This part and all below it, parents first, in the order of the tree."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision a case took: a branch of a choice, or whether a loop went round again (1) or on (0)."""

    path: Path
    branch: int
    before: int
    """Position of the last event known when it was taken; -1 at the start."""
    visit: int
    """How often this case has come to this decision, from 1."""


class Replay:
    """Replays traces on one tree."""

    def __init__(self, tree: Tree) -> None:
        """`tree` writes no activity twice; raises `ValueError` otherwise."""
        if not tree.distinct:
            raise ValueError(f"Replay needs each activity once in the tree, found repetitions in {tree}.")
        self.tree = tree
        self._automaton = Automaton(tree)
        self._automata: dict[Path, Automaton] = {}

    def parse(self, trace: Sequence[str]) -> Parse | None:
        """What the trace did in each part of the tree; None where the tree does not accept it."""
        if not self._automaton.accepts(trace):
            return None
        return self._parse(self.tree, (), list(enumerate(trace)), -1)

    def _parse(self, tree: Tree, path: Path, events: list[tuple[int, str]], before: int) -> Parse:
        if tree.operator == "leaf":
            return Parse(path, "leaf", before, position=events[0][0])
        if tree.operator == "silent":
            return Parse(path, "silent", before)
        if tree.operator == "choice":
            branch = next(
                i
                for i, child in enumerate(tree.children)
                if (events[0][1] in child.alphabet if events else child.nullable)
            )
            taken = self._parse(tree.children[branch], (*path, branch), events, before)
            return Parse(path, "choice", before, (taken,), branch)
        parts: list[Parse] = []
        if tree.operator == "loop":
            for side, segment in self._passes(tree, path, events):
                entered = parts[-1].last if parts else before
                parts.append(self._parse(tree.children[side], (*path, side), segment, entered))
            return Parse(path, "loop", before, tuple(parts))
        for i, child in enumerate(tree.children):
            own = [event for event in events if event[1] in child.alphabet]
            entered = parts[-1].last if parts and tree.operator == "sequence" else before
            parts.append(self._parse(child, (*path, i), own, entered))
        return Parse(path, tree.operator, before, tuple(parts))

    def _passes(
        self, tree: Tree, path: Path, events: list[tuple[int, str]]
    ) -> list[tuple[int, list[tuple[int, str]]]]:
        """The fewest passes of body (0) and redo (1) that make up these events, by breadth-first search."""
        body, redo = (self._part(tree, path, side) for side in (0, 1))
        came_from: dict[int, tuple[int, int]] = {}
        waiting = deque([0])
        while waiting:
            start = waiting.popleft()
            for middle in _ends(body, events, start):
                if middle == len(events):
                    return _walk_back(came_from, events, start)
                for end in _ends(redo, events, middle):
                    if end > start and end not in came_from:
                        came_from[end] = (start, middle)
                        waiting.append(end)
        raise ValueError(f"The loop {tree} does not accept {[name for _, name in events]}.")

    def _part(self, tree: Tree, path: Path, side: int) -> Automaton:
        key = (*path, side)
        if key not in self._automata:
            self._automata[key] = Automaton(tree.children[side])
        return self._automata[key]


def _ends(automaton: Automaton, events: list[tuple[int, str]], start: int) -> list[int]:
    """Where a part that begins at `start` may end, the longest first."""
    state = automaton.start
    found = [start] if automaton.accepting(state) else []
    for i in range(start, len(events)):
        state = automaton.step(state, events[i][1])
        if not state:
            break
        if automaton.accepting(state):
            found.append(i + 1)
    return found[::-1]


def _walk_back(
    came_from: dict[int, tuple[int, int]], events: list[tuple[int, str]], last: int
) -> list[tuple[int, list[tuple[int, str]]]]:
    found = [(0, events[last:])]
    while last:
        start, middle = came_from[last]
        found += [(1, events[middle:last]), (0, events[start:middle])]
        last = start
    return found[::-1]


def decisions(parse: Parse) -> list[Decision]:
    """Every decision a trace took, in the order of the tree."""
    visits: dict[Path, int] = {}
    found: list[Decision] = []

    def take(path: Path, branch: int, before: int) -> None:
        visits[path] = visits.get(path, 0) + 1
        found.append(Decision(path, branch, before, visits[path]))

    for part in parse.all():
        if part.operator == "choice":
            take(part.path, part.branch, part.before)
        elif part.operator == "loop":
            for i in range(0, len(part.parts), 2):
                take(part.path, int(i + 1 < len(part.parts)), part.parts[i].last)
    return found
