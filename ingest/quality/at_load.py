"""Looks at freshly loaded events for what an analyst should know before trusting them."""

from collections.abc import Iterator
from datetime import datetime

from home.duck import Cursor
from ingest.contracts import Finding
from ingest.stage import Stage


def findings(cursor: Cursor, source: int, now: datetime, row_word: str) -> Iterator[Finding]:
    """What the events of one source say about themselves; all of them were loaded."""
    yield from _clock(cursor, source, now, row_word)
    yield from _backwards(cursor, source, row_word)
    yield from _disorder(cursor, source)


def _clock(cursor: Cursor, source: int, now: datetime, row_word: str) -> Iterator[Finding]:
    early, late, first_early, first_late = cursor.execute(
        "select count(*) filter (ts < timestamp '1970-01-02'), count(*) filter (ts >= $late),"
        " min(source_row) filter (ts < timestamp '1970-01-02'), min(source_row) filter (ts >= $late)"
        " from event where source = $source",
        {"source": source, "late": datetime(now.year + 2, 1, 1)},
    ).fetchone() or (0, 0, 0, 0)
    if early:
        yield Finding(
            code="early_dates",
            severity="warning",
            count=early,
            message=f"{early:,} events lie on 1970-01-01 or before: often a missing time.",
            where=f"{row_word} {first_early}",
        )
    if late:
        yield Finding(
            code="future_dates",
            severity="warning",
            count=late,
            message=f"{late:,} events lie after next year.",
            where=f"{row_word} {first_late}",
        )


def _backwards(cursor: Cursor, source: int, row_word: str) -> Iterator[Finding]:
    count, first = cursor.execute(
        "select count(*), min(source_row) from event where source = $source and start_ts > ts",
        {"source": source},
    ).fetchone() or (0, 0)
    if count:
        yield Finding(
            code="end_before_start",
            severity="warning",
            count=count,
            message=f"{count:,} events end before they start; they count as lasting no time.",
            where=f"{row_word} {first}",
        )


def _disorder(cursor: Cursor, source: int) -> Iterator[Finding]:
    """Cases whose rows are not in the order of time, neither by their ends nor by their starts."""
    (sorted_file,) = cursor.execute(
        "select count(*) = 0 from (select ts < lag(ts) over (order by n) as back from event"
        " where source = $source) where back",
        {"source": source},
    ).fetchone() or (True,)
    if sorted_file:
        return
    (cases,) = cursor.execute(
        "select least(count(distinct case_id) filter (back), count(distinct case_id) filter (start_back))"
        " from ("
        " select case_id, ts < lag(ts) over w as back,"
        " coalesce(start_ts, ts) < lag(coalesce(start_ts, ts)) over w as start_back"
        " from event where source = $source window w as (partition by case_id order by n))",
        {"source": source},
    ).fetchone() or (0,)
    if cases:
        yield Finding(
            code="disorder",
            severity="warning",
            count=cases,
            message=f"In {cases:,} cases the rows are not in the order of time; time decides, then arrival.",
        )


def duplicates(cursor: Cursor, stage: Stage) -> Iterator[Finding]:
    """Rows of the source that are equal in every column."""
    columns = ", ".join(["trace", *stage.columns.values()])
    (count,) = cursor.execute(f"select count(*) - count(distinct hash({columns})) from stage").fetchone() or (
        0,
    )
    if count:
        yield Finding(
            code="duplicate_events",
            severity="warning",
            count=count,
            message=f"{count:,} rows repeat another row in every column; all were loaded.",
        )
