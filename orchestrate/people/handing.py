"""Other changes to open tasks than deciding them: taken, given back, handed over, remarked on, moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Option, Request, Response
from home.database import Row
from home.errors import Refused
from home.text import plain
from orchestrate.engine.journal import post_in
from orchestrate.engine.statements import on_sqlalchemy
from orchestrate.people.approvals import still_open
from orchestrate.people.eligible import may_decide, may_hand_over, may_have
from orchestrate.people.moments import moment, read_moment
from orchestrate.people.register import People, apart_steps
from orchestrate.people.tasks import find_task
from orchestrate.records.audit import record

Task = Annotated[str, Argument("TASK")]


class ClaimRequest(Request):
    """Who takes a task."""

    task: Task
    """Id of the task; `baton tasks` lists them."""
    by: str
    """Who takes it."""


class UnclaimRequest(Request):
    """Who gives a task back."""

    task: Task
    """Id of the task; `baton tasks` lists them."""
    by: str
    """Who gives it back."""


class DelegateRequest(Request):
    """Who gets a task."""

    task: Task
    """Id of the task; `baton tasks` lists them."""
    to: str
    """Who shall do it; while they are away, their deputy gets it."""
    by: str
    """Who hands it over."""
    note: str | None = None
    """Why; kept as a comment."""


class CommentRequest(Request):
    """A remark on a task."""

    task: Task
    """Id of the task; `baton tasks` lists them."""
    remark: Annotated[str, Argument("TEXT")]
    """What to say."""
    by: str
    """Who says it."""


class DueRequest(Request):
    """When a task is due from now on."""

    task: Task
    """Id of the task; `baton tasks` lists them."""
    at: Annotated[str, Argument("WHEN")]
    """A day or moment such as 2026-01-05T17:00+01:00, `+4h` from now, or `never`."""
    by: Annotated[str | None, Option(("--by",))] = None
    """Who moves it; default is the operating-system user."""


class Changed(Response):
    """A task that was taken, handed over, remarked on or moved."""

    task: str
    assignee: str | None
    done: str
    """What was done, in words."""

    def lines(self) -> Iterator[str]:
        """One sentence."""
        yield plain(f"{self.task}: {self.done}.")


@contextmanager
def open_task(context: Context, name: str) -> Iterator[tuple[Connection, Row, People]]:
    """A transaction in which a task is open and stays so, with the people directory as of now."""
    task = find_task(context.state, name)
    with context.state.transaction() as connection:
        people = People(on_sqlalchemy(connection), context.clock.now().timestamp())
        yield connection, still_open(connection, task), people


def touched(connection: Connection, task: Row, by: str) -> None:
    """Whoever stands in and does something with a task keeps it."""
    if by == task["assignee"]:
        update = text("update task set stands_for = null where id = :task")
        connection.execute(update, {"task": task["id"]})


def on_record(
    connection: Connection, context: Context, action: str, who: str, task: Row, **detail: Any
) -> None:
    """Say in the audit what somebody did with a task; last in its transaction."""
    at = context.clock.now()
    record(connection, at=at, actor=who, action=action, subject=task["id"], step=task["name"], **detail)


def _give(connection: Connection, task: Row, assignee: str | None, stands_for: str | None = None) -> None:
    statement = text("update task set assignee = :assignee, stands_for = :away where id = :task")
    connection.execute(statement, {"assignee": assignee, "away": stands_for, "task": task["id"]})


def claim(context: Context, request: ClaimRequest) -> Changed:
    """Take an open task that nobody has taken, so that others see who is at it.

    Who is away may take back what is kept for them.
    """
    with open_task(context, request.task) as (connection, task, people):
        if task["assignee"] not in (None, request.by) and task["stands_for"] != request.by:
            raise Refused(
                f"Task {task['id']!r} is with {task['assignee']}.",
                hint=f"It can be handed over: `baton delegate {task['id']} --to {request.by} --by WHO`.",
            )
        may_decide(people, task, request.by)
        _give(connection, task, request.by)
        on_record(connection, context, "claim", request.by, task)
    return Changed(task=task["id"], assignee=request.by, done=f"now with {request.by}")


def unclaim(context: Context, request: UnclaimRequest) -> Changed:
    """Give a task back to its queue, for others to take."""
    with open_task(context, request.task) as (connection, task, people):
        if task["assignee"] is None:
            raise Refused(f"Nobody has task {task['id']!r}.", hint="Nothing was changed.")
        if not people.known() and task["assignee"] != request.by:
            raise Refused(
                f"Task {task['id']!r} is with {task['assignee']}.", hint="Only who has it can give it back."
            )
        may_hand_over(people, task, request.by)
        if task["role"] is None:
            raise Refused(
                f"Task {task['id']!r} is for {task['assignee']} alone and has no queue to go back to.",
                hint=f"Hand it over: `baton delegate {task['id']} --to WHO --by {request.by}`.",
            )
        _give(connection, task, None)
        on_record(connection, context, "unclaim", request.by, task, of=task["assignee"])
    return Changed(task=task["id"], assignee=None, done=f"back in the queue of {task['role']}")


def delegate(context: Context, request: DelegateRequest) -> Changed:
    """Hand an open task to somebody else; its due time stays."""
    with open_task(context, request.task) as (connection, task, people):
        may_hand_over(people, task, request.by)
        person, gets = may_have(people, task, request.to), request.to
        if person is not None and not person.present(people.at):
            barred = people.barred(task["run"], apart_steps(task["apart"]))
            stand_in = people.stand_in(request.to, people.fits(barred, None))
            if stand_in is None:
                raise Refused(
                    f"{request.to!r} is out of office, and no deputy can have task {task['id']!r}.",
                    hint="`baton person list` says who is here.",
                )
            gets = stand_in
        _give(connection, task, gets, request.to if gets != request.to else None)
        if request.note:
            _remark(connection, context, task, request.by, request.note)
        on_record(connection, context, "delegate", request.by, task, to=gets)
    away = f", who stands in for {request.to}" if gets != request.to else ""
    return Changed(task=task["id"], assignee=gets, done=f"now with {gets}{away}")


def comment(context: Context, request: CommentRequest) -> Changed:
    """Leave a remark on an open task; whoever decides it sees it."""
    with open_task(context, request.task) as (connection, task, _):
        _remark(connection, context, task, request.by, request.remark)
        touched(connection, task, request.by)
        on_record(connection, context, "comment", request.by, task)
    return Changed(task=task["id"], assignee=task["assignee"], done=f"remark by {request.by} kept")


def _remark(connection: Connection, context: Context, task: Row, who: str, body: str) -> None:
    connection.execute(
        text(
            "insert into comment(task, n, at, who, body) select :task, coalesce(max(n), 0) + 1,"
            " cast(:at as double precision), :who, :body from comment where task = :task"
        ),
        {"task": task["id"], "at": context.clock.now().timestamp(), "who": who, "body": body},
    )


def due(context: Context, request: DueRequest) -> Changed:
    """Make an open task due at another time; reminders and escalations follow it."""
    at = None if request.at == "never" else read_moment(request.at, context.clock)
    who, now = request.by or context.actor, context.clock.now().timestamp()
    with open_task(context, request.task) as (connection, task, _):
        if at is not None and at <= now:
            raise Refused(
                f"{moment(at)} is past; task {task['id']!r} stays due {moment(task['due']) or 'never'}.",
                hint="Name a moment to come, or +4h.",
            )
        post_in(connection, task["run"], "reschedule", {"task": task["id"], "due": at, "by": who}, now)
        move = text("update task set due = :due where id = :task")
        connection.execute(move, {"due": at, "task": task["id"]})
        on_record(connection, context, "due", who, task, due=moment(at), was=moment(task["due"]))
    return Changed(task=task["id"], assignee=task["assignee"], done=f"due {moment(at) or 'never'}")
