"""Filters: a CEL expression over cases becomes parameterised SQL over `cv` and `variant`.

    case.amount > 1000, case["Kind of order"] == "rush", has(case.amount), case.amount == null
    case_id == "4711"
    contains("Approve"), "Approve" in activities, "Ann" in resources, "ERP" in systems
    follows("Approve", "Pay")            at any later point of the case
    directly_follows("Approve", "Pay")   as the very next activity
    first == "Register", last in ["Pay", "Reject"]
    start >= "2024-01-01", end < timestamp("2024-07-01T00:00:00Z")
    duration_s > 86400, events <= 5, variant <= 3
    saved("large")                       what was saved under this name

joined with && || ! and compared with == != < <= > >= in. A case without the attribute passes no
comparison except != and == null.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from home.duck import Cursor
from mining.errors import FilterError
from mining.expression import Part, parse
from mining.vocabulary import (
    COLUMNS,
    MEMBERS,
    SEQUENCES,
    SINGULAR,
    TEXT_TESTS,
    Members,
    Type,
    Vocabulary,
    meant,
)

EQUALITY = {"==": "is not distinct from", "!=": "is distinct from"}
ORDER = ("<", "<=", ">", ">=")
ARITHMETIC = ("+", "-", "*", "/", "%")


@dataclass(frozen=True)
class Condition:
    """A condition on the rows of `cv`, and the values of its `$` parameters."""

    sql: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class _Typed:
    """SQL of one part, and the type of what it yields."""

    sql: str
    type: Type
    part: Part


def condition(cursor: Cursor, expression: str, *, tz: str = "UTC", naming: str | None = None) -> Condition:
    """The condition that `expression` puts on cases.

    Names are looked up in the log behind `cursor`; a date without a zone is read in `tz`. `naming` is the
    name it is about to be saved under, which it must not call. Raises `FilterError` with column and caret
    for what is not CEL, not known, or of the wrong type.
    """
    within = (naming,) if naming is not None else ()
    translation = _Translation(Vocabulary(cursor), expression, tz, within)
    sql = translation.boolean(parse(expression))
    return Condition(sql, translation.parameters)


class _Translation:
    """One expression on its way to SQL."""

    def __init__(
        self, vocabulary: Vocabulary, expression: str, tz: str, within: tuple[str, ...] = ()
    ) -> None:
        self.vocabulary, self.expression, self.zone = vocabulary, expression, ZoneInfo(tz)
        self.within = within
        """Names of the saved filters that it stands in, outermost first."""
        self.parameters: dict[str, Any] = {}
        self.functions: dict[str, Callable[[Part], _Typed]] = {
            "&&": self.joined,
            "||": self.joined,
            "!": self.negated,
            "in": self.member,
            "[]": self.index,
            "timestamp": self.timestamp,
            "contains": self.contains,
            "follows": self.sequence,
            "directly_follows": self.sequence,
            "saved": self.saved,
            "startsWith": self.text_test,
            "endsWith": self.text_test,
            "matches": self.text_test,
            **dict.fromkeys((*EQUALITY, *ORDER), self.compared),
            **dict.fromkeys(ARITHMETIC, self.arithmetic),
        }

    def fail(self, part: Part, reason: str, hint: str = "") -> NoReturn:
        raise FilterError(reason, self.expression, part.column, hint=hint)

    def bind(self, value: Any) -> str:
        name = f"w{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def boolean(self, part: Part) -> str:
        return self.of_type("boolean", part, "yes or no is needed here").sql

    def of_type(self, wanted: Type, part: Part, need: str) -> _Typed:
        found = self.typed(part)
        if found.type != wanted:
            self.fail(part, f"{need}, and this is {_article(found.type)}.")
        return found

    def typed(self, part: Part) -> _Typed:
        match part.kind:
            case "value":
                return self.constant(part)
            case "name":
                return self.name(part)
            case "field" | "has":
                return self.attribute(part, part.name, part.parts[0])
            case "call" if part.name in self.functions:
                return self.functions[part.name](part)
            case "call":
                known = [name for name in (*self.functions, "has") if name.replace("_", "").isalpha()]
                hint = meant(part.name, known) or f"There are {', '.join(sorted(known))}."
                self.fail(part, f"there is no function {part.name!r}.", hint)
            case _:
                self.fail(part, "a list only stands after `in`.")

    def constant(self, part: Part) -> _Typed:
        if part.value is None:
            return _Typed("null", "null", part)
        kinds: dict[type, Type] = {bool: "boolean", str: "text", int: "number", float: "number"}
        if type(part.value) not in kinds:
            self.fail(part, "bytes cannot be compared with anything in a log.")
        return _Typed(self.bind(part.value), kinds[type(part.value)], part)

    def name(self, part: Part) -> _Typed:
        if part.name in COLUMNS:
            return _Typed(*COLUMNS[part.name], part)
        if part.name in MEMBERS:
            self.fail(part, f'`{part.name}` is a list: write "NAME" in {part.name}.')
        if part.name == "case":
            self.fail(
                part, '`case` needs an attribute: case.NAME or case["NAME"].', self.vocabulary.described()
            )
        if part.name in self.vocabulary.attributes:
            self.fail(part, f"attributes are written case.{part.name}.")
        known = ("case", *COLUMNS, *MEMBERS)
        self.fail(
            part, f"there is no {part.name!r}.", meant(part.name, known) or f"There are {', '.join(known)}."
        )

    def attribute(self, part: Part, name: str, owner: Part) -> _Typed:
        if owner.kind != "name" or owner.name != "case":
            self.fail(part, 'only `case` has attributes: case.NAME or case["NAME"].')
        known = self.vocabulary.attributes
        if name not in known:
            hint = f"{meant(name, known)} {self.vocabulary.described()}".strip()
            self.fail(part, f"there is no case attribute {name!r}.", hint)
        sql, type_ = known[name]
        if part.kind == "has":
            return _Typed(f"({sql} is not null)", "boolean", part)
        return _Typed(sql, type_, part)

    def index(self, part: Part) -> _Typed:
        owner, key = part.parts
        if key.kind != "value" or not isinstance(key.value, str):
            self.fail(key, 'an attribute is named in quotes: case["NAME"].')
        return self.attribute(part, key.value, owner)

    def joined(self, part: Part) -> _Typed:
        word = "and" if part.name == "&&" else "or"
        return _Typed(f"({f' {word} '.join(map(self.boolean, part.parts))})", "boolean", part)

    def negated(self, part: Part) -> _Typed:
        return _Typed(f"(not coalesce({self.boolean(part.parts[0])}, false))", "boolean", part)

    def compared(self, part: Part) -> _Typed:
        left, right = self.alike(part, *map(self.typed, part.parts))
        if part.name in ORDER and {left.type, right.type} & {"null", "boolean"}:
            self.fail(part, "yes, no and null are only compared with == or !=.")
        return _Typed(f"({left.sql} {EQUALITY.get(part.name, part.name)} {right.sql})", "boolean", part)

    def alike(self, part: Part, left: _Typed, right: _Typed) -> tuple[_Typed, _Typed]:
        """Both sides with one type; text beside a time is read as a moment."""
        if left.type == "time":
            right = self.moment(right)
        elif right.type == "time":
            left = self.moment(left)
        if left.type != right.type and "null" not in (left.type, right.type):
            self.fail(part, f"{_article(left.type)} cannot be compared with {_article(right.type)}.")
        return left, right

    def moment(self, typed: _Typed) -> _Typed:
        """A constant text as a moment in UTC; anything else as it stands."""
        if typed.type != "text" or typed.part.kind != "value":
            return typed
        try:
            found = datetime.fromisoformat(typed.part.value)
            aware = found if found.tzinfo else found.replace(tzinfo=self.zone)
            self.parameters[typed.sql[1:]] = aware.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            hint = 'Write "2024-01-31", "2024-01-31 08:00" or "2024-01-31T08:00:00Z".'
            self.fail(typed.part, f"{typed.part.value!r} is not a moment.", hint)
        return _Typed(typed.sql, "time", typed.part)

    def timestamp(self, part: Part) -> _Typed:
        example = 'timestamp("2024-01-31T08:00:00Z")'
        self.arity(part, 1, example)
        found = self.moment(self.typed(part.parts[0]))
        if found.type != "time":
            self.fail(part, f"write it as {example}.")
        return found

    def arithmetic(self, part: Part) -> _Typed:
        sides = [self.of_type("number", side, f"`{part.name}` needs numbers").sql for side in part.parts]
        return _Typed(f"({f' {part.name} '.join(['', *sides][-2:])})", "number", part)

    def member(self, part: Part) -> _Typed:
        element, container = part.parts
        if container.kind == "name" and container.name in MEMBERS:
            return self.having(part, element, container.name)
        if container.kind != "list":
            self.fail(container, "`in` needs a list, `activities`, `resources` or `systems`.")
        left = self.typed(element)
        rights = [self.alike(each, left, self.typed(each))[1].sql for each in container.parts]
        return _Typed(f"({left.sql} in ({', '.join(rights)}))" if rights else "false", "boolean", part)

    def contains(self, part: Part) -> _Typed:
        if len(part.parts) == 2:
            return self.text_test(part)
        self.arity(part, 1, 'contains("ACTIVITY")')
        return self.having(part, part.parts[0], "activities")

    def having(self, part: Part, element: Part, kind: Members) -> _Typed:
        return _Typed(f"({MEMBERS[kind].format(self.number(element, kind))})", "boolean", part)

    def sequence(self, part: Part) -> _Typed:
        self.arity(part, 2, f'{part.name}("ACTIVITY", "LATER ACTIVITY")')
        numbers = [self.number(activity, "activities") for activity in part.parts]
        return _Typed(f"({SEQUENCES[part.name].format(*numbers)})", "boolean", part)

    def number(self, part: Part, kind: Members) -> str:
        """The parameter that holds the number of a named activity, resource or system."""
        if part.kind != "value" or not isinstance(part.value, str):
            self.fail(part, f"the name of the {SINGULAR[kind]} is written in quotes.")
        known = self.vocabulary.numbers(kind)
        if part.value not in known:
            self.fail(part, f"there is no {SINGULAR[kind]} {part.value!r}.", meant(part.value, known))
        return self.bind(known[part.value])

    def saved(self, part: Part) -> _Typed:
        """What was saved under a name; its values join those of this expression."""
        self.arity(part, 1, 'saved("NAME")')
        (called,) = part.parts
        if called.kind != "value" or not isinstance(called.value, str):
            self.fail(called, "the name of a saved filter is written in quotes.")
        name, known = called.value, self.vocabulary.saved
        if name in self.within:
            path = " → ".join((*self.within[self.within.index(name) :], name))
            self.fail(called, f"a saved filter cannot call itself: {path}.")
        if name not in known:
            hint = meant(name, known) or _listed(known)
            self.fail(called, f"there is no saved filter {name!r}.", hint)
        inner = _Translation(self.vocabulary, known[name], str(self.zone), (*self.within, name))
        inner.parameters = self.parameters
        try:
            sql = inner.boolean(parse(known[name]))
        except FilterError as error:
            self.fail(called, f"the saved filter {name!r} does not fit: {error.reason}", error.hint)
        return _Typed(f"({sql})", "boolean", part)

    def text_test(self, part: Part) -> _Typed:
        self.arity(part, 2, f'first.{part.name}("TEXT")')
        sides = [self.of_type("text", side, f"`{part.name}` needs text").sql for side in part.parts]
        pattern = part.parts[1]
        if part.name == "matches" and not (
            pattern.kind == "value" and self.vocabulary.is_pattern(pattern.value)
        ):
            self.fail(pattern, "`matches` needs a regular expression (RE2) in quotes.")
        return _Typed(f"({TEXT_TESTS[part.name].format(*sides)})", "boolean", part)

    def arity(self, part: Part, expected: int, example: str) -> None:
        if len(part.parts) != expected:
            self.fail(part, f"write it as {example}.")


def _listed(known: Iterable[str]) -> str:
    names = sorted(known)
    return f"There are {', '.join(names[:12])}." if names else "`baton filter save` saves one."


def _article(type_: Type) -> str:
    return {"text": "text", "boolean": "yes or no", "null": "null"}.get(type_, f"a {type_}")
