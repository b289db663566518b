"""`baton release`: let a run go on that is stuck because driving it broke off again and again."""

from collections.abc import Iterator
from typing import Annotated

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Request, Response
from home.errors import Refused
from home.text import plain
from orchestrate.engine.statements import NOTIFY
from orchestrate.records.audit import record
from orchestrate.runs.rows import find_run

RELEASE = text(
    "update run set stuck = null, recoveries = 0, due = 0, since = :at"
    " where id = :run and stuck is not null and status = 'open'"
)


class NotStuck(Refused):
    """The run is not stuck, so there is nothing to release it from."""

    code = "not_stuck"


class ReleaseRequest(Request):
    """Which run to release."""

    run: Annotated[str, Argument("RUN")]
    """Id of the run; `baton runs --state stuck` lists them."""
    by: str | None = None
    """Who releases it; default is the operating-system user."""
    reason: str = ""
    """What was mended, kept in the audit."""


class Released(Response):
    """A run that is driven again."""

    run: str
    was: str
    """Why it was stuck."""

    def lines(self) -> Iterator[str]:
        """What happens now."""
        yield plain(f"Run {self.run} is driven again. It was stuck: {self.was}.")


def release_in(connection: Connection, run: str, at: float) -> bool:
    """Let a stuck run be driven again, inside the caller's transaction; whether it was stuck."""
    released = connection.execute(RELEASE, {"run": run, "at": at}).rowcount == 1
    if released and connection.dialect.name == "postgresql":
        connection.execute(text(NOTIFY), {"run": run})
    return released


def release(context: Context, request: ReleaseRequest) -> Released:
    """Let a stuck run go on: driving it broke off several times in a row, and what broke it is mended.

    It is tried as often again before it is stuck again. What was sent to it meanwhile happens first.
    """
    run = find_run(context.state, request.run)
    now, who = context.clock.now(), request.by or context.actor
    with context.state.transaction() as connection:
        if not release_in(connection, run["id"], now.timestamp()):
            raise NotStuck(
                f"Run {run['id']!r} is not stuck.", hint="`baton runs --state stuck` lists those that are."
            )
        detail = {"was": run["stuck"] or "", "reason": request.reason}
        record(connection, at=now, actor=who, action="release", subject=run["id"], **detail)
    return Released(run=run["id"], was=run["stuck"] or "")
