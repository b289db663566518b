"""`baton systems`: what protects each system outside, how it stands, and closing a breaker by hand."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from home.context import Context
from home.contracts import Argument, Json, Nothing, Request, Response
from home.database import Database
from home.errors import unknown
from home.limits import SystemLimits, read_limits
from home.text import plain, table
from orchestrate.engine import places
from orchestrate.engine.protection import Breaker, Standing
from orchestrate.engine.statements import on_sqlalchemy
from orchestrate.people.moments import moment
from orchestrate.records.audit import record

USE = (
    "select system, sum(case when begins is not null and ends > :now then 1 else 0 end) as busy,"
    " sum(case when begins is null and ends > :now then 1 else 0 end) as waiting"
    " from system_place group by system"
)


class SystemRow(Response):
    """One protected system."""

    system: str
    limits: str
    """What `baton.toml` declares for it, in words."""
    breaker: Breaker | Literal["none"]
    """`closed` (calls go through), `open` (nobody calls), `trying` (one call finds out), or `none`."""
    since: str | None
    """When the breaker came into that state."""
    retry_at: str | None
    """When an open breaker lets one call try."""
    busy: int
    """Calls under way or allowed to begin."""
    waiting: int
    """Calls that wait for a place, or for the breaker to close."""
    failed_lately: int
    """Failed ones among the latest calls that the breaker remembers."""
    openings: int
    """Times the breaker has opened."""
    error: str | None
    """What it said when a call failed last."""
    declared: bool
    """False where only an earlier `baton.toml` had it."""


class SystemList(Response):
    """Every protected system."""

    rows: list[SystemRow]

    def lines(self) -> Iterator[str]:
        """One line per system."""
        if not self.rows:
            yield "No system is protected. Declare one in baton.toml: [systems.NAME] with concurrency = 4."
        yield from table([_line(row) for row in self.rows])
        for row in self.rows:
            if row.breaker == "open":
                said = f": {row.error}" if row.error else ""
                yield plain(
                    f"{row.system} is not called{said}. The first call after {row.retry_at} tries it."
                )


def _line(row: SystemRow) -> Json:
    names = ("system", "limits", "breaker", "since", "busy", "waiting", "openings")
    return {name: getattr(row, name) for name in names}


def systems(context: Context, request: Nothing) -> SystemList:  # noqa: ARG001
    """The systems that `[systems.NAME]` in baton.toml protects, with calls under way and breakers.

    Limits hold over all workers on one database. A breaker opens after too many failed calls; then
    steps take their `fallback` or wait, without using up a retry.
    """
    limits, now = read_limits(context.home), context.clock.now().timestamp()
    kept = {row["name"]: Standing(**row) for row in context.state.rows("select * from system_state")}
    use = {row["system"]: row for row in context.state.rows(USE, {"now": now})}
    rows = []
    for name in sorted({*limits, *kept}):
        busy = use.get(name, {"busy": 0, "waiting": 0})
        rows.append(_row(kept.get(name, Standing(name)), limits.get(name), busy["busy"], busy["waiting"]))
    return SystemList(rows=rows)


def _row(standing: Standing, limits: SystemLimits | None, busy: int, waiting: int) -> SystemRow:
    stands = limits is not None and limits.has_breaker
    closed = standing.breaker == "closed"
    return SystemRow(
        system=standing.name,
        limits=_in_words(limits) if limits else "",
        breaker=standing.breaker if stands or not closed else "none",
        since=moment(standing.since) if standing.since else None,
        retry_at=None if closed else moment(standing.retry_at),
        busy=busy,
        waiting=waiting,
        failed_lately=standing.recent.count("1"),
        openings=standing.openings,
        error=standing.error or None,
        declared=limits is not None,
    )


def _in_words(limits: SystemLimits) -> str:
    found = [
        limits.concurrency and f"{limits.concurrency} at a time",
        limits.per_second and f"{limits.per_second:g} a second",
        limits.per_minute and f"{limits.per_minute:g} a minute",
        limits.breaker_failures and f"opens after {limits.breaker_failures} failures in a row",
        limits.breaker_share and f"opens at {limits.breaker_share:.0%} of {limits.breaker_calls} failed",
        limits.has_breaker and f"tries again after {limits.cool_down_s:g} s",
    ]
    return ", ".join(str(words) for words in found if words)


class ResetRequest(Request):
    """Which breaker to close."""

    system: Annotated[str, Argument("NAME")]
    """The system, as plans and `baton.toml` call it."""
    by: str | None = None
    """Who closes it; default is the operating-system user."""


class Closed(Response):
    """A breaker that was closed by hand."""

    system: str
    was: Breaker
    told: int
    """Runs that waited for it and go on now."""

    def lines(self) -> Iterator[str]:
        """One sentence."""
        yield plain(f"{self.system} is called again; the breaker was {self.was}. {self.told} runs go on.")


def reset(context: Context, request: ResetRequest) -> Closed:
    """Close a system's breaker without waiting: it is known to answer again. Who waited goes on."""
    now, who = context.clock.now(), request.by or context.actor
    declared = read_limits(context.home)
    name = _known(context.state, request.system, declared)
    limits = declared.get(name, SystemLimits())
    postgres = context.state.is_postgres
    with context.state.transaction() as connection:
        execute = on_sqlalchemy(connection)
        before = places.read(execute, name, postgres=postgres)
        at = now.timestamp()
        after = Standing(name, since=at, free_at=before.free_at, openings=before.openings)
        places.write(execute, after)
        most = limits.concurrency or places.EVERYBODY
        told = places.tell(execute, name, at, most, postgres=postgres)
        if before.breaker != "closed":
            places.raise_alert(execute, after, at)
        record(connection, at=now, actor=who, action="reset", subject=name, was=before.breaker)
    return Closed(system=name, was=before.breaker, told=len(told))


def _known(state: Database, name: str, declared: Mapping[str, SystemLimits]) -> str:
    names = sorted({*declared, *(row["name"] for row in state.rows("select name from system_state"))})
    if name not in names:
        raise unknown("system", name, names, listing="baton systems")
    return name
