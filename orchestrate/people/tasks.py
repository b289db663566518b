"""What people are asked to do or decide: the list of it, the most urgent first."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from home.context import Context
from home.contracts import Json, Option, Response
from home.database import Database, Row
from home.errors import UsageError, unknown
from home.text import duration, plain, table
from orchestrate.people.beside import Beside
from orchestrate.people.filters import LATEST, TaskFilter, where
from orchestrate.people.moments import moment
from orchestrate.people.register import apart_steps


class TasksRequest(TaskFilter):
    """Which tasks to list."""

    task: Annotated[str | None, Option(("--task",), "TASK")] = None
    """Only this one, whatever its state."""
    limit: int = Field(default=100, ge=1, le=10_000)
    """Most rows to list."""
    after: Annotated[str | None, Option(("--after",), "TASK")] = None
    """Go on after this task, the last of the page before."""


class TaskRow(Response):
    """One thing a person is asked to do or decide."""

    task: str
    run: str
    plan: str
    key: str | None
    """Business key of the run."""
    step: str
    kind: str
    """`step`, `choice` and `loop` (a way to choose), `manual` (the manual queue) or `side`."""
    role: str | None
    assignee: str | None
    due: str | None
    due_in_s: float | None
    """Seconds until it is due; negative when late."""
    state: str
    outcomes: list[str]
    """What may be decided; empty means that done is done."""
    reason: str
    """Why it came to the manual queue."""
    level: int
    """Escalations so far."""
    reminders: int
    opened: str
    skill: str | None
    """What whoever does it must know."""
    by_hand: bool
    """Nobody takes it: a dispatcher hands it out."""
    apart: list[str]
    """Steps whose doers may not decide it; `!starter` is who started the run."""
    stands_for: str | None
    """Who is away and gets it back, where nobody touches it."""
    context: Json
    """Everything that is known for deciding it: instructions, data, what happened before."""
    comments: list[Json]
    attachments: list[Json]
    """Files of the whole run: task, n, file, size, sha256, who, at."""
    earlier: list[Json]
    """What was decided before in this run: task, step, outcome, by, at, note, comments."""
    note: str | None
    """Why it was decided so."""
    outcome: str | None
    decided_by: str | None
    decided_at: str | None


class TaskList(Response):
    """Tasks, the most urgent first."""

    rows: list[TaskRow]
    next: str | None
    """Give this as `--after` for the next page; `null` on the last."""
    hidden: ClassVar[frozenset[str]] = frozenset({"next"})

    def lines(self) -> Iterator[str]:
        """One line per task, and how to decide the first."""
        if not self.rows:
            yield "No task is waiting here."
            return
        yield from table([_line(task) for task in self.rows])
        waiting = next((task for task in self.rows if task.state == "open"), None)
        if waiting:
            yield plain(f"Decide with: {how_to_decide(waiting.task, waiting.outcomes)}")
        if self.next:
            yield f"There are more: --after {self.next}"


def _line(task: TaskRow) -> Json:
    late = task.due_in_s is not None and task.due_in_s < 0
    due = "" if task.due_in_s is None else f"{duration(abs(task.due_in_s))}{' late' if late else ''}"
    return {
        "task": task.task,
        "step": task.step,
        "for": task.key or task.run,
        "who": task.assignee or task.role or "anybody",
        "due in": due if task.state == "open" else "",
        "state": f"{task.outcome} by {task.decided_by}" if task.decided_by else task.state,
        "decide": " | ".join(task.outcomes) or "done",
    }


def how_to_decide(task: str, outcomes: Sequence[str]) -> str:
    """The command that decides a task, with its outcomes to choose from."""
    from shlex import quote

    return f"baton decide {task} {' | '.join(map(quote, outcomes)) or 'done'} --by YOU"


def tasks(context: Context, request: TasksRequest) -> TaskList:
    """What people are asked to do or decide, the most urgent first, with all that is known for it.

    `--inbox WHO` lists what WHO has or may take, `--search` what mentions some words: a business key, a
    name in the data, a remark. `baton decide TASK OUTCOME --by WHO` settles one.
    """
    now = context.clock.now().timestamp()
    clauses, parameters = where(request, now)
    if request.task is not None:
        find_task(context.state, request.task)
        clauses, parameters = ["id = :task"], {"task": request.task}
    if request.after is not None:
        last = find_task(context.state, request.after)
        due = last["due"] if last["due"] is not None else float(LATEST)
        parameters |= {"after_due": due, "after_id": last["id"]}
        clauses.append(f"(coalesce(due, {LATEST}), id) > (:after_due, :after_id)")
    found = context.state.rows(
        f"select * from task where {' and '.join(clauses)}"  # noqa: S608 - put together from constants
        f" order by coalesce(due, {LATEST}), id limit :limit",
        parameters | {"limit": request.limit + 1},
    )
    page = found[: request.limit]
    beside = Beside(context.state, page)
    rows = [_row(row, now, beside) for row in page]
    return TaskList(rows=rows, next=rows[-1].task if len(found) > request.limit else None)


def _row(row: Row, now: float, beside: Beside) -> TaskRow:
    return TaskRow(
        task=row["id"],
        step=row["name"],
        due=moment(row["due"]),
        due_in_s=None if row["due"] is None else row["due"] - now,
        state=row["status"],
        outcomes=json.loads(row["outcomes"]),
        context=json.loads(row["context"]),
        opened=moment(row["opened"]) or "",
        by_hand=bool(row["by_hand"]),
        apart=list(apart_steps(row["apart"])),
        comments=beside.comments(row["id"]),
        attachments=beside.attachments(row["run"]),
        earlier=beside.earlier(row),
        decided_at=moment(row["decided_at"]),
        **{name: row[name] for name in ("run", "plan", "key", "kind", "role", "assignee", "reason", "level")},
        **{name: row[name] for name in ("outcome", "decided_by", "note", "reminders", "skill", "stands_for")},
    )


def find_task(state: Database, task: str) -> Row:
    """The row of a task; raises `NotFound` with the nearest open ones."""
    row = state.row("select * from task where id = :task", {"task": task})
    if row is None:
        known = state.rows("select id from task where status = 'open' and simulated = 0 limit 1000")
        raise unknown("task", task, [r["id"] for r in known], listing="baton tasks")
    return row


def json_object(text: str) -> Json:
    """The JSON object in `text`; raises `UsageError` saying where it is none."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--data is not JSON: {error}.", hint='Write it like {"amount": 120}.') from error
    if not isinstance(found, dict):
        raise UsageError(f"--data is a JSON object, not {text!r}.", hint='Write it like {"amount": 120}.')
    return found
