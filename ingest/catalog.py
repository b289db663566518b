"""Which event logs there are, and where each one's tables live."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from home.duck import Cursor, EventStore, rows
from home.errors import unknown
from home.sql import migrations
from ingest import feeds
from ingest.shaping import versions

if TYPE_CHECKING:
    from ingest.contracts import Finding
    from ingest.layout import Size
    from ingest.spool import Manifest


@dataclass(frozen=True)
class Log:
    """One event log. Times are UTC and naive, as DuckDB returns them."""

    name: str
    schema: str
    """DuckDB schema that holds its tables."""
    tz: str
    """IANA zone in which days, weeks and calendars are computed."""
    hash: str
    timed: bool
    """Some instances have a start of their own, so processing time is known."""
    paired: bool
    """Instances differ from events."""
    simulated: bool
    plan: str | None
    cases: int
    events: int
    instances: int
    activities: int
    variants: int
    instance_variants: int
    first_at: datetime | None
    last_at: datetime | None
    loaded_at: datetime
    version: int
    """How far its tables were migrated."""


def all_logs(store: EventStore) -> list[Log]:
    """Every log, by name."""
    with store.cursor() as cursor:
        return [Log(**row) for row in rows(cursor.execute("select * from log order by name"))]


def find_log(store: EventStore, name: str) -> Log:
    """The log called `name`; raises `NotFound` with the nearest names."""
    with store.cursor() as cursor:
        found = rows(cursor.execute("select * from log where name = $name", {"name": name}))
    if not found:
        raise unknown("log", name, [log.name for log in all_logs(store)], listing="baton logs")
    return Log(**found[0])


@dataclass(frozen=True)
class Entry:
    """One source of a log, as it is remembered."""

    id: int
    name: str
    adapter: str
    system: str | None
    mapping: str
    """How it was read: adapter, mapping and options, as JSON."""
    hash: str
    counts: Mapping[str, int]
    """seen, loaded, set_aside"""
    at: datetime


def keep_source(cursor: Cursor, entry: Entry, findings: "Sequence[Finding]") -> None:
    """Write a source and what was found in it; the cursor is in the log's schema."""
    cursor.execute(
        "insert into source values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(entry.id, entry.name, entry.adapter, entry.system, entry.mapping, entry.hash),
            *(entry.counts[name] for name in ("seen", "loaded", "set_aside")),
            entry.at,
        ],
    )
    for f in findings:
        cursor.execute(
            "insert into finding values (?, ?, ?, ?, ?, ?)",
            [entry.id, f.code, f.severity, f.count, f.message, f.where],
        )


def keep_log(
    cursor: Cursor, name: str, schema: str, zone: str | None, size: "Size", reading: "Manifest", now: datetime
) -> None:
    """Write a log's line in the catalog; without a `zone` it keeps the one it has, at first UTC."""
    before = rows(cursor.execute("select tz, simulated, plan from main.log where schema = ?", [schema]))
    line = {
        **{key: value for key, value in vars(size).items() if key != "running"},
        "name": name,
        "schema": schema,
        "tz": zone or next((b["tz"] for b in before), "UTC"),
        "hash": hash_of(cursor),
        "simulated": reading.simulated or any(b["simulated"] for b in before),
        "plan": reading.plan or next((b["plan"] for b in before), None),
        "loaded_at": now,
        "version": max(number for number, _ in migrations("ingest", "schema/log")),
    }
    cursor.execute("delete from main.log where schema = ?", [schema])
    columns = ", ".join(f"${key} as {key}" for key in line)
    cursor.execute(f"insert into main.log by name select {columns}", line)


def keep_size(cursor: Cursor, schema: str, size: "Size", findings: "Sequence[Finding]") -> None:
    """Write a log's size and hash after it was shaped anew, and what is odd about its shape."""
    line = {key: value for key, value in vars(size).items() if key != "running"}
    columns = ", ".join(f"{key} = ${key}" for key in line)
    cursor.execute(
        f"update main.log set {columns}, hash = $hash where schema = $schema",
        {**line, "hash": hash_of(cursor), "schema": schema},
    )
    for f in findings:
        cursor.execute(
            "insert into finding values (null, ?, ?, ?, ?, ?)",
            [f.code, f.severity, f.count, f.message, f.where],
        )


def hash_of(cursor: Cursor) -> str:
    """SHA-256 over the content and mapping of a log's sources, and over the steps that shape it."""
    made_of = cursor.execute("select hash, mapping from source order by id").fetchall()
    steps = versions.current(cursor).steps
    return hashlib.sha256(
        json.dumps([*made_of, *([versions.text_of(steps)] if steps else [])]).encode()
    ).hexdigest()


def remove(cursor: Cursor, name: str, schema: str) -> None:
    """Drop a log's tables and its line in the catalog; its sources will be read from the beginning."""
    cursor.execute(f'drop schema "{schema}" cascade')
    cursor.execute("delete from main.log where name = ?", [name])
    feeds.begin_again(cursor, name)
