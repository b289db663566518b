"""Gives attributes their columns and the narrowest type that fits every value; text stays text."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from home.duck import Cursor
from home.sql import literal
from ingest.offsets import has_offset

SQL_TYPES = {"text": "varchar", "number": "double", "boolean": "boolean", "time": "timestamp"}
NUMBER = (
    # Only what prints again as it was read: no leading zeros ('007' is a name), no 1E5, at most 15 digits.
    "case when length({x}) > 24 or not"
    " regexp_full_match({x}, '-?(0|[1-9]\\d{{0,14}})(\\.\\d+)?([eE][-+]\\d+)?') then false"
    " when contains(lower({x}), 'e') then coalesce(isfinite(try_cast({x} as double)), false) else true end"
)
BOOLEAN = "lower({x}) in ('true', 'false')"
TIME = "{x} like '____-__-__%' and try_cast({x} as timestamptz) is not null"
FITS = {"number": NUMBER, "boolean": BOOLEAN, "time": TIME}
AS_TEXT = {
    "number": "case when {column} = trunc({column}) and abs({column}) < 1e15"
    " then {column}::bigint::varchar else {column}::varchar end",
    "boolean": "{column}::varchar",
    "time": "strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ')",
}
"""What a value becomes when its attribute is text after all: whole numbers without decimals, times in ISO."""
SAMPLE = 2_000
AT_ONCE = 24
"""Columns that one query judges; the time to plan a query grows with the square of its expressions."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of a log: where its values are read, and where they are kept."""

    name: str
    scope: str
    """case or event"""
    type: str
    """text, number, boolean or time"""
    column: str
    """c0, e0, …"""
    value: str
    """SQL over the stage: the typed value."""


def place(
    cursor: Cursor,
    scope: str,
    table: str,
    columns: Mapping[str, str],
    zone: str,
    *,
    texts: Collection[str] = (),
) -> list[Attribute]:
    """Find the type of each attribute in `table` and add its column to the log's tables.

    `columns` maps attribute names to SQL names of text columns. An attribute that earlier sources
    gave a narrower type than this one can keep becomes text, one that was empty in all of them takes the
    type it has here; those in `texts` are text whatever they hold.
    """
    types = _types(cursor, table, list(columns.values()))
    types |= {source: "text" for name, source in columns.items() if name in texts}
    known = {
        name: (kind, column)
        for name, kind, column in cursor.execute(
            "select name, type, col from attribute where scope = ?", [scope]
        ).fetchall()
    }
    tables = ("trace", "cv") if scope == "case" else ("event", "instance")
    placed = []
    for name, source in columns.items():
        kind = types[source]
        if name not in known:
            known[name] = (kind or "text", f"{scope[0]}{len(known)}")
            _add(cursor, scope, name, *known[name], tables)
        before, column = known[name]
        kept = before if kind in (None, before) else "text"
        if kind not in (None, before) and before == "text" and _is_empty(cursor, column, tables[0]):
            kept = kind or before
            _retype(cursor, scope, name, column, kept, tables, f"null::{SQL_TYPES[kept]}")
        elif kept != before:
            _retype(cursor, scope, name, column, kept, tables, AS_TEXT[before].format(column=column))
        placed.append(Attribute(name, scope, kept, column, _typed(source, kept, zone)))
    return placed


def _types(cursor: Cursor, table: str, columns: list[str]) -> dict[str, str | None]:
    """The narrowest type of each column; `None` where it has no value."""
    if not columns:
        return {}
    cursor.execute(
        f"create or replace temp table sampled as select {', '.join(columns)} from {table} limit {SAMPLE}"
    )
    (rows,) = cursor.execute("select count(*) from sampled").fetchone() or (0,)
    certain = _fitting(cursor, "sampled", {column: list(FITS) for column in columns})
    if rows == SAMPLE:  # there may be more
        certain = _fitting(cursor, table, certain)
    cursor.execute("drop table sampled")
    return {
        column: None if "empty" in kinds else next(iter(kinds), "text") for column, kinds in certain.items()
    }


def _fitting(cursor: Cursor, table: str, asked: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Which of the kinds asked about fit every value of a column; `["empty"]` where it has none."""
    fitting: dict[str, list[str]] = {}
    columns = list(asked)
    for first in range(0, len(columns), AT_ONCE):
        few = {column: asked[column] for column in columns[first : first + AT_ONCE]}
        fitting |= _fitting_few(cursor, table, few)
    return fitting


def _fitting_few(cursor: Cursor, table: str, asked: Mapping[str, list[str]]) -> dict[str, list[str]]:
    pairs = [(column, kind) for column, kinds in asked.items() for kind in kinds if kind in FITS]
    misfits = [
        f"count(*) filter ({column} is not null and not ({FITS[kind].format(x=column)}))"
        for column, kind in pairs
    ]
    filled = [f"count({column})" for column in asked]
    cleaned = ", ".join(f"nullif({column}, '') as {column}" for column in asked)
    counts = cursor.execute(
        f"select {', '.join([*filled, *misfits])} from (select {cleaned} from {table})"
    ).fetchone()
    found = list(counts or ())
    empty = {column for column, count in zip(asked, found, strict=False) if not count}
    fitting = {column: list[str]() for column in asked}
    for (column, kind), count in zip(pairs, found[len(asked) :], strict=True):
        if not count:
            fitting[column].append(kind)
    return {column: ["empty", *kinds] if column in empty else kinds for column, kinds in fitting.items()}


def _add(cursor: Cursor, scope: str, name: str, kind: str, column: str, tables: tuple[str, ...]) -> None:
    cursor.execute("insert into attribute values (?, ?, ?, ?)", [name, scope, kind, column])
    for target in tables:
        cursor.execute(f"alter table {target} add column {column} {SQL_TYPES[kind]}")


def _is_empty(cursor: Cursor, column: str, table: str) -> bool:
    return cursor.execute(f"select 1 from {table} where {column} is not null limit 1").fetchone() is None


def _retype(
    cursor: Cursor, scope: str, name: str, column: str, kind: str, tables: tuple[str, ...], values: str
) -> None:
    """Give an attribute another type; `values` is SQL for what its values become."""
    for target in tables:
        cursor.execute(f"alter table {target} alter {column} type {SQL_TYPES[kind]} using {values}")
    cursor.execute("update attribute set type = ? where scope = ? and name = ?", [kind, scope, name])


def _typed(source: str, kind: str, zone: str) -> str:
    value = f"nullif({source}, '')"
    if kind == "time" and zone == "UTC":
        return f"timezone('UTC', try_cast({value} as timestamptz))"
    if kind == "time":
        return (
            f"case when {has_offset(value)} "
            f"then timezone('UTC', try_cast({value} as timestamptz)) "
            f"else timezone('UTC', timezone({literal(zone)}, try_cast({value} as timestamp))) end"
        )
    return value if kind == "text" else f"try_cast({value} as {SQL_TYPES[kind]})"
