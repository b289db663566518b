"""Runs a command and sees to it that the audit says so where it changed anything.

Commands whose change and record must stand or fall together write their own row (`audit.record`) in
the same transaction. For all others the row is written here, from what was asked.
"""

from hashlib import sha256
from typing import Any

from home.changes import noticing
from home.context import Context
from home.contracts import Argument, InputFile, OutputFile
from home.errors import BatonError
from home.log import redacted
from home.registry import Command

LONGEST = 200
"""Texts longer than this are files and queries: the audit keeps their SHA-256."""


def run(command: Command, context: Context, request: Any) -> Any:
    """What the command answers. A command that takes over the terminal is no action by itself."""
    if not command.api:
        return command.function(context, request)
    with noticing() as seen:
        try:
            answer = command.function(context, request)
        except BatonError as error:
            if seen.stores and not seen.recorded:  # it may have done part of what it was asked
                _record(command, context, request, failed=error.code)
            raise
        if seen.stores and not seen.recorded:
            _record(command, context, request)
    return answer


def _record(command: Command, context: Context, request: Any, **more: str) -> None:
    from orchestrate.records.audit import record

    given = asked(command, request)
    actor = given.pop("by", None) or context.actor
    with context.state.transaction() as connection:
        record(
            connection,
            at=context.clock.now(),
            actor=actor,
            action=command.name,
            subject=subject_of(command, request),
            **{"asked": given, **more},
        )


def subject_of(command: Command, request: Any) -> str:
    """What a command is about: its first positional argument; else nothing."""
    for name, field in command.request.model_fields.items():
        if any(isinstance(marker, Argument) for marker in field.metadata):
            value = getattr(request, name)
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
            return str(_short(redacted(text)))
    return ""


def asked(command: Command, request: Any) -> dict[str, Any]:
    """The fields that were given, without secrets, without the content of files."""
    files = {
        name
        for name, field in command.request.model_fields.items()
        if any(isinstance(marker, InputFile | OutputFile) for marker in field.metadata)
    }
    given = request.model_dump(mode="json", exclude_defaults=True)
    return {
        name: _short(value, at_most=0 if name in files and "\n" in str(value) else LONGEST)
        for name, value in redacted(given).items()
    }


def _short(value: Any, at_most: int = LONGEST) -> Any:
    if isinstance(value, str) and len(value) > at_most:
        return f"sha256:{sha256(value.encode()).hexdigest()}"
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    return [_short(inner) for inner in value] if isinstance(value, list) else value
