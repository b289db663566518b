"""What a binding may set: a model per connector, so that a wrong setting is refused before a run meets it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, ValidationError

from home.context import Context
from home.contracts import Contract
from home.errors import UsageError
from home.settings import REFERENCE
from orchestrate.contracts import JsonSchema, Step


class Options(Contract):
    """The settings of one connector; each has a docstring, which `baton connectors` shows."""

    def completed(self, context: Context) -> Self:  # noqa: ARG002 - for those who look something up
        """These settings with all that a version of a plan must hold, so that it never changes later."""
        return self

    def misfit(self, step: Step) -> str | None:  # noqa: ARG002 - for those who want something of their step
        """Why a step cannot be bound so."""
        return None

    def contracts(self) -> tuple[JsonSchema, JsonSchema]:
        """Input and output contract of a step that is bound so; empty where nothing is known."""
        return {}, {}


class NoOptions(Options):
    """Nothing to set."""


def _a_reference(text: str) -> str:
    if not REFERENCE.match(text):
        raise ValueError("a secret is given by reference: env:NAME or file:PATH")
    return text


Reference = Annotated[str, AfterValidator(_a_reference)]
"""A secret as `env:NAME` or `file:PATH`; the value itself is read at each attempt and kept nowhere."""

Some = TypeVar("Some", bound=Options)


class BadSettings(UsageError):
    """A binding sets what its connector does not take."""

    code = "binding"


def silence_misfit(otherwise: str | None, within_s: float | None, step: Step) -> str | None:
    """Why silence cannot be an outcome of a step that waits: it must know it, end by it, and owe nothing."""
    if otherwise is None:
        return None
    if within_s is None:
        return "otherwise says what comes of silence, and no within_s says when"
    if otherwise not in step.outcomes:
        return f"otherwise is {otherwise!r}, which is no outcome of the step"
    if owed := step.output.get("required"):
        return f"otherwise ends the step with no output, and its contract requires {', '.join(owed)}"
    return None


def read_options(connector: str, kind: type[Some], given: Mapping[str, Any]) -> Some:
    """The settings of a binding as its connector's model.

    Raises `BadSettings` for the first that is unknown (with the nearest names), missing or wrong. The
    message never repeats a value: it may be a secret that was typed where a reference belongs.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        raise _explained(connector, kind, error) from None  # its text holds the values


def meanings(kind: type[Options]) -> dict[str, str]:
    """Each setting with what it means."""
    return {name: field.description or "" for name, field in kind.model_fields.items()}


def _explained(connector: str, kind: type[Options], error: ValidationError) -> BadSettings:
    problems = error.errors(include_input=False, include_url=False)
    # A misspelt name is missed as well; what was typed is told rather than what was not.
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    where, known = ".".join(map(str, first["loc"])), list(kind.model_fields)
    if first["type"] == "extra_forbidden":
        near = get_close_matches(where, known, n=2)
        takes = f"takes {', '.join(known)}" if known else "takes no settings"
        hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
        return BadSettings(
            f"The connector {connector!r} {takes}, not {where!r}.", hint=f"{hint}See `baton connectors`."
        )
    if first["type"] == "missing":
        return BadSettings(
            f"The connector {connector!r} needs the setting {where!r}.",
            hint=f"{where}: {kind.model_fields[where].description}" if where in known else "",
        )
    said = first["msg"].removeprefix("Value error, ")
    place = f"setting {where!r}" if where else "settings"
    return BadSettings(f"The connector {connector!r}: its {place}: {said}.", hint="See `baton connectors`.")
