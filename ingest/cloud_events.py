"""Takes events out of messages: CloudEvents 1.0 (structured, batch, binary) and plain JSON objects."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.arrival_store import Arrived
from ingest.errors import IngestError

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
DEEPEST = 64
REQUIRED = ("id", "source", "type", "specversion")


class Unreadable(IngestError):
    """A message is no JSON at all, so nothing in it can be told apart."""

    code = "unreadable"


@dataclass(frozen=True)
class Refusal:
    """One event of a message that was not taken."""

    index: int
    """0-based place in the message."""
    reason: str


def events(
    headers: Mapping[str, str], body: bytes, *, queue: str, id: str | None = None
) -> Iterator[Arrived | Refusal]:
    """The events of a message, or why one of them is refused; raises `Unreadable` for what is no JSON.

    `headers` are in lower case; attributes of a binary CloudEvent are headers that begin with `ce-`. An
    event without an id of its own gets `id`, or the digest of its content, and `queue` as its source.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if "ce-specversion" in headers or "ce-id" in headers:
        yield _checked(0, _binary(headers, kind, body), queue, None)
        return
    content = _decoded(body)
    batch = kind == BATCH or (kind != STRUCTURED and content.lstrip()[:1] == "[")
    try:
        found = list(elements(content)) if batch else [(content.strip(), json.loads(content))]
    except (ValueError, IndexError, RecursionError) as error:
        raise Unreadable(f"The message is no JSON: {error}.", hint=HINT) from error
    for number, (text, value) in enumerate(found):
        wanted = kind in (STRUCTURED, BATCH)
        yield _checked(number, text, queue, None if batch else id, value, must=wanted)


HINT = "Send one JSON object, a list of them, or CloudEvents."


def elements(content: str) -> Iterator[tuple[str, Any]]:
    """Each element of a JSON list: its text as it stands, and its value."""
    decoder = json.JSONDecoder()
    content = content.strip()
    if content[:1] != "[" or content[-1:] != "]":
        raise ValueError("a batch is a list in brackets")
    place = _past_blanks(content, 1)
    while content[place] != "]":
        value, end = decoder.raw_decode(content, place)
        yield content[place:end], value
        place = _past_blanks(content, end)
        if content[place] == ",":
            place = _past_blanks(content, place + 1)
            if content[place] == "]":
                raise ValueError("a comma before the end of the list")
        elif content[place] != "]":
            raise ValueError(f"no comma at character {place}")
    if place != len(content) - 1:
        raise ValueError(f"more after the end of the list, at character {place}")


def _past_blanks(content: str, place: int) -> int:
    while content[place] in " \t\r\n":
        place += 1
    return place


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The message is not in UTF-8: byte {error.start} cannot be read.", hint=HINT
        ) from error


def _binary(headers: Mapping[str, str], kind: str, body: bytes) -> str:
    """A CloudEvent in binary mode, put together as the structured one it stands for."""
    from urllib.parse import unquote

    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    text = body.decode("utf-8", errors="backslashreplace").strip()
    if kind:
        attributes["datacontenttype"] = kind
    whole = json.dumps(attributes, ensure_ascii=False)
    if not text:
        return whole
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        text = json.dumps(text, ensure_ascii=False)
    return f'{whole[:-1]}, "data": {text}}}'


def _checked(
    index: int, text: str, queue: str, id: str | None, value: Any = None, *, must: bool = True
) -> Arrived | Refusal:
    """One event with what makes it known again; `must` it be a CloudEvent?"""
    value = json.loads(text) if value is None else value
    if not isinstance(value, dict):
        return Refusal(index, f"an event is a JSON object, not {_word(value)}")
    if not must and "specversion" not in value:
        return Arrived(queue, id or digest(text), text)
    reason = wrong(value) or _unkept(value)
    return Refusal(index, reason) if reason else Arrived(value["source"], value["id"], text)


def wrong(event: Mapping[str, Any]) -> str:
    """What keeps an object from being a CloudEvent 1.0; the empty text where nothing does."""
    from cloudevents.core.exceptions import CloudEventValidationError
    from cloudevents.core.v1.event import CloudEvent

    if missing := [name for name in REQUIRED if name not in event]:  # the library would make up an id
        return f"no CloudEvent 1.0: it has no {' and no '.join(missing)}"
    attributes = {name: value for name, value in event.items() if name not in ("data", "data_base64")}
    try:
        if "time" in attributes:
            attributes["time"] = datetime.fromisoformat(str(attributes["time"]).upper())
        CloudEvent(attributes, None)
    except CloudEventValidationError as error:
        said = [str(problem) for problems in error.errors.values() for problem in problems]
        return f"no CloudEvent 1.0: {said[0]}" if said else "no CloudEvent 1.0"
    except (ValueError, OverflowError) as error:
        return f"no CloudEvent 1.0: time {event['time']!r} cannot be read ({error})"
    return ""


def _unkept(event: Mapping[str, Any]) -> str:
    """Why the names of an event cannot be kept as text."""
    for name in ("id", "source"):
        text = event[name]
        if "\0" in text or text.encode(errors="replace").decode() != text:
            return f"its {name} holds characters that are no text"
    return ""


def digest(text: str) -> str:
    """What an event without an id is known by: its content."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _word(value: Any) -> str:
    return (
        "null"
        if value is None
        else {"list": "a list", "str": "a text", "bool": "a boolean"}.get(type(value).__name__, "a number")
    )
