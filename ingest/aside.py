"""Sets rows aside: each with its place, the column, the reason and what stood there."""

from collections.abc import Iterator, Mapping

from home.duck import Cursor
from ingest.contracts import Finding
from ingest.stage import literal

EMPTY = "({0} is null or {0} = '' or (starts_with({0}, ' ') and trim({0}) = ''))"
FAULT = (
    f"case when {EMPTY.format('f_case')} then 'missing_case'"
    f" when {EMPTY.format('f_activity')} then 'missing_activity'"
    f" when {EMPTY.format('f_time')} then 'missing_time' when ts is null then 'unreadable_time'"
    " when start_ts is null and trim(f_start) <> '' then 'unreadable_start'"
    " when cost is null and trim(f_cost) <> '' then 'not_a_number' end"
)
"""SQL over a cast row: the first reason why it cannot be loaded, or null."""
NOT_LIKE = "is no time, or is not written like the others"
REASONS = {
    "missing_case": ("case_id", None, "no case"),
    "missing_activity": ("activity", None, "no activity"),
    "missing_time": ("timestamp", None, "no time"),
    "unreadable_time": ("timestamp", "f_time", NOT_LIKE),
    "unreadable_start": ("start", "f_start", NOT_LIKE),
    "not_a_number": ("cost", "f_cost", "is not a number"),
}
"""Per fault: the field, the column of the cast row that is quoted, and the reason in words."""


def find_faulty(cursor: Cursor, rows: str, fields: Mapping[str, str], as_json: str) -> None:
    """Add the faulty ones of `rows` (SQL) to `stage_aside`; `fields` names their source columns."""
    cursor.execute(f"create temp table faulty as select * from ({rows}) where fault is not null")
    for code, (field, quoted, why) in REASONS.items():
        reason = f"chr(39) || {quoted}[:100] || chr(39) || ' ' || {literal(why)}" if quoted else literal(why)
        if field in fields:
            cursor.execute(
                f"insert into stage_aside select n, row, {literal(code)}, {literal(fields[field])}, {reason},"
                f" {as_json} from faulty where fault = {literal(code)}"
            )


def keep(cursor: Cursor, source: int, row_word: str) -> Iterator[Finding]:
    """Move `stage_aside` to the log's `set_aside`; a finding for each kind of fault."""
    cursor.execute(
        f"insert into set_aside select {source}, '{row_word} ' || row, col, reason, record"
        " from stage_aside order by row"
    )
    counted = cursor.execute(
        "select code, col, count(*), arg_min(reason, row), min(row)"
        " from stage_aside group by code, col order by 5"
    ).fetchall()
    for code, column, count, reason, row in counted:
        yield Finding(
            code=code,
            severity="error",
            count=count,
            message=f"{'1 row' if count == 1 else f'{count:,} rows'} set aside: {reason}.",
            where=f"{row_word} {row}" + (f", column {column!r}" if column else ""),
        )
