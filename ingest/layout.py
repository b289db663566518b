"""Builds what the mining room reads: activity instances, cases, variants and edges of one log."""

from dataclasses import dataclass
from datetime import datetime

from home.duck import Cursor, rows
from home.sql import read_sql
from ingest import links, pairing

DERIVED = ("staging", "activity", "resource", "system", "raw_case", "instance", "cv", "variant", "edge")
VALUES_AT_ONCE = 24_000_000
"""Values of events that are sorted together: the memory of a rebuild does not grow with the log."""
WORTH_MERGING = 0.3
"""Share of the cases up to which touched ones are recomputed by themselves; beyond it, all are."""


@dataclass(frozen=True)
class Size:
    """What a log holds, as the catalog keeps it."""

    cases: int
    events: int
    instances: int
    activities: int
    variants: int
    instance_variants: int
    first_at: datetime | None
    last_at: datetime | None
    timed: bool
    paired: bool
    """Instances differ from events: a system tells starts from completions."""
    running: int
    """Starts that no completion belongs to."""


def build(cursor: Cursor) -> Size:
    """Make the derived tables of the cursor's log from its view `shaped`, all of them afresh."""
    for table in DERIVED:
        cursor.execute(f"truncate {table}")
    cursor.execute("create or replace temp view fresh as select * from shaped")
    portions = _portions(cursor)
    pairing.look(cursor)
    _run(cursor, "names")
    paired = pairing.is_paired(cursor)
    if paired:
        for portion in pairing.all_by_portions(cursor, portions):
            pairing.pair(cursor, more=portion > 0)
            _run(cursor, "raw_cases")
    else:
        pairing.one_each(cursor)
    _run(cursor, "numbered")
    _lay_all(cursor, portions)
    cursor.execute("create or replace temp view laid as select * from instance")
    if not paired and _is_timed(cursor):
        for _ in pairing.all_by_portions(cursor, portions):
            _run(cursor, "raw_cases")
    _look_at_cases(cursor)
    for name in ("totals", "case_rows"):
        _run(cursor, name)
    return _size(cursor)


def merge(cursor: Cursor, touched: str = "touched", *, shrunk: bool = False) -> Size:
    """Bring the derived tables up to date with `shaped`, where only the cases in `touched` changed.

    `touched` is a table or view with a column `case_id`: every case that an event came to or left since the
    tables were made. The result is that of `build` up to the numbers of activities, resources, systems and
    cases. Where that is no less work, or new events change how old ones of other cases are paired, all
    tables are built afresh. `shrunk` says that events are gone for good, so that names may be too.
    """
    if not _worth_merging(cursor, touched):
        return build(cursor)
    _run(cursor, "gone")
    _gather(cursor, whole=shrunk)
    told_apart = _told_apart(cursor)
    if not pairing.look_again(cursor) or (shrunk and not pairing.look_back(cursor)):
        return build(cursor)
    _run(cursor, "names")
    if pairing.is_paired(cursor):
        pairing.pair(cursor)
    else:
        pairing.one_each(cursor)
    _run(cursor, "renewed")
    cursor.execute("create or replace temp table portion as select cid, case_id, before from numbered")
    cursor.execute(f"create or replace temp table placed as {read_sql('ingest.sql', 'laid')}")
    cursor.execute("create or replace temp view laid as select * from placed")
    if not told_apart and (pairing.is_paired(cursor) or _is_timed(cursor)):
        return build(cursor)
    _look_at_cases(cursor)
    for name in ("merge", "case_rows", "renumber"):
        _run(cursor, name)
    if told_apart:
        cursor.execute("delete from raw_case where case_id in (select case_id from touched_case)")
        _run(cursor, "raw_cases")
    if shrunk:
        _run(cursor, "unused_names")
    size = _size(cursor)
    return build(cursor) if told_apart and not (size.paired or size.timed) else size


def _worth_merging(cursor: Cursor, touched: str) -> bool:
    """Note the touched cases; whether they are few enough, and the tables whole, to take them alone."""
    cursor.execute(f"create or replace temp table touched_case as select distinct case_id from {touched}")
    few, made = cursor.execute(
        "select (select count(*) from touched_case) <= $share * (select count(*) from cv),"
        " (select count(*) from staging) > 0",
        {"share": WORTH_MERGING},
    ).fetchone() or (False, False)
    return bool(few and made)


def _told_apart(cursor: Cursor) -> bool:
    """Whether the log keeps its raw cases beside its instances."""
    return bool(cursor.execute("select 1 from raw_case limit 1").fetchone())


def _is_timed(cursor: Cursor) -> bool:
    """Whether an instance that was laid out just now has a start of its own."""
    return bool(cursor.execute("select 1 from laid where start_ts < ts limit 1").fetchone())


def _gather(cursor: Cursor, *, whole: bool) -> None:
    """Let `fresh` be the events of the touched cases."""
    arrived = "create or replace temp table arrived as"
    if whole or pairing.is_paired(cursor) or links.joined(cursor):
        cursor.execute(f"{arrived} select * from shaped semi join touched_case using (case_id)")
    else:  # a number, and no subquery, lets all but the last events be skipped unread
        (last,) = cursor.execute("select coalesce(max(n)::bigint, -1) from instance").fetchone() or (-1,)
        cursor.execute(f"{arrived} {read_sql('ingest.sql', 'recalled')}", {"last": last})
    cursor.execute("create or replace temp view fresh as select * from arrived")


def _portions(cursor: Cursor) -> int:
    """How many portions all events are taken in."""
    (values,) = cursor.execute(
        "select (select count(*) from shaped) * (12 + (select count(*) from attribute where scope = 'event'))"
    ).fetchone() or (0,)
    return 1 + int(values) // VALUES_AT_ONCE


def _lay_all(cursor: Cursor, portions: int) -> None:
    """Fill `instance`, some cases after the other, in their order."""
    cursor.execute(
        "create or replace temp table bound as select cid, case_id, before,"
        f" (before * {portions} // sum(n) over ())::integer as portion from numbered"
    )
    wide = cursor.execute(
        "(select 1 from system limit 1) union all (select 1 from made where start_ts < ts limit 1)"
    ).fetchone()
    laid = read_sql("ingest.sql", "laid" if wide else "laid_at_once")
    for portion in range(portions):
        cursor.execute(
            "create or replace temp table portion as"
            " select cid, case_id, before - min(before) over () as before from bound where portion = $here",
            {"here": portion},
        )
        cursor.execute(f"insert into instance by name {laid}")


def _look_at_cases(cursor: Cursor) -> None:
    """Fill `printed` and `described` for the cases of `numbered`."""
    _run(cursor, "printed")
    if cursor.execute("select 1 from attribute where scope = 'case' limit 1").fetchone():
        _run(cursor, "described")
    else:
        cursor.execute("create or replace temp table described(case_id varchar)")


def _size(cursor: Cursor) -> Size:
    counted = rows(cursor.execute(read_sql("ingest.sql", "counts")))[0]
    timed = _told_apart(cursor) and bool(
        cursor.execute("select 1 from instance where start_ts < ts limit 1").fetchone()
    )
    return Size(**counted, timed=timed)


def _run(cursor: Cursor, name: str) -> None:
    cursor.execute(read_sql("ingest.sql", name))
