"""The split miner: planted structures come out as they were planted."""

from collections import Counter
from itertools import pairwise, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.aggregates import Aggregates
from mining.gateways import Grouping, grouped
from mining.petri_net import NetAutomaton, control_flow_complexity, size, unsoundness
from mining.split_miner import side_by_side, split_net, worth_keeping

Case = tuple[str, ...]


def counted(cases: list[Case]) -> Aggregates:
    return Aggregates(
        activities=Counter(a for case in cases for a in case),
        flows=Counter(pair for case in cases for pair in pairwise(case)),
        triples=Counter(three for case in cases for three in zip(case, case[1:], case[2:], strict=False)),
        starts=Counter(case[0] for case in cases),
        ends=Counter(case[-1] for case in cases),
    )


def accepted(cases: list[Case], **options: float) -> float:
    """The share of cases that a sound net of them accepts."""
    net = split_net(counted(cases), **options)
    assert unsoundness(net) == ""
    automaton = NetAutomaton(net)

    def fits(case: Case) -> bool:
        state = automaton.start
        for activity in case:
            state = automaton.step(state, activity)
        return automaton.accepting(state)

    return sum(map(fits, cases)) / len(cases)


@pytest.mark.parametrize(
    ("cases", "complexity"),
    [
        ([("a", "b", "c")] * 5, 0),
        ([("s", *order, "e") for order in permutations("abc")], 1),
        ([("s", *order, last) for order, last in product(permutations("ab"), "cd")], 3),
        ([("s", *order, "e") for b in ("b1", "b2") for order in permutations(("a", b))], 3),
        ([tuple("abcd")] * 5 + [tuple("abbcd")] * 2, 2),
        ([tuple("abcd")] * 5 + [tuple("abcbcd")] * 4, 2),
        ([tuple("ab"), tuple("ac"), ("b", "c")[:1]], None),
    ],
    ids=[
        "sequence", "three side by side", "meet, then choose", "choice inside", "repeats", "goes back",
        "starts anywhere",
    ],
)  # fmt: skip
def test_what_was_planted_is_accepted_and_sound(cases, complexity):
    assert accepted(cases, percentile=0.0) == 1.0
    if complexity is not None:
        assert control_flow_complexity(split_net(counted(cases), percentile=0.0)) == complexity


def test_rare_flows_are_left_out_and_nothing_else():
    cases = [tuple("abcd")] * 99 + [tuple("acd")]
    assert control_flow_complexity(split_net(counted(cases))) == 0
    assert accepted(cases) == 0.99
    assert accepted(cases, percentile=0.0) == 1.0


def test_a_pair_is_side_by_side_only_when_both_orders_are_about_as_frequent():
    both = [tuple("sabe")] * 50 + [tuple("sbae")] * 45
    assert side_by_side(counted(both)).concurrent == {("a", "b"), ("b", "a")}
    one = [tuple("sabe")] * 50 + [tuple("sbae")] * 30
    seen = side_by_side(counted(one))
    assert seen.concurrent == frozenset() and seen.dropped == {("b", "a"): 30}
    short_loop = [tuple("sabae")] * 50
    assert side_by_side(counted(short_loop)).concurrent == frozenset()


def test_names_are_only_names():
    names = ("start", "end", "tau", "", "'", "and")
    assert accepted([names] * 3) == 1.0


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8).map(tuple), min_size=1, max_size=30)
)
def test_every_activity_lies_on_a_way_from_start_to_end(cases):
    log = counted(cases)
    kept = worth_keeping(side_by_side(log))
    for side in (0, 1):
        assert {flow[side] for flow in kept} >= set(log.activities)
    net = split_net(log)
    assert {t.label for t in net.transitions} - {None} == set(log.activities)
    assert size(net) >= len(log.activities) + 2


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_gateways_say_of_each_pair_what_was_planted(depth, random):
    """A relation drawn from a random nesting comes back as a nesting with the same relation."""

    def plant(names: list[str], kind: str) -> dict[frozenset[str], str]:
        if len(names) == 1:
            return {}
        cut = random.randint(1, len(names) - 1)
        other = "and" if kind == "xor" else "xor"
        pairs = {frozenset((a, b)): kind for a in names[:cut] for b in names[cut:]}
        return pairs | plant(names[:cut], other) | plant(names[cut:], other)

    names = [f"n{i}" for i in range(depth)]
    planted = plant(names, random.choice(["and", "xor"]))
    found: dict[frozenset[str], str] = {}

    def read(grouping) -> list[str]:
        if not isinstance(grouping, Grouping):
            return [grouping]
        parts = [read(part) for part in grouping.parts]
        for i, part in enumerate(parts):
            found.update(
                {frozenset((a, b)): grouping.kind for before in parts[:i] for a in before for b in part}
            )
        return [name for part in parts for name in part]

    assert sorted(read(grouped(names, lambda a, b: planted.get(frozenset((a, b))) == "and"))) == names
    assert found == planted
