"""The commands of the orchestrate room."""

from home.registry import Command, Store

STATE: frozenset[Store] = frozenset({"state"})

COMMANDS: tuple[Command, ...] = (
    Command(
        "bind",
        "orchestrate.bind:bind",
        "Let a connector do a step of a plan, as a new version.",
        examples=("baton bind onboarding 'Send Notifications' notify --set to=env:NOTIFY_ADDRESS",),
        stores=STATE,
        group="Improve",
    ),
    Command(
        "plans",
        "orchestrate.versions:list_plans",
        "List the published plans.",
        examples=("baton plans",),
        stores=STATE,
        group="Run",
    ),
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
