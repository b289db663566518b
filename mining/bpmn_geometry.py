"""Shapes, flows and pieces of a BPMN drawing, and how they move."""

from dataclasses import dataclass, field, replace
from math import ceil

from mining.bpmn_blocks import Block, Timer

TASK_WIDTH, TASK_HEIGHT, GATEWAY, EVENT = 120.0, 80.0, 50.0, 36.0
GAP, ROW_GAP, LETTER, LINE = 40.0, 30.0, 6.5, 14.0
NAME_WIDTH = 120.0
"""Widest name above a gateway: no wider than the gaps beside it allow."""
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
    label: tuple[float, float, float, float] | None = None
    """Where the name goes that is not written inside: x, y, width, height."""

    def moved(self, dx: float, dy: float) -> "Shape":
        """The shape elsewhere."""
        label = self.label and (self.label[0] + dx, self.label[1] + dy, *self.label[2:])
        return replace(self, x=self.x + dx, y=self.y + dy, label=label)

    def mirrored(self, width: float) -> "Shape":
        """The shape on the other side of a piece of this width."""
        label = self.label and (width - self.label[0] - self.label[2], *self.label[1:])
        return replace(self, x=width - self.x - self.width, label=label)


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
        shapes = [shape.moved(dx, dy) for shape in self.shapes]
        flows = [replace(f, points=tuple((x + dx, y + dy) for x, y in f.points)) for f in self.flows]
        return replace(self, shapes=shapes, flows=flows)

    def mirrored(self) -> "Piece":
        """The piece read from right to left."""
        shapes = [shape.mirrored(self.width) for shape in self.shapes]
        flows = [replace(f, points=tuple((self.width - x, y) for x, y in f.points)) for f in self.flows]
        return replace(self, shapes=shapes, flows=flows)

    def take(self, piece: "Piece") -> None:
        """Make another piece's shapes and flows part of this one."""
        self.shapes += piece.shapes
        self.flows += piece.flows


def extent(text: str, widest: float = 140.0) -> tuple[float, float]:
    """Width and height of a label that wraps at `widest`."""
    width = len(text) * LETTER
    return min(width, widest), LINE * ceil(width / widest)
