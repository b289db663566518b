"""Where the shapes of a block-structured process go: computed block by block, with no search and no overlap.

A block becomes a piece: its shapes and flows around an axis, entered at the left end of the axis and
left at the right. Bigger pieces are made of smaller ones: a sequence on one axis, the branches of a
choice below each other with the first on the axis, the redo part of a loop below its body, mirrored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import ceil

from mining.bpmn_blocks import Block, Timer

TASK_WIDTH, TASK_HEIGHT, GATEWAY, EVENT = 120.0, 80.0, 50.0, 36.0
GAP, ROW_GAP, LETTER, LINE = 40.0, 30.0, 6.5, 14.0
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """One node of the diagram; `x` and `y` are its upper left corner."""

    id: str
    tag: str
    """BPMN element: `userTask`, `exclusiveGateway`, …"""
    name: str
    x: float
    y: float
    width: float
    height: float
    block: Block | None = None
    """The block it stands for; the closing gateway of a block has none."""
    timer: Timer | None = None
    on: str | None = None
    """Task that a boundary event sits on."""


@dataclass(frozen=True)
class Flow:
    """An arrow: horizontal and vertical stretches from the border of one shape to that of another."""

    source: str
    target: str
    points: tuple[Point, ...]
    label: str = ""
    when: str = ""
    default: bool = False


@dataclass
class Piece:
    """A laid-out block. The axis is y = 0 and the entry x = 0 until the piece is moved."""

    width: float = 0.0
    above: float = 0.0
    below: float = 0.0
    leave_x: float = 0.0
    """Where on the axis the flow out of it begins."""
    entry: str = ""
    """Shape that the flow into it ends at; empty for a piece that is nothing."""
    leave: str = ""
    leave_label: str = ""
    leave_default: bool = False
    shapes: list[Shape] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    def moved(self, dx: float, dy: float) -> "Piece":
        """The piece elsewhere; its measures stay relative to its own entry."""
        shapes = [replace(s, x=s.x + dx, y=s.y + dy) for s in self.shapes]
        flows = [replace(f, points=tuple((x + dx, y + dy) for x, y in f.points)) for f in self.flows]
        return replace(self, shapes=shapes, flows=flows)

    def mirrored(self) -> "Piece":
        """The piece read from right to left."""
        shapes = [replace(s, x=self.width - s.x - s.width) for s in self.shapes]
        flows = [replace(f, points=tuple((self.width - x, y) for x, y in f.points)) for f in self.flows]
        return replace(self, shapes=shapes, flows=flows)

    def take(self, piece: "Piece") -> None:
        """Make another piece's shapes and flows part of this one."""
        self.shapes += piece.shapes
        self.flows += piece.flows


def laid_out(block: Block) -> Piece:
    """The whole process from its start event to its end event; nothing is left of or above 40."""
    start = _event("start.event", "startEvent")
    whole = _in_sequence([start, _piece(block), _event("end.event", "endEvent")])
    return whole.moved(40.0, 40.0 + whole.above)


def _piece(block: Block) -> Piece:
    match block.kind:
        case "task":
            return _task(block)
        case "sequence":
            return _in_sequence(_piece(child) for child in block.children)
        case "choice" | "parallel":
            return _branches(block)
        case "loop":
            return _loop(block)
        case "skip":
            return Piece()


def _event(id: str, tag: str) -> Piece:
    shape = Shape(id, tag, "", 0, -EVENT / 2, EVENT, EVENT)
    return Piece(EVENT, EVENT / 2, EVENT / 2, EVENT, id, id, shapes=[shape])


def _in_sequence(pieces: Iterable[Piece]) -> Piece:
    whole = Piece()
    for piece in pieces:
        if not piece.entry:
            continue
        x = 0.0
        if whole.entry:
            x = whole.width + _gap([whole.leave_label])
            points = ((whole.leave_x, 0.0), (x, 0.0))
            flow = Flow(whole.leave, piece.entry, points, whole.leave_label, default=whole.leave_default)
            whole.flows.append(flow)
        else:
            whole.entry = piece.entry
        whole.take(piece.moved(x, 0))
        whole.above, whole.below = max(whole.above, piece.above), max(whole.below, piece.below)
        whole.width, whole.leave_x = x + piece.width, x + piece.leave_x
        whole.leave, whole.leave_label = piece.leave, piece.leave_label
        whole.leave_default = piece.leave_default
    return whole


def _task(block: Block) -> Piece:
    """A task with the handlers of its timers below it, the rightmost timer's on top."""
    width = max(TASK_WIDTH, len(block.timers) * (EVENT + 8) + 8)
    height = max(TASK_HEIGHT, 24 + LINE * ceil(len(block.name) * LETTER / (width - 16)))
    tags = {"task": "task", "call": "callActivity", "rule": "businessRuleTask"}
    shape = Shape(
        block.id, tags.get(block.task, f"{block.task}Task"), block.name, 0, -height / 2, width, height, block
    )
    whole = Piece(width, height / 2, height / 2, width, block.id, block.id, shapes=[shape])
    for i, timer in reversed(list(enumerate(block.timers))):
        x = 8 + i * (EVENT + 8)
        boundary = Shape(
            timer.id,
            "boundaryEvent",
            timer.name,
            x,
            height / 2 - EVENT / 2,
            EVENT,
            EVENT,
            timer=timer,
            on=block.id,
        )
        end = _event(f"{timer.id}.end", "endEvent")
        handler = _in_sequence([_piece(timer.then), end] if timer.then else [end])
        left = len(block.timers) * (EVENT + 8) + GAP
        y = max(whole.below, height / 2 + EVENT / 2 + LINE * 2) + ROW_GAP + handler.above
        middle = x + EVENT / 2
        points = ((middle, height / 2 + EVENT / 2), (middle, y), (left, y))
        whole.shapes.append(boundary)
        whole.flows.append(Flow(timer.id, handler.entry, points))
        whole.take(handler.moved(left, y))
        whole.width, whole.below = max(whole.width, left + handler.width), y + handler.below
    return whole


