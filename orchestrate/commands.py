"""The commands of the orchestrate room."""

from home.registry import Command, Store

STATE: frozenset[Store] = frozenset({"state"})

COMMANDS: tuple[Command, ...] = (
    Command(
        "audit verify",
        "orchestrate.audit:verify",
        "Check that nobody changed the record of who did what.",
        examples=("baton audit verify",),
        stores=STATE,
        group="Prove",
    ),
    Command(
        "audit head",
        "orchestrate.audit:head",
        "Show the end of the audit chain, to be kept elsewhere.",
        examples=("baton audit head -o head.json",),
        stores=STATE,
        group="Prove",
    ),
)
