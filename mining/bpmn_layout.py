"""Where the shapes of a block-structured process go: computed block by block, with no search and no overlap.

A block becomes a piece: its shapes and flows around an axis, entered at the left end of the axis and
left at the right. Bigger pieces are made of smaller ones: a sequence on one axis, the branches of a
choice below each other with the first on the axis, the redo part of a loop below its body, mirrored.
"""

from collections.abc import Iterable
from math import ceil

from mining.bpmn_blocks import Block, Timer
from mining.bpmn_geometry import (
    EVENT,
    GAP,
    GATEWAY,
    LETTER,
    LINE,
    NAME_WIDTH,
    ROW_GAP,
    TASK_HEIGHT,
    TASK_WIDTH,
    Flow,
    Piece,
    Point,
    Shape,
    extent,
)


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
    tag = tags.get(block.task, f"{block.task}Task")
    shape = Shape(block.id, tag, block.name, 0, -height / 2, width, height, block)
    whole = Piece(width, height / 2, height / 2, width, block.id, block.id, shapes=[shape])
    for i, timer in reversed(list(enumerate(block.timers))):
        _attach(whole, timer, block.id, x=8 + i * (EVENT + 8), right=8 + len(block.timers) * (EVENT + 8))
    return whole


def _attach(whole: Piece, timer: Timer, task: str, *, x: float, right: float) -> None:
    """Put a timer on a task's lower border, with what happens then in a row of its own."""
    border = whole.shapes[0].height / 2
    end = _event(f"{timer.id}.end", "endEvent")
    handler = _in_sequence([_piece(timer.then), end] if timer.then else [end])
    middle, left = x + EVENT / 2, right + 2 * GAP
    width, height = extent(timer.name, left - middle - 16)
    row = max(whole.below, border + EVENT / 2) + ROW_GAP + max(handler.above, height)
    label = (middle + 8, row - height - 2, width, height) if timer.name else None
    whole.shapes.append(
        Shape(
            timer.id,
            "boundaryEvent",
            timer.name,
            x,
            border - EVENT / 2,
            EVENT,
            EVENT,
            timer=timer,
            on=task,
            label=label,
        )
    )
    points = ((middle, border + EVENT / 2), (middle, row), (left, row))
    whole.flows.append(Flow(timer.id, handler.entry, points))
    whole.take(handler.moved(left, row))
    whole.width, whole.below = max(whole.width, left + handler.width), row + handler.below


def _gateway(block: Block, suffix: str, x: float) -> Shape:
    """A gateway at `x`; the one that asks carries the block's name above it."""
    if block.kind == "parallel":
        own = block if suffix == "split" else None
        return Shape(f"{block.id}.{suffix}", "parallelGateway", "", x, -GATEWAY / 2, GATEWAY, GATEWAY, own)
    asks = suffix in ("split", "again")
    name = block.name if asks else ""
    width, height = extent(name, NAME_WIDTH)
    label = (x + (GATEWAY - width) / 2, -GATEWAY / 2 - height - 4, width, height) if name else None
    own = block if asks else None
    return Shape(
        f"{block.id}.{suffix}", "exclusiveGateway", name, x, -GATEWAY / 2, GATEWAY, GATEWAY, own, label=label
    )


def _branches(block: Block) -> Piece:
    """Branches below each other, the first on the axis, those with nothing to do last."""
    half = GATEWAY / 2
    branches = sorted(block.children, key=lambda child: child.kind == "skip")
    pieces = [_piece(child) for child in branches]
    left = GATEWAY + _gap(map(_text, branches))
    right = left + max(p.width for p in pieces) + GAP
    split, join = _gateway(block, "split", 0), _gateway(block, "join", right)
    whole = Piece(
        right + GATEWAY,
        half + _name_height(block),
        half,
        right + GATEWAY,
        split.id,
        join.id,
        shapes=[split, join],
    )
    row = 0.0
    for i, (child, piece) in enumerate(zip(branches, pieces, strict=True)):
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
        max(half + _name_height(block), body.above),
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


def _name_height(block: Block) -> float:
    """Room above a gateway for its name."""
    return extent(block.name, NAME_WIDTH)[1] + 4 if block.name and block.kind != "parallel" else 0.0
