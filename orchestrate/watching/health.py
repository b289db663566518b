"""Whether everything is well: each check says in words what it found and what to do."""

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from home.context import Context
from home.contracts import Contract
from home.errors import BatonError
from home.sql import migrations
from home.text import duration
from orchestrate.engine.heartbeat import POSTGRES_CLOCK, SQLITE_CLOCK

if TYPE_CHECKING:
    from home.duck import EventStore

MOST_SKEW_S = 2.0
"""Clocks further apart confuse due times: a task is overdue for one worker and not for another."""
LONGEST_LAG_S = 60.0
SILENT_BEATS = 3
Level = Literal["ok", "warning", "failed"]


class Check(Contract):
    """One thing that was looked at."""

    check: str
    """`store`, `migrations`, `events`, `worker`, `disk`, `clock`, `queue`, `stuck`, `breakers`, `tasks`,
    `alerts`."""
    level: Level
    found: str
    """What was found, in words."""
    do: str = ""
    """What to do about it."""


def ready(context: Context, events: "EventStore | None" = None) -> list[Check]:
    """What a service needs to do its work: stores, migrations, a living worker, disk space, a true clock."""
    looks: list[Callable[[], Check]] = [lambda: _store(context)]
    if events is not None:
        looks.append(lambda: _events(events))
    looks.append(lambda: _disk(context))
    found = [_looked(look) for look in looks]
    if found[0].level == "failed":  # nothing else of the store can be asked
        return found
    return found + [_looked(lambda look=look: look(context)) for look in (_migrations, _clock, _worker)]  # type: ignore[misc]


def runs_well(context: Context) -> list[Check]:
    """What is wrong with the work itself: runs that wait too long, are stuck, or cannot reach a system."""
    return [_looked(lambda look=look: look(context)) for look in (_queue, _stuck, _breakers, _tasks, _alerts)]  # type: ignore[misc]


def worst(checks: list[Check]) -> Level:
    """The level of all together."""
    levels: tuple[Level, ...] = ("failed", "warning")
    return next((level for level in levels if any(c.level == level for c in checks)), "ok")


def lines(checks: list[Check]) -> Iterator[str]:
    """One line per check, and what to do."""
    marks = {"ok": "ok     ", "warning": "look   ", "failed": "FAILED "}
    for check in checks:
        yield f"{marks[check.level]} {check.check}: {check.found}"
        if check.do:
            yield f"         {check.do}"


def _looked(look: Callable[[], Check]) -> Check:
    try:
        return look()
    except BatonError as error:
        return Check(check="store", level="failed", found=error.message, do=error.hint)


def _store(context: Context) -> Check:
    from time import perf_counter

    begun = perf_counter()
    context.state.rows("select 1 as one")
    kind = "PostgreSQL" if context.state.is_postgres else "SQLite"
    return Check(
        check="store", level="ok", found=f"{kind} answers in {1000 * (perf_counter() - begun):.0f} ms"
    )


def _events(events: "EventStore") -> Check:
    with events.cursor() as cursor:
        (logs,) = cursor.execute("select count(*) from log").fetchone() or (0,)
    return Check(check="events", level="ok", found=f"the event store answers and holds {logs:,} logs")


def _migrations(context: Context) -> Check:
    known = max(n for room in ("ingest", "orchestrate") for n, _ in migrations(room, "schema/state"))
    row = context.state.row("select max(version) as version from schema_version") or {"version": 0}
    if row["version"] == known:
        return Check(check="migrations", level="ok", found=f"the store is at version {known}")
    return Check(
        check="migrations",
        level="failed",
        found=f"the store is at version {row['version']} and this Baton knows {known}",
        do="Another Baton has migrated it: upgrade this one. Otherwise start it again: it migrates first.",
    )


def _worker(context: Context) -> Check:
    clock = POSTGRES_CLOCK if context.state.is_postgres else SQLITE_CLOCK
    rows = context.state.rows(f"select {clock} - beat as age from worker")  # noqa: S608 - one of two clocks
    limit = max(context.settings.takeover_s, SILENT_BEATS * context.settings.heartbeat_s)
    alive = sum(row["age"] <= limit for row in rows)
    if alive:
        silent = f", {len(rows) - alive} silent" if alive < len(rows) else ""
        return Check(check="worker", level="ok", found=f"{alive} beating{silent}")
    row = context.state.row("select count(*) as n from run where status = 'open' and simulated = 0") or {
        "n": 0
    }
    return Check(
        check="worker",
        level="failed",
        found=f"no worker is beating, and {row['n']:,} runs are open",
        do="Start one: `baton worker`, or `baton serve`, which has one. Its log says why it ended.",
    )


