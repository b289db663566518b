"""The commands of the orchestrate room."""

from home.registry import Command, Store

STATE: frozenset[Store] = frozenset({"state"})
BOTH: frozenset[Store] = frozenset({"events", "state"})

COMMANDS: tuple[Command, ...] = (
    Command(
        "publish",
        "orchestrate.publish:publish",
        "Check a plan, replay its history, and make it a version that runs can take.",
        examples=("baton publish onboarding.yaml", "baton publish a.yaml --override 'pilot' --by ada"),
        stores=BOTH,
        group="Improve",
    ),
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
        "tasks",
        "orchestrate.tasks:tasks",
        "List what people are asked to do or decide.",
        examples=("baton tasks --role clerk",),
        stores=STATE,
        group="Run",
    ),
    Command(
        "decide",
        "orchestrate.approvals:decide",
        "Settle a task, once.",
        examples=("baton decide run-1hq2v7k3m8x4zz.1 approved --by ada --note 'within budget'",),
        stores=STATE,
        group="Run",
    ),
    Command(
        "claim",
        "orchestrate.approvals:claim",
        "Take a task, so that others see who is at it.",
        examples=("baton claim run-1hq2v7k3m8x4zz.1 --by ada",),
        stores=STATE,
        group="Run",
    ),
    Command(
        "delegate",
        "orchestrate.approvals:delegate",
        "Hand a task to somebody else.",
        examples=("baton delegate run-1hq2v7k3m8x4zz.1 --to bob --by ada",),
        stores=STATE,
        group="Run",
    ),
    Command(
        "comment",
        "orchestrate.approvals:comment",
        "Leave a remark on a task.",
        examples=("baton comment run-1hq2v7k3m8x4zz.1 'called the supplier' --by ada",),
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
