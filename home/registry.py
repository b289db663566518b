"""Commands are data: one table per room, from which come the command line, the API and the reference.

A command is a function `(Context, request) -> response`. Its request and response are pydantic
models found in the function's annotations, so that listing the commands imports none of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, get_type_hints

Store = Literal["events", "state"]


@dataclass(frozen=True)
class Command:
    """One command of Baton."""

    name: str
    """What is typed: `ingest`, or `audit verify`."""
    target: str
    """`module:function` that does the work."""
    summary: str
    """One sentence for people, ending with a full stop."""
    examples: tuple[str, ...] = ()
    """Command lines that work; tests run those of the documentation."""
    stores: frozenset[Store] = frozenset()
    """What it opens: `events` is DuckDB, owned by one process; `state` is shared by many."""
    group: str = "Other"
    """Heading in `baton --help`."""
    api: bool = True
    """Whether the API offers it too; commands that take over the terminal do not."""

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function itself, imported now."""
        module, _, name = self.target.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found

    @cached_property
    def request(self) -> type[Any]:
        """The model of what the command is asked."""
        found: type[Any] = self._hints["request"]
        return found

    @cached_property
    def response(self) -> type[Any]:
        """The model of what the command answers."""
        found: type[Any] = self._hints["return"]
        return found

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function)


ROOMS = ("ingest", "mining", "orchestrate", "dashboard", "home")
"""In the order of the loop; named, not imported, since home is the floor they stand on."""


def load() -> "Registry":
    """Every command of every room."""
    return Registry(command for room in ROOMS for command in import_module(f"{room}.commands").COMMANDS)


class Registry:
    """Every command, by name, in the order in which the rooms list them."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands: dict[str, Command] = {}
        for command in commands:
            if command.name in self._commands:
                raise ValueError(f"two commands are called {command.name!r}")
            self._commands[command.name] = command

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def get(self, name: str) -> Command:
        """The command called `name`; raises `NotFound` with the nearest names."""
        if name not in self._commands:
            from home.errors import unknown

            raise unknown("command", name, list(self._commands), listing="baton --help")
        return self._commands[name]
