"""The statements that carry the engine's correctness, and the rows they read and write.

Five of them decide every race, on SQLite and PostgreSQL alike: *claim* and *take* make a worker the
owner of a run and raise its fence; *commit* writes one event under that fence; *park* lets go of a
run only if no event is unseen; *post* adds an event only to a run that is open.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

Execute = Callable[[str, Mapping[str, Any]], Any]
"""Runs one statement with `:name` parameters; the answer has `rowcount`, `fetchone`, `fetchall`."""
Write = tuple[str | Callable[[Execute, Mapping[str, Any]], object], dict[str, Any]]
"""A statement with its parameters, or something that takes several to find out what to write."""

_ROW = "id, plan, version, key, simulated, fence, rev, state, head, seen"
PRIORITIES = ("low", "normal", "high", "urgent")
"""In rising order; a run's row holds the position."""
_FREE = "id = :run and owner is null and status = 'open' and stuck is null"
CLAIM = f"update run set owner = :worker, fence = fence + 1 where {_FREE} returning {_ROW}"  # noqa: S608
CLAIM_POSTGRES = f"""
update run set owner = :worker, fence = fence + 1
where id = (select id from run where {_FREE} for update skip locked) returning {_ROW}"""  # noqa: S608
"""Whoever is at the run now claims it too, or tells of what it does: nobody waits, so none in a circle."""
_PARKED = "owner is null and status = 'open' and simulated = 0 and due is not null"


def _take(lock: str) -> str:
    """Those of each priority that wait longest, and of them whose turn it is; every part has its index.

    The last part finds runs that a machine whose clock is ahead of ours wants driven at once.
    """
    turns = [
        f"select * from (select id, priority, since from run where {_PARKED} and priority = {level}"  # noqa: S608
        f" and since <= :now order by since limit :limit {lock}) level_{level}"
        for level in range(len(PRIORITIES))
    ]
    turns.append(
        f"select * from (select id, priority, since from run where {_PARKED} and due = 0"  # noqa: S608
        f" and since > :now limit :limit {lock}) ahead"
    )
    return f"""
update run set owner = :worker, fence = fence + 1 where id in (
  select id from ({" union all ".join(turns)}) waiting
  order by case when :oldest = 1 then 0 else -priority end, since limit :limit
) returning {_ROW}"""  # noqa: S608


TAKE, TAKE_POSTGRES = _take(""), _take("for update skip locked")
COMMIT = (
    "update run set rev = rev + 1, state = :state, seen = :seen, status = :status, ended = :ended,"
    " recoveries = 0 where id = :run and fence = :fence and rev = :rev and (:strict = 0 or head = :seen)"
)
PARK = (
    "update run set owner = null, due = :due, since = coalesce(cast(:due as double precision), 0),"
    " held = :held"
    " where id = :run and fence = :fence and head = seen"
)
POST = (
    "update run set head = head + 1, due = case when owner is null and stuck is null then 0 else due end,"
    " since = case when owner is null and coalesce(due, 1) <> 0 then :at else since end"
    " where id = :run and status = 'open' returning head"
)
UNSTICK = "update run set stuck = null, recoveries = 0 where id = :run and stuck is not null"
"""Who cancels a stuck run wants it driven once more, to its end."""
INBOX = "insert into inbox(run, seq, kind, payload, at) values (:run, :seq, :kind, :payload, :at)"
UNSEEN = "select seq, kind, payload from inbox where run = :run and seq > :seen order by seq"
REREAD = (
    "select r.fence, r.rev, r.owner, j.fence from run r"
    " left join journal j on j.run = r.id and j.rev = :rev + 1 where r.id = :run"
)
NOTIFY = "select pg_notify('baton', :run)"
RAISE = (
    "insert into alert(run, kind, node, visit, at, raised, message)"
    " values (:run, :kind, :node, :visit, :at, :at, :message)"
    " on conflict (run, kind, node, visit) do update set raised = excluded.raised,"
    " message = excluded.message, ended = null, settled = null, settled_by = null, note = null,"
    " message_id = null where alert.ended is not null"
)
"""An alert is raised once, and once more where its cause was over and has come back."""
BREAK = """
update run set owner = null, recoveries = recoveries + 1, since = :now + :pause * (recoveries + 1),
  due = case when recoveries + 1 >= :poison then null else :now + :pause * (recoveries + 1) end,
  stuck = case when recoveries + 1 >= :poison then :why else null end
where id = :run and fence = :fence returning stuck"""
"""Driving a run broke off: it rests, longer every time, and at the last it is stuck until released."""

