"""What people are asked to do or decide: the list of it, the most urgent first."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from home.context import Context
from home.contracts import Json, Option, Request, Response, utc_text
from home.database import Database, Row
from home.errors import UsageError, unknown
from home.text import duration, plain, table

LATEST = 1e18
"""Sorts tasks without a due time after all others."""


class TasksRequest(Request):
    """Which tasks to list."""

    mine: Annotated[str | None, Option(("--mine",), "WHO")] = None
    """Only those assigned to WHO."""
    role: str | None = None
    """Only those for this role."""
    state: Literal["open", "done", "closed", "all"] = "open"
    """`open`, `done` (decided), `closed` (no longer needed) or `all`."""
    plan: str | None = None
    """Only those of runs of this plan."""
    run: str | None = None
    """Only those of this run."""
    key: str | None = None
    """Only those of runs with this business key."""
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
    context: Json
    """Everything that is known for deciding it: instructions, data, what happened before."""
    comments: list[Json]
    outcome: str | None
    decided_by: str | None
    decided_at: str | None


class TaskList(Response):
    """Tasks, the most urgent first."""

    rows: list[TaskRow]
    more: bool
    """Whether `--after` the last one finds more."""
    hidden: ClassVar[frozenset[str]] = frozenset({"more"})

    def lines(self) -> Iterator[str]:
        """One line per task, and how to decide the first."""
        if not self.rows:
            yield "No task is waiting here."
            return
        yield from table([_line(task) for task in self.rows])
        waiting = next((task for task in self.rows if task.state == "open"), None)
        if waiting:
            yield plain(f"Decide with: {how_to_decide(waiting.task, waiting.outcomes)}")
        if self.more:
            yield f"There are more: --after {self.rows[-1].task}"


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

    `baton decide TASK OUTCOME --by WHO` settles one.
    """
    wanted = {"assignee": request.mine, "role": request.role, "plan": request.plan, "run": request.run}
    wanted |= {"key": request.key, "status": None if request.state == "all" else request.state}
    given = {name: value for name, value in wanted.items() if value is not None}
    clauses = ["simulated = 0", *(f"{name} = :{name}" for name in given)]
    parameters: Json = {**given, "limit": request.limit + 1, "latest": LATEST}
    if request.after is not None:
        last = find_task(context.state, request.after)
        parameters |= {
            "after_due": last["due"] if last["due"] is not None else LATEST,
            "after_id": last["id"],
        }
        clauses.append("(coalesce(due, :latest), id) > (:after_due, :after_id)")
    found = context.state.rows(
        f"select * from task where {' and '.join(clauses)}"  # noqa: S608 - names from the list above
        " order by coalesce(due, :latest), id limit :limit",
        parameters,
    )
    now = context.clock.now().timestamp()
    page = found[: request.limit]
    comments = _comments(context.state, [row["id"] for row in page])
    rows = [_row(row, now, comments.get(row["id"], [])) for row in page]
    return TaskList(rows=rows, more=len(found) > request.limit)


def _row(row: Row, now: float, comments: list[Json]) -> TaskRow:
    return TaskRow(
        task=row["id"],
        step=row["name"],
        due=moment(row["due"]),
        due_in_s=None if row["due"] is None else row["due"] - now,
        state=row["status"],
        outcomes=json.loads(row["outcomes"]),
        context=json.loads(row["context"]),
        comments=comments,
        decided_at=moment(row["decided_at"]),
        **{name: row[name] for name in ("run", "plan", "key", "kind", "role", "assignee", "reason", "level")},
        **{name: row[name] for name in ("outcome", "decided_by")},
    )


def _comments(state: Database, ids: list[str]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    names = {f"t{number}": task for number, task in enumerate(ids)}
    if not names:
        return found
    places = ", ".join(f":{name}" for name in names)
    rows = state.rows(f"select * from comment where task in ({places}) order by task, n", names)  # noqa: S608
    for row in rows:
        remark = {"who": row["who"], "at": moment(row["at"]), "text": row["body"]}
        found.setdefault(row["task"], []).append(remark)
    return found


def moment(seconds: float | None) -> str | None:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return None if seconds is None else utc_text(datetime.fromtimestamp(seconds, UTC))


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
