"""BPMN: what a tree allows is what the BPMN allows, and its drawing can be read."""

import random
import tempfile
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.bpmn import BOUNDS, DIAGRAM, LINES, MODEL, to_bpmn
from mining.bpmn_blocks import Block, Timer, of_tree
from mining.derivatives import Automaton
from mining.tree import Tree, choice, leaf, loop, parallel, sequence, silent

TREES = st.recursive(
    st.one_of(st.sampled_from("abcd").map(leaf), st.just(silent())),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda c: sequence(*c)),
        st.lists(inner, min_size=2, max_size=3).map(lambda c: parallel(*c)),
        st.lists(inner, min_size=2, max_size=3).map(lambda c: choice(*c)),
        st.tuples(inner, inner).map(lambda c: loop(*c)),
    ),
    max_leaves=12,
)
PLANTED = sequence(
    leaf("Register"),
    choice(
        sequence(leaf("Check"), parallel(leaf("Ask"), leaf("Wait"), loop(leaf("Try"), leaf("Fix")))),
        silent(),
        leaf("Waive"),
    ),
    loop(leaf("Pay"), sequence(leaf("Remind"), leaf("Call"))),
)


class Drawing:
    """The boxes and arrows of a BPMN document."""

    def __init__(self, xml: str) -> None:
        root = Xml.fromstring(xml)  # noqa: S314
        process = root.find(f"{{{MODEL}}}process")
        assert process is not None
        self.boxes = {
            shape.attrib["bpmnElement"]: box(shape.find(f"{{{BOUNDS}}}Bounds"))
            for shape in root.iter(f"{{{DIAGRAM}}}BPMNShape")
        }
        self.attached = {
            e.attrib["id"]: e.attrib["attachedToRef"] for e in process.iter(f"{{{MODEL}}}boundaryEvent")
        }
        self.flows = {
            flow.attrib["id"]: (flow.attrib["sourceRef"], flow.attrib["targetRef"])
            for flow in process.iter(f"{{{MODEL}}}sequenceFlow")
        }
        self.points = {
            edge.attrib["bpmnElement"]: [
                (float(p.attrib["x"]), float(p.attrib["y"])) for p in edge.iter(f"{{{LINES}}}waypoint")
            ]
            for edge in root.iter(f"{{{DIAGRAM}}}BPMNEdge")
        }
        self.labels = {
            shape.attrib["bpmnElement"]: box(label.find(f"{{{BOUNDS}}}Bounds"))
            for shape in root.iter(f"{{{DIAGRAM}}}BPMNShape")
            for label in shape.iter(f"{{{DIAGRAM}}}BPMNLabel")
        }
        self.nodes = {e.attrib["id"] for e in process if not e.tag.endswith("sequenceFlow")}


