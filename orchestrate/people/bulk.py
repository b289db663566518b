"""`baton decide-many`: one outcome for several tasks, each decided exactly once and answered by itself."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Option, Response, TextOrFile
from home.errors import BatonError, Refused, UsageError
from home.text import plain, table
from orchestrate.people.approvals import DecideRequest, decide, may_settle, still_open
from orchestrate.people.filters import LATEST, TaskFilter, where
from orchestrate.people.tasks import find_task, json_object


class DecideManyRequest(TaskFilter):
    """Which tasks to decide, and how: those named with `--task`, or the open ones that a filter finds."""

    outcome: Annotated[str, Argument("OUTCOME")]
    """The outcome of each."""
    by: str
    """Who decides."""
    task: Annotated[tuple[str, ...] | None, Option(("--task",), "TASK")] = None
    """A task; may be given several times."""
    note: str | None = None
    """Why, kept with each decision."""
    data: Annotated[str, TextOrFile()] = "{}"
    """What was filled in for each, as a JSON object; @FILE takes it from a file."""
    limit: int = Field(default=1000, ge=1, le=10_000)
    """Most tasks to decide."""
    dry_run: bool = False
    """Only say what would be decided, and what refused."""


class BulkRow(Response):
    """What became of one task."""

    task: str
    run: str | None
    step: str | None
    decided: bool
    """Whether it was, or with `--dry-run` would be, decided so."""
    code: str | None
    """Why not, as a word: `already_decided`, `too_late`, `four_eyes`, `not_yours`, `form`, …"""
    message: str
    """The same as a sentence."""


class Bulk(Response):
    """What became of each task."""

    outcome: str
    decided: int
    refused: int
    dry_run: bool
    more: bool
    """Whether the filter finds more than the limit."""
    rows: list[BulkRow]

    def lines(self) -> Iterator[str]:
        """How many, and one line for each that was not decided."""
        verb = "would be" if self.dry_run else "were"
        yield plain(f"{self.decided} tasks {verb} decided as {self.outcome!r}, {self.refused} refused.")
        refused = [row for row in self.rows if not row.decided]
        yield from table([{"task": row.task, "step": row.step, "why": row.message} for row in refused])
        if self.more:
            yield "There are more; the same command again decides the next ones."


def decide_many(context: Context, request: DecideManyRequest) -> Bulk:
    """Decide several tasks alike; each is decided once, for itself, and says what became of it.

    A task that somebody decided meanwhile, that is barred to WHO, or that has no such outcome is
    refused, and the others go on. Fails only where no task could be decided.
    """
    json_object(request.data)
    ids = _meant(context, request)
    rows = [_one(context, request, task) for task in ids[: request.limit]]
    decided = sum(row.decided for row in rows)
    if not rows:
        raise Refused("No open task fits this filter; nothing was decided.", hint="`baton tasks` lists them.")
    if not decided and not request.dry_run:
        raise Refused(
            f"None of {len(rows)} tasks could be decided. The first: {rows[0].message}",
            hint="`--dry-run` says it of each.",
        )
    return Bulk(
        outcome=request.outcome,
        decided=decided,
        refused=len(rows) - decided,
        dry_run=request.dry_run,
        more=len(ids) > request.limit,
        rows=rows,
    )


def _meant(context: Context, request: DecideManyRequest) -> list[str]:
    """The tasks named, or the open ones found, the most urgent first; one more than the limit at most."""
    filters = TaskFilter.model_validate({name: getattr(request, name) for name in TaskFilter.model_fields})
    if request.task:
        if filters != TaskFilter():
            raise UsageError("--task names the tasks; a filter finds them: give one or the other.")
        return list(dict.fromkeys(request.task))
    if filters == TaskFilter():
        raise UsageError(
            "Say which tasks: --task TASK, or a filter such as --role, --plan, --step or --search.",
            hint="`baton decide-many --help` lists the filters.",
        )
    if request.state != "open":
        raise UsageError("Only open tasks can be decided.", hint="Leave --state out.")
    clauses, parameters = where(filters, context.clock.now().timestamp())
    found = context.state.rows(
        f"select id from task where {' and '.join(clauses)}"  # noqa: S608 - put together from constants
        f" order by coalesce(due, {LATEST}), id limit :limit",
        parameters | {"limit": request.limit + 1},
    )
    return [row["id"] for row in found]


def _one(context: Context, request: DecideManyRequest, task: str) -> BulkRow:
    row = None
    try:
        row = find_task(context.state, task)
        if request.dry_run:
            with context.state.transaction(read=True) as connection:
                at = context.clock.now().timestamp()
                now = still_open(connection, row, lock=False)
                given = json_object(request.data)
                may_settle(connection, now, request.outcome, request.by, given, at)
        else:
            asked = {"outcome": request.outcome, "by": request.by, "note": request.note, "data": request.data}
            decide(context, DecideRequest(task=task, **asked))
    except BatonError as error:
        if error.exit_code not in (1, 2):
            raise
        return _row(task, row, False, error.code, error.message)
    return _row(task, row, True, None, "would be decided" if request.dry_run else "decided")


def _row(task: str, row: object, decided: bool, code: str | None, message: str) -> BulkRow:
    run, step = (row["run"], row["name"]) if isinstance(row, dict) else (None, None)
    return BulkRow(task=task, run=run, step=step, decided=decided, code=code, message=message)
