"""Plan files: YAML that people read and change, and messages that name the line when it is wrong."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from home.errors import BatonError, NotFound
from orchestrate.contracts import Plan
from orchestrate.plans.yaml_text import LARGEST, Lines, YamlError, read_yaml, write_yaml

ALWAYS = frozenset({"kind", "format"})
"""Fields that are written even where they say what is the default."""


class PlanFileError(BatonError):
    """A plan file cannot be read; the message says where and why."""

    code = "plan_file"


def read_plan(path: str | Path) -> Plan:
    """The plan in a file of YAML or JSON.

    Raises `NotFound`, and `PlanFileError` naming the file, line and field of the first thing wrong.
    """
    file = Path(path)
    try:
        if file.stat().st_size > 4 * LARGEST:
            raise PlanFileError(f"{file.name} has {file.stat().st_size} bytes; no plan is that large.")
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanFileError(
            f"{file.name} is not UTF-8 at byte {error.start}.", hint="Save it as UTF-8."
        ) from error
    except OSError as error:
        raise NotFound(
            f"Cannot read the plan file {str(path)!r}: {error.strerror}.",
            hint="`baton plan CANDIDATE -o FILE` makes one.",
        ) from error
    return parse_plan(text, file.name)


def parse_plan(text: str, name: str = "the plan") -> Plan:
    """The plan in a text of YAML or JSON; `name` is what messages call it."""
    try:
        document, lines = read_yaml(text)
    except YamlError as error:
        raise PlanFileError(f"{name}, {error.message}", hint=error.hint) from error
    if not isinstance(document, dict):
        raise PlanFileError(f"{name} holds {type(document).__name__}, not a plan.", hint=_HINT)
    found = document.get("format", 1)
    if isinstance(found, int) and found > 1:
        raise PlanFileError(f"{name} is of format {found}, from a newer Baton.", hint="Upgrade Baton.")
    try:
        return Plan.model_validate(document)
    except ValidationError as error:
        raise _explained(error, document, lines, name) from error


_HINT = "`baton plan CANDIDATE -o FILE` shows what a plan looks like."


def _explained(error: ValidationError, document: Any, lines: Lines, name: str) -> PlanFileError:
    problems = error.errors(include_url=False)
    first = problems[0]
    path = _path(first["loc"], document)
    place = " > ".join(str(p + 1) if isinstance(p, int) else p for p in path)
    line = next(lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines)
    reason, hint = first["msg"], ""
    field = str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        reason = f"there is no field {field!r} here"
        near = get_close_matches(field, _fields(), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else ""
    elif first["type"] == "missing":
        reason = f"the field {field!r} is missing"
    elif first["type"].startswith("union_tag"):
        reason = "`kind` must be step, sequence, parallel, choice, loop or skip"
    elif "time_delta" in first["type"]:
        hint = "Durations are ISO 8601: PT30M is half an hour, P2D two days."
    more = f" ({len(problems) - 1} more problems)" if len(problems) > 1 else ""
    return PlanFileError(f"{name}, line {line}, {place or 'plan'}: {reason}{more}.", hint=hint or _HINT)


def _path(location: tuple[int | str, ...], document: Any) -> tuple[str | int, ...]:
    """Where in the document a problem is; pydantic also names the kinds of nodes it went through."""
    path: list[str | int] = []
    here = document
    for part in location:
        known: Any = here if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        if part in known:
            here = here[part]
            path.append(part)
    return tuple(path)


def _fields() -> list[str]:
    from orchestrate import contracts

    models = (m for m in vars(contracts).values() if isinstance(m, type) and issubclass(m, BaseModel))
    return sorted({name for model in models for name in model.model_fields})


def plan_text(plan: Plan) -> str:
    """A plan as YAML: defaults left out, `kind` always there, durations as ISO 8601."""
    return write_yaml(_sparse(plan, plan.model_dump(mode="json")))


def _sparse(value: Any, dumped: Any) -> Any:
    """`dumped` without what is the default anyway."""
    if isinstance(value, BaseModel):
        return {
            name: _sparse(getattr(value, name), dumped[name])
            for name, field in type(value).model_fields.items()
            if name in ALWAYS
            or field.is_required()
            or getattr(value, name) != field.get_default(call_default_factory=True)
        }
    if isinstance(value, list | tuple):
        return [_sparse(v, d) for v, d in zip(value, dumped, strict=True)]
    return dumped
