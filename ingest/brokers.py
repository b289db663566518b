"""Which broker, queue or topic a named source means, and how its messages become arrivals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from home.errors import UsageError
from home.settings import REFERENCE, secret
from ingest.arrival_store import Arrived
from ingest.cloud_events import Refusal, Unreadable, digest, events

SCHEMES = {"amqp": "rabbit", "amqps": "rabbit", "kafka": "kafka", "kafkas": "kafka"}
MOST_MESSAGE = 16 << 20
"""Bytes of one message; a larger one is kept by its beginning, and becomes a dead letter."""


@dataclass(frozen=True)
class Broker:
    """One queue of RabbitMQ, or one topic of Kafka."""

    kind: str
    """`rabbit` or `kafka`"""
    url: str
    """With its secrets; for Kafka the servers, with commas."""
    queue: str
    """Queue or topic."""
    group: str = "baton"
    """Consumer group of Kafka."""
    user: str | None = None
    password: str | None = None
    tls: bool = False
    shown: str = ""
    """Without secrets."""


@dataclass(frozen=True)
class Message:
    """One message as it came; headers in lower case, `content-type` among them."""

    body: bytes
    headers: Mapping[str, str]
    id: str | None = None


def is_broker(source: str) -> bool:
    """Whether an address (not a reference) is a broker's."""
    return source.partition("://")[0] in SCHEMES and "://" in source


def address_of(source: str) -> str | None:
    """The broker's address that a source is or refers to; `None` where it is none. Raises `SettingError`."""
    address = secret(source) if REFERENCE.match(source) else source
    return address if is_broker(address) else None


def broker(address: str, queue: str | None = None) -> Broker:
    """What an address means: `amqp://USER:PASSWORD@HOST/VHOST?queue=NAME`, `kafka://HOST,HOST/TOPIC?group=NAME`.

    `queue` stands for a queue or topic that the address does not name. Raises `UsageError`.
    """
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    if SCHEMES[parts.scheme] == "kafka":
        return _kafka(address, queue, options)
    name = options.pop("queue", None) or queue
    if not name:
        raise UsageError(
            f"{_shown(address)}: which queue?", hint="Name it in the address: amqp://HOST/VHOST?queue=NAME."
        )
    url = parts._replace(query=urlencode(options), fragment="").geturl()
    return Broker("rabbit", url, name, shown=f"{_shown(address)}, queue {name!r}")


def _kafka(address: str, queue: str | None, options: dict[str, str]) -> Broker:
    scheme, _, rest = address.partition("://")
    place, _, path = rest.partition("?")[0].partition("/")
    credentials, at, servers = place.rpartition("@")
    topic = unquote(path) or queue
    if not topic or not servers:
        raise UsageError(
            f"{_shown(address)}: which topic?", hint="Name it in the address: kafka://HOST:9092/TOPIC."
        )
    user, _, password = credentials.partition(":") if at else ("", "", "")
    return Broker(
        "kafka",
        servers,
        topic,
        options.get("group", "baton"),
        unquote(user) or None,
        unquote(password) or None,
        scheme == "kafkas",
        shown=f"kafka://{servers}, topic {topic!r}",
    )


def _shown(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def arrivals_of(messages: Sequence[Message], source: str) -> list[Arrived]:
    """The events of messages. What cannot be read is kept as it came, and found out when it is loaded."""
    return [event for message in messages for event in _events(message, source)]


def _events(message: Message, source: str) -> Iterator[Arrived]:
    body = message.body
    if len(body) > MOST_MESSAGE:
        text = f"a message of {len(body):,} bytes, over the limit: {body[:200]!r} …"
        yield Arrived(source, message.id or digest(text), text)
        return
    text = body.decode("utf-8", errors="backslashreplace").replace("\0", "\\0")
    try:
        found = list(events(message.headers, body, queue=source, id=message.id))
    except Unreadable:
        yield Arrived(source, message.id or digest(text), text)
        return
    refused = [event for event in found if isinstance(event, Refusal)]
    if len(found) == 1 and refused:
        yield Arrived(source, message.id or digest(text), text)
        return
    for event in found:
        if isinstance(event, Refusal):
            yield Arrived(source, digest(f"{text}{event.index}"), f"{event.reason}, in {text[:2000]}")
        else:
            yield event


def quoted(text: str) -> str:
    """A part of an address, such as a password, as an address holds it."""
    return quote(text, safe="")
