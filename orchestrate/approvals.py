"""Decisions and other changes to what people were asked: each taken exactly once, each on record."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Request, Response, TextOrFile, utc_text
from home.database import Row
from home.errors import Refused
from home.text import plain
from orchestrate.audit import record
from orchestrate.journal import post_in
from orchestrate.tasks import find_task, json_object, moment


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
    the run ended, or after the run went on without the task, is refused.
    """
    found = find_task(context.state, request.task)
    output = json_object(request.data)
    now = context.clock.now()
    with context.state.transaction() as connection:
        _still_open(connection, found)
        _allowed(found, request.outcome)
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
        _record(connection, context, "decide", request.by, found, outcome=request.outcome, note=request.note)
    return Decision(
        task=found["id"],
        run=found["run"],
        step=found["name"],
        outcome=request.outcome,
        by=request.by,
        at=utc_text(now),
    )


def _still_open(connection: Connection, task: Row) -> Row:
    """The task as it is once its run is locked, so that deciders and the engine take turns.

    Raises `AlreadyDecided` or `TooLate` where it is no longer open.
    """
    lock = text("update run set head = head where id = :run returning status, ended")
    run = connection.execute(lock, {"run": task["run"]}).one()
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


def _allowed(task: Row, outcome: str) -> None:
    outcomes = json.loads(task["outcomes"]) or ["done"]
    if outcome not in outcomes:
        raise Refused(
            f"{task['name']!r} cannot be decided as {outcome!r}.", hint=f"Say one of: {', '.join(outcomes)}."
        )


class DelegateRequest(Request):
    """Who gets a task."""

    task: Annotated[str, Argument("TASK")]
    """Id of the task; `baton tasks` lists them."""
    to: str
    """Who shall do it."""
    by: str
    """Who hands it over."""
    note: str | None = None
    """Why; kept as a comment."""


class ClaimRequest(Request):
    """Who takes a task."""

    task: Annotated[str, Argument("TASK")]
    """Id of the task; `baton tasks` lists them."""
    by: str
    """Who takes it."""


class CommentRequest(Request):
    """A remark on a task."""

    task: Annotated[str, Argument("TASK")]
    """Id of the task; `baton tasks` lists them."""
    remark: Annotated[str, Argument("TEXT")]
    """What to say."""
    by: str
    """Who says it."""


class Changed(Response):
    """A task that was handed over, taken or remarked on."""

    task: str
    assignee: str | None
    done: str
    """What was done, in words."""

    def lines(self) -> Iterator[str]:
        """One sentence."""
        yield plain(f"{self.task}: {self.done}.")


@contextmanager
def _open_task(context: Context, name: str) -> Iterator[tuple[Connection, Row]]:
    """A transaction in which a task is open and stays so."""
    task = find_task(context.state, name)
    with context.state.transaction() as connection:
        yield connection, _still_open(connection, task)


def _assign(connection: Connection, task: Row, assignee: str) -> None:
    statement = text("update task set assignee = :assignee where id = :task")
    connection.execute(statement, {"assignee": assignee, "task": task["id"]})


def _remark(connection: Connection, context: Context, task: Row, who: str, body: str) -> None:
    connection.execute(
        text(
            "insert into comment(task, n, at, who, body) select :task, coalesce(max(n), 0) + 1,"
            " cast(:at as double precision), :who, :body from comment where task = :task"
        ),
        {"task": task["id"], "at": context.clock.now().timestamp(), "who": who, "body": body},
    )


def _record(
    connection: Connection, context: Context, action: str, who: str, task: Row, **detail: Any
) -> None:
    at = context.clock.now()
    record(connection, at=at, actor=who, action=action, subject=task["id"], step=task["name"], **detail)


def delegate(context: Context, request: DelegateRequest) -> Changed:
    """Hand an open task to somebody else; its due time stays."""
    with _open_task(context, request.task) as (connection, task):
        _assign(connection, task, request.to)
        if request.note:
            _remark(connection, context, task, request.by, request.note)
        _record(connection, context, "delegate", request.by, task, to=request.to)
    return Changed(task=task["id"], assignee=request.to, done=f"now with {request.to}")


def claim(context: Context, request: ClaimRequest) -> Changed:
    """Take an open task that nobody has taken, so that others see who is at it."""
    with _open_task(context, request.task) as (connection, task):
        if task["assignee"] not in (None, request.by):
            raise Refused(
                f"Task {task['id']!r} is with {task['assignee']}.",
                hint=f"It can be handed over: `baton delegate {task['id']} --to {request.by} --by WHO`.",
            )
        _assign(connection, task, request.by)
        _record(connection, context, "claim", request.by, task)
    return Changed(task=task["id"], assignee=request.by, done=f"now with {request.by}")


def comment(context: Context, request: CommentRequest) -> Changed:
    """Leave a remark on an open task; whoever decides it sees it."""
    with _open_task(context, request.task) as (connection, task):
        _remark(connection, context, task, request.by, request.remark)
        _record(connection, context, "comment", request.by, task)
    return Changed(task=task["id"], assignee=task["assignee"], done=f"remark by {request.by} kept")
