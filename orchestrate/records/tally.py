"""Counts runs that are about to be deleted, so that what was counted of runs never decreases."""

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

KEEP = text(
    "insert into run_tally(plan, status, n) select plan, status, count(*) from run"
    " where id in :runs and simulated = 0 and status <> 'open' group by plan, status"
    " on conflict (plan, status) do update set n = run_tally.n + excluded.n"
).bindparams(bindparam("runs", expanding=True))


def keep_count(connection: Connection, runs: Sequence[str]) -> None:
    """Remember how many of these runs each plan had and how they ended; call it before they go."""
    if runs:
        connection.execute(KEEP, {"runs": list(runs)})