def _disk(context: Context) -> Check:
    least = context.settings.disk_min_bytes
    folder = next(path for path in (context.home, *context.home.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free >= least:
        return Check(check="disk", level="ok", found=f"{free / 2**30:,.1f} GB are free at {context.home}")
    return Check(
        check="disk",
        level="failed",
        found=f"only {free / 2**20:,.0f} MB are free at {context.home}",
        do=f"Make room: below {least / 2**20:,.0f} MB (setting disk_min_bytes) writes are about to fail.",
    )


def _clock(context: Context) -> Check:
    if not context.state.is_postgres:
        return Check(check="clock", level="ok", found="store and worker share one clock")
    before = context.clock.now().timestamp()
    row = context.state.row(f"select {POSTGRES_CLOCK} as now") or {"now": before}
    after = context.clock.now().timestamp()
    skew = row["now"] - (before + after) / 2
    where = "behind" if skew > 0 else "ahead of"
    if abs(skew) <= MOST_SKEW_S + (after - before) / 2:
        return Check(check="clock", level="ok", found=f"{abs(skew):.2f} s apart from the database's")
    return Check(
        check="clock",
        level="failed",
        found=f"this machine's clock is {abs(skew):,.1f} s {where} the database's",
        do="Set both by the same time server (`timedatectl` says whether one is used).",
    )


def _queue(context: Context) -> Check:
    from home.sql import read_sql

    now = {"now": context.clock.now().timestamp()}
    row = context.state.row(read_sql("orchestrate.sql", "run_queue"), now) or {}
    lag, depth = row.get("queue_lag_seconds") or 0.0, row.get("queue_depth") or 0
    if not depth:
        return Check(check="queue", level="ok", found="no run waits for a worker")
    if lag <= LONGEST_LAG_S:
        return Check(
            check="queue", level="ok", found=f"{depth:,} runs are due, the first for {duration(lag)}"
        )
    return Check(
        check="queue",
        level="warning",
        found=f"{depth:,} runs are due, the first for {duration(lag)}",
        do="Start more workers, or raise run_concurrency where workers are idle.",
    )


def _stuck(context: Context) -> Check:
    sql = "select id, stuck from run where stuck is not null and status = 'open' order by id limit 3"
    rows = context.state.rows(sql)
    if not rows:
        return Check(check="stuck", level="ok", found="no run is stuck")
    named = "; ".join(f"{row['id']}: {row['stuck']}" for row in rows)
    return Check(
        check="stuck",
        level="warning",
        found=f"runs that nobody drives: {named}",
        do="`baton show RUN` tells more.",
    )


def _breakers(context: Context) -> Check:
    rows = context.state.rows("select name, error from system_state where breaker <> 'closed' order by name")
    if not rows:
        return Check(check="breakers", level="ok", found="every protected system takes calls")
    named = "; ".join(f"{row['name']} ({row['error'] or 'no reason kept'})" for row in rows[:5])
    return Check(
        check="breakers",
        level="warning",
        found=f"calls are held back from {named}",
        do="They are tried again by themselves; look after the system.",
    )


def _tasks(context: Context) -> Check:
    now = {"now": context.clock.now().timestamp()}
    sql = "select count(*) as n from task where status = 'open' and simulated = 0 and due < :now"
    n = (context.state.row(sql, now) or {"n": 0})["n"]
    if not n:
        return Check(check="tasks", level="ok", found="no task is past its due time")
    return Check(
        check="tasks",
        level="warning",
        found=f"{n:,} tasks are past their due time",
        do="`baton tasks` lists them; `baton delegate` hands one to somebody else.",
    )


def _alerts(context: Context) -> Check:
    from home.alerting import read_alerting
    from orchestrate.alerts.store import counts

    n, to = sum(counts(context.state).values()), read_alerting(context.home).to
    listed = f"{n:,} open, which `baton alerts` lists" if n else "none is open"
    if not to:
        return Check(check="alerts", level="ok", found=f"{listed}; nobody is told: [alerts] names nobody")
    unsent = context.state.rows(
        "select error, made from alert_message where sent is null and error is not null order by made"
    )
    if not unsent:
        return Check(check="alerts", level="ok", found=f"{listed}; messages go to {', '.join(to)}")
    waits = duration(context.clock.now().timestamp() - unsent[0]["made"])
    return Check(
        check="alerts",
        level="warning",
        found=f"{listed}; {len(unsent):,} messages could not be sent, the first for {waits}: "
        f"{unsent[-1]['error']}",
        do="Mend the address behind it, or `to` in [alerts] of baton.toml; they are sent again.",
    )
