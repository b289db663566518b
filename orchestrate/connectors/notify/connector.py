"""Tells people something, once, by every service that Apprise knows; an ignored message is noticed."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from home.context import Context
from home.errors import SettingError
from orchestrate.connectors.notify import sent
from orchestrate.connectors.notify.services import LONGEST_WAIT_S, BadAddress, open_service, send
from orchestrate.connectors.notify.template import filled, places
from orchestrate.connectors.options import Options, Reference
from orchestrate.connectors.port import About, CallFailed, Later, Work, options_of
from orchestrate.connectors.secrets import Secrets

if TYPE_CHECKING:
    from apprise import NotifyBase

LONGEST_BODY = 100_000
LINK = "link"
"""Place of a text that holds the address by which the message is acknowledged."""


class NotifyOptions(Options):
    """To whom, what, and whether somebody has to say that they saw it."""

    to: Reference | list[Reference]
    """Address of each service as Apprise writes it (mailto://…, slack://…), by reference."""
    title: str = Field(default="", max_length=500)
    """Subject; {name} and {customer.name} are filled from the input."""
    body: str = Field(min_length=1, max_length=20_000)
    """Text, filled likewise; {link} is where it is acknowledged, and is added at the end if not named."""
    acknowledge_s: float | None = Field(default=None, gt=0)
    """Seconds in which somebody has to acknowledge it; after that it is ignored, and `escalate` is asked."""
    escalate: str | None = None
    """Role (or person:NAME) that gets a task when it is ignored; default is the manual queue's."""

    @field_validator("to")
    @classmethod
    def _somebody(cls, to: str | list[str]) -> str | list[str]:
        if not to:
            raise ValueError("it goes to nobody")
        return to

    @field_validator("title", "body")
    @classmethod
    def _template(cls, text: str) -> str:
        places(text)
        return text


class NotifyConnector:
    """One message per service and visit; where it must be acknowledged, the step ends with that."""

    summary = (
        "Sends a message by mail, chat or SMS, and notices when one that asks for it is not acknowledged."
    )
    about = About(
        purpose="Tells people something by mail, chat or SMS, and finds out whether anybody took notice.",
        verbs=(
            "notify",
            "send",
            "mail",
            "inform",
            "remind",
            "alert",
            "tell",
            "announce",
            "confirm",
            "message",
        ),
        systems=("e-mail", "SMTP", "Slack", "Microsoft Teams", "Telegram", "SMS", "chat", "pager"),
        idempotent="what a service took is written down, and not sent to it again",
        cost="one message per service",
    )
    options = NotifyOptions

    def __init__(self, context: Context) -> None:
        self._context = context

    async def call(self, work: Work) -> Mapping[str, Any] | Later:
        """Send what was not sent yet. A message that is on its way cannot be called back."""
        options, secrets = options_of("notify", NotifyOptions, work), Secrets()
        addresses = [options.to] if isinstance(options.to, str) else list(options.to)
        services = await asyncio.to_thread(_services, [secrets.of(to) for to in addresses], work)
        title, body = await asyncio.to_thread(self._texts, options, work)
        state, now = self._context.state, self._context.clock.now().timestamp()
        kinds = [str(service.service_name) for service in services]
        known = await asyncio.to_thread(sent.begin, state, work, kinds, now)
        if not known.sent:
            left = [number for number in range(len(services)) if number not in known.parts]
            sending = (self._send(services[n], n, title, body, work) for n in left)
            refused = [kind for kind in await asyncio.gather(*sending) if kind]
            if refused:
                raise CallFailed(f"{', '.join(sorted(set(refused)))} did not take the message")
            expected = None if options.acknowledge_s is None else now + options.acknowledge_s
            await asyncio.to_thread(sent.finish, state, work.key, now, expected)
        if options.acknowledge_s is None or known.acknowledged:
            return {"notified": len(services)}
        reason = (
            f"nobody acknowledged {title!r} in time" if title else "nobody acknowledged the message in time"
        )
        return Later(options.acknowledge_s, options.escalate, reason)

    def _texts(self, options: NotifyOptions, work: Work) -> tuple[str, str]:
        data: dict[str, Any] = dict(work.input)
        body = options.body
        if options.acknowledge_s is not None:
            from orchestrate.awaiting.acknowledge import link

            try:
                data[LINK] = link(self._context, work)
            except SettingError as error:
                raise CallFailed(error.message, retryable=False, hint=error.hint) from error
            if LINK not in places(body):
                body = f"{body}\n\nPlease acknowledge: {{{LINK}}}"
        try:
            return filled(options.title, data, one_line=True), filled(body, data)[:LONGEST_BODY]
        except KeyError as error:
            message = f"the text wants {error.args[0]!r}, which the input does not have"
            raise CallFailed(message, retryable=False) from error

    async def _send(
        self, service: "NotifyBase", number: int, title: str, body: str, work: Work
    ) -> str | None:
        """Send by one service; its kind where it did not take the message."""
        try:
            async with asyncio.timeout(work.timeout_s):
                done = await asyncio.to_thread(send, service, title, body)
        except TimeoutError:
            done = False
        if not done:
            return str(service.service_name)
        await asyncio.to_thread(sent.took, self._context.state, work.key, number)
        return None


def _services(addresses: list[str], work: Work) -> "list[NotifyBase]":
    """The services behind addresses, within the time limit of the step; raises `CallFailed`."""
    limit_s = max(0.5, min(LONGEST_WAIT_S, work.timeout_s / 2))
    found = []
    for number, address in enumerate(addresses, 1):
        try:
            found.append(open_service(address, work.key, limit_s))
        except BadAddress as error:
            message = f"address {number} of the setting to is none that can be notified"
            hint = "Apprise's documentation lists the forms."
            raise CallFailed(message, retryable=False, hint=hint) from error
    return found
