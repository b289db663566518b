"""The command reference as Markdown, written from the registry so that it cannot differ from it."""

from collections.abc import Iterator
from typing import Any

from home.contracts import Argument, Option
from home.registry import Command, Registry

HEAD = """# Commands

Written from the command registry by `make docs`; a test compares the two.

Every command takes `--home DIR` (default `.baton`, or `BATON_HOME`) and `--json` (one JSON document on
stdout, nothing else). Exit codes: 0 done, 1 failed or refused, 2 usage, 3 a system outside did not answer,
130 interrupted. The API offers the same commands as `POST /api/<command>` with the same fields.
"""


def markdown(registry: Registry) -> str:
    """The whole reference, grouped as in `baton --help`."""
    groups: dict[str, list[Command]] = {}
    for command in registry:
        groups.setdefault(command.group, []).append(command)
    parts = [HEAD]
    for group, commands in groups.items():
        parts.append(f"## {group}\n")
        parts.extend("\n".join(_section(command)) for command in commands)
    return "\n".join(parts)


def _section(command: Command) -> Iterator[str]:
    fields = command.request.model_fields
    positional = " ".join(_usage(name, field) for name, field in fields.items() if _marker(field, Argument))
    yield f"### `baton {command.name}{' ' + positional if positional else ''}`\n"
    yield f"{command.summary}\n"
    body = (command.function.__doc__ or "").strip()
    if body and body.splitlines()[0] != command.summary:
        yield "\n".join(line.strip() for line in body.splitlines()) + "\n"
    if fields:
        yield "| parameter | default | meaning |\n|---|---|---|"
        for name, field in fields.items():
            default = "required" if field.is_required() else _default(field)
            yield f"| `{_shown(name, field)}` | {default} | {_one_line(field.description)} |"
        yield ""
    answered = ", ".join(f"`{name}`" for name in command.response.model_fields)
    if answered:
        yield f"Answers {answered}.\n"
    if command.examples:
        yield "```console\n" + "\n".join(f"$ {example}" for example in command.examples) + "\n```\n"


def _marker(field: Any, kind: type) -> Any:
    return next((m for m in field.metadata if isinstance(m, kind)), None)


def _usage(name: str, field: Any) -> str:
    metavar = _marker(field, Argument).metavar or name.upper()
    return metavar if field.is_required() else f"[{metavar}]"


def _shown(name: str, field: Any) -> str:
    if argument := _marker(field, Argument):
        return argument.metavar or name.upper()
    option = _marker(field, Option)
    return ", ".join(option.names) if option else f"--{name.replace('_', '-')}"


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    return "" if value in (None, False, "", (), [], {}) else f"`{value}`"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
