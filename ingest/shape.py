"""Shapes a log: keeps the views `shaped` and `shaped_trace` true to its steps and its links.

Raw events stay as they came. What reads a log reads `shaped`, which has the columns of `event` with the
activity and case id that the steps and links leave, without what is hidden; and `shaped_trace`, which has
the columns of `trace`, one row per source and case. Links are followed first, then the steps in order.

`n` is unique within a case and not within `shaped`: an event whose key reaches several cases stands in
each of them. So events are told apart by (case_id, n).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from home.duck import Cursor
from ingest import layout, links
from ingest.contracts import Finding
from ingest.mapping_file import MappingFile
from ingest.shaping import versions
from ingest.shaping.chain import resolve
from ingest.shaping.compiled import Column, Columns, missing, select, stages
from ingest.shaping.placed import Placed, placed
from ingest.shaping.steps import Add, Derive, Step
from ingest.shaping.told import many, tell

MADE_BY_HAND = ("shape", "shape_move", "shape_taken", "saved_filter")
"""Tables of a log that people made; they stay when its events are replaced."""
CODES = ("shape_unknown", "shape_merges")
"""Findings about steps; like those about links they are told afresh whenever the log is shaped."""


@dataclass(frozen=True)
class Received:
    """What a source changed about how its log is shaped."""

    findings: tuple[Finding, ...]
    touched: str | None
    """A temporary table with the column `case_id`: the cases it changed; `None`: all of them."""


def receive(
    cursor: Cursor, source: int, mapping: MappingFile, *, name: str, by: str, at: datetime
) -> Received:
    """Take in what a source's mapping says of keys and steps, then `apply`; its events are in `event`.

    The steps of a mapping file are taken once: what people change afterwards is not undone by the next
    load of the same file. Steps that the log does not have yet are added after those it has.
    """
    before, ways, root = versions.current(cursor).version, links.ways(cursor), links.root_of(cursor)
    links.enter(cursor, source, mapping.key, mapping.root, mapping.links)
    taken = take(cursor, mapping.shape, name=name, by=by, at=at)
    found = (*taken, *apply(cursor, source))
    now = links.ways(cursor)
    whole = (
        source == 0
        or versions.current(cursor).version != before
        or root not in (None, links.root_of(cursor))
        or any(now.get(way, nearer) != nearer for way, nearer in ways.items())
    )
    return Received(found, None if whole else touched(cursor, source))


def take(cursor: Cursor, steps: Sequence[Step], *, name: str, by: str, at: datetime) -> tuple[Finding, ...]:
    """Put the steps of a mapping file in force, unless the log took this very list before."""
    text = versions.text_of(steps)
    known = cursor.execute("select count(*) from shape_taken where steps = ?", [text]).fetchone()
    if not steps or (known and known[0]):
        return ()
    cursor.execute("insert into shape_taken values (?)", [text])
    now = versions.current(cursor).steps
    new = [step for step in steps if step not in now]
    if not new:
        return ()
    versions.keep(cursor, (*now, *new), by=by, at=at, note=f"from the mapping of {name}")
    if not now:
        return ()
    message = f"The mapping of {name} added {many(len(new), 'step')} to the {len(now):,} that shaped the log."
    return (Finding(code="shape_taken", severity="info", count=len(new), message=message),)


def keep(cursor: Cursor, schema: str) -> None:
    """Set a log's versions of its steps and its saved filters aside before it is replaced, for `restore`."""
    for table in MADE_BY_HAND:
        cursor.execute(f'create or replace temp table kept_{table} as select * from "{schema}".{table}')


def restore(cursor: Cursor) -> None:
    """Give a log that replaces another what people made of that one; the cursor is in its schema."""
    for table in MADE_BY_HAND:
        cursor.execute(f"insert into {table} select * from kept_{table}")


def renew(
    cursor: Cursor, steps: Sequence[Step], *, name: str, by: str, at: datetime
) -> tuple[layout.Size | None, tuple[Finding, ...]]:
    """Shape a log with the steps of a mapping file, unless it took them before: then there is no size."""
    before = versions.current(cursor).version
    taken = take(cursor, steps, name=name, by=by, at=at)
    if versions.current(cursor).version == before:
        return None, ()
    found = (*taken, *apply(cursor, relink=False))
    return layout.build(cursor), found


