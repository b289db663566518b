"""What a click filters by, in CEL and in words, and back to what was clicked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.parts.chips import chip_of, chosen_variants, clicked, in_words, variants_chip

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
CLICKS = st.one_of(
    st.builds(lambda a: {"kind": "activity", "activity": a}, NAMES),
    st.builds(lambda a: {"kind": "start", "activity": a}, NAMES),
    st.builds(lambda a: {"kind": "end", "activity": a}, NAMES),
    st.builds(lambda a, b: {"kind": "flow", "source": a, "target": b}, NAMES, NAMES),
)


@given(CLICKS)
def test_a_filter_remembers_what_was_clicked(click):
    assert clicked([chip_of(click)]) == [click]


@given(CLICKS)
def test_the_words_hold_the_names_as_they_are(click):
    said = in_words(chip_of(click))
    assert all(name in said for kind, name in click.items() if kind != "kind")


@pytest.mark.parametrize("chip", ['contains("\\x")', 'contains("', "case.amount > 3", "variant in [1,,]", ""])
def test_whatever_stands_in_an_address_is_shown(chip):
    assert isinstance(in_words(chip), str)
    assert isinstance(clicked([chip]), list)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=10))
def test_chosen_variants_are_found_again(numbers):
    assert chosen_variants(["case.a == 1", variants_chip(numbers)]) == numbers


def test_an_odd_list_of_variants_chooses_none():
    assert chosen_variants(["variant in [1, , 2]"]) == []
