"""The commands of the mining room."""

from home.registry import Command

COMMANDS: tuple[Command, ...] = ()
