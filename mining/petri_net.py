"""Petri nets: the common form of models that are no process tree, with exact replay and soundness."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mining.derivatives import STATES, State, TooManyStates
from mining.tree import Tree

Marking = tuple[int, ...]
"""The places that hold a token, sorted; a place with two tokens is written twice."""


@dataclass(frozen=True)
class Transition:
    """What may happen: takes a token from each place of `takes` and puts one on each of `gives`."""

    label: str | None
    """The activity; absent for a silent step."""
    takes: tuple[int, ...]
    gives: tuple[int, ...]


@dataclass(frozen=True)
class Net:
    """A Petri net with the markings that it starts and ends with. Places are numbers from 0."""

    places: int
    transitions: tuple[Transition, ...]
    start: Marking
    end: Marking

    @cached_property
    def _taking(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number, transition in enumerate(self.transitions):
            for place in transition.takes[:1]:
                found.setdefault(place, []).append(number)
        return found

    def steps(self, marking: Marking) -> Iterator[tuple[int, Marking]]:
        """The transitions that may happen, by number, each with the marking it leads to."""
        for place in dict.fromkeys(marking):
            for number in self._taking.get(place, ()):
                transition = self.transitions[number]
                left = list(marking)
                try:
                    for taken in transition.takes:
                        left.remove(taken)
                except ValueError:
                    continue
                yield number, tuple(sorted([*left, *transition.gives]))


def of_tree(tree: Tree) -> Net:
    """The sound net with the language of a process tree."""
    transitions: list[Transition] = []
    places = 2

    def place() -> int:
        nonlocal places
        places += 1
        return places - 1

    def add(node: Tree, before: int, after: int) -> None:
        match node.operator:
            case "leaf" | "silent":
                transitions.append(Transition(node.activity, (before,), (after,)))
            case "sequence":
                stops = [before, *(place() for _ in node.children[1:]), after]
                for child, one, other in zip(node.children, stops[:-1], stops[1:], strict=True):
                    add(child, one, other)
            case "choice":
                for child in node.children:
                    add(child, before, after)
            case "parallel":
                pairs = [(place(), place()) for _ in node.children]
                transitions.append(Transition(None, (before,), tuple(one for one, _ in pairs)))
                transitions.append(Transition(None, tuple(other for _, other in pairs), (after,)))
                for child, (one, other) in zip(node.children, pairs, strict=True):
                    add(child, one, other)
            case "loop":
                one, other = place(), place()
                transitions.append(Transition(None, (before,), (one,)))
                transitions.append(Transition(None, (other,), (after,)))
                add(node.children[0], one, other)
                add(node.children[1], other, one)

    add(tree, 0, 1)
    return Net(places, tuple(transitions), (0,), (1,))


def size(net: Net) -> int:
    """Activities, gateways and the two events that the net has when drawn as BPMN."""
    visible = sum(transition.label is not None for transition in net.transitions)
    forks = sum((len(t.takes) > 1) + (len(t.gives) > 1) for t in net.transitions)
    into, out = _arcs(net)
    return visible + forks + sum(n > 1 for n in into) + sum(n > 1 for n in out) + 2


def control_flow_complexity(net: Net) -> int:
    """Cardoso's measure (2005): the branches of each choice, and 1 for each parallel split."""
    return sum(n for n in _arcs(net)[1] if n > 1) + sum(len(t.gives) > 1 for t in net.transitions)


def _arcs(net: Net) -> tuple[list[int], list[int]]:
    into, out = [0] * net.places, [0] * net.places
    for transition in net.transitions:
        for place in transition.gives:
            into[place] += 1
        for place in transition.takes:
            out[place] += 1
    return into, out


def without_relays(net: Net) -> Net:
    """The same net without silent steps that only hand a token from one place to the next.

    Two places are one where all that enters the first goes on to the second, or where all that is in
    the second came from the first and may leave it alone: no choice is made earlier or later by that.
    """
    takers, givers, shared = _users(net)
    goes: dict[int, int] = {}
    kept: list[Transition] = []
    for transition in net.transitions:
        if transition.label is None and len(transition.takes) == len(transition.gives) == 1:
            here, there = _end_of(goes, transition.takes[0]), _end_of(goes, transition.gives[0])
            fixed = (*net.start, *net.end)
            alone = takers[here] == 1 and here not in fixed
            only = givers[there] == 1 and there not in fixed and there not in shared
            if here != there and (alone or only):
                gone, stays = (here, there) if alone else (there, here)
                goes[gone] = stays
                takers[stays] += takers[gone] - 1
                givers[stays] += givers[gone] - 1
                if gone in shared:
                    shared.add(stays)
                continue
        kept.append(transition)
    places = sorted({_end_of(goes, place) for place in range(net.places)})
    number = {place: i for i, place in enumerate(places)}

    def moved(marking: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(number[_end_of(goes, place)] for place in marking))

    transitions = tuple(Transition(t.label, moved(t.takes), moved(t.gives)) for t in kept)
    return Net(len(places), transitions, moved(net.start), moved(net.end))


