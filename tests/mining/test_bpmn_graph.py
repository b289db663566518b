"""Nets that are not block-structured as BPMN: readable, and with the language of the net."""

from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mining.aggregates import counted
from mining.bpmn import to_bpmn
from mining.bpmn_graph import graph_of
from mining.bpmn_reader import net_of_bpmn
from mining.derivatives import TooManyStates
from mining.errors import ModelError
from mining.petri_net import Net, NetAutomaton, Transition
from mining.split_miner import split_net
from tests.mining.test_bpmn import assert_readable

TANGLED = ("sacxe", "sacye", "sbdye", "sbcye")
CASES = st.lists(st.text("abcd", min_size=1, max_size=6), min_size=1, max_size=8)


def says(net: Net, trace: str) -> bool:
    automaton = NetAutomaton(net, states=2_000)
    state = automaton.start
    for activity in trace:
        state = automaton.step(state, activity)
    return automaton.accepting(state)


def agree(net: Net, traces: list[str]) -> None:
    xml = to_bpmn(graph_of(net), "planted")
    assert_readable(xml)
    again, note = net_of_bpmn(xml.encode(), "planted.bpmn")
    assert not note
    for trace in traces:
        assert says(net, trace) == says(again, trace), trace


@settings(max_examples=30, deadline=None)
@given(CASES, CASES)
def test_what_is_drawn_comes_back_with_the_same_language(cases: list[str], others: list[str]) -> None:
    net = split_net(counted(Counter(tuple(f"s{case}e") for case in cases)), 0.0)
    try:
        agree(net, [f"s{case}e" for case in (*cases, *others)])
    except (TooManyStates, ModelError):
        assume(False)


def test_a_tangle_is_drawn_without_a_crossing_of_shapes() -> None:
    net = split_net(counted(Counter(map(tuple, TANGLED * 5))), 0.0)
    agree(net, [*TANGLED, "sadxe", "sbdxe", "se", "sace"])


def test_a_choice_that_depends_on_what_else_is_ready_cannot_be_drawn() -> None:
    steps = (
        Transition(None, (0,), (1, 2)),
        Transition("a", (1,), (3,)),
        Transition("b", (2,), (4,)),
        Transition("both", (1, 2), (5,)),
        Transition(None, (3, 4), (5,)),
    )
    with pytest.raises(ModelError, match="not free"):
        graph_of(Net(6, steps, (0,), (5,)))


def test_a_part_that_is_never_reached_is_no_process() -> None:
    steps = (Transition("a", (0,), (1,)), Transition("b", (2,), (1,)))
    with pytest.raises(ModelError, match="never reached"):
        graph_of(Net(3, steps, (0,), (1,)))
