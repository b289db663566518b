"""Puts gateways on a graph of flows: where work parts, where it meets again, and the Petri net of it."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mining.petri_net import Net, Transition, without_relays


class _Edge(str):
    """The start or the end of every case; no activity is equal to it, whatever it is called."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


START, END = _Edge("start"), _Edge("end")
Node: TypeAlias = str
"""An activity, `START` or `END`."""
Kind = Literal["and", "xor"]


@dataclass(frozen=True)
class Graph:
    """What a case may do next, and what is done side by side."""

    flows: frozenset[tuple[Node, Node]]
    concurrent: frozenset[tuple[Node, Node]]
    """Both directions of each pair."""
    repeating: frozenset[str]
    """Activities that may follow themselves."""


@dataclass(frozen=True)
class Grouping:
    """Items under gateways: those under `and` all happen, of those under `xor` one does."""

    kind: Kind
    parts: tuple["Grouping | Hashable", ...]


def grouped(
    items: Sequence[Hashable], parallel: Callable[[Hashable, Hashable], bool]
) -> "Grouping | Hashable":
    """The nesting of gateways that says of each pair whether it is parallel or exclusive.

    It exists, and is unique, where the relation has no four items in a chain (a cograph); elsewhere the
    items stay under one gateway of the commoner kind.
    """
    if len(items) == 1:
        return items[0]
    for kind, together in (("xor", parallel), ("and", lambda a, b: not parallel(a, b))):
        parts = _components(items, together)
        if len(parts) > 1:
            return Grouping(kind, tuple(grouped(part, parallel) for part in parts))  # type: ignore[arg-type]
    pairs = [parallel(a, b) for i, a in enumerate(items) for b in items[:i]]
    return Grouping("and" if 2 * sum(pairs) > len(pairs) else "xor", tuple(items))


def _components(
    items: Sequence[Hashable], tied: Callable[[Hashable, Hashable], bool]
) -> list[list[Hashable]]:
    left, found = list(items), []
    while left:
        part, waiting = [], [left.pop(0)]
        while waiting:
            item = waiting.pop()
            part.append(item)
            near = [other for other in left if tied(item, other)]
            waiting += near
            left = [other for other in left if other not in near]
        found.append([item for item in items if item in part])
    return found


@dataclass
class _Builder:
    """The net under construction; a place is what lies between two nodes of the graph."""

    transitions: list[Transition] = field(default_factory=list)
    places: int = 2
    """0 is the start, 1 the end."""

    def place(self) -> int:
        self.places += 1
        return self.places - 1

    def step(self, label: str | None, takes: Iterable[int], gives: Iterable[int]) -> None:
        self.transitions.append(Transition(label, tuple(takes), tuple(gives)))

    def part(self, before: int, grouping: "Grouping | Hashable", doors: dict[Hashable, int]) -> None:
        """From one place through a nesting of splits to the door of each item."""
        for kind, outer, inner in self._levels(before, grouping, doors):
            if kind == "and":
                self.step(None, [outer], inner)
            else:
                for place in inner:
                    self.step(None, [outer], [place])

    def meet(self, after: int, grouping: "Grouping | Hashable", doors: dict[Hashable, int]) -> None:
        """From the door of each item through a nesting of joins to one place."""
        for kind, outer, inner in self._levels(after, grouping, doors):
            if kind == "and":
                self.step(None, inner, [outer])
            else:
                for place in inner:
                    self.step(None, [place], [outer])

    def _levels(
        self, outer: int, grouping: "Grouping | Hashable", doors: dict[Hashable, int]
    ) -> Iterator[tuple[Kind, int, list[int]]]:
        if not isinstance(grouping, Grouping):
            yield "xor", outer, [doors[grouping]]
            return
        inner: list[int] = []
        for part in grouping.parts:
            if isinstance(part, Grouping):
                inner.append(self.place())
                yield from self._levels(inner[-1], part, doors)
            else:
                inner.append(doors[part])
        yield grouping.kind, outer, inner


