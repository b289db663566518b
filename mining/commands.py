"""The commands of the mining room."""

from home.registry import Command, Store

EVENTS: frozenset[Store] = frozenset({"events"})

COMMANDS: tuple[Command, ...] = (
    Command(
        "waiting",
        "mining.waiting:waiting",
        "Show how long work waits in each handoff, and why.",
        examples=("baton waiting orders", "baton waiting orders --calendars hours.json --precedence kronos"),
        stores=EVENTS,
        group="Understand",
    ),
)
