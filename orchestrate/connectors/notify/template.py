"""Texts with places for data: filled once, as plain text; nothing in the data is ever read as a template."""

import json
import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
PATH = re.compile(r"\w+(?:\.\w+)*")
LONGEST_VALUE = 10_000


class BadTemplate(ValueError):
    """A text has a brace that opens no place."""


def places(template: str) -> frozenset[str]:
    """The paths that a template names; raises `BadTemplate`."""
    return frozenset(match[1] for match in PLACE.finditer(template) if _is_place(match))


def filled(template: str, data: Mapping[str, Any], *, one_line: bool = False) -> str:
    """`template` with `{name}` and `{customer.name}` replaced by their values; `{{` is a brace.

    Raises `KeyError` with the path that the data does not have. Control characters of values are
    dropped, so that data cannot add a header to a mail or steer a terminal.
    """

    def value_of(match: re.Match[str]) -> str:
        return _text(_found(match[1], data)) if _is_place(match) else match[0][0]

    text = PLACE.sub(value_of, template)
    if one_line:
        return " ".join(_printable(text, keep="").split())
    return _printable(text, keep="\n\t")


def _is_place(match: re.Match[str]) -> bool:
    if match[0] in ("{{", "}}"):
        return False
    if match[1] is None:
        raise BadTemplate(f"a single {match[0]!r} at character {match.start() + 1}; write it twice")
    if not PATH.fullmatch(match[1]):
        raise BadTemplate(f"{match[0]!r} names no field; a place is {{name}} or {{customer.name}}")
    return True


def _found(path: str, data: Any) -> Any:
    for part in path.split("."):
        if isinstance(data, Mapping) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            raise KeyError(path)
    return data


def _text(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _printable(text: str, *, keep: str) -> str:
    return "".join(c if c.isprintable() or c in keep else " " for c in text.replace("\r\n", "\n"))
