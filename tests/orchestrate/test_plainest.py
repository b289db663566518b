"""The sandbox's simplest values hold the contracts they stand for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orchestrate.proving.plainest import plainest

NUMBERS = st.integers(-50, 50)


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    """A schema of whole numbers that a number drawn first fulfils."""
    step = draw(st.integers(1, 7))
    value = draw(NUMBERS) * step
    schema: dict[str, Any] = {"type": "integer", "multipleOf": step}
    for name, bound in (
        ("minimum", value - draw(st.integers(0, 9))),
        ("exclusiveMinimum", value - draw(st.integers(1, 9))),
        ("maximum", value + draw(st.integers(0, 9))),
        ("exclusiveMaximum", value + draw(st.integers(1, 9))),
    ):
        if draw(st.booleans()):
            schema[name] = bound
    return schema


LEAVES = st.one_of(
    numbers(),
    st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": st.integers(0, 30)}),
    st.builds(lambda values: {"enum": values}, st.lists(st.text(), min_size=1, max_size=3)),
    st.just({"type": "boolean"}),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda items, n: {"type": "array", "items": items, "minItems": n}, inner, st.integers(0, 3)
        ),
        st.builds(
            lambda parts: {"type": "object", "properties": parts, "required": sorted(parts)},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        ),
    ),
    max_leaves=6,
)


@given(SCHEMAS)
def test_it_is_what_the_schema_allows(schema: dict[str, Any]) -> None:
    Draft202012Validator(schema).validate(plainest(schema))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, "sandbox"),
        ({"type": "number", "exclusiveMinimum": 0}, 1),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, 0.25),
        ({"type": "number", "maximum": -3}, -3),
        ({"type": "integer", "minimum": 2}, 2),
        ({"type": "integer", "multipleOf": 5, "exclusiveMinimum": 5}, 10),
        ({"type": "string", "maxLength": 3}, "san"),
        ({"type": ["integer", "null"]}, 0),
        ({"type": "string", "format": "date"}, "2026-01-05"),
        ({"const": None}, None),
        ({"type": "number", "minimum": 2, "maximum": 1}, 2),
    ],
)
def test_it_is_simple(schema: dict[str, Any], value: Any) -> None:
    assert plainest(schema) == value
