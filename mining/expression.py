"""A CEL expression as a syntax tree: parsed by the CEL library, with the place of every part.

The library hands out its tree as a message of `cel/expr/syntax.proto` (github.com/google/cel-spec);
the few fields needed are read here from the protobuf wire format.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from mining.errors import FilterError

Kind = Literal["value", "name", "field", "has", "call", "list"]
_POSITION = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_WORDS = {"_&&_": "&&", "_||_": "||", "!_": "!", "-_": "-", "@in": "in", "_[_]": "[]", "_?_:_": "?:"}


@dataclass(frozen=True)
class Part:
    """One part of an expression.

    `value`: a constant. `name`: an identifier. `field` and `has`: member `name` of the only argument.
    `call`: operator or function `name`; a method's object is its first argument. `list`: its elements.
    """

    kind: Kind
    column: int
    """Where it stands, from 1; of an operator, the operator itself."""
    name: str = ""
    value: Any = None
    parts: tuple["Part", ...] = ()


@cache
def parse(expression: str) -> Part:
    """The syntax tree of `expression`; raises `FilterError` where it is not CEL."""
    from cel_expr_python import cel

    try:
        message = cel.NewEnv().compile(expression, disable_check=True).serialize()
    except RuntimeError as error:
        raise _syntax_error(str(error), expression) from error
    parsed = _one(_one(message, 2), 2), _one(_one(message, 2), 3)
    return _Reader(expression, parsed[1]).part(parsed[0])


def _syntax_error(text: str, expression: str) -> FilterError:
    match = _POSITION.search(text)
    if match is None:
        return FilterError(f"not a CEL expression: {text}", expression, 1)
    line, column, reason = int(match[1]), int(match[2]), match[3].removesuffix(" [INVALID_ARGUMENT]")
    reason = reason.removeprefix("Syntax error: ").split(" expecting {")[0]
    before = expression.split("\n")[: line - 1]
    hint = 'Compare with == and join with && and ||, as in: case.amount > 1000 && contains("Approve")'
    return FilterError(
        reason.rstrip(".") + ".", expression, sum(len(b) + 1 for b in before) + column, hint=hint
    )


class _Reader:
    """Turns messages into parts, finding the column of each by its id."""

    def __init__(self, expression: str, source_info: bytes) -> None:
        self.expression = expression
        entries = [value for number, value in _fields(source_info) if number == 4]
        self.offsets = {_one(entry, 1, 0): _one(entry, 2, 0) for entry in entries}

    def part(self, message: bytes) -> Part:
        """The part that one `Expr` message stands for."""
        found = dict(_fields(message))
        column = self.offsets.get(found.get(2, 0), 0) + 1
        if 3 in found:
            return Part("value", column, value=_constant(found[3]))
        if 4 in found:
            return Part("name", column, name=_text(_one(found[4], 1)))
        if 5 in found:
            kind: Kind = "has" if _one(found[5], 3, 0) else "field"
            operand = self.part(_one(found[5], 1))
            return Part(kind, column, name=_text(_one(found[5], 2)), parts=(operand,))
        if 6 in found:
            name = _text(_one(found[6], 2))
            parts = [self.part(value) for number, value in _fields(found[6]) if number in (1, 3)]
            return Part("call", column, name=_WORDS.get(name, name.strip("_")), parts=tuple(parts))
        if 7 in found:
            elements = [self.part(value) for number, value in _fields(found[7]) if number == 1]
            return Part("list", column, parts=tuple(elements))
        what = "a map" if 8 in found else "a macro such as all, exists, map or filter"
        raise FilterError(f"{what} cannot be used in a filter.", self.expression, column)


def _constant(message: bytes) -> Any:
    """A constant: absent fields of the message are its zero value."""
    for number, value in _fields(message):
        if number == 1:
            return None
        if number == 2:
            return bool(value)
        if number in (3, 4):
            return value - (1 << 64) if number == 3 and value >= 1 << 63 else value
        if number == 5:
            return struct.unpack("<d", value)[0]
        if number == 6:
            return _text(value)
        if number == 7:
            return bytes(value)
    return None


def _text(value: bytes) -> str:
    return value.decode("utf-8")


def _one(message: bytes, number: int, default: Any = b"") -> Any:
    return next((value for found, value in _fields(message) if found == number), default)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values of a protobuf message: numbers, or bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value: Any
            value, at = _varint(message, at)
        elif wire == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            length = 8 if wire == 1 else 4
            value, at = message[at : at + length], at + length
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