def box(bounds: Xml.Element | None) -> tuple[float, float, float, float]:
    assert bounds is not None
    x, y, width, height = (float(bounds.attrib[k]) for k in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def touches(point: tuple[float, float], border: tuple[float, ...]) -> bool:
    x, y = point
    left, top, right, bottom = border
    inside = left <= x <= right and top <= y <= bottom
    return inside and (x in (left, right) or y in (top, bottom))


def cuts(one: tuple[float, float], other: tuple[float, float], shape: tuple[float, ...]) -> bool:
    """Whether a horizontal or vertical stretch passes through the inside of a shape."""
    stretch = (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
    return overlap(stretch, shape)


def assert_readable(xml: str) -> Drawing:
    drawing = Drawing(xml)
    assert set(drawing.boxes) == drawing.nodes
    assert set(drawing.points) == set(drawing.flows)
    for (one, first), (other, second) in combinations(drawing.boxes.items(), 2):
        if (other in drawing.attached) == (one in drawing.attached):
            assert not overlap(first, second), (one, other)
    for flow, (source, target) in drawing.flows.items():
        points = drawing.points[flow]
        assert touches(points[0], drawing.boxes[source]), (flow, source)
        assert touches(points[-1], drawing.boxes[target]), (flow, target)
        for one, other in pairwise(points):
            assert one[0] == other[0] or one[1] == other[1], f"{flow} runs askew"
            for name, shape in drawing.boxes.items():
                own = name == source and source in drawing.attached
                if not own and drawing.attached.get(source) != name:
                    assert not cuts(one, other, shape), (flow, name)
    for owner, label in drawing.labels.items():
        for name, shape in {
            **drawing.boxes,
            **{f"label of {n}": b for n, b in drawing.labels.items()},
        }.items():
            assert name == f"label of {owner}" or not overlap(label, shape), (owner, name)
    assert all(x >= 0 and y >= 0 for points in drawing.points.values() for x, y in points)
    assert all(shape[0] >= 0 and shape[1] >= 0 for shape in drawing.boxes.values())
    return drawing


@settings(max_examples=30, deadline=None)
@given(TREES)
def test_no_shapes_overlap_and_every_flow_touches_its_shapes(tree: Tree):
    drawing = assert_readable(to_bpmn(of_tree(tree), "planted"))
    leaves = [box for node, box in drawing.boxes.items() if "." not in node]
    assert len(leaves) == tree.leaves


def with_timers(block: Block) -> Block:
    """Every task of the block with two timers, one of them with something to do."""
    if block.kind == "task":
        then = Block("sequence", f"{block.id}-h", children=(Block("task", f"{block.id}-a", "Escalate"),))
        timers = (
            Timer(f"{block.id}-t", "PT4H", "due in 4 hours", then=then),
            Timer(f"{block.id}-u", "P1D", interrupting=True),
        )
        return Block("task", block.id, block.name * 40, timers=timers, task="user")
    return Block(block.kind, block.id, "Which way?", tuple(map(with_timers, block.children)), label="x > 1")


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_timers_and_labels_leave_the_drawing_readable(tree: Tree):
    assert_readable(to_bpmn(with_timers(of_tree(tree)), "planted"))


def accepted_by_pm4py(xml: str, traces: list[tuple[str, ...]]) -> list[bool]:
    pytest.importorskip("pm4py")
    import pm4py
    from pm4py.objects.petri_net.utils.align_utils import STD_MODEL_LOG_MOVE_COST

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bpmn"
        path.write_text(xml, encoding="utf-8")
        net, start, end = pm4py.convert_to_petri_net(pm4py.read_bpmn(str(path)))
    from pm4py.algo.conformance.alignments.petri_net import algorithm
    from pm4py.objects.log.obj import Event, Trace

    parameters = {"show_progress_bar": False}
    found = []
    for trace in traces:
        events = Trace([Event({"concept:name": a}) for a in trace])
        cost = algorithm.apply_trace(events, net, start, end, parameters=parameters)["cost"]
        found.append(cost < STD_MODEL_LOG_MOVE_COST)
    return found


def walks(tree: Tree, rng: random.Random, n: int) -> list[tuple[str, ...]]:
    """Traces of the tree, and the same with one activity swapped or dropped."""
    automaton = Automaton(tree)
    found = set()
    for _ in range(n):
        state, trace = automaton.start, []
        while len(trace) < 12:
            ahead = sorted(automaton.enabled(state))
            if not ahead or (automaton.accepting(state) and rng.random() < 0.3):
                break
            trace.append(rng.choice(ahead))
            state = automaton.step(state, trace[-1])
        found.add(tuple(trace))
        if trace:
            spoiled = list(trace)
            spoiled[rng.randrange(len(spoiled))] = rng.choice("abcd")
            found.add(tuple(spoiled))
            found.add(tuple(trace[:-1]))
    return sorted(found)


@settings(max_examples=10, deadline=None)
@given(TREES, st.randoms(use_true_random=False))
def test_pm4py_reads_the_language_of_the_tree(tree: Tree, rng: random.Random):
    traces = walks(tree, rng, 4)
    automaton = Automaton(tree)
    xml = to_bpmn(of_tree(tree), "planted")
    assert accepted_by_pm4py(xml, traces) == [automaton.accepts(trace) for trace in traces]


def test_conditions_defaults_timers_and_kinds_are_written():
    block = Block(
        "sequence",
        "all",
        children=(
            Block(
                "choice",
                "c1",
                "Dear?",
                (
                    Block(
                        "task",
                        "approve",
                        "Approve <b>",
                        task="user",
                        when="data.amount > 5",
                        label="dear",
                        documentation="Look & decide",
                        timers=(Timer("sla", "PT4H", "4 hours"),),
                    ),
                    Block("skip", "s1", default=True, label="cheap"),
                ),
            ),
            Block(
                "loop",
                "l1",
                "Once more?",
                (
                    Block("task", "pay", "Pay\x00", task="rule"),
                    Block("skip", "s2", when="done.pay < 3", label="again"),
                ),
                leave="on",
            ),
        ),
    )
    xml = to_bpmn(block, "hostile \x1f name")
    assert_readable(xml)
    root = Xml.fromstring(xml)  # noqa: S314
    by_id = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    assert (
        by_id["approve"].tag == f"{{{MODEL}}}userTask" and by_id["pay"].tag == f"{{{MODEL}}}businessRuleTask"
    )
    assert by_id["approve"].attrib["name"] == "Approve <b>"
    assert by_id["pay"].attrib["name"] == "Pay\N{REPLACEMENT CHARACTER}"
    assert by_id["approve"][0].text == "Look & decide"
    flows = {f.attrib.get("name"): f for f in root.iter(f"{{{MODEL}}}sequenceFlow")}
    assert flows["dear"][0].text == "data.amount > 5"
    assert by_id["c1.split"].attrib["default"] == flows["cheap"].attrib["id"]
    assert by_id["l1.again"].attrib["default"] == flows["on"].attrib["id"]
    assert by_id["sla"].attrib == {
        "id": "sla",
        "name": "4 hours",
        "attachedToRef": "approve",
        "cancelActivity": "false",
    }
    assert by_id["sla"].find(f".//{{{MODEL}}}timeDuration").text == "PT4H"


@pytest.mark.parametrize("ids", [("a b", "c"), ("same", "same"), ("1a", "b")])
def test_ids_that_xml_cannot_carry_are_refused(ids: tuple[str, str]):
    block = Block("sequence", "all", children=tuple(Block("task", id, "x") for id in ids))
    with pytest.raises(ValueError, match="id"):
        to_bpmn(block, "x")


def test_what_an_engine_needs_is_added():
    def decorate(element: Xml.Element, block: Block) -> None:
        Xml.SubElement(element, "{urn:engine}task", {"of": block.id})

    xml = to_bpmn(
        of_tree(PLANTED), "x", decorate=decorate, namespaces={"engine": "urn:engine"}, executable=True
    )
    assert (
        'xmlns:engine="urn:engine"' in xml
        and '<engine:task of="b2" />' in xml
        and 'isExecutable="true"' in xml
    )
