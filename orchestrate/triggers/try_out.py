"""`baton trigger test` and `fire`: which run an occurrence would start, and starting it by hand."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Json, Option, Request, Response, TextOrFile
from home.errors import Refused, SettingError
from home.text import plain
from orchestrate.triggers import store
from orchestrate.triggers.contracts import Occasion, Webhook
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.sample import sample
from orchestrate.triggers.webhook import signed

SAME_KEY = "select id from run where plan = :plan and simulated = 0 and key = :key"


class TryTriggerRequest(Request):
    """Which trigger, and what comes in."""

    name: Annotated[str, Argument("NAME")]
    """Name of the trigger."""
    data: Annotated[str | None, TextOrFile()] = None
    """What comes in, as JSON: a request's body, a CloudEvent, a row, the data of a run that ended; @FILE
    takes it from a file. Without it something real where there is something."""
    id: Annotated[str | None, Option(("--id",), "ID")] = Field(default=None, min_length=1)
    """What the occurrence is known by; for --after triggers, a run that ended."""


class FireTriggerRequest(TryTriggerRequest):
    """Which trigger to fire, and with what."""

    by: str | None = None
    """Who fires it; default is the operating-system user."""


class Tried(Response):
    """What an occurrence would start; nothing was started."""

    trigger: str
    outcome: str
    """started, known, skipped or refused."""
    plan: str
    version: int | None
    data: Json
    """What the run would be started with."""
    key: str | None
    run: str | None
    """The run that this key, or this very occurrence, has started already."""
    detail: str
    """Why no run would be started."""
    warning: str
    """What is wrong here and may be right where the trigger runs, such as a secret that cannot be had."""
    came_in: Any
    """`data` of the expressions."""
    event: Json
    """`event` of the expressions."""

    def lines(self) -> Iterator[str]:
        """What would happen, then with what."""
        version = f"@{self.version}" if self.version else ""
        said = {
            "started": f"would start a run of {self.plan}{version}",
            "known": f"would start nothing: run {self.run} was started by it",
            "skipped": f"would start nothing: {self.detail}",
            "refused": f"cannot start a run of {self.plan}: {self.detail.rstrip('.')}",
        }
        yield plain(f"{self.trigger} {said[self.outcome]}.")
        if self.key is not None:
            yield plain(f"key: {self.key}")
        for name, value in self.data.items():
            yield plain(f"  {name}: {value}")
        if self.warning:
            yield plain(f"Here, {self.warning}")


class ByHand(Response):
    """A trigger that was fired by hand."""

    trigger: str
    occurrence: str
    outcome: str
    """started, known or skipped."""
    run: str | None
    detail: str

    def lines(self) -> Iterator[str]:
        """What was started."""
        said = {
            "started": f"started run {self.run}",
            "known": f"started nothing new: run {self.run} was started by it before",
        }
        yield plain(f"{self.trigger} {said.get(self.outcome, f'started nothing: {self.detail}')}.")


def try_trigger(context: Context, request: TryTriggerRequest) -> Tried:
    """Show what an occurrence would start: condition, data, business key, and the plan's input contract.

    Nothing is written. A webhook's secrets are looked up and a table is read, so that what is wrong
    with them shows too.
    """
    starter = Starter(context.state, context.clock)
    kept = store.find_trigger(context.state, request.name)
    occurrence = sample(context, starter, kept, request.data, request.id)
    aimed = starter.aim(kept.trigger, occurrence)
    before = starter.known(kept, occurrence.id)
    run = before.run if before else None
    if run is None and aimed.key is not None:
        found = context.state.row(SAME_KEY, {"plan": kept.trigger.plan, "key": aimed.key})
        run = found["id"] if found else None
    outcome = aimed.outcome or ("known" if run or before else "started")
    return Tried(
        trigger=kept.name,
        outcome=outcome,
        plan=kept.trigger.plan,
        version=aimed.version or kept.trigger.version,
        data=aimed.data,
        key=aimed.key,
        run=run,
        detail=aimed.detail,
        warning=_warning(context, kept.trigger.on),
        came_in=occurrence.data,
        event=dict(occurrence.event),
    )


def _warning(context: Context, on: Occasion) -> str:
    """What is wrong with the secrets of a webhook, as far as they can be had here."""
    if not isinstance(on, Webhook):
        return ""
    stamp = str(int(context.clock.now().timestamp()))
    try:
        signed(on, {"webhook-id": "test", "webhook-timestamp": stamp}, b"{}", context.clock.now())
    except SettingError as error:
        return error.message
    return ""


def fire_trigger(context: Context, request: FireTriggerRequest) -> ByHand:
    """Start the run that an occurrence stands for, now; also while the trigger is paused.

    With `--id` the same occurrence starts one run only, as if it had come by itself.
    """
    starter = Starter(context.state, context.clock)
    kept = store.find_trigger(context.state, request.name)
    occurrence = sample(context, starter, kept, request.data, request.id)
    fired = starter.fire(kept, occurrence, by=request.by or context.actor)
    if fired.outcome == "refused":
        raise Refused(
            f"The trigger {kept.name!r} started nothing: {fired.detail.rstrip('.')}.",
            hint=f"`baton trigger test {kept.name}` shows what is made of what comes in.",
        )
    return ByHand(
        trigger=kept.name, occurrence=fired.id, outcome=fired.outcome, run=fired.run, detail=fired.detail
    )
