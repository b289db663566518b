"""A store that lives as long as one look: the rows of a source, staged as a load would stage them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from home.duck import Cursor
from home.sql import migrations
from ingest import dates
from ingest.cast import Cast
from ingest.contracts import Finding
from ingest.dates import CODES, TimeReading
from ingest.errors import Unfit
from ingest.inspection.look import Times
from ingest.mapping import Mapping
from ingest.stage import Stage

WRITTEN = {*CODES.values(), "date_format"}
"""Findings that say how times are written."""


@contextmanager
def scratch(folder: Path, memory_limit: str) -> Iterator[Cursor]:
    """An empty store with the tables of one log; gone with everything in it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix="inspect-") as inside:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(Path(inside) / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        connection = duckdb.connect(str(Path(inside) / "scratch.duckdb"), config=config)
        try:
            connection.execute("set enable_progress_bar = false")
            connection.execute("set TimeZone = 'UTC'")
            for _, sql in migrations("ingest", "schema/log"):
                connection.execute(sql)
            yield connection
        finally:
            connection.close()


def table_of(stage: Stage, most: int) -> tuple[pa.Table, frozenset[str]]:
    """The first `most` staged rows under their own names, with the columns that are kept per case."""
    events = [f"st.{column}" for column in stage.columns.values()]
    cases = [f"sc.{column}" for name, column in stage.case_columns.items() if name not in stage.columns]
    joined = "left join stage_case sc on sc.trace = st.trace" if stage.has_cases else ""
    wanted = ", ".join([*events, *(cases if joined else [])])
    found = stage.cursor.sql(
        f"select {wanted} from (select * from stage order by n limit {most}) st {joined} order by st.n"
    ).to_arrow_table()
    only_cases = [name for name in stage.case_columns if name not in stage.columns] if joined else []
    return found.rename_columns([*stage.columns, *only_cases]), frozenset(only_cases)


def times_of(stage: Stage, column: str, most: int, *, zone: str, order: str | None) -> Times:
    """How the times of a column are read, and what they are in the first `most` rows."""
    cursor, name = stage.cursor, stage.columns[column]
    ambiguous: tuple[str, ...] = ()
    mixed = False
    try:
        reading = dates.reading(cursor, "stage", name, label=column, zone=zone, dates=order)
    except Unfit as error:
        if error.word != "ambiguous":
            raise
        mixed = "can only be" in error.message
        parts = f"regexp_extract({name}, '(\\d+)[-/. ](\\d+)', ['a', 'b'])"
        # 1 January is the same in both orders: it shows nobody what is asked.
        ambiguous = _examples(
            cursor, name, f"try_cast({parts}.a as int) <> try_cast({parts}.b as int)"
        ) or _examples(cursor, name, "true")
        reading = dates.reading(cursor, "stage", name, label=column, zone=zone, dates="dmy")
    seconds = _column(
        cursor, f"select epoch({reading.expression}) as s from (select * from stage order by n limit {most})"
    )
    known = seconds[~np.isnan(seconds)]
    unreadable = _examples(cursor, name, f"trim({name}) <> '' and {reading.expression} is null")
    return Times(
        seconds=seconds,
        ambiguous=ambiguous,
        mixed=mixed,
        naive=reading.naive,
        unreadable=unreadable,
        written=_written(reading, column),
        midnight=float((known % 86_400 == 0).mean()) if len(known) else 0.0,
    )


def _written(reading: TimeReading, label: str) -> str:
    """What the reading found out about how times are written."""
    said = [f.message for f in reading.findings if f.code in WRITTEN]
    return said[0].removeprefix(f"In column {label!r} ").rstrip(".") if said else ""


def _column(cursor: Cursor, sql: str) -> NDArray[np.float64]:
    found = cursor.execute(sql).fetchnumpy()["s"]
    values = np.ma.filled(found.astype(np.float64), np.nan) if isinstance(found, np.ma.MaskedArray) else found
    return np.asarray(values, dtype=np.float64)


def _examples(cursor: Cursor, column: str, where: str, most: int = 3) -> tuple[str, ...]:
    rows = cursor.execute(
        f"select {column} from (select {column}, min(n) as first from stage where {where} and {column} <> ''"
        f" group by 1 order by first limit {most})"
    ).fetchall()
    return tuple(value[:60] for (value,) in rows)


@dataclass(frozen=True)
class Aside:
    """A row that would be set aside."""

    where: str
    column: str | None
    reason: str
    row: str
    """What stands there, as JSON."""


@dataclass(frozen=True)
class Rehearsed:
    """What a load of the staged rows would come to."""

    loaded: int
    aside: int
    rows: tuple[Aside, ...]
    """The first of those set aside."""
    findings: tuple[Finding, ...]
    events: tuple[dict[str, Any], ...] = ()
    """The first events: case_id, activity, timestamp, start, resource, attributes (name to text)."""
    refused: str = ""
    """Why the whole would be refused; empty where it would not."""


def rehearse(stage: Stage, mapping: Mapping, options: dict[str, Any], source: str, most: int) -> Rehearsed:
    """Cast the staged rows as a load does, and say what would be set aside."""
    cursor = stage.cursor
    try:
        cast = Cast(
            stage, mapping, options.get("classifiers", {}), options["zone"], options["zone_given"],
            options.get("dates"), options.get("system"), source,
        )  # fmt: skip
        cast.demand_values()
        loaded = cast.load(0, 0)
    except Unfit as error:
        return Rehearsed(0, 0, (), (), refused=error.message)
    (aside,) = cursor.execute("select count(*) from set_aside").fetchone() or (0,)
    rows = cursor.execute(f"select place, col, reason, row::varchar from set_aside limit {most}").fetchall()
    asides = tuple(Aside(*row) for row in rows)
    return Rehearsed(loaded, aside, asides, tuple(cast.findings), _first_events(cursor))


def _first_events(cursor: Cursor, most: int = 8) -> tuple[dict[str, Any], ...]:
    known = cursor.execute("select name, scope, col from attribute order by scope, col").fetchall()
    columns = "".join(f", {'t' if scope == 'case' else 'e'}.{col}::varchar" for _, scope, col in known)
    found = cursor.execute(
        f"select e.case_id, e.activity, e.ts, e.start_ts, e.resource{columns} from event e"
        f" left join trace t on t.source = e.source and t.case_id = e.case_id order by e.n limit {most}"
    ).fetchall()
    names = ("case_id", "activity", "timestamp", "start", "resource")
    return tuple(
        {
            **dict(zip(names, row, strict=False)),
            "attributes": {
                name: value[:60]
                for (name, _, _), value in zip(known, row[len(names) :], strict=True)
                if value is not None
            },
        }
        for row in found
    )
