"""BPMN 2.0 with a diagram: what `to_bpmn` writes opens in bpmn-js and other modellers as it is."""

import re
from collections.abc import Callable, Mapping
from xml.etree import ElementTree as Xml

from mining.bpmn_blocks import Block
from mining.bpmn_geometry import Flow, Piece, Shape, extent
from mining.bpmn_graph import Graph
from mining.bpmn_layers import drawn
from mining.bpmn_layout import laid_out

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DIAGRAM = "http://www.omg.org/spec/BPMN/20100524/DI"
BOUNDS = "http://www.omg.org/spec/DD/20100524/DC"
LINES = "http://www.omg.org/spec/DD/20100524/DI"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {"bpmn": MODEL, "bpmndi": DIAGRAM, "dc": BOUNDS, "di": LINES, "xsi": INSTANCE}
# What XML 1.0 cannot carry, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ID = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)

Decorate = Callable[[Xml.Element, Block], None]
"""Called with the element of each block, to add what an engine needs, such as `zeebe:*`."""


def to_bpmn(
    process: Block | Graph,
    name: str,
    *,
    decorate: Decorate | None = None,
    namespaces: Mapping[str, str] | None = None,
    executable: bool = False,
) -> str:
    """A process called `name` as BPMN 2.0 XML, laid out.

    Nodes of a graph keep their ids. Tasks of a block keep its id, and its gateways are `ID.split`,
    `ID.join`, `ID.merge` and `ID.again`.
    `namespaces` are prefixes to addresses of what `decorate` adds. Raises `ValueError` for an id that
    XML does not allow or that is used twice.
    """
    for prefix, address in {**NAMESPACES, **(namespaces or {})}.items():
        Xml.register_namespace(prefix, address)
    piece = drawn(process) if isinstance(process, Graph) else laid_out(process)
    _check_ids(piece)
    root = Xml.Element(f"{{{MODEL}}}definitions", {"id": "definitions", "targetNamespace": "urn:baton"})
    attributes = {"id": "process", "name": _writable(name), "isExecutable": str(executable).lower()}
    element = Xml.SubElement(root, f"{{{MODEL}}}process", attributes)
    _Process(element, piece, decorate).write()
    drawing = Xml.SubElement(root, f"{{{DIAGRAM}}}BPMNDiagram", {"id": "diagram"})
    plane = Xml.SubElement(drawing, f"{{{DIAGRAM}}}BPMNPlane", {"id": "plane", "bpmnElement": "process"})
    for shape in piece.shapes:
        _draw_shape(plane, shape)
    for number, flow in enumerate(piece.flows):
        _draw_flow(plane, flow, number)
    Xml.indent(root)
    return (
        Xml.tostring(root, encoding="unicode", xml_declaration=True).replace("'utf-8'", "'UTF-8'", 1) + "\n"
    )


class _Process:
    """Writes the elements of the process, each with the flows that enter and leave it."""

    def __init__(self, parent: Xml.Element, piece: Piece, decorate: Decorate | None) -> None:
        self.parent, self.piece, self.decorate = parent, piece, decorate
        self.entering: dict[str, list[int]] = {}
        self.leaving: dict[str, list[int]] = {}
        for number, flow in enumerate(piece.flows):
            self.leaving.setdefault(flow.source, []).append(number)
            self.entering.setdefault(flow.target, []).append(number)

    def write(self) -> None:
        """Write all of it."""
        for shape in self.piece.shapes:
            self.shape(shape)
        for number, flow in enumerate(self.piece.flows):
            self.flow(flow, number)

    def shape(self, shape: Shape) -> None:
        element = self.child(self.parent, shape.tag, id=shape.id, name=_writable(shape.name))
        if shape.block is not None and shape.block.documentation:
            self.child(element, "documentation").text = _writable(shape.block.documentation)
        if shape.block is not None and self.decorate is not None:
            self.decorate(element, shape.block)
        for number in self.entering.get(shape.id, ()):
            self.child(element, "incoming").text = f"flow.{number}"
        for number in self.leaving.get(shape.id, ()):
            self.child(element, "outgoing").text = f"flow.{number}"
            if self.piece.flows[number].default:
                element.set("default", f"flow.{number}")
        if shape.timer is not None:
            element.set("attachedToRef", shape.on or "")
            element.set("cancelActivity", str(shape.timer.interrupting).lower())
            definition = self.child(element, "timerEventDefinition")
            duration = self.child(definition, "timeDuration")
            duration.set(f"{{{INSTANCE}}}type", "bpmn:tFormalExpression")
            duration.text = shape.timer.duration

    def flow(self, flow: Flow, number: int) -> None:
        attributes = {"id": f"flow.{number}", "name": _writable(flow.label)}
        element = self.child(
            self.parent, "sequenceFlow", **attributes, sourceRef=flow.source, targetRef=flow.target
        )
        if flow.when and not flow.default:
            condition = self.child(element, "conditionExpression")
            condition.set(f"{{{INSTANCE}}}type", "bpmn:tFormalExpression")
            condition.text = _writable(flow.when)

    def child(self, parent: Xml.Element, tag: str, **attributes: str) -> Xml.Element:
        kept = {name: value for name, value in attributes.items() if value}
        return Xml.SubElement(parent, f"{{{MODEL}}}{tag}", kept)


def _draw_shape(plane: Xml.Element, shape: Shape) -> None:
    attributes = {"id": f"{shape.id}.drawn", "bpmnElement": shape.id}
    if shape.tag == "exclusiveGateway":
        attributes["isMarkerVisible"] = "true"
    drawn = Xml.SubElement(plane, f"{{{DIAGRAM}}}BPMNShape", attributes)
    _bounds(drawn, shape.x, shape.y, shape.width, shape.height)
    if shape.label is not None:
        _bounds(Xml.SubElement(drawn, f"{{{DIAGRAM}}}BPMNLabel"), *shape.label)


def _draw_flow(plane: Xml.Element, flow: Flow, number: int) -> None:
    attributes = {"id": f"flow.{number}.drawn", "bpmnElement": f"flow.{number}"}
    drawn = Xml.SubElement(plane, f"{{{DIAGRAM}}}BPMNEdge", attributes)
    for x, y in flow.points:
        Xml.SubElement(drawn, f"{{{LINES}}}waypoint", {"x": f"{x:g}", "y": f"{y:g}"})
    if flow.label:
        stretches = [(a, b) for a, b in zip(flow.points, flow.points[1:], strict=False) if a[1] == b[1]]
        a, b = max(stretches, key=lambda s: abs(s[0][0] - s[1][0]))
        width, height = extent(flow.label)
        label = Xml.SubElement(drawn, f"{{{DIAGRAM}}}BPMNLabel")
        _bounds(label, (a[0] + b[0] - width) / 2, a[1] - height - 2, width, height)


def _bounds(parent: Xml.Element, x: float, y: float, width: float, height: float) -> None:
    values = {"x": x, "y": y, "width": width, "height": height}
    Xml.SubElement(parent, f"{{{BOUNDS}}}Bounds", {name: f"{value:g}" for name, value in values.items()})


def _writable(text: str) -> str:
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _check_ids(piece: Piece) -> None:
    seen: set[str] = set()
    for shape in piece.shapes:
        if not ID.fullmatch(shape.id):
            raise ValueError(f"{shape.id!r} cannot be an id in XML: letters, digits, '_', '-' and '.' only.")
        if shape.id in seen:
            raise ValueError(f"Two blocks have the id {shape.id!r}.")
        seen.add(shape.id)
