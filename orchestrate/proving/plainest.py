"""The simplest value that a JSON schema allows: what the sandbox says where no log tells."""

import math
from collections.abc import Iterator
from typing import Any

from orchestrate.contracts import JsonSchema

WORD = "sandbox"
WRITTEN = {
    "date": "2026-01-05",
    "date-time": "2026-01-05T09:00:00Z",
    "time": "09:00:00Z",
    "email": "sandbox@example.com",
    "uri": "https://example.com/sandbox",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
"""Texts by their format."""


def plainest(schema: JsonSchema) -> Any:
    """The first of a few simple values that the schema allows, and the first of all where it allows none.

    What only a `pattern`, `not`, `oneOf` and their like tell is not looked for.
    """
    from jsonschema import Draft202012Validator

    allowed = Draft202012Validator(schema).is_valid
    values = list(_values(schema))
    return next((value for value in values if allowed(value)), values[0])


def _values(schema: JsonSchema) -> Iterator[Any]:
    for name in ("const", "default"):
        if name in schema:
            yield schema[name]
    for name in ("enum", "examples"):
        yield from schema.get(name, ())
    kind = schema.get("type", "string")
    match kind if isinstance(kind, str) else kind[0]:
        case "number" | "integer" as kind:
            yield from _numbers(schema, whole=kind == "integer")
        case "boolean":
            yield from (False, True)
        case "array":
            items = schema.get("items", {})
            one = plainest(items) if isinstance(items, dict) else WORD
            yield [one] * int(schema.get("minItems", 0))
        case "object":
            properties = schema.get("properties", {})
            yield {name: plainest(properties.get(name, {})) for name in schema.get("required", ())}
        case "null":
            yield None
        case _:
            yield _text(schema)


def _numbers(schema: JsonSchema, *, whole: bool) -> Iterator[float | int]:
    """The least that is allowed, zero, the most; and where a bound itself is out, one beside it."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf") or 1
    for bound in (low, above):
        if bound is not None:
            least = math.floor(bound / step) * step
            yield from (bound, least, least + step)
    yield 0
    for bound in (high, below):
        if bound is not None:
            most = math.ceil(bound / step) * step
            yield from (bound, most, most - step)
    ends = [end for end in (low, above, high, below) if end is not None]
    if len(ends) > 1 and not whole:
        yield (min(ends) + max(ends)) / 2


def _text(schema: JsonSchema) -> str:
    word = WRITTEN.get(schema.get("format", ""), WORD)
    return word.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
