"""What a person fills in for a step, held to its output contract before it counts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from home.errors import Refused

UNASKED = frozenset({"retry", "cancel"})
"""Ways out of the manual queue that need no form."""
WORDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "needs at least {} characters",
    "maxLength": "may have at most {} characters",
    "minItems": "needs at least {}",
    "maxItems": "may have at most {}",
    "uniqueItems": "names something twice",
    "pattern": "must match {}",
    "format": "must be a {}",
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "const": "must be {}",
}
"""What is wrong, by the rule of the schema that is broken and what it asks for."""


class FormBroken(Refused):
    """What was filled in breaks the step's output contract; `problems` has one sentence per field."""

    code = "form"

    def __init__(self, step: str, problems: Mapping[str, str]) -> None:
        told = "; ".join(f"{where}: {what}" if where else what for where, what in problems.items())
        super().__init__(
            f"What was filled in for {step!r} does not fit: {told}.",
            hint="Give it as --data JSON, or --data @FILE. Nothing was decided.",
        )
        self.problems = dict(problems)


def with_defaults(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, and the defaults of properties that were left out, of nested objects too."""
    found = dict(values)
    for name, about in schema.get("properties", {}).items():
        if not isinstance(about, Mapping):
            continue
        if name not in found and "default" in about:
            found[name] = about["default"]
        elif isinstance(found.get(name), Mapping):
            found[name] = with_defaults(about, found[name])
    return found


def problems(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, in words, by field: `amount`, `address.street`, `lines.0`; empty where all fits."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    found: dict[str, str] = {}
    for error in sorted(validator.iter_errors(values), key=lambda error: str(list(error.absolute_path))):
        for where, what in _told(error):
            found.setdefault(where, what)
    return found


def _told(error: Any) -> Iterator[tuple[str, str]]:
    path = [str(part) for part in error.absolute_path]
    limit, rule = error.validator_value, error.validator
    if rule == "required":
        yield from ((".".join([*path, name]), "is needed") for name in limit if name not in error.instance)
        return
    told = ", ".join(map(str, limit)) if isinstance(limit, list) else limit
    yield ".".join(path), WORDS[rule].format(told) if rule in WORDS else error.message


def checked(task: Mapping[str, Any], outcome: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was filled in for a row of `task`, with defaults; raises `FormBroken` where it does not fit."""
    form = json.loads(task["context"]).get("form")
    if not form or (task["kind"] == "manual" and outcome in UNASKED):
        return given
    filled = with_defaults(form, given)
    if wrong := problems(form, filled):
        raise FormBroken(task["name"], wrong)
    return filled
