"""Waits for an event of a broker that belongs to this run; one that came before is taken at once."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from home.context import Context
from home.errors import BatonError
from orchestrate.connectors.broker.address import broker_at
from orchestrate.connectors.options import Options, silence_misfit
from orchestrate.connectors.port import About, CallFailed, Later, Work, options_of
from orchestrate.connectors.secrets import Secrets
from orchestrate.contracts import Step


class ConsumeOptions(Options):
    """Where from, which event, and how long."""

    address: str
    """amqp://HOST/VHOST?queue=NAME or kafka://HOST:9092/TOPIC; by reference where it holds a password."""
    field: str = Field(pattern=r"^\w+(\.\w+)*$")
    """Where the event says whom it belongs to, such as data.order or subject."""
    equals: str = Field(min_length=1)
    """Field of the step's input that it must be equal to."""
    type: str | None = None
    """Only events of this CloudEvent type."""
    where: str | None = None
    """Only events whose `data` fulfils this CEL expression, such as data.amount > 100."""
    within_s: float | None = Field(default=None, gt=0)
    """Seconds; when nothing has come by then, a person is asked. Without it the step's timeout holds."""
    otherwise: str | None = None
    """Outcome of the step when nothing has come by then: nobody is asked, and the plan goes on by it."""
    role: str | None = None
    """Who is asked then; default is the manual queue's role."""

    def misfit(self, step: Step) -> str | None:
        """Silence is an outcome only where its step knows it."""
        return silence_misfit(self.otherwise, self.within_s, step)

    @field_validator("where")
    @classmethod
    def _rule(cls, where: str | None) -> str | None:
        if where is not None:
            from orchestrate.core.rules import compile_rule

            try:
                compile_rule(where)
            except BatonError as error:
                raise ValueError(error.message.rstrip(".")) from error
        return where


class ConsumeConnector:
    """The wait is a row; a worker listens to the queue and tells the run."""

    summary = "Waits for an event from RabbitMQ or Kafka that belongs to this run; its data is the output."
    about = About(
        purpose="Waits until another system says by an event that something has happened to this case.",
        verbs=("wait", "await", "receive", "expect", "listen", "collect"),
        systems=("RabbitMQ", "Kafka", "message broker", "event bus", "queue", "topic"),
        idempotent="an event is known by its source and id, and taken once by a step",
        cost="a row while it waits",
    )
    options = ConsumeOptions

    def __init__(self, context: Context) -> None:
        self._context = context

    async def call(self, work: Work) -> Mapping[str, Any] | Later:
        """What has come already, or a note that this step waits."""
        options, secrets = options_of("consume", ConsumeOptions, work), Secrets()
        broker_at(options.address, None, secrets)
        wanted = work.input.get(options.equals)
        if wanted is None or isinstance(wanted, dict | list):
            message = f"it waits by the field {options.equals!r}, which the input does not have"
            raise CallFailed(message, retryable=False)
        from orchestrate.awaiting.store import Wait, can_be_kept, value_of, wait

        if not can_be_kept(value_of(wanted)):
            raise CallFailed(f"the value of {options.equals!r} is none to wait by", retryable=False)
        asked = Wait(options.address, options.type, options.field, wanted, options.where)
        now = self._context.clock.now().timestamp()
        found = await asyncio.to_thread(wait, self._context.state, work, asked, now)
        if found is not None:
            return found
        reason = f"no event with {options.field} = {wanted!r} came in time"
        return Later(options.within_s, options.role, reason, options.otherwise)
