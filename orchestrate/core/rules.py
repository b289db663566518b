"""Rules in CEL: compiled and type-checked when a plan is read, and a bool or an error when evaluated.

CEL has no loops without end, no files and no network, and the library stops after a budget of
iterations. Division by zero, overflow and missing fields come back as values, so the result is
looked at: anything but a bool is an error.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from home.contracts import utc_text
from home.errors import Refused

LONGEST = 4000
Rule = Callable[[Mapping[str, Any]], bool]
"""From `data`, `done`, `outcome`, `visit`, `elapsed_s` to whether the rule holds; raises `RuleError`."""
_PROBLEM = re.compile(r"<input>:(\d+):(\d+): (.*)")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """as break const continue else false for function if import in let loop namespace null package
        return true var void while""",
    )
)


class RuleError(Refused):
    """A rule does not compile, or says neither true nor false."""

    code = "rule"


@lru_cache(maxsize=4096)
def compile_rule(expression: str) -> Rule:
    """The rule that a CEL expression states.

    Raises `RuleError` where it is not CEL, speaks of unknown names, or could not be a bool.
    """
    from cel_expr_python import cel

    kind = cel.Type
    names = {
        "data": kind.Map(kind.STRING, kind.DYN),
        "done": kind.Map(kind.STRING, kind.INT),
        "outcome": kind.Map(kind.STRING, kind.STRING),
        "visit": kind.INT,
        # Any number: CEL does not compare a double with 3600 but with 3600.0, which nobody remembers.
        "elapsed_s": kind.DYN,
    }
    compiled = _compiled(expression, names, "data, done, outcome, visit and elapsed_s")
    found = compiled.return_type().name().upper()
    if found not in ("BOOL", "DYN"):
        raise RuleError(
            f"The rule {expression!r} says {found.lower()}, not true or false.",
            hint="Compare it with something, as in `data.amount > 1000`.",
        )

    def rule(environment: Mapping[str, Any]) -> bool:
        try:
            value = compiled.eval(data=dict(environment)).value()
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise RuleError(f"The rule {expression!r} cannot be evaluated: {error}.") from error
        if not isinstance(value, bool):
            raise RuleError(f"The rule {expression!r} gave {_reason(value)}, neither true nor false.")
        return value

    return rule


@lru_cache(maxsize=4096)
def compile_value(expression: str, *names: str) -> Callable[[Mapping[str, Any]], Any]:
    """What a CEL expression over values of these names gives, as JSON has it.

    A moment is ISO 8601 text and a duration seconds. Raises `RuleError` where it is not CEL; what it
    answers raises it where the expression finds no value, such as a field that is not there.
    """
    from cel_expr_python import cel

    compiled = _compiled(expression, dict.fromkeys(names, cel.Type.DYN), " and ".join(names))

    def value(environment: Mapping[str, Any]) -> Any:
        try:
            found = compiled.eval(data=dict(environment))
            if found.type().name() == "ERROR":
                raise RuleError(f"The expression {expression!r} has no value: {_reason(found.value())}.")
            return _as_json(found.plain_value())
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise RuleError(f"The expression {expression!r} has no value: {error}.") from error

    return value


def _as_json(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if isfinite(value):
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case datetime():
            return utc_text(value)
        case timedelta():
            return value.total_seconds()
        case list() | tuple():
            return [_as_json(item) for item in value]
        case dict() if all(isinstance(name, str) for name in value):
            return {name: _as_json(item) for name, item in value.items()}
    raise ValueError(f"{value!r} cannot be written as JSON")


def _compiled(expression: str, names: Mapping[str, Any], spoken: str) -> Any:
    from cel_expr_python import cel

    if len(expression) > LONGEST:
        raise RuleError(f"The rule is {len(expression)} characters long; the most is {LONGEST}.")
    try:
        return cel.NewEnv(variables=dict(names)).compile(expression)
    except RuntimeError as error:
        raise _not_compiled(expression, str(error), spoken) from error


def _not_compiled(expression: str, text: str, spoken: str) -> RuleError:
    match = _PROBLEM.search(text)
    reason = match[3].removesuffix(" [INVALID_ARGUMENT]") if match else text
    column = f" at column {match[2]}" if match else ""
    hint = f"A rule may use {spoken}, as in `data.amount > 1000`."
    return RuleError(f"The rule {expression!r} does not compile{column}: {reason}.", hint=hint)


def _reason(value: object) -> str:
    text = str(value)
    return repr(text.split(": ", 1)[1] if ": " in text else text)


def field_of(name: str, root: str = "data") -> str:
    """How a rule names a field: `data.amount`, or `data["my field"]`."""
    if _IDENTIFIER.fullmatch(name) and name not in _RESERVED:
        return f"{root}.{name}"
    return f"{root}[{literal(name)}]"


def has_field(name: str, root: str = "data") -> str:
    """The rule that a field is there."""
    return f"{literal(name)} in {root}"


def literal(value: str | float | bool) -> str:
    """A value as CEL writes it; numbers as doubles, which compare with integers too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_escaped(character) for character in value) + '"'
    text = repr(float(value))
    return text if "e" in text or "." in text else f"{text}.0"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
