"""Publishes the step's input as a CloudEvent, and ends when the broker has confirmed it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from home.context import Context
from home.contracts import utc_text
from orchestrate.connectors.broker.address import broker_at
from orchestrate.connectors.broker.link import Links, Outgoing
from orchestrate.connectors.options import Options
from orchestrate.connectors.port import About, CallFailed, Work, options_of
from orchestrate.connectors.secrets import Secrets


class PublishOptions(Options):
    """Where to, and what the event is called."""

    address: str
    """amqp://HOST/VHOST?queue=NAME or kafka://HOST:9092/TOPIC; by reference where it holds a password."""
    type: str = Field(min_length=1)
    """Type of the CloudEvent, such as com.example.order.approved."""
    source: str | None = None
    """Source of the CloudEvent; default is /baton/ and the plan's name."""
    subject: str | None = None
    """Field of the input that is the event's subject; on Kafka, events of one subject stay in order."""
    queue: str | None = None
    """Queue or topic that the address does not name."""
    exchange: str | None = None
    """Exchange of RabbitMQ; without it the message goes to the queue itself."""
    routing_key: str | None = None
    """For the exchange; default is the queue's name."""


class PublishConnector:
    """The event's id is the idempotency key, so whoever takes it can tell a repetition."""

    summary = (
        "Publishes the input as a CloudEvent to RabbitMQ or Kafka, and waits for the broker to confirm it."
    )
    about = About(
        purpose="Tells other systems that something happened, by an event on a message broker.",
        verbs=("publish", "emit", "announce", "broadcast", "forward", "hand over", "trigger", "enqueue"),
        systems=("RabbitMQ", "Kafka", "message broker", "event bus", "queue", "topic"),
        idempotent="the CloudEvent's id is the idempotency key; who takes it drops repetitions",
        cost="one message",
    )
    options = PublishOptions

    def __init__(self, context: Context) -> None:
        self._clock, self._links = context.clock, Links()

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Publish, and wait for the confirmation."""
        options, secrets = options_of("publish", PublishOptions, work), Secrets()
        found = broker_at(options.address, options.queue, secrets)
        event = self._event(options, work)
        message = Outgoing(
            json.dumps(event).encode(),
            id=work.key,
            content_type="application/cloudevents+json",
            headers=work.trace,
            exchange=options.exchange,
            routing_key=options.routing_key,
            order_by=event.get("subject"),
        )
        try:
            async with asyncio.timeout(work.timeout_s):
                async with self._links.of(found) as wire:
                    await wire.send(message)
        except TimeoutError as error:
            raise CallFailed(f"{found.shown} did not confirm the message in time") from error
        except CallFailed:
            raise
        except Exception as error:
            said = str(error).strip().splitlines()
            why = said[0] if said else type(error).__name__
            raise secrets.failed(f"{found.shown} did not take the message: {why}") from error
        return {"event": {name: event[name] for name in ("id", "source", "type", "time")}}

    async def close(self) -> None:
        """Let go of connections."""
        await self._links.close()

    def _event(self, options: PublishOptions, work: Work) -> dict[str, Any]:
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": work.key,
            "source": options.source or f"/baton/{work.plan.partition('@')[0] or 'plan'}",
            "type": options.type,
            "time": utc_text(self._clock.now()),
            "datacontenttype": "application/json",
            **work.trace,
            "data": dict(work.input),
        }
        if options.subject is not None:
            subject = work.input.get(options.subject)
            if not isinstance(subject, str | int | float) or subject == "":
                message = f"the subject is the field {options.subject!r}, which the input does not have"
                raise CallFailed(message, retryable=False)
            event["subject"] = str(subject)
        return event
