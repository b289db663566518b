"""Reads a BPMN 2.0 model from outside as a Petri net; refuses by name what a net cannot say."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from mining.errors import ModelError
from mining.petri_net import Net, Transition, without_relays

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
LARGEST = 16 * 2**20
DEEPEST = 64
TASKS = {
    *("task", "userTask", "serviceTask", "manualTask", "sendTask", "receiveTask", "businessRuleTask"),
    "callActivity",
}
PASSED = {"intermediateCatchEvent", "intermediateThrowEvent"}
CHOICES = {"exclusiveGateway", "eventBasedGateway"}
REFUSED = {
    "scriptTask": "a script task, and a model from outside may bring no script",
    "inclusiveGateway": "an inclusive gateway; say with exclusive and parallel ones which ways go together",
    "complexGateway": "a complex gateway, whose condition no net can say",
    "adHocSubProcess": "an ad-hoc sub-process, which allows any order",
    "transaction": "a transaction",
}


@dataclass
class _Element:
    """A flow node of the model."""

    kind: str
    id: str
    name: str
    parent: str | None
    """The sub-process it lies in."""
    attached_to: str | None = None
    """For a boundary event: the task it lies on."""


@dataclass
class _Model:
    """What the parser found, in the order of the file."""

    name: str
    processes: list[str] = field(default_factory=list)
    elements: dict[str, _Element] = field(default_factory=dict)
    flows: list[tuple[str, str]] = field(default_factory=list)
    left_out: int = 0
    """Boundary events that do not interrupt: what they start runs beside the case."""


def net_of_bpmn(content: bytes, name: str) -> tuple[Net, str]:
    """The net of the one process in a BPMN document, and what was left out of it, in words.

    Tasks are transitions called like the task; events and gateways are silent; sub-processes are opened;
    an interrupting boundary event is another way out of its task. Raises `ModelError` naming the element
    and the line for anything else, for a document type, and for what is not well-formed.
    """
    model = _parsed(content, name)
    if len(model.processes) != 1:
        found = f"{len(model.processes)} processes ({', '.join(model.processes[:5])})"
        raise ModelError(f"{name} holds {found}, and conformance needs one.", hint="Export one process.")
    _require_ends(model)
    return without_relays(_net(model)), (
        f"{model.left_out} boundary events that do not interrupt were left out." if model.left_out else ""
    )


def _parsed(content: bytes, name: str) -> _Model:
    if len(content) > LARGEST:
        raise ModelError(f"{name} has {len(content):,} bytes; no model is that large (limit {LARGEST:,}).")
    parser = expat.ParserCreate(namespace_separator=" ")
    model = _Model(name)
    inside: list[tuple[str, str | None]] = []

    def where() -> str:
        return f"{name}, line {parser.CurrentLineNumber}"

    def refuse_doctype(*_: object) -> None:
        raise ModelError(f"{where()}: a document type (DTD) is not allowed.", hint="Remove the DOCTYPE.")

    def start(tag: str, attributes: dict[str, str]) -> None:
        space, _, kind = tag.rpartition(" ")
        inside.append((kind, attributes.get("id")))
        if len(inside) > DEEPEST:
            raise ModelError(f"{where()}: elements nest deeper than {DEEPEST} (depth).")
        if len(inside) == 1 and (space, kind) != (MODEL, "definitions"):
            raise ModelError(f"{name} is no BPMN 2.0: it begins with <{kind}>.", hint="Export as BPMN 2.0.")
        if space == MODEL:
            _take(model, kind, attributes, [id for of, id in inside[:-1] if of == "subProcess"], where)

    def end(_: str) -> None:
        inside.pop()

    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        raise ModelError(f"{name}, line {error.lineno}: not well-formed XML ({said}).") from error
    return model


def _take(
    model: _Model, kind: str, attributes: dict[str, str], around: list[str | None], where: Callable[[], str]
) -> None:
    id, label = attributes.get("id", ""), attributes.get("name", "").strip()
    if kind in REFUSED:
        raise ModelError(f"{where()}: {label or id!r} is {REFUSED[kind]}.")
    if kind == "subProcess" and attributes.get("triggeredByEvent") == "true":
        raise ModelError(f"{where()}: {label or id!r} is an event sub-process, which may start at any time.")
    if kind == "process":
        model.processes.append(label or id)
    elif kind == "sequenceFlow":
        try:
            model.flows.append((attributes["sourceRef"], attributes["targetRef"]))
        except KeyError as error:
            raise ModelError(f"{where()}: the sequence flow {id!r} has no {error.args[0]}.") from error
    elif kind == "boundaryEvent" and attributes.get("cancelActivity", "true") == "false":
        model.left_out += 1
    elif kind in TASKS | PASSED | CHOICES or kind in (
        *("startEvent", "endEvent", "parallelGateway", "subProcess", "boundaryEvent"),
    ):
        if not id or id in model.elements:
            raise ModelError(f"{where()}: {kind} {label!r} has {'an id used before' if id else 'no id'}.")
        if kind in TASKS and not label:
            raise ModelError(f"{where()}: the task {id!r} has no name.", hint="Name it like the activity.")
        parent = around[-1] if around else None
        model.elements[id] = _Element(kind, id, label, parent, attributes.get("attachedToRef"))


def _require_ends(model: _Model) -> None:
    dropped = {source for source, _ in model.flows} | {target for _, target in model.flows}
    missing = sorted(dropped - model.elements.keys())
    if missing and not model.left_out:
        raise ModelError(
            f"{model.name}: a sequence flow leads to or from {missing[0]!r}, which is not there."
        )
    top = [element for element in model.elements.values() if element.parent is None]
    for kind, word in (("startEvent", "start"), ("endEvent", "end")):
        if not any(element.kind == kind for element in top):
            raise ModelError(f"{model.name} has no {word} event.", hint=f"Add a {word} event.")


def _net(model: _Model) -> Net:
    """A place before and after each element, and one for each way along the flows between them."""
    count = 2
    transitions: list[Transition] = []

    def place() -> int:
        nonlocal count
        count += 1
        return count - 1

    into: dict[str, list[int]] = defaultdict(list)
    out: dict[str, list[int]] = defaultdict(list)
    for source, target in model.flows:
        if source in model.elements and target in model.elements:
            between = place()
            out[source].append(between)
            into[target].append(between)
    edges = {id: (place(), place()) for id in model.elements}
    for id, element in model.elements.items():
        before, after = edges[id]
        opens, closes = edges[element.parent] if element.parent else (0, 1)
        if element.kind == "startEvent":
            transitions.append(Transition(None, (opens,), (before,)))
        if element.kind == "boundaryEvent":
            if element.attached_to not in edges:
                raise ModelError(f"{model.name}: the boundary event {id!r} lies on nothing.")
            transitions.append(Transition(None, (edges[element.attached_to][0],), (before,)))
        if element.kind != "subProcess" or not any(e.parent == id for e in model.elements.values()):
            transitions.append(
                Transition(element.name if element.kind in TASKS else None, (before,), (after,))
            )
        if element.kind == "parallelGateway" and into[id]:
            transitions.append(Transition(None, tuple(into[id]), (before,)))
        else:
            transitions += [Transition(None, (arriving,), (before,)) for arriving in into[id]]
        if element.kind == "endEvent":
            transitions.append(Transition(None, (after,), (closes,)))
        elif element.kind in CHOICES:
            transitions += [Transition(None, (after,), (leaving,)) for leaving in out[id]]
        elif out[id]:
            transitions.append(Transition(None, (after,), tuple(out[id])))
        else:  # a node without a way on ends its part of the process
            transitions.append(Transition(None, (after,), (closes,)))
    return Net(count, tuple(transitions), (0,), (1,))
