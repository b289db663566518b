"""The commands of the orchestrate room."""

from home.registry import Command

COMMANDS: tuple[Command, ...] = ()
