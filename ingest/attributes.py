"""Gives attributes their columns and the narrowest type that fits every value; text stays text."""

from collections.abc import Mapping
from dataclasses import dataclass

from home.duck import Cursor
from ingest.offsets import ZONED
from ingest.stage import literal

SQL_TYPES = {"text": "varchar", "number": "double", "boolean": "boolean", "time": "timestamp"}
NUMBER = (
    # Only what prints again as it was read: no leading zeros ('007' is a name), no 1E5, at most 15 digits.
    "try_cast({x} as double) is not null and isfinite(try_cast({x} as double)) and length({x}) <= 24"
    " and regexp_full_match({x}, '-?(0|[1-9]\\d{{0,14}})(\\.\\d+)?([eE][-+]\\d+)?')"
)
BOOLEAN = "lower({x}) in ('true', 'false')"
TIME = "{x} like '____-__-__%' and try_cast({x} as timestamptz) is not null"
FITS = {"number": NUMBER, "boolean": BOOLEAN, "time": TIME}
SAMPLE = 2_000


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


def place(cursor: Cursor, scope: str, table: str, columns: Mapping[str, str], zone: str) -> list[Attribute]:
    """Find the type of each attribute in `table` and add its column to the log's tables.

    `columns` maps attribute names to SQL names of text columns. An attribute that earlier sources
    gave a narrower type than this one can keep becomes text.
    """
    types = _types(cursor, table, list(columns.values()))
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
        if kept != before:
            _widen(cursor, scope, name, column, before, tables)
        placed.append(Attribute(name, scope, kept, column, _typed(source, kept, zone)))
    return placed


def _types(cursor: Cursor, table: str, columns: list[str]) -> dict[str, str | None]:
    """The narrowest type of each column; `None` where it has no value."""
    sample = f"(select * from {table} limit {SAMPLE})"
    possible = _fitting(cursor, sample, {column: list(FITS) for column in columns})
    certain = _fitting(cursor, table, possible)
    return {
        column: None if "empty" in kinds else next(iter(kinds), "text") for column, kinds in certain.items()
    }


def _fitting(cursor: Cursor, table: str, asked: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Which of the kinds asked about fit every value of a column; `["empty"]` where it has none."""
    if not asked:
        return {}
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
    fitting: dict[str, list[str]] = {column: [] for column in asked}
    for (column, kind), count in zip(pairs, found[len(asked) :], strict=True):
        if not count:
            fitting[column].append(kind)
    return {column: ["empty", *kinds] if column in empty else kinds for column, kinds in fitting.items()}


def _add(cursor: Cursor, scope: str, name: str, kind: str, column: str, tables: tuple[str, ...]) -> None:
    cursor.execute("insert into attribute values (?, ?, ?, ?)", [name, scope, kind, column])
    for target in tables:
        cursor.execute(f"alter table {target} add column {column} {SQL_TYPES[kind]}")


def _widen(cursor: Cursor, scope: str, name: str, column: str, before: str, tables: tuple[str, ...]) -> None:
    """Make an attribute text after all; whole numbers keep no decimals, times are ISO."""
    if before == "text":
        return
    as_text = {
        "number": f"case when {column} = trunc({column}) and abs({column}) < 1e15"
        f" then {column}::bigint::varchar else {column}::varchar end",
        "boolean": f"{column}::varchar",
        "time": f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ')",
    }[before]
    for target in tables:
        cursor.execute(f"alter table {target} alter {column} type varchar using {as_text}")
    cursor.execute("update attribute set type = 'text' where scope = ? and name = ?", [scope, name])


def _typed(source: str, kind: str, zone: str) -> str:
    value = f"nullif({source}, '')"
    if kind == "time" and zone == "UTC":
        return f"timezone('UTC', try_cast({value} as timestamptz))"
    if kind == "time":
        return (
            f"case when regexp_matches(substring({value}, 9), '{ZONED}') "
            f"then timezone('UTC', try_cast({value} as timestamptz)) "
            f"else timezone('UTC', timezone({literal(zone)}, try_cast({value} as timestamp))) end"
        )
    return value if kind == "text" else f"try_cast({value} as {SQL_TYPES[kind]})"
