"""Builds what the mining room reads: activity instances, cases, variants and edges of one log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from home.duck import Cursor, rows
from home.sql import read_sql

ENDS = ["complete", "completed", "end", "ended", "finish", "finished", "done"]
"""Transitions that complete an activity instance, lower case."""
ABORTS = ["ate_abort", "pi_abort", "withdraw", "autoskip", "manualskip"]
"""Transitions that end what was started (IEEE 1849 lifecycle); without a start nothing was done."""


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
    running: int
    """Starts that no completion belongs to."""


def build(cursor: Cursor) -> Size:
    """Make the derived tables of the cursor's log from its events, all of them afresh.

    Once per cursor: what it works with are temporary tables, which end with the cursor.
    """
    paired, running = _make_instances(cursor)
    cursor.execute(read_sql("ingest.sql", "layout"))
    size: dict[str, Any] = rows(cursor.execute(read_sql("ingest.sql", "counts")))[0]
    same = size["events"] == size["instances"] and not size["timed"]
    variants = size["instance_variants"]
    if not same:
        variants = (cursor.execute(read_sql("ingest.sql", "raw_variants")).fetchone() or (0,))[0]
    return Size(**size, variants=variants, paired=paired, running=running)


def _make_instances(cursor: Cursor) -> tuple[bool, int]:
    """Fill `made`; whether instances differ from events, and how many starts are still open."""
    staged, started = cursor.execute(
        "select bool_or(list_contains($ends, lifecycle)), bool_or(lifecycle is not null"
        " and not list_contains($ends, lifecycle)) from event",
        {"ends": ENDS},
    ).fetchone() or (False, False)
    if not (staged and started):
        cursor.execute(
            "create temp view made as select * exclude (source, source_row, lifecycle, start_ts),"
            " least(coalesce(start_ts, ts), ts) as start_ts from event"
        )
        return False, 0
    for statement in filter(str.strip, read_sql("ingest.sql", "instances").split(";\n")):
        needed = {"ends": ENDS, "aborts": ABORTS} if "$aborts" in statement else {}
        cursor.execute(statement, needed)
    columns = cursor.execute("select col from attribute where scope = 'event'").fetchall()
    attributes = "".join(f", coalesce(e.{c}, s.{c}) as {c}" for (c,) in columns)
    cursor.execute(
        "create temp table made as select e.n, e.case_id, e.activity,"
        " coalesce(e.resource, s.resource) as resource, coalesce(e.system, s.system) as system,"
        " coalesce(e.cost, s.cost) as cost, e.ts,"
        f" least(coalesce(s.ts, e.start_ts, e.ts), e.ts) as start_ts{attributes}"
        " from tagged t join event e on e.n = t.n left join opened o on o.end_n = t.n"
        " left join event s on s.n = o.start_n"
        " where t.part = 'end' or (t.part = 'abort' and o.end_n is not null)"
    )
    (running,) = cursor.execute(
        "select count(*) from tagged where part = 'start' and n not in (select start_n from opened)"
    ).fetchone() or (0,)
    return True, running
