"""Decisions on what people were asked: each taken exactly once, each on record."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Request, Response, TextOrFile, utc_text
from home.database import Row
from home.errors import Refused
from home.text import plain
from orchestrate.engine.journal import post_in
from orchestrate.engine.statements import on_sqlalchemy
from orchestrate.people.eligible import may_decide
from orchestrate.people.forms import checked
from orchestrate.people.moments import moment
from orchestrate.people.register import People
from orchestrate.people.tasks import find_task, json_object
from orchestrate.records.audit import record


class AlreadyDecided(Refused):
    """Somebody else was first."""

    code = "already_decided"


class TooLate(Refused):
    """The run went on or ended without this task."""

    code = "too_late"


class DecideRequest(Request):
    """One decision."""

    task: Annotated[str, Argument("TASK")]
    """Id of the task; `baton tasks` lists them."""
    outcome: Annotated[str, Argument("OUTCOME")]
    """One of the task's outcomes; `done` where it has none."""
    by: str
    """Who decides."""
    note: str | None = None
    """Why, kept with the decision."""
    data: Annotated[str, TextOrFile()] = "{}"
    """What was filled in, as a JSON object, where the step asks for it; @FILE takes it from a file."""


class Decision(Response):
    """A decision that was taken."""

    task: str
    run: str
    step: str
    outcome: str
    by: str
    at: str

    def lines(self) -> Iterator[str]:
        """Who decided what, and what happens next."""
        yield plain(f"{self.step}: {self.outcome}, by {self.by}.")
        yield f"Run {self.run} goes on as soon as `baton serve` or `baton worker` drives it."


def decide(context: Context, request: DecideRequest) -> Decision:
    """Settle a task, once: the first decision counts, and whoever comes later is told whose it was.

    The task, the run's inbox and the audit change in one transaction. A decision that comes after
    the run ended, or after the run went on without the task, is refused; so is one by somebody whom the
    plan bars (four eyes) or the people directory does not name for it, and data that breaks the form.
    """
    found = find_task(context.state, request.task)
    given = json_object(request.data)
    now = context.clock.now()
    with context.state.transaction() as connection:
        task = still_open(connection, found)
        output = may_settle(connection, task, request.outcome, request.by, given, now.timestamp())
        payload = {"task": found["id"], "outcome": request.outcome, "output": output}
        payload |= {"by": request.by, "note": request.note}
        post_in(connection, found["run"], "decided", payload, now.timestamp())
        connection.execute(
            text(
                "update task set status = 'done', outcome = :outcome, output = :output, note = :note,"
                " decided_by = :by, decided_at = :at where id = :task and status = 'open'"
            ),
            payload | {"output": json.dumps(output), "at": now.timestamp()},
        )
        detail = {"step": found["name"], "outcome": request.outcome, "note": request.note}
        record(connection, at=now, actor=request.by, action="decide", subject=found["id"], **detail)
    return Decision(
        task=found["id"],
        run=found["run"],
        step=found["name"],
        outcome=request.outcome,
        by=request.by,
        at=utc_text(now),
    )


def still_open(connection: Connection, task: Row, *, lock: bool = True) -> Row:
    """The task as it is once its run is locked, so that deciders and the engine take turns.

    Without `lock` it is only looked at. Raises `AlreadyDecided` or `TooLate` where it is no longer open.
    """
    locked = "update run set head = head where id = :run returning status, ended"
    sql = locked if lock else "select status, ended from run where id = :run"
    run = connection.execute(text(sql), {"run": task["run"]}).one()
    now = (
        connection.execute(text("select * from task where id = :task"), {"task": task["id"]}).mappings().one()
    )
    if now["status"] == "done":
        raise AlreadyDecided(
            f"Task {task['id']!r} was decided already: {now['outcome']} by {now['decided_by']}"
            f" at {moment(now['decided_at'])}.",
            hint=f"`baton show {task['run']}` tells what happened since.",
        )
    if run.status != "open":
        raise TooLate(
            f"Too late: run {task['run']!r} ended at {moment(run.ended)} ({run.status}).",
            hint="Nothing was changed.",
        )
    if now["status"] != "open":
        raise TooLate(
            f"Task {task['id']!r} is no longer needed: the run went on without it.",
            hint=f"`baton show {task['run']}` tells why.",
        )
    return dict(now)


def may_settle(
    connection: Connection, task: Row, outcome: str, by: str, given: dict[str, Any], at: float
) -> dict[str, Any]:
    """What was filled in, with its defaults; raises where this outcome, person or data is refused."""
    _allowed(task, outcome)
    may_decide(People(on_sqlalchemy(connection), at), task, by)
    return checked(task, outcome, given)


def _allowed(task: Row, outcome: str) -> None:
    outcomes = json.loads(task["outcomes"]) or ["done"]
    if outcome not in outcomes:
        raise Refused(
            f"{task['name']!r} cannot be decided as {outcome!r}.", hint=f"Say one of: {', '.join(outcomes)}."
        )
