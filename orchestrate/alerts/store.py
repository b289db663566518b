"""The stored alerts: their ids, how each stands, and which are over by themselves."""

from typing import Literal
from urllib.parse import quote, unquote

from sqlalchemy import text

from home.changes import upkeep
from home.database import Database, Row
from home.errors import unknown
from home.sql import read_sql

Standing = Literal["open", "settled", "over"]
KEY = ("run", "kind", "node", "visit")
WHERE = " and ".join(f"{name} = :{name}" for name in KEY)
MOST = 1000
"""Alerts noted to be over in one go; the next look takes the next ones."""
REAL = "(a.run = '' or r.simulated = 0)"
OPEN = f"a.ended is null and a.settled is null and a.kind <> 'breaker closed' and {REAL}"
STANDS = {
    "open": "a.ended is null and a.settled is null",
    "over": "a.ended is not null",
    "settled": "a.settled is not null and a.ended is null",
}
JOINED = (
    "select a.*, coalesce(r.plan, t.plan) as plan, r.version, r.key from alert a"
    " left join run r on r.id = a.run"
    " left join plan_trigger t on a.kind = 'trigger' and t.name = a.node"
)
"""An alert with its run's, or its trigger's, plan."""
OVER = f"update alert set ended = :at where ended is null and {WHERE}"  # noqa: S608 - names from above


def id_of(row: Row) -> str:
    """What people call an alert: `run-1hq2v7k3m8x4zz/late/approve/1`, or `breaker/ERP/1` without a run."""
    parts = [row["run"]] if row["run"] else []
    return "/".join(quote(str(part), safe="") for part in (*parts, row["kind"], row["node"], row["visit"]))


def key_of(alert: str) -> Row | None:
    """The key behind an id; `None` where it is none."""
    parts = [unquote(part) for part in alert.split("/")]
    if len(parts) not in (3, 4) or not parts[-1].isdecimal() or len(parts[-1]) > 15:
        return None
    return dict(zip(KEY, (*([""] if len(parts) == 3 else []), *parts[:-1], int(parts[-1])), strict=True))


def find_alert(state: Database, alert: str) -> Row:
    """The row of an alert; raises `NotFound` with the nearest open ones."""
    key = key_of(alert)
    where = " and ".join(f"a.{name} = :{name}" for name in KEY)
    row = state.row(f"{JOINED} where {where} and {REAL}", key) if key else None
    if row is None:
        known = state.rows(f"{JOINED} where {OPEN} order by a.raised desc limit 1000")
        raise unknown("alert", alert, [id_of(each) for each in known], listing="baton alerts")
    return row


def standing(row: Row) -> Standing:
    """How an alert stands: `over` by itself, `settled` by somebody, or `open`."""
    if row["ended"] is not None:
        return "over"
    return "open" if row["settled"] is None else "settled"


def look(state: Database, at: float) -> int:
    """Note which alerts are over by themselves; how many were. No action of anybody's."""
    found = state.rows(read_sql("orchestrate.sql", "alerts_over"), {"most": MOST})
    if found:
        with upkeep(), state.transaction() as connection:
            connection.execute(text(OVER), [{**row, "at": at} for row in found])
    return len(found)


def counts(state: Database) -> dict[str, int]:
    """Open alerts by kind."""
    return {row["kind"]: row["n"] for row in state.rows(read_sql("orchestrate.sql", "alert_counts"))}
