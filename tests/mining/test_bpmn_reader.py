"""BPMN from outside: what Baton writes keeps its language; what no net can say is refused by name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.bpmn import to_bpmn
from mining.bpmn_blocks import of_tree
from mining.bpmn_reader import net_of_bpmn
from mining.derivatives import Automaton
from mining.errors import ModelError
from mining.petri_net import NetAutomaton, unsoundness
from mining.tree import Tree, choice, leaf, loop, parallel, sequence, silent

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'


def document(*inside: str) -> bytes:
    return f"{HEAD}<process id='p' name='Order'>{''.join(inside)}</process></definitions>".encode()


def flow(source: str, target: str) -> str:
    return f"<sequenceFlow id='{source}-{target}' sourceRef='{source}' targetRef='{target}'/>"


ENDS = "<startEvent id='s'/><endEvent id='e'/>"


def trees(names: list[str]) -> st.SearchStrategy[Tree]:
    if len(names) == 1:
        return st.just(leaf(names[0]))
    cut = st.integers(1, len(names) - 1)

    def built(at: int) -> st.SearchStrategy[Tree]:
        pair = st.tuples(trees(names[:at]), trees(names[at:]))
        made = st.sampled_from(
            [sequence, parallel, choice, lambda a, b: loop(a, b), lambda a, b: choice(a, b, silent())]
        )
        return st.builds(lambda make, two: make(*two), made, pair)

    return cut.flatmap(built)


@settings(max_examples=30, deadline=None)
@given(
    trees(["A", "B & b", "C<c>", "'d'"]), st.lists(st.sampled_from(["A", "B & b", "C<c>", "'d'"]), max_size=6)
)
def test_what_baton_writes_comes_back_with_the_same_language(tree, trace):
    net, note = net_of_bpmn(to_bpmn(of_tree(tree), "Order").encode(), "order.bpmn")
    assert not note and unsoundness(net) == ""
    automaton = NetAutomaton(net)
    state = automaton.start
    for activity in trace:
        state = automaton.step(state, activity)
    assert automaton.accepting(state) == Automaton(tree).accepts(trace)


def accepts(content: bytes, *traces: str) -> list[bool]:
    automaton = NetAutomaton(net_of_bpmn(content, "m.bpmn")[0])
    found = []
    for trace in traces:
        state = automaton.start
        for activity in trace:
            state = automaton.step(state, activity)
        found.append(automaton.accepting(state))
    return found


def test_sub_processes_are_opened_and_boundary_events_are_another_way_out():
    content = document(
        ENDS,
        "<subProcess id='u'><startEvent id='us'/><userTask id='a' name='A'/><endEvent id='ue'/>",
        flow("us", "a"), flow("a", "ue"), "</subProcess>",
        "<task id='b' name='B'/><boundaryEvent id='t' attachedToRef='b'/><task id='c' name='C'/>",
        flow("s", "u"), flow("u", "b"), flow("b", "e"), flow("t", "c"), flow("c", "e"),
    )  # fmt: skip
    assert accepts(content, "AB", "AC", "A", "ABC", "B") == [True, True, False, False, False]


def test_a_boundary_event_that_does_not_interrupt_is_left_out_and_told():
    content = document(
        ENDS, "<task id='b' name='B'/><boundaryEvent id='t' attachedToRef='b' cancelActivity='false'/>",
        "<task id='c' name='C'/>", flow("s", "b"), flow("b", "e"), flow("t", "c"), flow("c", "e"),
    )  # fmt: skip
    _, note = net_of_bpmn(content, "m.bpmn")
    assert "1 boundary" in note
    assert accepts(content, "B", "C") == [True, False]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (document(ENDS, "<scriptTask id='x' name='Pay all'/>"), ["Pay all", "script task", "line 1"]),
        (document(ENDS, "<inclusiveGateway id='or'/>"), ["'or'", "inclusive"]),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + document(ENDS), ["DTD"]),
        (document(ENDS)[:-20], ["well-formed"]),
        (b"<html></html>", ["no BPMN", "html"]),
        (document("<endEvent id='e'/>"), ["no start event"]),
        (document(ENDS, "<task id='t'/>"), ["'t'", "no name"]),
        (document(ENDS, flow("s", "nowhere")), ["nowhere"]),
        (document(ENDS, "<task id='e' name='again'/>"), ["again", "used before"]),
        (HEAD.encode() + b"<process id='a'/><process id='b'/></definitions>", ["2 processes (a, b)"]),
        (
            document(ENDS, "<subProcess id='x' name='Any' triggeredByEvent='true'/>"),
            ["Any", "event sub-process"],
        ),
        (document(*["<extensionElements>"] * 80, *["</extensionElements>"] * 80), ["depth"]),
        (b"", ["well-formed"]),
    ],
)
def test_what_no_net_can_say_is_refused_by_name(content, words):
    with pytest.raises(ModelError) as refused:
        net_of_bpmn(content, "m.bpmn")
    assert all(word in refused.value.message for word in ["m.bpmn", *words])
