"""Makes activity instances of events: pairs starts with completions where a system tells them apart."""

from collections.abc import Iterator

from home.duck import Cursor
from home.sql import read_sql

ENDS = ["complete", "completed", "end", "ended", "finish", "finished", "done"]
"""Transitions that complete an activity instance, lower case."""
ABORTS = ["ate_abort", "pi_abort", "withdraw", "autoskip", "manualskip"]
"""Transitions that end what was started (IEEE 1849 lifecycle); without a start nothing was done."""


def look(cursor: Cursor) -> None:
    """Note in `staging` what the lifecycle of each system in `fresh` tells."""
    cursor.execute("truncate staging")
    cursor.execute(f"insert into staging {read_sql('ingest.sql', 'staging')}", {"ends": ENDS})


def look_again(cursor: Cursor) -> bool:
    """Add to `staging` what `fresh` says of its systems; false where that changes other cases' instances.

    Until a system's first completion is seen, each of its transitions is an instance of its own.
    """
    cursor.execute(
        f"create or replace temp table seen as {read_sql('ingest.sql', 'staging')}", {"ends": ENDS}
    )
    (turned,) = cursor.execute(
        "select count(*) from staging join seen using (system)"
        " where staging.began and not staging.staged and seen.staged"
    ).fetchone() or (0,)
    if turned:
        return False
    cursor.execute(
        "merge into staging using seen on staging.system = seen.system"
        " when matched then update set"
        " staged = staging.staged or seen.staged, began = staging.began or seen.began"
        " when not matched then insert values (seen.system, seen.staged, seen.began)"
    )
    return True


def look_back(cursor: Cursor) -> bool:
    """Make `staging` afresh from all events; false where a system tells its completions no longer."""
    cursor.execute("create or replace temp table told as select system from staging where staged")
    cursor.execute("truncate staging")
    whole = read_sql("ingest.sql", "staging").replace("fresh", "shaped")
    cursor.execute(f"insert into staging {whole}", {"ends": ENDS})
    (turned,) = cursor.execute(
        "select count(*) from told join staging using (system) where not staged and began"
    ).fetchone() or (0,)
    return not turned


def is_paired(cursor: Cursor) -> bool:
    """Whether instances differ from events: a system tells starts from completions."""
    found = cursor.execute("select coalesce(bool_or(staged and began), false) from staging").fetchone()
    return bool(found and found[0])


def one_each(cursor: Cursor) -> None:
    """Let `made` be `fresh`: each event is an instance."""
    columns = ", ".join(
        ["n", "case_id", "activity", "resource", "system", "cost", "ts", *_attributes(cursor)]
    )
    cursor.execute(
        f"create or replace temp view made as select {columns},"
        " least(coalesce(start_ts, ts), ts) as start_ts from fresh"
    )
    cursor.execute("create or replace temp table unfinished(case_id varchar, running bigint)")


def pair(cursor: Cursor, *, more: bool = False) -> None:
    """Fill `made` with the instances of the cases in `fresh`, and `unfinished`; with `more`, add to it."""
    for statement in filter(str.strip, read_sql("ingest.sql", "pairing").split(";\n")):
        needed = {"ends": ENDS, "aborts": ABORTS} if "$aborts" in statement else {}
        cursor.execute(statement, needed)
    attributes = "".join(f", coalesce(e.{c}, s.{c}) as {c}" for c in _attributes(cursor))
    made = (
        "select e.n, e.case_id, e.activity, coalesce(e.resource, s.resource) as resource,"
        " coalesce(e.system, s.system) as system, coalesce(e.cost, s.cost) as cost, e.ts,"
        f" least(coalesce(s.ts, e.start_ts, e.ts), e.ts) as start_ts{attributes}"
        " from tagged t join fresh e on e.case_id = t.case_id and e.n = t.n"
        " left join opened o on o.case_id = t.case_id and o.end_n = t.n"
        " left join fresh s on s.case_id = o.case_id and s.n = o.start_n"
        " where t.part = 'end' or (t.part = 'abort' and o.end_n is not null)"
    )
    into = "insert into paired" if more else "create or replace temp table paired as"
    cursor.execute(f"{into} {made}")
    cursor.execute("create or replace temp view made as select * from paired")


def all_by_portions(cursor: Cursor, portions: int) -> Iterator[int]:
    """Let `fresh` be the events of some of all cases, one portion after the other."""
    for portion in range(portions):
        some = f" where hash(case_id) % {portions} = {portion}" if portions > 1 else ""
        cursor.execute(f"create or replace temp view fresh as select * from shaped{some}")
        yield portion


def _attributes(cursor: Cursor) -> list[str]:
    found = cursor.execute("select col from attribute where scope = 'event' order by col").fetchall()
    return [column for (column,) in found]
