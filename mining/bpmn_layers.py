"""Where the shapes of any process go, block-structured or not: in columns, by the method of Sugiyama (1981).

Flows that lead back are told apart by a depth-first walk; every other flow leads to a column further right,
the longest way from the start deciding which. A flow that passes columns has a place in each of them, so that
no line crosses a shape. The order within columns is the median of the neighbours', swept back and forth
(Eades and Wormald 1994). Flows that lead back run below everything.
"""

from collections import defaultdict
from itertools import pairwise

from mining.bpmn_geometry import EVENT, GAP, GATEWAY, TASK_HEIGHT, TASK_WIDTH, Flow, Piece, Point, Shape
from mining.bpmn_graph import START, Graph

SWEEPS = 12
LANE = 10.0
"""Between lines that run beside each other."""
PASSING = 24.0
"""Height that a passing flow has in a column."""
BETWEEN = 30.0
Edge = tuple[str, str]


def drawn(graph: Graph) -> Piece:
    """The graph laid out, its uppermost and leftmost shape at 40."""
    back = _leading_back(graph)
    column = _columns(graph, back)
    ways = _ways([flow for flow in graph.flows if flow not in back], column)
    columns = _ordered(column, ways)
    height = {id: _measure(graph, id)[1] for members in columns for id in members}
    y = _heights(columns, height)
    gaps = _gaps(graph, back, ways, column)
    x, left = [], 40.0
    for number in range(len(columns)):
        x.append(left)
        left += TASK_WIDTH + 2 * GAP + LANE * len(gaps[number])
    piece = Piece()
    for id, (tag, name) in graph.nodes.items():
        width, tall = _measure(graph, id)
        piece.shapes.append(
            Shape(id, tag, name, x[column[id]] + (TASK_WIDTH - width) / 2, y[id] - tall / 2, width, tall)
        )
    at = {shape.id: shape for shape in piece.shapes}

    def lane(number: int, key: Edge) -> float:
        """Where a flow turns between a column and the next."""
        return x[number] + TASK_WIDTH + GAP + LANE * gaps[number].index(key)

    lowest = max(shape.y + shape.height for shape in piece.shapes)
    below = iter(range(1, len(back) + 1))
    for flow in graph.flows:
        source, target = at[flow[0]], at[flow[1]]
        begin: Point = (source.x + source.width, source.y + source.height / 2)
        end: Point = (target.x, target.y + target.height / 2)
        points = [begin]
        if flow in back:
            deep = lowest + BETWEEN + LANE * next(below)
            out, home = lane(column[flow[0]], flow), lane(column[flow[1]] - 1, flow)
            points += [(out, begin[1]), (out, deep), (home, deep), (home, end[1])]
        else:
            for number, (one, other) in enumerate(pairwise(ways[flow]), column[flow[0]]):
                if y[one] != y[other]:
                    turn = lane(number, flow)
                    points += [(turn, y[one]), (turn, y[other])]
        piece.flows.append(Flow(flow[0], flow[1], (*points, end)))
    return piece


def _measure(graph: Graph, id: str) -> tuple[float, float]:
    tag = graph.nodes.get(id, (None, ""))[0]
    if tag is None:
        return 0.0, PASSING
    if tag.endswith("Event"):
        return EVENT, EVENT
    return (GATEWAY, GATEWAY) if tag.endswith("Gateway") else (TASK_WIDTH, TASK_HEIGHT)


def _leading_back(graph: Graph) -> set[Edge]:
    """Flows to a node that is being walked through: without them there is no way round."""
    follows: dict[str, list[str]] = defaultdict(list)
    for source, target in graph.flows:
        follows[source].append(target)
    back: set[Edge] = set()
    done: set[str] = set()
    inside: dict[str, None] = {START: None}
    stack = [(START, iter(follows[START]))]
    while stack:
        id, rest = stack[-1]
        for target in rest:
            if target in inside:
                back.add((id, target))
            elif target not in done:
                inside[target] = None
                stack.append((target, iter(follows[target])))
                break
        else:
            stack.pop()
            del inside[id]
            done.add(id)
    return back


def _columns(graph: Graph, back: set[Edge]) -> dict[str, int]:
    """The length of the longest way to each node from the start."""
    waits: dict[str, int] = dict.fromkeys(graph.nodes, 0)
    follows: dict[str, list[str]] = defaultdict(list)
    for source, target in graph.flows:
        if (source, target) not in back:
            waits[target] += 1
            follows[source].append(target)
    column = dict.fromkeys(graph.nodes, 0)
    ready = [id for id, n in waits.items() if n == 0]
    while ready:
        id = ready.pop()
        for target in follows[id]:
            column[target] = max(column[target], column[id] + 1)
            waits[target] -= 1
            if waits[target] == 0:
                ready.append(target)
    return column


def _ways(flows: list[Edge], column: dict[str, int]) -> dict[Edge, list[str]]:
    """Where each flow passes: its source, its places in the columns between, its target."""
    ways = {}
    for source, target in flows:
        passing = [f"{source}>{target}:{n}" for n in range(column[source] + 1, column[target])]
        column.update({id: column[source] + 1 + n for n, id in enumerate(passing)})
        ways[source, target] = [source, *passing, target]
    return ways


def _ordered(column: dict[str, int], ways: dict[Edge, list[str]]) -> list[list[str]]:
    """The members of each column, from above to below."""
    columns: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for id, number in column.items():
        columns[number].append(id)
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for way in ways.values():
        for one, other in pairwise(way):
            after[one].append(other)
            before[other].append(one)
    for sweep in range(SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for members in columns if sweep % 2 == 0 else reversed(columns):
            place = {id: i for each in columns for i, id in enumerate(each)}
            own = {id: float(i) for i, id in enumerate(members)}
            for id in members:
                if seen := sorted(place[other] for other in neighbours[id]):
                    own[id] = (seen[(len(seen) - 1) // 2] + seen[len(seen) // 2]) / 2
            members.sort(key=own.__getitem__)
    return columns


def _heights(columns: list[list[str]], height: dict[str, float]) -> dict[str, float]:
    """The middle of each member; columns are centred on one axis."""
    totals = [sum(height[id] + BETWEEN for id in members) - BETWEEN for members in columns]
    axis = 40.0 + max(totals) / 2
    y = {}
    for members, total in zip(columns, totals, strict=True):
        top = axis - total / 2
        for id in members:
            y[id] = top + height[id] / 2
            top += height[id] + BETWEEN
    return y


def _gaps(
    graph: Graph, back: set[Edge], ways: dict[Edge, list[str]], column: dict[str, int]
) -> dict[int, list[Edge]]:
    """The flows that turn between each column and the next."""
    found: dict[int, list[Edge]] = defaultdict(list)
    for flow in graph.flows:
        if flow in back:
            found[column[flow[0]]].append(flow)
            found[column[flow[1]] - 1].append(flow)
        else:
            for number in range(column[flow[0]], column[flow[0]] + len(ways[flow]) - 1):
                found[number].append(flow)
    return found
