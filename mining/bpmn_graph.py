"""A Petri net as BPMN draws it, where it is not block-structured: tasks and gateways, joined by flows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from mining.errors import ModelError
from mining.petri_net import Net

START, END = "start.event", "end.event"
GATES = {"exclusiveGateway", "parallelGateway"}


@dataclass
class Graph:
    """Nodes of a process by id, each with its BPMN element and name, and the flows between them."""

    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    flows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, id: str, tag: str, name: str = "") -> str:
        """One more node; its id."""
        self.nodes[id] = (tag, name)
        return id


def graph_of(net: Net) -> Graph:
    """The process with the language of a net, as long as its choices are free.

    A place is a flow, or the exclusive gateways that bring flows together and part them; a transition
    that takes or gives several tokens has a parallel gateway before or behind it. Raises `ModelError`
    where a choice depends on what else is ready: BPMN has no gateway for that.
    """
    graph = Graph()
    arcs: list[tuple[str, str]] = []
    takers: list[list[str]] = [[] for _ in range(net.places)]
    givers: list[list[str]] = [[] for _ in range(net.places)]
    shared: set[int] = set()

    def step(id: str, tag: str, name: str, takes: Iterable[int], gives: Iterable[int]) -> None:
        takes, gives = tuple(takes), tuple(gives)
        graph.add(id, tag, name)
        entry = leave = id
        if len(takes) > 1:
            entry = graph.add(f"{id}.join", "parallelGateway")
            arcs.append((entry, id))
            shared.update(takes)
        if len(gives) > 1:
            leave = graph.add(f"{id}.split", "parallelGateway")
            arcs.append((id, leave))
        for place in takes:
            takers[place].append(entry)
        for place in gives:
            givers[place].append(leave)

    step(START, "startEvent", "", (), net.start)
    for number, each in enumerate(net.transitions, 1):
        step(f"t{number}", "task" if each.label else "", each.label or "", each.takes, each.gives)
    step(END, "endEvent", "", net.end, ())
    for place in range(net.places):
        if place in shared and len(takers[place]) > 1:
            raise ModelError(
                "Its choices are not free: what may happen depends on what else is ready.",
                hint="Use --miner split, inductive or grow.",
            )
        entry = leave = graph.add(f"p{place}", "")
        if len(takers[place]) > 1:
            leave = graph.add(f"p{place}.split", "exclusiveGateway")
            arcs.append((entry, leave))
        if len(givers[place]) > 1:
            merge = graph.add(f"p{place}.merge", "exclusiveGateway")
            arcs.append((merge, entry))
            entry = merge
        arcs += [(giver, entry) for giver in givers[place]]
        arcs += [(leave, taker) for taker in takers[place]]
    graph.flows = arcs
    _contract(graph)
    return _in_order(graph)


def _contract(graph: Graph) -> None:
    """Take out nodes that are nothing in BPMN: places with one way in and out, and silent steps."""
    into: dict[str, list[str]] = {id: [] for id in graph.nodes}
    out: dict[str, list[str]] = {id: [] for id in graph.nodes}
    for source, target in graph.flows:
        out[source].append(target)
        into[target].append(source)
    for id, (tag, _) in list(graph.nodes.items()):
        if tag:
            continue
        if len(into[id]) != 1 or len(out[id]) != 1:
            raise ModelError("A part of it is never reached, or leads nowhere; it is no process.")
        (before,), (after,) = into[id], out[id]
        out[before][out[before].index(id)] = after
        into[after][into[after].index(id)] = before
        del graph.nodes[id], out[id], into[id]
    graph.flows = [(source, target) for source, targets in out.items() for target in targets]


def _in_order(graph: Graph) -> Graph:
    """The same graph with ids counted from 1 as the nodes are met from the start."""
    follows: dict[str, list[str]] = {id: [] for id in graph.nodes}
    for source, target in graph.flows:
        follows[source].append(target)
    numbers, waiting = count(1), [START]
    called: dict[str, str] = {}
    while waiting:
        id = waiting.pop(0)
        if id not in called:
            called[id] = id if id in (START, END) else f"n{next(numbers)}"
            waiting += follows[id]
    if len(called) != len(graph.nodes):
        raise ModelError("A part of it is never reached; it is no process.")
    nodes = {called[id]: graph.nodes[id] for id in called}
    flows = [(called[source], called[target]) for source in called for target in follows[source]]
    return Graph(nodes, flows)