def _users(net: Net) -> tuple[list[int], list[int], set[int]]:
    """How many transitions take from and give to each place, and the places taken together with others."""
    takers, givers = [0] * net.places, [0] * net.places
    shared: set[int] = set()
    for transition in net.transitions:
        for place in transition.takes:
            takers[place] += 1
        for place in transition.gives:
            givers[place] += 1
        if len(transition.takes) > 1:
            shared |= set(transition.takes)
    return takers, givers, shared


def _end_of(goes: dict[int, int], place: int) -> int:
    while place in goes:
        place = goes[place]
    return place


class NetAutomaton:
    """The deterministic automaton of a net, built as far as it was walked; 0 is where nothing is accepted."""

    def __init__(self, net: Net, *, states: int = STATES) -> None:
        self._net, self._most = net, states
        self._number: dict[frozenset[Marking], State] = {frozenset(): 0}
        self._members: list[frozenset[Marking]] = [frozenset()]
        self._next: list[dict[str, set[Marking]]] = [{}]
        self._steps: dict[tuple[State, str], State] = {}
        self.start: State = self._state({net.start})

    def __len__(self) -> int:
        """States made so far."""
        return len(self._members)

    def step(self, state: State, activity: str) -> State:
        """The state after one more activity; 0 when the net does not allow it there."""
        key = (state, activity)
        if key not in self._steps:
            self._steps[key] = self._state(self._next[state].get(activity, set()))
        return self._steps[key]

    def enabled(self, state: State) -> frozenset[str]:
        """The activities that may come next."""
        return frozenset(self._next[state])

    def accepting(self, state: State) -> bool:
        """Whether a case may end here."""
        return self._net.end in self._members[state]

    def _state(self, markings: set[Marking]) -> State:
        """The state of these markings and all that silent steps lead to from them."""
        reached, waiting = set(markings), list(markings)
        ahead: dict[str, set[Marking]] = {}
        while waiting:
            for number, marking in self._net.steps(waiting.pop()):
                label = self._net.transitions[number].label
                if label is not None:
                    ahead.setdefault(label, set()).add(marking)
                elif marking not in reached:
                    reached.add(marking)
                    waiting.append(marking)
            if len(reached) > self._most:
                raise _too_many(self._most)
        key = frozenset(reached)
        if key not in self._number:
            if len(self._members) >= self._most:
                raise _too_many(self._most)
            self._number[key] = len(self._members)
            self._members.append(key)
            self._next.append(ahead)
        return self._number[key]


def unsoundness(net: Net, *, most: int = STATES) -> str:
    """Why the net is not sound, in words; empty where it is.

    The classical soundness of van der Aalst (1997): every case can end, ends with nothing left behind,
    and every transition can happen. All markings are walked; raises `TooManyStates` past `most` of them.
    """
    before: dict[Marking, list[Marking]] = {net.start: []}
    happened: set[int] = set()
    waiting = deque([net.start])
    while waiting:
        marking = waiting.popleft()
        for number, following in net.steps(marking):
            happened.add(number)
            if following not in before:
                if len(before) >= most:
                    raise _too_many(most)
                if _grows(following, marking, before):
                    return "Work can pile up without bound."
                before[following] = []
                waiting.append(following)
            before[following].append(marking)
    if any(marking != net.end and not Counter(net.end) - Counter(marking) for marking in before):
        return "A case can end with work left behind."
    if len(_ending(net, before)) < len(before):
        return "Some cases cannot end."
    never = sorted({t.label or "" for i, t in enumerate(net.transitions) if i not in happened} - {""})
    if len(happened) < len(net.transitions):
        return f"Part of it can never happen{': ' if never else ''}{', '.join(never[:5])}."
    return ""


def _grows(following: Marking, marking: Marking, before: dict[Marking, list[Marking]]) -> bool:
    """Whether a marking holds more than one that led to it: then that can be repeated for ever."""
    tokens = Counter(following)
    while True:
        if len(marking) < len(following) and not Counter(marking) - tokens:
            return True
        if not before[marking]:
            return False
        marking = before[marking][0]


def _ending(net: Net, before: dict[Marking, list[Marking]]) -> set[Marking]:
    """The markings from which the end can be reached."""
    found = {net.end} & before.keys()
    backwards = list(found)
    while backwards:
        for marking in before[backwards.pop()]:
            if marking not in found:
                found.add(marking)
                backwards.append(marking)
    return found


def _too_many(most: int) -> TooManyStates:
    return TooManyStates(
        f"The net has more than {most:,} states, too many to replay it exactly.",
        hint="Discover with more --noise, or narrow the log with --where.",
    )
