"""Turns an event that arrived into a row of text, or says why it can never be one."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from ingest.adapter import Aside
from ingest.adapters.flat import Columns, flat, parsed
from ingest.errors import IngestError, Unfit
from ingest.mapping import CANONICAL, NEEDED

DEEPEST = 64
EPOCH = re.compile(r"\d{9,10}(\.\d+)?|\d{12,13}|\d{15,16}")
ENVELOPE = {"subject": "case_id", "type": "activity", "time": "timestamp"}
"""What the attributes of a CloudEvent mean where no mapping says otherwise."""


class Poison(IngestError):
    """An event that cannot be loaded; its message is the reason."""

    code = "poison"


def row(payload: str, fields: Mapping[str, str], *, dates: str | None) -> Columns:
    """The columns of one event; raises `Poison` where case, activity or time is absent or unreadable.

    With `fields` (field to column) the names stand as they are in the message. Without, a CloudEvent's
    subject is the case, its type the activity, its time the time, and what is in its data the attributes.
    """
    columns = _columns(payload)
    for name, value in columns.items():
        if not _is_text(name) or not _is_text(value or ""):
            raise Poison(f"{name!a} holds half a character (a lone surrogate), which is no text")
    if not fields and "specversion" in columns:
        columns = _opened(columns)
    for field in NEEDED:
        column = fields.get(field) or next((c for c in CANONICAL[field] if c in columns), None)
        value = columns.get(column) if column else None
        if column is None or value is None or not value.strip():
            raise Poison(_absent(field, column, columns))
        if field == "timestamp" and dates is None and not _is_time(value.strip()):
            raise Poison(f"{column}: {value[:60]!r} is no time that can be read without --dates")
    return columns


def _columns(payload: str) -> Columns:
    try:
        value = parsed(payload, "message")
        if not isinstance(value, dict):
            raise Poison("the message is no JSON object")
        found = list(flat(value, 1, depth=DEEPEST, where="message"))
    except Unfit as error:
        raise Poison(f"not JSON: {error.message}") from error
    first = found[0]
    if isinstance(first, Aside):
        raise Poison(f"{first.reason}: {first.column}" if first.column else first.reason)
    if len(found) > 1:
        raise Poison("the message has a changelog of several events")
    return first


def _opened(columns: Columns) -> Columns:
    """A CloudEvent's columns under the names that need no mapping."""
    taken = {name for field in NEEDED for name in CANONICAL[field]}
    opened: Columns = {new: columns[old] for old, new in ENVELOPE.items() if columns.get(old)}
    for name, value in columns.items():
        if name.startswith("data."):
            inner = name.removeprefix("data.")
            opened[name if inner in taken or inner in opened else inner] = value
        elif name not in ENVELOPE and name not in ("specversion", "id", "datacontenttype", "dataschema"):
            opened.setdefault("event_source" if name == "source" else name, value)
    return opened


def _absent(field: str, column: str | None, columns: Collection[str]) -> str:
    word = {"case_id": "no case", "activity": "no activity", "timestamp": "no time"}[field]
    looked = repr(column) if column else " or ".join(map(repr, CANONICAL[field]))
    found = ", ".join(sorted(columns)[:10]) or "nothing"
    return f"{word}: {looked} is {'empty' if column in columns else 'absent'}; found {found}"


def _is_text(value: str) -> bool:
    return value.isascii() or value.encode(errors="replace").decode() == value


def _is_time(value: str) -> bool:
    if EPOCH.fullmatch(value):
        return True
    try:
        return datetime.fromisoformat(value) is not None
    except ValueError:
        return False
