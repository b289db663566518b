"""Connectors that call nothing: a step bound to one is a task for people, or the end of its run."""

from collections.abc import Mapping
from typing import Any

from home.context import Context
from orchestrate.connectors.options import NoOptions, Options
from orchestrate.connectors.port import About, CallFailed, Work
from orchestrate.contracts import Step


class Human:
    """A person in the step's role."""

    summary = "A person does it: a task for the step's role, with its SLA and escalation."
    about = About(
        purpose="Asks a person to do or decide something, with all that is known for it.",
        verbs=("approve", "decide", "review", "judge", "sign", "negotiate", "talk", "inspect"),
        systems=("people",),
        idempotent="a task is decided once",
        cost="somebody's time",
    )
    options: type[Options] = NoOptions

    def __init__(self, context: Context) -> None:
        """People need no settings."""

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Never reached: the core opens a task for such a step."""
        raise CallFailed(f"step {work.step.id!r} is done by a person", retryable=False)


class Manual(Human):
    """The manual queue."""

    summary = "The manual queue: a task for whoever works on cases that the plan does not cover."
    about = About(
        purpose="Sends a case to the manual queue, where somebody sees how it goes on.",
        verbs=("handle", "clarify", "investigate", "repair", "resolve"),
        systems=("people",),
        idempotent="a task is decided once",
        cost="somebody's time",
    )


class CancelOptions(Options):
    """What becomes of what the run did."""

    undo: bool = True
    """Whether what the run did is undone first, last first."""
    reason: str = ""
    """Why, for whoever reads it in the run and in the plan that called it."""

    def misfit(self, step: Step) -> str | None:
        """A run ends once."""
        return None if step.each is None else "a run ends once, and the step is done once for each of a list"


class Cancel:
    """The end of a run that cannot come to a good one."""

    summary = "The plan itself cancels the run here, and undoes what it did, last first."
    about = About(
        purpose="Ends a run that cannot come to a good end, and undoes what its steps did so far.",
        verbs=("cancel", "abort", "withdraw", "roll back", "undo", "give up"),
        systems=("none",),
        idempotent="a run is cancelled once; each compensation carries a key of its own",
        cost="one compensation for each step that has one",
    )
    options: type[Options] = CancelOptions

    def __init__(self, context: Context) -> None:
        """It is the core that ends the run."""

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Never reached: the core cancels the run at such a step."""
        raise CallFailed(f"step {work.step.id!r} ends its run, and calls nothing", retryable=False)
