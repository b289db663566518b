"""Notices whether a command changed a store, and whether it said so in the audit itself.

    with noticing() as seen:
        command.function(context, request)
    if seen.stores and not seen.recorded:   # somebody has to say it

So no command can change anything without a trace, whoever wrote it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

WRITES = ("insert", "update", "delete", "with", "create", "drop", "alter", "truncate", "replace")
"""First words of statements that change rows or tables; `with` counts where it does so further on."""


@dataclass
class Seen:
    """What happened within one `noticing`."""

    stores: set[str] = field(default_factory=set)
    """Stores that were written to: `state`, `events`."""
    recorded: bool = False
    """Whether an audit row was written."""


_seen: ContextVar[Seen | None] = ContextVar("seen", default=None)


@contextmanager
def noticing() -> Iterator[Seen]:
    """Notice what is changed within the block, in this thread and the tasks it starts."""
    seen = Seen()
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


@contextmanager
def upkeep() -> Iterator[None]:
    """Within the block only what can be derived anew is written: no action of anybody's."""
    token = _seen.set(None)
    try:
        yield
    finally:
        _seen.reset(token)


def changed(store: str) -> None:
    """Say that a store is being written to."""
    seen = _seen.get()
    if seen is not None:
        seen.stores.add(store)


def recorded() -> None:
    """Say that an audit row was written."""
    seen = _seen.get()
    if seen is not None:
        seen.recorded = True


def changes(statement: str) -> bool:
    """Whether a SQL statement changes something, told by its words."""
    words = statement.lstrip().lower()
    if not words.startswith(WRITES):
        return False
    return not words.startswith("with") or any(f"{word} " in words for word in WRITES[:3])
