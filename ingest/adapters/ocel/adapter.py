"""Reads object-centric event logs (OCEL 2.0 and 1), flattened to the kind of object that is the case."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

import pyarrow as pa

from ingest.adapter import ROW, TRACE, Aside, Chunk, Content, Options, Reading
from ingest.adapters.ocel.flattening import Flat, compare
from ingest.adapters.ocel.json_log import JsonLog, OldJsonLog
from ingest.adapters.ocel.model import ObjectLog
from ingest.adapters.ocel.sqlite_log import SqliteLog, tables_of
from ingest.adapters.ocel.xml_log import XmlLog
from ingest.contracts import Finding
from ingest.errors import Unfit

ROWS = 20_000
"""Rows in one chunk."""
SURE = 99
LISTED = 40
"""Types of objects that are told when none was chosen."""


class OcelAdapter:
    """OCEL in JSON, XML or SQLite.

    A flat event has the columns of XES, its attributes, `event_id`, `qualifier` (the role of the case's
    object), and `object:TYPE` for the objects of other types that it touches. Events that touch no
    object of the chosen type are set aside.
    """

    name = "ocel"
    reads = "object-centric logs: OCEL 2.0 (JSON, XML, SQLite) and OCEL 1 (JSON); --object-type is the case"
    suffixes = (".jsonocel", ".xmlocel", ".sqliteocel", ".json", ".xml", ".sqlite", ".sqlite3", ".db")
    several = False

    def recognises(self, content: Content) -> int:
        """By what the document begins with, or the tables of the database."""
        return SURE if content.path is not None and _form(content) else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Find the objects, then stream the events of those of the chosen type."""
        forms: dict[str, Callable[[Content, Options], ObjectLog]] = {
            "json": JsonLog,
            "json 1": OldJsonLog,
            "xml": XmlLog,
            "sqlite": SqliteLog,
        }
        form = _form(content)
        if form == "xml 1":
            raise Unfit(
                "format", f"{content.name} is OCEL 1 in XML, which is not read.", hint="Write it as OCEL 2.0."
            )
        if form not in forms:
            raise Unfit("format", f"{content.name} is no OCEL.", hint="Leave --adapter out.")
        log = forms[form](content, options)
        if not log.types:
            raise Unfit("no events", f"{content.name} has no events with objects: it has no objects.")
        kind = _kind(log, options.object_type)
        reading = Reading(iter(()), row_word="event")
        reading.chunks = _chunks(Flat(log, kind), options, reading)
        return reading


def _form(content: Content) -> str:
    """Which form of OCEL the content has; empty where it is none."""
    head = content.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite" if {"event_object", "event_map_type"} <= tables_of(content) else ""
    if head.startswith(b"{"):
        return _json_form(content)
    if head.startswith(b"<") and b"<log" in head:
        if b"object-types" in head or b"event-types" in head:
            return "xml"
        return "xml 1" if b'"ocel' in head or b"'ocel" in head or b'"omap"' in head else ""
    return ""


def _json_form(content: Content) -> str:
    """Its keys may stand in any order, so that the end of the file is looked at too."""
    with content.file.open("rb") as file:
        file.seek(max(0, content.size - len(content.head)))
        seen = content.head + file.read(len(content.head))
    if b'"ocel:' in seen:
        return "json 1"
    keys = (b'"objectTypes"', b'"eventTypes"', b'"objectId"')
    return "json" if sum(key in seen for key in keys) >= 2 else ""


def _kind(log: ObjectLog, asked: str | None) -> str:
    """The type that was asked for, or the only one; raises `Unfit` saying what each would give."""
    known = set(log.types.values())
    if asked in known:
        return str(asked)
    if asked is None and len(known) == 1:
        return known.pop()
    near = get_close_matches(asked or "", sorted(known), n=1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    question = (
        f"{log.name} has no objects of the type {asked!r}{guess}"
        if asked is not None
        else f"{log.name} is object-centric: which type of object is the case?"
    )
    found = compare(log)
    lines = [
        f"  {kind!r}: {_some(d.objects, 'object')} with {_some(d.events, 'event')},"
        f" {d.converging:,} of several (convergence);"
        f" {_some(len(d.diverging), 'case')} with mixed repetitions (divergence)"
        for kind, d in list(found.items())[:LISTED]
    ]
    lines += [f"  and {len(found) - LISTED:,} more"] if len(found) > LISTED else []
    best = near[0] if near else next(iter(found))
    raise Unfit(
        "object type",
        "\n".join([question, *lines]),
        hint=f"Say which, such as --object-type {best!r}.",
        option="object_type",
        names=list(found),
    )


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("s" if count != 1 else "")


def _chunks(flat: Flat, options: Options, reading: Reading) -> Iterator[Chunk]:
    """The events in portions, and at the end the cases."""
    rows: list[tuple[int, int, dict[str, str | None]]] = []
    aside: list[Aside] = list(flat.log.aside)
    for row in flat.rows():
        if isinstance(row, Aside):
            aside.append(row)
        else:
            rows.append(row)
        if len(rows) + len(aside) >= ROWS:
            yield Chunk(_events(rows), aside=aside)
            rows, aside = [], []
            options.progress(None)
    yield Chunk(_events(rows), aside=aside)
    yield from _cases(flat)
    reading.findings += [*flat.findings(), *flat.log.judged.findings()]
    reading.findings.append(
        Finding(
            code="flattened",
            severity="info",
            count=len(flat.cases),
            message=f"A case is an object of the type {flat.kind!r}.",
        )
    )


def _events(rows: list[tuple[int, int, dict[str, str | None]]]) -> pa.RecordBatch | None:
    if not rows:
        return None
    numbers = {ROW: pa.array([n for n, *_ in rows], pa.int64()), TRACE: pa.array([t for _, t, _ in rows])}
    return pa.record_batch({**numbers, **_columns([columns for *_, columns in rows])})


def _cases(flat: Flat) -> Iterator[Chunk]:
    cases: list[tuple[int, dict[str, str | None]]] = []

    def chunk() -> Chunk:
        numbers = {TRACE: pa.array([n for n, _ in cases], pa.int64())}
        return Chunk(cases=pa.record_batch({**numbers, **_columns([columns for _, columns in cases])}))

    for row in flat.case_rows():
        cases.append(row)
        if len(cases) >= ROWS:
            yield chunk()
            cases.clear()
    if cases:
        yield chunk()


def _columns(records: list[dict[str, str | None]]) -> dict[str, Any]:
    names = dict.fromkeys(name for record in records for name in record)
    return {name: pa.array([record.get(name) for record in records], pa.string()) for name in names}
