"""What an object-centric log is, whichever file it comes from: events that touch objects of several types."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from ingest.adapter import Aside
from ingest.contracts import Finding

KINDS = {
    "integer": re.compile(r"\s*[-+]?\d+\s*"),
    "float": re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*|NaN|-?INF"),
    "boolean": re.compile(r"true|false|0|1", re.IGNORECASE),
    "time": re.compile(r"\d{4}-\d{2}-\d{2}.*"),
}
"""Types that an attribute may declare, and what its values look like."""


@dataclass(slots=True)
class Event:
    """One event as it stands in the log."""

    number: int
    """From 1, in the order of the source."""
    id: str
    activity: str
    time: str | None
    attributes: dict[str, str | None] = field(default_factory=dict)
    related: list[tuple[str, str]] = field(default_factory=list)
    """Objects and in which role (qualifier, may be empty)."""
    fault: str = ""
    """Why it cannot be loaded."""


@dataclass(slots=True)
class Value:
    """What an attribute of an object was from a moment on."""

    name: str
    value: str | None
    since: str = ""
    """ISO 8601; empty: from the beginning."""


@dataclass
class Judged:
    """What was noticed while reading: declared types that values do not fit, and doubled names."""

    declared: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """(`event` or `object`, type) to attribute to its declared type."""
    misfits: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(attribute, declared type) to values that are not of it."""
    undeclared: Counter[str] = field(default_factory=Counter)
    """Types of events or objects that the log does not declare."""

    def judge(self, scope: str, kind: str, name: str, value: str | None) -> None:
        """Count a value that is not of the type its attribute declares."""
        declared = self.declared.get((scope, kind), {}).get(name, "")
        pattern = KINDS.get(declared)
        if value and pattern is not None and not pattern.fullmatch(value):
            self.misfits[(name, declared)] += 1

    def expect(self, scope: str, kind: str) -> None:
        """Count an event or object of a type that is not declared."""
        if self.declared and (scope, kind) not in self.declared:
            self.undeclared[f"{scope} type {kind!r}"] += 1

    def findings(self) -> Iterator[Finding]:
        """What people should know of it."""
        for (name, declared), count in self.misfits.items():
            yield Finding(
                code="type_mismatch",
                severity="warning",
                count=count,
                message=f"{count:,} values of {name!r} are no {declared}; kept as text.",
                where=repr(name),
            )
        if self.undeclared:
            listed = ", ".join(what for what, _ in self.undeclared.most_common(5))
            yield Finding(
                code="undeclared_type",
                severity="warning",
                count=self.undeclared.total(),
                message=f"Not declared in the log, but used: {listed}.",
            )


class ObjectLog(Protocol):
    """An object-centric log that is open. Objects are read first; events as often as they are asked for."""

    name: str
    types: dict[str, str]
    """Object to its type."""
    judged: Judged
    aside: list[Aside]
    """Objects and references that cannot be."""

    def events(self) -> Iterator[Event]:
        """Every event in the order of the source; raises `Unfit` where the source is broken."""
        ...

    def values(self, kind: str) -> Iterator[tuple[str, Value]]:
        """What is known of the objects of one type: object, and a value of one of its attributes."""
        ...

    def links(self, kind: str) -> Iterator[tuple[str, str]]:
        """Objects of one type, and the objects they are related to without an event."""
        ...


def text_of(value: Any) -> str | None:
    """A value of JSON or SQLite as text that reads back as the same value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
