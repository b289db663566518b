"""What one run tells another: posted in the transaction of whatever made it say so."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrate.core.effects import Effect, Tell
from orchestrate.engine.statements import Execute, Write, post


def letters(effects: Iterable[Effect], at: float, *, postgres: bool) -> list[Write]:
    """The writes that put events into other runs' inboxes; a run that has ended takes none."""

    def send(execute: Execute, letter: Mapping[str, Any]) -> None:
        post(execute, letter["run"], letter["kind"], letter["payload"], at, postgres=postgres)

    return [(send, vars(effect)) for effect in effects if isinstance(effect, Tell)]
