"""Replay puts every event into exactly one part of the tree, in an order that the tree allows."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mining.derivatives import Automaton
from mining.replay import Decision, Parse, Replay, decisions
from mining.tree import Tree, choice, leaf, loop, parallel, sequence, silent

LONGEST = 6


@st.composite
def distinct_trees(draw: st.DrawFn) -> Tree:
    letters = iter("abcdef")

    def build(depth: int) -> Tree:
        kind = draw(st.sampled_from(("leaf", "silent", "sequence", "choice", "parallel", "loop")))
        if depth == 0 or kind in ("leaf", "silent"):
            name = next(letters, None)
            return silent() if kind == "silent" or name is None else leaf(name)
        children = [build(depth - 1) for _ in range(2)]
        make = {"sequence": sequence, "choice": choice, "parallel": parallel, "loop": loop}[kind]
        return make(*children)

    return build(3)


def some_traces(tree: Tree) -> list[tuple[str, ...]]:
    """Up to 60 traces of at most LONGEST activities that the tree accepts."""
    automaton = Automaton(tree)
    found, waiting = [], [((), automaton.start)]
    for trace, state in waiting:
        if automaton.accepting(state):
            found.append(trace)
        if len(trace) < LONGEST and len(waiting) < 400:
            waiting.extend(((*trace, a), automaton.step(state, a)) for a in sorted(automaton.enabled(state)))
    return found[:60]


def check(part: Parse, node: Tree, trace: tuple[str, ...]) -> list[int]:
    """The positions of the events in this part, after checking that they may be there."""
    assert part.operator == node.operator
    if node.operator == "silent":
        return []
    if node.operator == "leaf":
        assert trace[part.position] == node.activity
        return [part.position]
    if node.operator == "choice":
        return check(part.parts[0], node.children[part.branch], trace)
    if node.operator == "loop":
        assert len(part.parts) % 2 == 1
        children = [node.children[i % 2] for i in range(len(part.parts))]
    else:
        children = list(node.children)
    found = [check(p, c, trace) for p, c in zip(part.parts, children, strict=True)]
    if node.operator != "parallel":
        flat = [position for positions in found for position in positions]
        last = [max(positions) for positions in found if positions]
        first = [min(positions) for positions in found if positions]
        assert all(a < b for a, b in zip(last, first[1:], strict=False)), (str(node), trace, flat)
    return [position for positions in found for position in positions]


@given(distinct_trees())
@settings(max_examples=30, deadline=None)
def test_every_event_finds_one_place_that_the_tree_allows(tree: Tree) -> None:
    replay = Replay(tree)
    for trace in some_traces(tree):
        parse = replay.parse(trace)
        assert parse is not None
        assert sorted(check(parse, tree, trace)) == list(range(len(trace)))


def test_a_trace_that_does_not_fit_has_no_replay() -> None:
    assert Replay(sequence(leaf("a"), leaf("b"))).parse(("b", "a")) is None


def test_passes_of_a_loop_are_found_where_a_greedy_reader_would_fail() -> None:
    # A pass that takes b too early leaves c without it: the first pass is a alone.
    tree = loop(parallel(leaf("a"), choice(silent(), sequence(leaf("b"), leaf("c")))))
    parse = Replay(tree).parse(("a", "b", "a", "c"))
    assert parse is not None
    assert len(parse.parts) == 3


def test_decisions_say_what_was_known_when_they_were_taken() -> None:
    tree = sequence(
        loop(sequence(leaf("check"), choice(leaf("accept"), leaf("query"))), leaf("fix")),
        choice(silent(), leaf("archive")),
    )
    parse = Replay(tree).parse(("check", "query", "fix", "check", "accept"))
    assert parse is not None
    body_choice = (0, 0, 1)
    assert sorted(decisions(parse), key=lambda d: (d.path, d.visit)) == [
        Decision((0,), 1, before=1, visit=1),
        Decision((0,), 0, before=4, visit=2),
        Decision(body_choice, 1, before=0, visit=1),
        Decision(body_choice, 0, before=3, visit=2),
        Decision((1,), 0, before=4, visit=1),
    ]
