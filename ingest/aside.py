"""Sets rows aside: each with its place, the column, the reason and what stood there."""

from collections.abc import Collection, Iterator, Mapping

from home.duck import Cursor
from home.sql import literal
from ingest.contracts import Finding

BLANKS = " \t\n\r\u00a0\u3000"
"""Characters that nobody can see: a case called so is none."""
EMPTY = (
    f"({{0}} is null or {{0}} = '' or (ord({{0}}) in ({', '.join(str(ord(c)) for c in BLANKS)})"
    f" and trim({{0}}, '{BLANKS}') = ''))"
)
YEARS = "between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'"
"""SQL: moments that a calendar shows."""
FAULT = (
    f"case when {EMPTY.format('f_case')} then 'missing_case'"
    f" when {EMPTY.format('f_activity')} then 'missing_activity'"
    f" when {EMPTY.format('f_time')} then 'missing_time'"
    f" when ts is null or not ts {YEARS} then 'unreadable_time'"
    f" when start_ts is not null and not start_ts {YEARS} then 'unreadable_start'"
    " when start_ts is null and trim(f_start) <> '' then 'unreadable_start'"
    " when cost is null and trim(f_cost) <> '' then 'not_a_number' end"
)
"""SQL over a cast row: the first reason why it cannot be loaded, or null."""
VISIBLE = "{0} between '!' and '~'"
"""SQL: a text that begins with a visible character of ASCII, as nearly all do: told at a glance."""
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


def faultless(fields: Collection[str], plain_times: bool) -> str:
    """SQL over a cast row: whether it can be loaded; most rows are told by what is cheap to look at.

    `fields` are those that are mapped; `plain_times` says that every row's time is written plainly.
    """
    years = "f_time between '0002' and '9998'" if plain_times else f"ts {YEARS}"
    sure = [VISIBLE.format("f_case"), VISIBLE.format("f_activity"), years]
    sure += [f"start_ts {YEARS}"] if "start" in fields else []
    sure += ["cost is not null"] if "cost" in fields else []
    return f"({' and '.join(sure)} or ({FAULT}) is null)"


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
