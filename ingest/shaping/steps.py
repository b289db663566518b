"""The steps that shape a log: what each does, its name, and how it is read from a mapping file."""

import re
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from home.errors import UsageError

Target = Literal["activity", "case_id"]
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*")
PIECE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|([^{}]+)")


def read_duration(value: object) -> object:
    """`2h`, `30 min`, `45s` or `1.5d` as a duration; raises `ValueError` for any other text."""
    if not isinstance(value, str):
        return value
    found = DURATION.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is no duration: write a number and s, min, h or d, such as 2h")
    return timedelta(seconds=float(found[1]) * UNITS[found[2]])


def write_duration(value: timedelta) -> str:
    """A duration as `read_duration` takes it, in the largest unit that leaves no fraction."""
    seconds = value.total_seconds()
    for unit, size in reversed(UNITS.items()):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[
    timedelta, BeforeValidator(read_duration), PlainSerializer(write_duration, return_type=str)
]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[
    tuple[Name, ...], Field(min_length=1), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)
]


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = ""
    """What people call the step; without one it is told by what it does."""

    @property
    def title(self) -> str:
        """The step's name, or what it does in a few words."""
        return self.name or self.does()

    def does(self) -> str:
        """What the step does, in a few words."""
        raise NotImplementedError


class Rename(_Step):
    """Give an activity another name."""

    rename: Name
    """The activity as it is called before this step."""
    to: Name

    def does(self) -> str:
        """From what to what."""
        return f"rename {self.rename!r} to {self.to!r}"


class Merge(_Step):
    """Make several activities one."""

    merge: Names
    """The activities as they are called before this step."""
    to: Name
    """The one they become; it may be one of them, or another that is there."""

    def does(self) -> str:
        """What becomes what."""
        return f"merge {_listed(self.merge)} into {self.to!r}"


class Hide(_Step):
    """Leave activities out; a case that has no other event is left out with them."""

    hide: Names

    def does(self) -> str:
        """What is left out."""
        return f"hide {_listed(self.hide)}"


class Derive(_Step):
    """Make the activity or the case id from columns.

    An event that lacks one of the columns, or that `where` does not choose, keeps what it had.
    """

    derive: Target
    template: Name
    """Text with columns in braces, such as `{step}: {status}`; `{{` and `}}` stand for braces."""
    where: dict[str, str] = {}
    """Only events whose columns have these values."""

    def does(self) -> str:
        """What is made from what."""
        only = " and ".join(f"{column} is {value!r}" for column, value in self.where.items())
        what = "the case id" if self.derive == "case_id" else "the activity"
        return f"derive {what} from {self.template!r}" + (f" where {only}" if only else "")

    def pieces(self) -> list[tuple[bool, str]]:
        """The template in order as (is a column, text); raises `ValueError` where a brace is left over."""
        found: list[tuple[bool, str]] = []
        at = 0
        while at < len(self.template):
            piece = PIECE.match(self.template, at)
            if piece is None:
                raise ValueError(f"{self.template!r}: the brace at place {at + 1} has no partner; double it")
            at = piece.end()
            found.append((True, piece[1]) if piece[1] else (False, piece[2] or piece[0][0]))
        if not any(is_column for is_column, _ in found):
            raise ValueError(f"{self.template!r} names no column; write {{column}}")
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (*(text for is_column, text in self.pieces() if is_column), *self.where)


class Add(_Step):
    """Note a step that no system records, at its place on a path. It makes no event."""

    add: Name
    """What people call the step."""
    after: Name
    """The activity it follows."""
    before: Name | None = None
    """The activity it precedes; without one it follows `after` whatever comes next."""
    typical: Duration | None = Field(default=None, ge=timedelta(0))
    """How long it usually takes."""
    role: str | None = None
    """Who does it."""
    by: str | None = None
    """Who added it by hand."""
    on: str | None = None
    """The day it was added, as YYYY-MM-DD."""

    def does(self) -> str:
        """What was added, and where."""
        place = f"after {self.after!r}" + (f" before {self.before!r}" if self.before else "")
        return f"add {self.add!r} by hand {place}"


Step = Rename | Merge | Hide | Derive | Add
STEPS: dict[str, type[Rename] | type[Merge] | type[Hide] | type[Derive] | type[Add]] = {
    kind.__name__.lower(): kind for kind in get_args(Step)
}
"""The word that begins a step in a mapping file, and what it means."""


def as_step(values: object, place: str) -> Step:
    """A step from what a file says; raises `UsageError` that begins with `place`."""
    if isinstance(values, _Step):
        return values  # type: ignore[return-value]
    if not isinstance(values, Mapping):
        raise UsageError(f"{place} is no table.", hint="Each step begins with a line [[shape]].")
    kinds = [verb for verb in STEPS if verb in values]
    if len(kinds) != 1:
        what = f"is both {' and '.join(kinds)}" if kinds else "does nothing that is known"
        raise UsageError(
            f"{place} {what}; it says {_listed(tuple(map(str, values)))}.",
            hint=f"A step has exactly one of the keys {', '.join(STEPS)}.",
        )
    kind = STEPS[kinds[0]]
    unknown = next((key for key in values if key not in kind.model_fields), None)
    if unknown is not None:
        raise UsageError(
            f"{place}: a step that begins with {kinds[0]!r} has no {unknown!r}{_guess(unknown, kind)}",
            hint=f"It has {', '.join(kind.model_fields)}.",
        )
    try:
        step = kind.model_validate(dict(values))
        if isinstance(step, Derive):
            step.pieces()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        said = "is missing" if first["type"] == "missing" else said_of(first)
        raise UsageError(f"{place}: {where} {said}.", hint=(kind.__doc__ or "").splitlines()[0]) from error
    except ValueError as error:
        raise UsageError(f"{place}: {error}.", hint="Such as template = '{step}: {status}'.") from error
    return step


def said_of(error: Mapping[str, Any]) -> str:
    """One complaint of pydantic in our words: what was found, and what is wanted."""
    wanted = str(error["msg"]).removeprefix("Value error, ")
    return f"is {error['input']!r}: {wanted[:1].lower()}{wanted[1:]}"


def as_values(step: Step) -> dict[str, Any]:
    """What a file says of a step: its word first, then the rest that is not at its default."""
    values = step.model_dump(mode="json", exclude_defaults=True)
    verb = next(verb for verb in STEPS if verb in values)
    name = {"name": values.pop("name")} if "name" in values else {}
    return {**name, verb: values.pop(verb), **values}


def _guess(name: str, kind: type[BaseModel]) -> str:
    near = get_close_matches(name, kind.model_fields, n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


def _listed(names: tuple[str, ...]) -> str:
    return (
        " and ".join(filter(None, (", ".join(map(repr, names[:-1])), repr(names[-1]))))
        if names
        else "nothing"
    )