def _gateway(block: Block, suffix: str, x: float) -> Shape:
    tag = "parallelGateway" if block.kind == "parallel" else "exclusiveGateway"
    asks = suffix in ("split", "again")
    name = block.name if asks and block.kind != "parallel" else ""
    return Shape(
        f"{block.id}.{suffix}", tag, name, x, -GATEWAY / 2, GATEWAY, GATEWAY, block if asks else None
    )


def _branches(block: Block) -> Piece:
    half = GATEWAY / 2
    pieces = [_piece(child) for child in block.children]
    left = GATEWAY + _gap(_text(child) for child in block.children)
    right = left + max(p.width for p in pieces) + GAP
    split, join = _gateway(block, "split", 0), _gateway(block, "join", right)
    whole = Piece(
        right + GATEWAY,
        half + name_height(block.name),
        half,
        right + GATEWAY,
        split.id,
        join.id,
        shapes=[split, join],
    )
    row = 0.0
    for i, (child, piece) in enumerate(zip(block.children, pieces, strict=True)):
        row = 0.0 if i == 0 else whole.below + ROW_GAP + max(piece.above, LINE)
        out: tuple[Point, ...] = ((half, half), (half, row)) if i else ((GATEWAY, 0.0),)
        into: tuple[Point, ...] = ((right + half, row), (right + half, half)) if i else ((right, 0.0),)
        if piece.entry:
            whole.flows.append(_branch_flow(split.id, piece.entry, (*out, (left, row)), child))
            begin = ((left + piece.leave_x, row), *into)
            whole.flows.append(
                Flow(piece.leave, join.id, begin, piece.leave_label, default=piece.leave_default)
            )
            whole.take(piece.moved(left, row))
        else:
            whole.flows.append(_branch_flow(split.id, join.id, (*out, *into), child))
        whole.above = max(whole.above, piece.above) if i == 0 else whole.above
        whole.below = max(whole.below, row + max(piece.below, LINE))
    return whole


def _branch_flow(source: str, target: str, points: tuple[Point, ...], child: Block) -> Flow:
    return Flow(source, target, points, _text(child), child.when, child.default)


def _loop(block: Block) -> Piece:
    half = GATEWAY / 2
    body, redo = _piece(block.children[0]), _piece(block.children[1]).mirrored()
    again = block.children[1]
    left, space = GATEWAY + GAP, _gap([_text(again)])
    right = left + max(body.width, redo.width + space) + GAP
    merge, decide = _gateway(block, "merge", 0), _gateway(block, "again", right)
    whole = Piece(
        right + GATEWAY,
        max(half + name_height(block.name), body.above),
        max(half, body.below),
        right + GATEWAY,
        merge.id,
        decide.id,
        block.leave,
        bool(again.when),
        [merge, decide],
    )
    if body.entry:
        whole.flows.append(Flow(merge.id, body.entry, ((GATEWAY, 0.0), (left, 0.0))))
        points = ((left + body.leave_x, 0.0), (right, 0.0))
        whole.flows.append(Flow(body.leave, decide.id, points, body.leave_label, default=body.leave_default))
        whole.take(body.moved(left, 0))
    else:
        whole.flows.append(Flow(merge.id, decide.id, ((GATEWAY, 0.0), (right, 0.0))))
    row = whole.below + ROW_GAP + max(redo.above, LINE)
    down: tuple[Point, ...] = ((right + half, half), (right + half, row))
    up: tuple[Point, ...] = ((half, row), (half, half))
    if redo.entry:
        x = right - space - redo.width
        whole.flows.append(_branch_flow(decide.id, redo.entry, (*down, (x + redo.width, row)), again))
        back = ((x + redo.width - redo.leave_x, row), *up)
        whole.flows.append(Flow(redo.leave, merge.id, back, redo.leave_label, default=redo.leave_default))
        whole.take(redo.moved(x, row))
    else:
        whole.flows.append(_branch_flow(decide.id, merge.id, (*down, *up), again))
    whole.below = row + max(redo.below, LINE)
    return whole


def _text(branch: Block) -> str:
    return branch.label or branch.when


def _gap(labels: Iterable[str]) -> float:
    """Room for an arrow and the longest of its labels."""
    return max([GAP, *(extent(label)[0] + 24 for label in labels if label)])


def extent(text: str, widest: float = 140.0) -> tuple[float, float]:
    """Width and height of a label that wraps at `widest`."""
    width = len(text) * LETTER
    return min(width, widest), LINE * ceil(width / widest)


def name_height(name: str) -> float:
    """Room above a gateway for its name, which is no wider than the gaps beside it allow."""
    return extent(name, 120.0)[1] + 4 if name else 0.0
