"""`baton migrate`: running runs go on under another version of their plan, where that is proven safe."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import text

from home.context import Context
from home.contracts import Argument, Option, Request, Response
from home.database import Row
from home.errors import BatonError, Refused
from home.text import plain, table
from orchestrate.core.migration import MIGRATED, Migrated, Moved, Unsafe, due_of, events_of, proven
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.statements import ENTRY, JOT, NOTIFY
from orchestrate.engine.task_table import opened
from orchestrate.plans.versions import Published, find_version
from orchestrate.records.audit import record
from orchestrate.runs.rows import find_run, journal_of

PAGE = 200
SHOWN = 20
OPEN = (
    "select * from run where plan = :plan and status = 'open' and simulated = 0 and version <> :version"
    " and id > :after order by id limit :page"
)
MOVE = """
update run set version = :version, state = :state, rev = rev + 1, fence = fence + 1, held = null,
  due = case when stuck is null then 0 else null end, since = :at
where id = :run and rev = :rev and fence = :fence and owner is null and status = 'open'"""
TASK = (
    "update task set version = :version, name = :name, context = :context, due = :due,"
    " role = case when level = 0 and assignee is null then :role else role end"
    " where id = :id and status = 'open'"
)
TASKS = "update task set version = :version where run = :run and status = 'open'"


class MigrateRequest(Request):
    """Which runs, and to which version."""

    plan: Annotated[str, Argument("PLAN")]
    """Name of a published plan."""
    to: int = Field(ge=1)
    """Version that the runs are to go on under; an older one takes a migration back."""
    runs: Annotated[tuple[str, ...], Option(("--run",), "RUN")] = ()
    """Only these runs; may be given several times. Default is every open run of the plan."""
    dry_run: bool = False
    """Only tell what would be migrated and what not."""
    by: str | None = None
    """Who migrates; default is the operating-system user."""


class MigratedRun(Response):
    """A run that goes on under the new version."""

    run: str
    since: int
    """Version it was on."""


class KeptRun(Response):
    """A run that stays on its version."""

    run: str
    version: int
    why: str


class Migration(Response):
    """What became of every run."""

    plan: str
    to: int
    dry_run: bool
    migrated: list[MigratedRun]
    kept: list[KeptRun]
    """Refused: replaying their journal does not prove that they are the same on the new version."""

    def lines(self) -> Iterator[str]:
        """How many, and why the others stay."""
        would = "would go" if self.dry_run else "go"
        yield plain(f"{len(self.migrated)} runs {would} on under {self.plan}@{self.to}.")
        if self.kept:
            yield f"{len(self.kept)} stay on their version:"
            yield from table([row.model_dump() for row in self.kept[:SHOWN]])
        if len(self.kept) > SHOWN:
            yield f"and {len(self.kept) - SHOWN} more; --json lists them all"


class NotOpen(Refused):
    """A run that has ended, or of another plan, cannot be migrated."""

    code = "not_open"


def migrate(context: Context, request: MigrateRequest) -> Migration:
    """Move open runs to another version of their plan, each in a transaction of its own.

    A run is moved only if replaying its journal on that version proves it safe: everything that
    happened would have happened there in that order, and what it waits for is there and means the
    same. It goes on as if it had begun there: new due times, instructions and ways on hold at once.
    """
    to = find_version(context.state, request.plan, request.to)
    mover = _Mover(context, to, request.by or context.actor, dry_run=request.dry_run)
    migrated, kept = [], []
    for number, row in enumerate(_chosen(context, to, request)):
        try:
            mover.move(row)
            migrated.append(MigratedRun(run=row["id"], since=row["version"]))
        except Unsafe as why:
            kept.append(KeptRun(run=row["id"], version=row["version"], why=str(why)))
        if number % PAGE == 0:
            context.job.progress(None, f"{len(migrated)} migrated, {len(kept)} stay")
    return Migration(plan=request.plan, to=to.version, dry_run=request.dry_run, migrated=migrated, kept=kept)


def _chosen(context: Context, to: Published, request: MigrateRequest) -> Iterator[Row]:
    if request.runs:
        for name in request.runs:
            row = find_run(context.state, name)
            if row["plan"] != to.plan.name or row["status"] != "open" or row["simulated"]:
                said = f"is {row['status']}" if row["plan"] == to.plan.name else f"is of plan {row['plan']!r}"
                raise NotOpen(f"Run {name!r} {said}; only open runs of {to.plan.name!r} are migrated.")
        yield from (find_run(context.state, name) for name in request.runs)
        return
    after = ""
    asked = {"plan": to.plan.name, "version": to.version, "page": PAGE}
    while page := context.state.rows(OPEN, asked | {"after": after}):
        yield from page
        after = page[-1]["id"]


class _Mover:
    """Moves runs one by one to a version; the versions they come from are read once."""

    def __init__(self, context: Context, to: Published, by: str, *, dry_run: bool) -> None:
        self._context, self._to, self._by, self._dry_run = context, to, by, dry_run
        self._indexes = {to.version: PlanIndex(to.plan, compile_rule)}

    def move(self, row: Row) -> None:
        """Prove that the run is safe on the new version, and move it; raises `Unsafe`."""
        if row["version"] == self._to.version:
            raise Unsafe("it is on this version already")
        if row["owner"] is not None:
            raise Unsafe("a worker drives it right now; try again")
        events = events_of(journal_of(self._context.state, row["id"]))
        try:
            old, new = self._index(row["version"]), self._index(self._to.version)
            moved = proven(old, new, events, json.loads(row["state"]))
        except BatonError as error:
            raise Unsafe(error.message) from error
        if not self._dry_run:
            self._write(row, moved)

    def _index(self, version: int) -> PlanIndex:
        if version not in self._indexes:
            plan = find_version(self._context.state, self._to.plan.name, version).plan
            self._indexes[version] = PlanIndex(plan, compile_rule)
        return self._indexes[version]

    def _write(self, row: Row, moved: Moved) -> None:
        now, to = self._context.clock.now(), self._to.version
        at = now.timestamp()
        event = Migrated(since=row["version"], to=to, by=self._by)
        entry: dict[str, Any] = dict.fromkeys(ENTRY) | {"at": at, "kind": MIGRATED, "completes": 0}
        entry |= {"event": event.model_dump_json(), "outcome": f"{row['version']} → {to}"}
        entry |= {"run": row["id"], "rev": row["rev"], "fence": row["fence"] + 1, "worker": self._by}
        place = {"run": row["id"], "version": to, "rev": row["rev"], "fence": row["fence"]}
        with self._context.state.transaction() as connection:
            moves = connection.execute(text(MOVE), place | {"state": json.dumps(moved.state), "at": at})
            if moves.rowcount != 1:
                raise Unsafe("it went on while it was looked at; try again")
            connection.execute(text(JOT), entry | {"resource": self._by})
            connection.execute(text(TASKS), {"run": row["id"], "version": to})
            for task in moved.tasks.values():
                asked = opened(task, row | {"version": to}, at) | {"due": due_of(moved.state, task.task)}
                names = ("id", "version", "name", "context", "due", "role")
                connection.execute(text(TASK), {name: asked[name] for name in names})
            if self._context.state.is_postgres:
                connection.execute(text(NOTIFY), {"run": row["id"]})
            detail = {"plan": row["plan"], "since": row["version"], "to": to}
            record(connection, at=now, actor=self._by, action="migrate", subject=row["id"], **detail)
