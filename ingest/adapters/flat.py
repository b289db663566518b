"""Turns JSON into flat rows of text: nested objects as dotted columns, changelogs as events."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ingest.adapter import Aside
from ingest.adapters.changelog import has_changelog, moves
from ingest.errors import Unfit

Columns = dict[str, str | None]


class _Doubled(dict[str, Any]):
    """An object that had one key twice."""

    key = ""
    pairs: list[tuple[str, Any]]
    """All that it had."""


class _Unbounded(str):
    """A number that no type can hold, as it was written."""


class _Misfit(ValueError):
    """Why a record cannot be a row."""

    def __init__(self, reason: str, column: str, code: str) -> None:
        super().__init__(reason)
        self.reason, self.column, self.code = reason, column, code


class _Constant(ValueError):
    """NaN or an infinity, which are no JSON."""


LONGEST = 308
"""Digits of the largest number there is a type for."""
LITERALS = ("true", "false", "null", "-")
CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')


def parsed(text: str, where: str, *, line: int = 1) -> Any:
    """A JSON document, numbers as they were written; raises `Unfit` saying the line.

    `line` is the number of the text's first line in the document.
    """
    try:
        value, end = decode(text, len(text) - len(text.lstrip()))
    except ValueError as error:
        raise malformed(error, text, where, line=line) from error
    except RecursionError as error:
        raise too_deep(where) from error
    if text[end:].strip():
        line += text.count("\n", 0, end + len(text[end:]) - len(text[end:].lstrip()))
        message = f"{where}, line {line}: not well-formed JSON (more text behind the document)."
        raise Unfit("line", message, where=f"line {line}", hint=MEND)
    return value


MEND = "Export it again, or mend it at that place."


def too_deep(where: str) -> Unfit:
    """The refusal of what nests without measure."""
    return Unfit("depth", f"{where}: values nest too deep (depth).", hint="No event log nests like that.")


def malformed(error: ValueError, text: str, where: str, *, line: int = 1, at: int = 0) -> Unfit:
    """The refusal of text that `decode` could not read from `at`; `line` is the line of the text's start."""
    if isinstance(error, json.JSONDecodeError):
        place, said = error.pos, error.msg
        if is_cut(error, text):
            line += text.count("\n")
            message = f"{where} is truncated: the JSON ends at line {line} inside a value."
            return Unfit("truncated", message, where=f"line {line}", hint="Export or copy it again.")
    else:
        place = next((m.start() for m in CONSTANT.finditer(text, at) if m[0][0] != '"'), at)
        said = str(error)
    column = place - text.rfind("\n", 0, place)
    line += text.count("\n", 0, place)
    message = f"{where}, line {line}, column {column}: not well-formed JSON ({said})."
    return Unfit("line", message, where=f"line {line}", hint=MEND)


def is_cut(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text is JSON so far, and only ends too soon."""
    rest = text[error.pos :].strip()
    if not rest or error.msg.startswith("Unterminated string"):
        return True
    if error.msg.startswith("Invalid \\"):
        return re.fullmatch(r"\\?u?[0-9a-fA-F]{0,4}", rest) is not None
    return error.msg.startswith("Expecting value") and any(word.startswith(rest) for word in LITERALS)


def flat(record: Any, number: int, *, depth: int, where: str) -> Iterator[Columns | Aside]:
    """A record as one row, or one per move of its changelog; what cannot be a row is set aside.

    `number` is the row of the first. Raises `Unfit` for values nested deeper than `depth`.
    """
    try:
        if isinstance(record, dict):
            for row in moves(record) if has_changelog(record) else (record,):
                columns: Columns = {}
                _flatten(row, "", columns, depth, where)
                yield columns
        else:
            yield Aside(number, "no object", values={"value": record})
    except _Misfit as error:
        yield Aside(number, error.reason, error.column, record, error.code)
    except (AttributeError, TypeError):
        yield Aside(number, "its changelog is not written as Jira writes it", "changelog", record)


def _flatten(value: Any, name: str, columns: Columns, depth: int, where: str) -> None:
    if type(value) is str or value is None:
        columns[name] = value  # text, or a number as it was written
    elif isinstance(value, dict):
        _examine(value, name, depth, where)
        for key, inner in value.items():
            _flatten(inner, f"{name}.{key}" if name else key, columns, depth - 1, where)
    elif isinstance(value, list):
        _look_into(value, name, depth, where)
        columns[name] = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, bool):
        columns[name] = "true" if value else "false"
    elif isinstance(value, _Unbounded):
        raise _Misfit(f"{value[:40]!r} is a number no type can hold", name, "not_a_number")
    else:
        columns[name] = str(value)


def _examine(value: dict[str, Any] | list[Any], name: str, depth: int, where: str) -> None:
    if depth < 0:
        raise too_deep(where)
    if isinstance(value, _Doubled):
        raise _Misfit("a key occurs twice", f"{name}.{value.key}" if name else value.key, "duplicate_key")


def _look_into(value: dict[str, Any] | list[Any], name: str, depth: int, where: str) -> None:
    """Hold what a list contains to the same rules, though it is kept as JSON."""
    _examine(value, name, depth, where)
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _look_into(inner, name, depth - 1, where)


def follow(value: Any, path: list[str]) -> Iterator[Any]:
    """Everything at a path; lists on the way are gone through, `*` takes every value of an object."""
    if isinstance(value, list):
        for inner in value:
            yield from follow(inner, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        step, *rest = path
        inner = list(value.values()) if step == "*" else [value[step]] if step in value else []
        for found in inner:
            yield from follow(found, rest)


def at(value: Any, path: str | None) -> Any:
    """The one value at a dotted path of objects; `None` where there is none.

    A key may hold dots itself, as `@odata.nextLink` does.
    """
    if not path or not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    for step in range(1, path.count(".") + 1):
        parts = path.split(".")
        head, rest = ".".join(parts[:step]), ".".join(parts[step:])
        if head in value:
            return at(value[head], rest)
    return None


def lists(value: Any, path: str = "", depth: int = 0) -> dict[str, list[Any]]:
    """Path to each list of objects, not looking into the lists themselves."""
    found: dict[str, list[Any]] = {}
    if isinstance(value, dict) and depth < 8:
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            if isinstance(inner, list) and inner and all(isinstance(v, dict) for v in inner):
                found[here] = inner
            found |= lists(inner, here, depth + 1)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = _Doubled(found)
    names = Counter(name for name, _ in pairs)
    doubled.key = next(name for name, count in names.items() if count > 1)
    doubled.pairs = pairs
    return doubled


def pairs_of(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Every key with its value, also where a key occurs twice."""
    return value.pairs if isinstance(value, _Doubled) else value.items()


def _constant(name: str) -> Any:
    raise _Constant(f"{name} is no JSON")


def _whole(digits: str) -> str:
    return digits if len(digits) <= LONGEST else _Unbounded(digits)


def _fraction(digits: str) -> str:
    return _Unbounded(digits) if math.isinf(float(digits)) else digits


decode = json.JSONDecoder(
    parse_int=_whole, parse_float=_fraction, parse_constant=_constant, object_pairs_hook=_object
).raw_decode
"""The value that stands at a place of a text, and where it ends."""
