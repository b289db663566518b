"""What the journal can be asked to write, and writing it inside one transaction."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from orchestrate.engine import statements as sql
from orchestrate.engine.statements import Claimed, Commit, Execute

log = logging.getLogger("baton.engine")


class Verdict(Enum):
    """What became of a commit or a parking."""

    DONE = "done"
    """Written, and parked where that was asked."""
    NOT_PARKED = "not parked"
    """Written, but an event arrived meanwhile and the run stays ours."""
    UNSEEN = "unseen"
    """Not written: the commit was strict and an event arrived before it."""
    FENCED = "fenced"
    """Not written: the run is no longer ours."""


@dataclass(frozen=True)
class Park:
    """Let go of a run without writing anything."""

    run: str
    fence: int
    rev: int
    due: float | None
    held: str | None = None
    """What the next attempt waits for, where that is not in the run's state."""


@dataclass(frozen=True)
class Claim:
    """Become the owner of one run."""

    run: str


@dataclass(frozen=True)
class Call:
    """Anything else; called again after a lost connection."""

    function: Callable[[Execute], Any]
    system: str = ""
    """The protected system whose row it locks."""


@dataclass(frozen=True)
class Take:
    """Become the owner of the runs whose turn it is: the most urgent first, then who waits longest."""

    now: float
    limit: int
    oldest: bool = False
    """Whoever waits longest, whatever its priority: so that nobody waits for ever."""


Operation = Commit | Park | Claim | Take | Call


def apply(execute: Execute, operations: list[Operation], worker: str, *, postgres: bool) -> list[Any]:
    """Carry out operations, at most one per run, and give their results in order.

    PostgreSQL writes all commits in one statement.
    """
    results: dict[int, Any] = {}
    commits = [(i, o) for i, o in enumerate(operations) if isinstance(o, Commit)]
    if postgres and commits:
        verdicts = _commit_batch(execute, [commit for _, commit in commits], worker)
        results.update({i: verdict for (i, _), verdict in zip(commits, verdicts, strict=True)})
    for i, operation in sorted(enumerate(operations), key=_turn):
        if i not in results:
            results[i] = _one(execute, operation, worker, postgres=postgres)
    return [results[i] for i in range(len(operations))]


def _turn(numbered: tuple[int, Operation]) -> tuple[bool, str]:
    """Systems first and by name: whatever workers lock, they lock in one order and never in a circle."""
    operation = numbered[1]
    system = operation.system if isinstance(operation, Call) else ""
    return not system, system


def park(execute: Execute, wanted: Park, worker: str) -> Verdict:
    """Let go of a run, unless an event is unseen."""
    parked = execute(sql.PARK, vars(wanted)).rowcount == 1
    return Verdict.DONE if parked else _why(execute, wanted, worker)


def _one(execute: Execute, operation: Operation, worker: str, *, postgres: bool) -> Any:
    match operation:
        case Commit():
            return _commit(execute, operation, worker)
        case Park():
            return park(execute, operation, worker)
        case Claim():
            claim = sql.CLAIM_POSTGRES if postgres else sql.CLAIM
            row = execute(claim, {"run": operation.run, "worker": worker}).fetchone()
            return Claimed(*row) if row else None
        case Take():
            statement = sql.TAKE_POSTGRES if postgres else sql.TAKE
            turn = {"now": operation.now, "limit": operation.limit, "oldest": int(operation.oldest)}
            rows = execute(statement, turn | {"worker": worker}).fetchall()
            return [Claimed(*row) for row in rows]
        case Call():
            return operation.function(execute)


def _commit(execute: Execute, commit: Commit, worker: str) -> Verdict:
    values = commit.parameters
    if execute(sql.COMMIT, values).rowcount != 1:
        return _why(execute, commit, worker)
    execute(sql.JOT, values | {"worker": worker})
    sql.carry_out(execute, commit.writes)
    if commit.park and execute(sql.PARK, values | {"held": None}).rowcount != 1:
        return Verdict.NOT_PARKED
    return Verdict.DONE


def _commit_batch(execute: Execute, commits: list[Commit], worker: str) -> list[Verdict]:
    rows = [commit.parameters for commit in commits]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in (*sql.GUARD, *sql.ENTRY)}
    written = dict(execute(sql.BATCH, columns | {"worker": worker}).fetchall())
    verdicts = []
    for commit in commits:
        if commit.run not in written:
            verdicts.append(_why(execute, commit, worker))
            continue
        sql.carry_out(execute, commit.writes)
        parked = not commit.park or written[commit.run]
        verdicts.append(Verdict.DONE if parked else Verdict.NOT_PARKED)
    return verdicts


def _why(execute: Execute, refused: Commit | Park, worker: str) -> Verdict:
    """Why nothing was written: fenced, an unseen event, or our own earlier success unacknowledged."""
    row = execute(sql.REREAD, {"run": refused.run, "rev": refused.rev}).fetchone()
    if row is None:
        return Verdict.FENCED
    fence, rev, owner, wrote = row
    held = fence == refused.fence and owner == worker
    if isinstance(refused, Park):
        if fence != refused.fence:
            return Verdict.FENCED
        return Verdict.NOT_PARKED if held else Verdict.DONE
    if wrote == refused.fence:
        log.info("recognised a commit whose acknowledgement was lost", extra={"run": refused.run})
        return Verdict.NOT_PARKED if refused.park and held else Verdict.DONE
    return Verdict.UNSEEN if held and rev == refused.rev else Verdict.FENCED
