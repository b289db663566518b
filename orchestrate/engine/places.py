"""Places at protected systems, in the transactional store, so that limits hold over all workers.

Every question locks the system's row, so that who asks stands in a line, on both databases. Who has
to wait is written down in order, and told when a place is free.
"""

from dataclasses import dataclass, fields

from home.limits import SystemLimits
from orchestrate.engine import protection, statements
from orchestrate.engine.protection import LOOK_AGAIN_S, Admission, Standing
from orchestrate.engine.statements import Execute

COLUMNS = tuple(field.name for field in fields(Standing))
LOCK = f"select {', '.join(COLUMNS)} from system_state where name = :name"  # noqa: S608 - fields above
ADD = "insert into system_state(name) values (:name) on conflict do nothing"
WRITE = (
    f"update system_state set {', '.join(f'{c} = :{c}' for c in COLUMNS if c != 'name')}"  # noqa: S608
    " where name = :name"
)
OWN = "select asked, begins from system_place where system = :system and attempt = :attempt"
TAKEN = (
    "select count(*) from system_place where system = :system and begins is not null and ends > :now"
    " and attempt <> :attempt"
)
AHEAD = (
    "select count(*) from (select 1 from system_place where system = :system and begins is null"
    " and (asked < :asked or (asked = :asked and attempt < :attempt)) and ends > :now limit :most) earlier"
)
PUT = (
    "insert into system_place(system, attempt, run, worker, asked, begins, ends)"
    " values (:system, :attempt, :run, :worker, :asked, :begins, :ends)"
    " on conflict (system, attempt) do update set worker = excluded.worker, begins = excluded.begins,"
    " ends = excluded.ends"
)
DROP = "delete from system_place where system = :system and attempt = :attempt"
STALE = "delete from system_place where system = :system and begins is null and ends <= :now"
FIRST = (
    "select run from system_place where system = :system and begins is null and ends > :now"
    " order by asked, attempt limit :most"
)
TELL = "update run set due = 0, since = :now where id = :run and owner is null and due > 0"
EVERYBODY = 1_000_000


@dataclass(frozen=True)
class Asked:
    """One attempt that wants a place, as the store knows it."""

    system: str
    attempt: str
    run: str
    worker: str
    lasts_s: float
    queues: bool = True
    """Whether it waits for a breaker to close; one with a fallback does not."""


def read(execute: Execute, name: str, *, postgres: bool) -> Standing:
    """How a system stands, with its row locked until the end of the transaction."""
    lock = LOCK + (" for update" if postgres else "")
    row = execute(lock, {"name": name}).fetchone()
    if row is None:
        execute(ADD, {"name": name})
        row = execute(lock, {"name": name}).fetchone()
    return Standing(**dict(zip(COLUMNS, row, strict=True)))


def write(execute: Execute, standing: Standing) -> None:
    """Keep how a system stands."""
    execute(WRITE, vars(standing))


def enter(execute: Execute, asked: Asked, limits: SystemLimits, now: float, *, postgres: bool) -> Admission:
    """Ask for a place: granted, reserved for later, or to be waited for in line."""
    standing = read(execute, asked.system, postgres=postgres)
    own = {"system": asked.system, "attempt": asked.attempt, "now": now}
    row = execute(OWN, own).fetchone()
    since = float(row[0]) if row else now
    counted = limits.concurrency is not None or standing.breaker != "closed"
    line = own | {"asked": since, "most": limits.concurrency or 1}
    admission = protection.admit(
        limits,
        standing,
        protection.Request(
            attempt=asked.attempt,
            now=now,
            lasts_s=asked.lasts_s,
            begins=row[1] if row else None,
            taken=execute(TAKEN, own).fetchone()[0] if limits.concurrency is not None else 0,
            ahead=execute(AHEAD, line).fetchone()[0] if counted else 0,
        ),
    )
    if admission.standing != standing:
        write(execute, admission.standing)
    if admission.is_open and not asked.queues:
        return admission
    ends = admission.until
    if admission.reason:
        ends += LOOK_AGAIN_S + (asked.lasts_s if admission.begins is not None else 0.0)
    if admission.reason or limits.concurrency is not None or row:
        place = {"run": asked.run, "worker": asked.worker, "asked": since}
        execute(PUT, own | place | {"begins": admission.begins, "ends": ends})
    return admission


def leave(
    execute: Execute,
    system: str,
    attempt: str,
    limits: SystemLimits,
    now: float,
    *,
    well: bool | None,
    error: str = "",
    postgres: bool,
) -> tuple[str, ...]:
    """Give a place back and say how the call went; the runs that were told to ask again."""
    before = read(execute, system, postgres=postgres)
    after = protection.settle(limits, before, attempt, now, well=well, error=error)
    own = {"system": system, "attempt": attempt, "now": now}
    execute(DROP, own)
    if after != before:
        write(execute, after)
    taken = execute(TAKEN, own).fetchone()[0] if limits.concurrency is not None else 0
    most = protection.places_to_give(limits, before, after, taken)
    told = tell(execute, system, now, EVERYBODY if most is None else most, postgres=postgres)
    # A probe that fails is still the same outage, and that was said when it began.
    if after.breaker != before.breaker and "closed" in (before.breaker, after.breaker):
        raise_alert(execute, after, now)
    return told


def tell(execute: Execute, system: str, now: float, most: int, *, postgres: bool) -> tuple[str, ...]:
    """Have those who wait longest ask again."""
    if not most:
        return ()
    rows = execute(FIRST, {"system": system, "now": now, "most": most}).fetchall()
    if rows:
        execute(STALE, {"system": system, "now": now})
    runs = tuple(dict.fromkeys(row[0] for row in rows))
    for run in runs:
        execute(TELL, {"run": run, "now": now})
        if postgres:
            execute(statements.NOTIFY, {"run": run})
    return runs


def raise_alert(execute: Execute, standing: Standing, now: float) -> None:
    """Say once that a breaker has opened, and once that it has closed."""
    opened = standing.breaker == "open"
    said = f": {standing.error}" if standing.error else ""
    message = (
        f"system {standing.name!r} is called no more, too many calls failed{said}"
        if opened
        else f"system {standing.name!r} answers again"
    )
    values = {"kind": "breaker" if opened else "breaker closed", "node": standing.name}
    execute(statements.RAISE, values | {"run": "", "visit": standing.openings, "at": now, "message": message})
