"""The commands of the ingest room."""

from home.registry import Command

COMMANDS: tuple[Command, ...] = ()
