"""Membership and precision by derivatives, against languages written out by brute force."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining import tree as trees
from mining.derivatives import Automaton, TooManyStates, Trie, measure
from mining.tree import Tree, choice, leaf, loop, parallel, sequence, silent

LONGEST = 4
Word = tuple[str, ...]


def shuffles(left: Word, right: Word) -> set[Word]:
    if not left or not right:
        return {left + right}
    return {left[:1] + rest for rest in shuffles(left[1:], right)} | {
        right[:1] + rest for rest in shuffles(left, right[1:])
    }


def joined(left: set[Word], right: set[Word]) -> set[Word]:
    return {a + b for a in left for b in right if len(a + b) <= LONGEST}


def language(tree: Tree) -> set[Word]:
    """Every trace of at most LONGEST activities that the tree produces, by its definition."""
    if tree.operator == "leaf":
        return {(str(tree.activity),)}
    if tree.operator == "silent":
        return {()}
    parts = [language(child) for child in tree.children]
    if tree.operator == "choice":
        return set().union(*parts)
    if tree.operator == "loop":
        body, redo = parts
        found = body
        while True:
            grown = found | joined(joined(found, redo), body)
            if grown == found:
                return found
            found = grown
    words: set[Word] = {()}
    for part in parts:
        if tree.operator == "sequence":
            words = joined(words, part)
        else:
            words = {w for a in words for b in part if len(a + b) <= LONGEST for w in shuffles(a, b)}
    return words


def words(alphabet: str) -> list[Word]:
    found: list[Word] = [()]
    for word in found:
        if len(word) < LONGEST:
            found.extend((*word, letter) for letter in alphabet)
    return found


def small_trees() -> st.SearchStrategy[Tree]:
    return st.recursive(
        st.one_of(st.sampled_from("abc").map(leaf), st.just(silent())),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda c: sequence(*c)),
            st.lists(inner, min_size=2, max_size=3).map(lambda c: parallel(*c)),
            st.lists(inner, min_size=2, max_size=3).map(lambda c: choice(*c)),
            st.tuples(inner, inner).map(lambda c: loop(*c)),
        ),
        max_leaves=6,
    )


@given(small_trees())
@settings(max_examples=30, deadline=None)
def test_accepts_exactly_the_language_of_the_tree(tree: Tree) -> None:
    expected = language(tree)
    automaton = Automaton(tree)
    for word in words("abc"):
        assert automaton.accepts(word) == (word in expected), (str(tree), word)
    assert tree.nullable == (() in expected)


@given(
    small_trees(),
    st.dictionaries(st.lists(st.sampled_from("abc"), max_size=LONGEST).map(tuple), st.integers(1, 9)),
)
@settings(max_examples=40, deadline=None)
def test_fitness_is_the_share_of_accepted_cases_and_precision_a_share(
    tree: Tree, variants: dict[Word, int]
) -> None:
    found = measure(tree, Trie.of(variants))
    expected = language(tree)
    total = sum(variants.values())
    accepted = sum(cases for word, cases in variants.items() if word in expected)
    assert found.fitness == pytest.approx(accepted / total if total else 0.0)
    assert 0 <= found.precision <= 1


def test_precision_counts_what_the_tree_allows_and_the_log_never_does() -> None:
    # After the empty prefix a and b are allowed and only a is seen; after (a) only the end is.
    found = measure(choice(leaf("a"), leaf("b")), Trie.of({("a",): 3}))
    assert found.fitness == 1.0
    assert found.precision == pytest.approx((3 * 1 + 3 * 1) / (3 * 2 + 3 * 1))


def test_a_tree_of_exactly_the_log_is_precise() -> None:
    tree = sequence(leaf("a"), choice(leaf("b"), silent()), leaf("c"))
    assert measure(tree, Trie.of({("a", "b", "c"): 1, ("a", "c"): 5})).precision == 1.0


def test_too_much_interleaving_is_refused() -> None:
    automaton = Automaton(parallel(*(leaf(str(i)) for i in range(12))), states=100)
    with pytest.raises(TooManyStates, match="more than 100 states"):
        for mask in range(1 << 12):
            automaton.accepts(str(i) for i in range(12) if mask >> i & 1)


def test_trees_print_in_the_usual_notation() -> None:
    tree = sequence(leaf("a"), choice(leaf("b's"), silent()), parallel(leaf("c"), loop(leaf("d"))))
    assert str(tree) == "->( 'a', X( 'b\\'s', tau ), +( 'c', *( 'd', tau ) ) )"
    assert (tree.leaves, tree.size, tree.control_flow_complexity) == (4, 8, 2 + 1 + 2)
    assert tree.alphabet == {"a", "b's", "c", "d"}


def test_making_trees_flattens_them() -> None:
    a, b = leaf("a"), leaf("b")
    assert sequence(a, sequence(b, silent())) == sequence(a, b)
    assert sequence(a) == a and sequence() == silent()
    assert choice(a, choice(b, a)) == choice(a, b)
    assert trees.repeatable(sequence(a, b), frozenset("a")) == sequence(loop(a), b)
