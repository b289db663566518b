"""What every request and response has in common, and how their fields meet files and the command line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class Argument:
    """Marks a field as a positional argument; `many` takes all that follow."""

    metavar: str = ""


@dataclass(frozen=True)
class Option:
    """Gives a field other option names than `--field-name`, such as `-o`."""

    names: tuple[str, ...]
    metavar: str = ""


@dataclass(frozen=True)
class InputFile:
    """Marks a field whose text may be the path of a file that the caller's machine reads."""


@dataclass(frozen=True)
class TextOrFile:
    """Marks a field whose text the command line takes from a file when it is written `@FILE`."""


@dataclass(frozen=True)
class OutputFile:
    """Marks the field that says where the caller's machine writes the response's `content`."""


class Contract(BaseModel):
    """A frozen model that refuses unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, defer_build=True, ser_json_inf_nan="null"
    )


class Request(Contract):
    """What a command is asked."""


class Response(Contract):
    """What a command answers: JSON for programs, `lines` for people."""

    hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that `lines` leaves out."""

    def lines(self) -> Iterator[str]:
        """The answer for people, line by line."""
        from home.text import describe

        yield from describe(self)

    def as_asked(self, sent: Mapping[str, str]) -> Self:  # noqa: ARG002
        """The answer of a service in the words of who asked: `sent` is what was typed, by upload ticket."""
        return self


class FileResponse(Response):
    """An answer that is also a file: the command line writes `content` to the path it was given."""

    hidden = frozenset({"content"})

    content: str | None = Field(default=None, repr=False)
    """The file's text; absent once it was written."""
    path: str | None = None
    """Where it was written."""


class Nothing(Request):
    """A request without parameters."""


LogName = Annotated[str, Argument("LOG")]
Json = dict[str, Any]


def utc_text(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the millisecond, ending in Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