def apply(cursor: Cursor, source: int | None = None, *, relink: bool = True) -> tuple[Finding, ...]:
    """Make `shaped` and `shaped_trace` afresh, before anything is laid out from them.

    With a `source` only its links are gathered, and `touched` says afterwards which cases it changed;
    without one every link is gathered again (after erasure), unless `relink` says that no link changed.
    The cursor is in the log's schema. Returns what is odd about the steps and links as they now stand.
    Raises `Refused` where links run in a circle.
    """
    cursor.execute("create or replace temp table chain_before as select * from chain")
    joined = links.joined(cursor)
    if joined and relink and links.gather(cursor, source):
        resolve(cursor, links.root_of(cursor))
    steps = versions.current(cursor).steps
    _make_views(cursor, steps)
    told = tell(cursor, steps, columns(cursor), base(cursor))
    cursor.execute("delete from finding where list_contains($codes, code)", {"codes": [*CODES, *links.CODES]})
    found = links.findings(cursor, _schema(cursor)) if joined else ()
    return (*found, *(fault for step in told for fault in step.faults))


def touched(cursor: Cursor, source: int) -> str:
    """The name of a temporary table `touched(case_id)`: the cases that a source changed by the last `apply`.

    They are the cases of its events, and those that gained or lost events because its links led keys of
    earlier sources to another case. A case may have no event any more.
    """
    cursor.execute(
        "create or replace temp table touched as"
        f" select case_id from shaped where source = {int(source)}"
        f" union select case_id from shaped_trace where source = {int(source)}"
    )
    cursor.execute(
        "create or replace temp table moved as (from chain except from chain_before)"
        " union all (from chain_before except from chain)"
    )
    cursor.execute(  # a key that now has a parent was a case of its own before
        "insert into touched select * from (select case_id from moved union select id from moved)"
        " where case_id not in (select case_id from touched)"
    )
    return "touched"


def fingerprint(cursor: Cursor) -> str:
    """The steps in force as text, to be part of the log's hash; empty where the log is as it came."""
    steps = versions.current(cursor).steps
    return versions.text_of(steps) if steps else ""


def added(cursor: Cursor) -> tuple[Placed, ...]:
    """The steps that people added by hand, at the activities as they are called now."""
    steps = versions.current(cursor).steps
    if not any(isinstance(step, Add) for step in steps):
        return ()
    schema = _schema(cursor)  # mining shadows `instance` with the part of it that is in view
    found = cursor.execute(
        f"select name from {schema}.activity where aid in (select aid from {schema}.instance)"
    ).fetchall()
    return placed(steps, frozenset(name for (name,) in found))


def columns(cursor: Cursor) -> Columns:
    """The columns that a template may name: those kept as attributes of events."""
    found = cursor.execute("select name, col, type from attribute where scope = 'event'").fetchall()
    return {name: Column(column, kind) for name, column, kind in found}


def base(cursor: Cursor, more: str = "") -> str:
    """SQL of the relation that the steps start from: raw events, each in every case its key reaches.

    `more` is SQL of further columns over `e`, the raw event.
    """
    schema = _schema(cursor)
    if links.joined(cursor):
        return links.relation(cursor, schema, more)
    return f"(select e.*{more} from {schema}.event e)" if more else f"{schema}.event"


def _make_views(cursor: Cursor, steps: Sequence[Step]) -> None:
    schema, known = _schema(cursor), columns(cursor)
    cursor.execute(f"create or replace view shaped as {select(base(cursor), steps, known)}")
    moved = [
        s for s in stages(steps) if isinstance(s, Derive) and s.derive == "case_id" and not missing(s, known)
    ]
    if not moved and not links.joined(cursor):
        cursor.execute(f"create or replace view shaped_trace as select * from {schema}.trace")
        return
    told = base(cursor, ", e.case_id as told")
    first = ", ".join(f"any_value({c} order by place) as {c}" for c in _case_columns(cursor))
    cursor.execute(
        "create or replace view shaped_trace as"
        f" select source, case_id{', ' if first else ''}{first} from ("
        "  select t.rowid as place, t.* exclude (case_id), m.case_id"
        f"  from {schema}.trace t join ("
        f"   select distinct source, told, case_id from ({select(told, steps, known)})"
        "  ) m on m.source = t.source and m.told = t.case_id"
        " ) group by source, case_id"
    )


def _case_columns(cursor: Cursor) -> list[str]:
    return [c for (c,) in cursor.execute("select col from attribute where scope = 'case'").fetchall()]


def _schema(cursor: Cursor) -> str:
    (name,) = cursor.execute("select current_schema()").fetchone() or ("main",)
    return f'"{name}"'
