"""The commands of the dashboard room."""

from home.registry import Command

COMMANDS: tuple[Command, ...] = ()
