"""Nets: the language of a tree survives the translation, and soundness is told from its lack."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.alignments import Aligner, alignment_fitness
from mining.derivatives import Automaton, TooManyStates, Trie, measure
from mining.petri_net import (
    Net,
    NetAutomaton,
    Transition,
    control_flow_complexity,
    of_tree,
    size,
    unsoundness,
)
from mining.tree import Tree, choice, leaf, loop, parallel, sequence, silent

TREES = st.recursive(
    st.one_of(st.sampled_from("abcd").map(leaf), st.just(silent())),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda c: sequence(*c)),
        st.lists(inner, min_size=2, max_size=3).map(lambda c: parallel(*c)),
        st.lists(inner, min_size=2, max_size=3).map(lambda c: choice(*c)),
        st.tuples(inner, inner).map(lambda c: loop(*c)),
    ),
    max_leaves=8,
)
LOGS = st.dictionaries(
    st.lists(st.sampled_from("abcd"), max_size=6).map(tuple), st.integers(1, 9), min_size=1
)


@settings(max_examples=50, deadline=None)
@given(TREES, LOGS)
def test_a_net_measures_as_its_tree(tree: Tree, log: dict):
    trie = Trie.of(log)
    by_tree, by_net = measure(tree, trie), measure(NetAutomaton(of_tree(tree)), trie)
    assert by_net.fitness == by_tree.fitness
    assert by_net.precision == pytest.approx(by_tree.precision)


@settings(max_examples=30, deadline=None)
@given(TREES)
def test_the_net_of_a_tree_is_sound(tree: Tree):
    assert unsoundness(of_tree(tree)) == ""


@settings(max_examples=40, deadline=None)
@given(TREES, st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5).map(tuple), max_size=20))
def test_what_a_tree_accepts_costs_nothing_to_align(tree: Tree, traces: list[tuple[str, ...]]):
    aligner, automaton = Aligner(of_tree(tree)), Automaton(tree)
    for trace, found in zip(traces, aligner.align(traces), strict=True):
        assert found is not None and (found.cost == 0) == automaton.accepts(trace)
    assert (aligner.shortest() == 0) == automaton.accepts(())


def test_no_trace_is_aligned_whose_turn_comes_too_late():
    assert list(Aligner(of_tree(leaf("a"))).align([("a",), ("b",)], until=0.0)) == [None, None]


def t(label: str | None, takes: tuple[int, ...], gives: tuple[int, ...]) -> Transition:
    return Transition(label, takes, gives)


UNSOUND = {
    "cannot end": Net(4, (t("a", (0,), (2,)), t("b", (0,), (3,)), t("c", (2,), (1,))), (0,), (1,)),
    "left behind": Net(4, (t("a", (0,), (1, 2)), t("b", (2,), (3,)), t("c", (3,), (2,))), (0,), (1,)),
    "never happen: d": Net(3, (t("a", (0,), (1,)), t("d", (2,), (1,))), (0,), (1,)),
    "without bound": Net(3, (t("a", (0,), (0, 2)), t("b", (0,), (1,)), t("c", (2,), (1,))), (0,), (1,)),
}


@pytest.mark.parametrize(("why", "net"), UNSOUND.items())
def test_what_is_not_sound_says_why(why: str, net: Net):
    assert why in unsoundness(net)


def test_too_many_states_is_said():
    tree = parallel(*(leaf(c) for c in "abcdefghijkl"))
    with pytest.raises(TooManyStates, match="more than 100 states"):
        unsoundness(of_tree(tree), most=100)


def test_size_and_complexity_count_what_bpmn_draws():
    tree = sequence(leaf("a"), choice(leaf("b"), leaf("c"), silent()), parallel(leaf("d"), leaf("e")))
    assert size(of_tree(tree)) == 5 + 2 + 2 + 2
    assert control_flow_complexity(of_tree(tree)) == 3 + 1


def test_fitness_is_one_minus_cost_over_worst_cost():
    net = of_tree(sequence(leaf("a"), leaf("b")))
    log = {("a", "b"): 6, ("a",): 3, ("a", "x", "b"): 1}
    found = alignment_fitness(net, log)
    assert found.measured == 1
    assert found.fitness == pytest.approx(1 - (3 + 1) / (6 * 4 + 3 * 3 + 1 * 5))
    assert alignment_fitness(net, log, budget_s=0).measured == 0
    never = Net(2, (), (0,), (1,))
    assert alignment_fitness(never, log).fitness is None