def net_of(graph: Graph) -> Net:
    """The net of a graph: nodes with the same successors meet before they part again.

    A split is parallel between successors that are done side by side. A join is parallel between flows
    whose nearest common dominator is a parallel split, and exclusive otherwise; flows back to a node that
    they come from are always exclusive. The net need not be sound, and `unsoundness` tells.
    """
    bundles = _bundles(graph)
    dominators = _Dominators(graph, bundles)
    builder = _Builder()
    doors: dict[tuple[object, object], int] = defaultdict(builder.place)
    """The place on each flow: from a node to its bundle, and from a bundle to a node."""
    arriving: dict[Node, list[int]] = defaultdict(list)
    for number, (sources, targets) in enumerate(bundles):
        middle = builder.place()
        met = grouped(sources, lambda a, b, n=number: dominators.parallel(("in", n), a, b))  # type: ignore[misc]
        builder.meet(middle, met, {source: doors[source, number] for source in sources})
        parted = grouped(targets, lambda a, b: (a, b) in graph.concurrent)
        builder.part(middle, parted, {target: doors[number, target] for target in targets})
        for target in targets:
            arriving[target].append(number)
    leaving = {source: number for number, (sources, _) in enumerate(bundles) for source in sources}
    for node in dict.fromkeys([START, *leaving, *arriving]):
        before = 0 if node is START else builder.place()
        if node is not START:
            flows = arriving[node]
            met = grouped(flows, lambda a, b, n=node: dominators.parallel(n, a, b))  # type: ignore[misc]
            builder.meet(before, met, {number: doors[number, node] for number in flows})
        after = 1 if node is END else doors[node, leaving[node]]
        builder.step(None if node in (START, END) else node, [before], [after])
        if node in graph.repeating:
            builder.step(None, [after], [before])
    return without_relays(Net(builder.places, tuple(builder.transitions), (0,), (1,)))


def _bundles(graph: Graph) -> list[tuple[list[Node], list[Node]]]:
    """Nodes with the same successors, and those successors."""
    successors: dict[Node, list[Node]] = {}
    for a, b in sorted(graph.flows, key=_order):
        successors.setdefault(a, []).append(b)
    found: dict[tuple[Node, ...], list[Node]] = {}
    for node, following in successors.items():
        found.setdefault(tuple(following), []).append(node)
    return [(sources, list(targets)) for targets, sources in found.items()]


def _order(flow: tuple[Node, Node]) -> tuple[object, ...]:
    return tuple((isinstance(node, _Edge), str(node)) for node in flow)


class _Dominators:
    """Which node every path to a node must pass, over activities, bundles and their splits."""

    def __init__(self, graph: Graph, bundles: list[tuple[list[Node], list[Node]]]) -> None:
        self._kind: dict[object, Kind] = {}
        before: dict[object, list[object]] = defaultdict(list)
        after: dict[object, list[object]] = defaultdict(list)

        def tie(a: object, b: object) -> None:
            before[b].append(a)
            after[a].append(b)

        def hang(parent: object, grouping: "Grouping | Hashable", bundle: int) -> None:
            if not isinstance(grouping, Grouping):
                tie(parent, ("out", bundle, grouping))
                tie(("out", bundle, grouping), ("node", grouping))
                return
            self._kind[parent] = grouping.kind
            for position, part in enumerate(grouping.parts):
                child: object = (parent, position) if isinstance(part, Grouping) else parent
                if child is not parent:
                    tie(parent, child)
                hang(child, part, bundle)

        for number, (sources, targets) in enumerate(bundles):
            for source in sources:
                tie(("node", source), ("in", number))
            hang(("in", number), grouped(targets, lambda a, b: (a, b) in graph.concurrent), number)
        self._depth, self._above = _dominated(("node", START), before, after)

    def parallel(self, place: object, a: Hashable, b: Hashable) -> bool:
        """Whether work arrives at `place` on both flows: they parted last at a parallel split."""
        if isinstance(place, tuple):  # a bundle: flows come from nodes
            meeting: object = place
            one: object = ("node", a)
            other: object = ("node", b)
        else:
            meeting = ("node", place)
            one, other = ("out", a, place), ("out", b, place)
        if self._passes(one, meeting) or self._passes(other, meeting):
            return False
        return self._kind.get(self._common(one, other)) == "and"

    def _passes(self, node: object, dominator: object) -> bool:
        while self._depth[node] > self._depth[dominator]:
            node = self._above[node]
        return node == dominator

    def _common(self, one: object, other: object) -> object:
        while one != other:
            if self._depth[one] < self._depth[other]:
                one, other = other, one
            one = self._above[one]
        return one


def _dominated(
    root: object, before: dict[object, list[object]], after: dict[object, list[object]]
) -> tuple[dict[object, int], dict[object, object]]:
    """Depth and immediate dominator of each node (Cooper, Harvey and Kennedy 2001)."""
    order: list[object] = []
    seen = {root}
    stack: list[tuple[object, Iterator[object]]] = [(root, iter(after[root]))]
    while stack:
        node, following = stack[-1]
        fresh = next((n for n in following if n not in seen), None)
        if fresh is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(fresh)
            stack.append((fresh, iter(after[fresh])))
    rank = {node: i for i, node in enumerate(order)}
    above: dict[object, object] = {root: root}
    changed = True
    while changed:
        changed = False
        for node in reversed(order[:-1]):
            known = [n for n in before[node] if n in above]
            best = known[0]
            for other in known[1:]:
                while best != other:
                    if rank[best] < rank[other]:
                        best = above[best]
                    else:
                        other = above[other]
            if above.get(node) != best:
                above[node], changed = best, True
    depth = {root: 0}
    for node in reversed(order[:-1]):
        depth[node] = depth[above[node]] + 1
    return depth, above