ENTRY = {
    "at": "float8",
    "kind": "text",
    "event": "text",
    "node": "text",
    "visit": "bigint",
    "attempt": "bigint",
    "activity": "text",
    "system": "text",
    "resource": "text",
    "enabled": "float8",
    "begun": "float8",
    "outcome": "text",
    "completes": "bigint",
}
"""The columns of a journal entry beside run, rev, fence and worker, and their PostgreSQL types."""
JOT = f"""
insert into journal(run, rev, fence, worker, {", ".join(ENTRY)})
values (:run, :rev + 1, :fence, :worker, {", ".join(f":{name}" for name in ENTRY)})"""  # noqa: S608
GUARD = {
    "run": "text",
    "fence": "bigint",
    "rev": "bigint",
    "state": "text",
    "seen": "bigint",
    "status": "text",
    "ended": "float8",
    "strict": "bigint",
    "park": "bigint",
    "due": "float8",
}
_COLUMNS = GUARD | ENTRY
BATCH = f"""
with wanted as materialized (
  select * from unnest({", ".join(f":{name}::{kind}[]" for name, kind in _COLUMNS.items())})
  as t({", ".join(_COLUMNS)})
), written as (
  update run r set rev = r.rev + 1, state = w.state, seen = w.seen, status = w.status, ended = w.ended,
    recoveries = 0,
    owner = case when w.park = 1 and r.head = w.seen then null else r.owner end,
    due = case when w.park = 1 and r.head = w.seen then w.due else r.due end,
    since = case when w.park = 1 and r.head = w.seen then coalesce(w.due, 0) else r.since end,
    held = case when w.park = 1 and r.head = w.seen then null else r.held end
  from wanted w
  where r.id = w.run and r.fence = w.fence and r.rev = w.rev and (w.strict = 0 or r.head = w.seen)
  returning r.id, r.owner
), jotted as (
  insert into journal(run, rev, fence, worker, {", ".join(ENTRY)})
  select w.run, w.rev + 1, w.fence, :worker, {", ".join(f"w.{name}" for name in ENTRY)}
  from wanted w join written on written.id = w.run
)
select id, owner is null from written
"""  # noqa: S608 - put together from the column names above
"""COMMIT, JOT and PARK for many runs in one statement; PostgreSQL only."""


@dataclass(frozen=True)
class Claimed:
    """A run that this worker owns now."""

    run: str
    plan: str
    version: int
    key: str | None
    simulated: int
    fence: int
    rev: int
    state: str
    head: int
    seen: int
    since: float = 0.0
    """When it was asked for, by the monotonic clock: from then on it is ours."""


@dataclass(frozen=True)
class Commit:
    """One event to be written: the run's next state, the journal entry, and what goes with it."""

    run: str
    fence: int
    rev: int
    """Revision before."""
    state: str
    seen: int
    entry: Mapping[str, Any]
    """Values of `ENTRY`."""
    status: str = "open"
    ended: float | None = None
    strict: bool = False
    """Refuse while an event is unseen: a timer must not overrule a decision that was accepted."""
    park: bool = False
    due: float | None = None
    writes: Sequence[Write] = field(default=())

    @property
    def parameters(self) -> dict[str, Any]:
        """Values of `GUARD` and `ENTRY`."""
        own = {name: getattr(self, name) for name in GUARD}
        return {**own, "strict": int(self.strict), "park": int(self.park), **self.entry}


@cache
def _pyformat(sql: str) -> str:
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", sql)


def carry_out(execute: Execute, writes: Sequence[Write]) -> None:
    """Do what goes with a commit, in its transaction."""
    for what, parameters in writes:
        if callable(what):
            what(execute, parameters)
        else:
            execute(what, parameters)


def raise_alert(execute: Execute, run: str, kind: str, visit: int, message: str, at: float) -> None:
    """Say once that somebody should look at a run."""
    values = {"run": run, "kind": kind, "node": "", "visit": visit, "at": at, "message": message}
    execute(RAISE, values)


def on_driver(connection: Any, *, postgres: bool) -> Execute:
    """Statements on a raw psycopg or sqlite3 connection."""
    if postgres:
        return lambda sql, values: connection.execute(_pyformat(sql), values)
    return lambda sql, values: connection.execute(sql, values)


def on_sqlalchemy(connection: Connection) -> Execute:
    """Statements inside a transaction of `Database`."""
    return lambda sql, values: connection.execute(text(sql), dict(values))


def post(
    execute: Execute, run: str, kind: str, payload: Mapping[str, Any], at: float, *, postgres: bool
) -> int | None:
    """Put an event into a run's inbox; its number, or `None` when the run has ended.

    The number comes from the run's row, whose lock orders writers; a sequence would not.
    """
    if kind == "cancel":
        execute(UNSTICK, {"run": run})
    found = execute(POST, {"run": run, "at": at}).fetchone()
    if found is None:
        return None
    seq = int(found[0])
    values = {"run": run, "seq": seq, "kind": kind, "payload": json.dumps(payload), "at": at}
    execute(INBOX, values)
    if postgres:
        execute(NOTIFY, {"run": run})
    return seq
