"""Joins what a flow brought portion by portion into one source of its log: there may be one a second."""

import hashlib
from typing import Any

from home.duck import Cursor, rows


def fold(cursor: Cursor, source: int, into: int) -> None:
    """Make a source part of the one `into` that the same flow began; counts and hash go on.

    The cursor is in the log's schema. Without this, a log that takes events for a day would have tens
    of thousands of sources.
    """
    found = rows(
        cursor.execute(
            "select b.hash as before, s.* exclude (id) from source s, source b where s.id = ? and b.id = ?",
            [source, into],
        )
    )
    if not found:
        return
    _join_traces(cursor, source, into)
    for table in _tables(cursor):
        cursor.execute(f"update {table} set source = ? where source = ?", [into, source])
    _join_findings(cursor, into)
    _join_source(cursor, found[0], source, into)


def _tables(cursor: Cursor) -> list[str]:
    """Every table of the log that says which source a row is of, except `source` itself and `trace`."""
    found = cursor.execute(
        "select c.table_name from duckdb_columns() c join duckdb_tables() t using (schema_name, table_name)"
        " where c.schema_name = current_schema() and c.column_name = 'source' and not t.temporary"
        " and c.table_name <> 'trace'"
    ).fetchall()
    return [name for (name,) in found]


def _join_traces(cursor: Cursor, source: int, into: int) -> None:
    """One row per source and case: of each attribute the first value there is."""
    cursor.execute(
        f"create or replace temp table folded as select {into}::usmallint as source, case_id,"
        " any_value(columns(* exclude (case_id, source)) order by source) from trace"
        f" where source in ({into}, {source})"
        f" and case_id in (select case_id from trace where source = {source}) group by case_id"
        if _has_attributes(cursor)
        else f"create or replace temp table folded as select distinct {into}::usmallint as source, case_id"
        f" from trace where source = {source}"
    )
    cursor.execute(
        f"delete from trace where source = {source}"
        f" or (source = {into} and case_id in (select case_id from folded))"
    )
    cursor.execute("insert into trace by name from folded")
    cursor.execute("drop table folded")


def _has_attributes(cursor: Cursor) -> bool:
    (count,) = cursor.execute(
        "select count(*) from duckdb_columns() where schema_name = current_schema() and table_name = 'trace'"
    ).fetchone() or (0,)
    return int(count) > 2


def _join_findings(cursor: Cursor, into: int) -> None:
    """One line per finding, as it was said last, with what all portions count."""
    cursor.execute(
        "create or replace temp table said as select source, code, last(severity) as severity,"
        f" sum(count)::ubigint as count, last(message) as message, place from finding where source = {into}"
        " group by source, code, place"
    )
    cursor.execute("delete from finding where source = ?", [into])
    cursor.execute("insert into finding by name from said")
    cursor.execute("drop table said")


def _join_source(cursor: Cursor, part: dict[str, Any], source: int, into: int) -> None:
    joined = hashlib.sha256(f"{part['before']}{part['hash']}".encode()).hexdigest()
    cursor.execute(
        "update source set hash = ?, seen = seen + ?, loaded = loaded + ?, set_aside = set_aside + ?,"
        " loaded_at = ? where id = ?",
        [joined, part["seen"], part["loaded"], part["set_aside"], part["loaded_at"], into],
    )
    cursor.execute("delete from source where id = ?", [source])
