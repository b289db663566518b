"""`baton retention`: runs that ended long ago are archived and purged, with all that is kept of them."""

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Option, Request, Response, utc_text
from home.database import Database, Row
from home.errors import UsageError
from home.ids import new_id
from home.text import plain
from orchestrate.people.attachments import sweep
from orchestrate.records.audit import record
from orchestrate.records.forgotten import own_tables
from orchestrate.records.tally import keep_count

FORMAT = 1
PORTION = 500
STAY = frozenset({"occurrence"})
"""Tables that name runs and outlive them: an occurrence that started a run must not start another."""
ENDED = (
    "select * from run where status <> 'open' and ended < :before and simulated = 0 and id > :after{plan}"
    " and not exists (select 1 from run caller where caller.id = run.parent and caller.status = 'open')"
    " order by id limit :portion"
)
SEGMENTS = ("workflow_input", "workflow_output", "workflow_status")
"""DBOS's books of segments, whose rows say nothing that a run needs once they have ended."""


class RetentionRequest(Request):
    """Which runs to let go of."""

    days: float | None = Field(default=None, gt=0)
    """Days since they ended; default is the setting `keep_runs_days`."""
    plan: str | None = None
    """Only runs of this plan."""
    no_archive: Annotated[bool, Option(("--no-archive",))] = False
    """Purge without writing them to the folder `archive` of the home."""
    dry_run: bool = False
    """Only count them."""
    by: str | None = None
    """Who lets go of them; default is the operating-system user."""


class Retained(Response):
    """What was let go of."""

    runs: int
    before: str
    """Runs that ended before this moment."""
    rows: dict[str, int]
    """Rows by table."""
    segments: int
    """Rows of DBOS about segments that ended before then."""
    archive: str | None
    """The file that has them: one JSON document a line, each a run with all its rows."""
    dry_run: bool

    def lines(self) -> Iterator[str]:
        """How many, and where they are."""
        would = "would be " if self.dry_run else ""
        yield f"{self.runs:,} runs that ended before {self.before} {would}purged."
        if self.archive:
            yield plain(f"They are in {self.archive}.")
        if self.runs and not self.dry_run:
            yield "The audit keeps its rows about them. A business key of theirs can start a run again."


def retention(context: Context, request: RetentionRequest) -> Retained:
    """Archive and purge runs that ended long ago: run, journal, inbox, tasks, alerts, and DBOS's rows.

    The audit is never touched. Open runs, and runs that an open one called, stay. Each portion is in
    the archive, on disk, before it is purged. `baton kpis` reads only runs that are still here, so
    keep them for as long as you want to compare.
    """
    days = request.days or context.settings.keep_runs_days
    if days is None:
        raise UsageError(
            "How long are runs kept? Neither --days nor the setting keep_runs_days says it.",
            hint="`baton retention --days 400 --dry-run` counts the runs that ended 400 days ago or before.",
        )
    before = context.clock.now() - timedelta(days=days)
    archive = None if request.no_archive or request.dry_run else _archive_name(context)
    purge = _Purge(context.state, archive, dry_run=request.dry_run)
    asked = {"before": before.timestamp(), "portion": PORTION} | (
        {"plan": request.plan} if request.plan else {}
    )
    query, after, runs = ENDED.format(plan=" and plan = :plan" if request.plan else ""), "", 0
    while portion := context.state.rows(query, asked | {"after": after}):
        purge.portion(portion)
        runs, after = runs + len(portion), portion[-1]["id"]
        context.job.progress(None, f"{runs:,} runs")
    segments = purge_segments(context.state, before.timestamp(), dry_run=request.dry_run)
    if not request.dry_run and (runs or segments):
        with context.state.transaction() as connection:
            detail = {"runs": runs, "before": utc_text(before), "plan": request.plan, "rows": purge.rows}
            who = request.by or context.actor
            record(
                connection, at=context.clock.now(), actor=who, action="retention", subject="runs", **detail
            )
        sweep(context.home, context.state)
    return Retained(
        runs=runs,
        before=utc_text(before),
        rows=purge.rows,
        segments=segments,
        archive=str(archive) if archive and runs else None,
        dry_run=request.dry_run,
    )


def _archive_name(context: Context) -> Path:
    folder = context.home / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{new_id('runs', context.clock.now())}.jsonl.gz"


class _Purge:
    """Archives and deletes portions of runs."""

    def __init__(self, state: Database, archive: Path | None, *, dry_run: bool) -> None:
        self._state, self._archive, self._dry_run = state, archive, dry_run
        inspector = sqlalchemy.inspect(state.engine)
        columns = {table: {c["name"] for c in inspector.get_columns(table)} for table in own_tables()}
        tables = sorted(name for name, has in columns.items() if "run" in has and name not in STAY)
        by_task = sorted(name for name, has in columns.items() if "task" in has and "run" not in has)
        # What hangs on a task goes before the task that says whose it is; the run itself goes last.
        self._tables: list[tuple[str, str]] = [
            *((name, "task in (select id from task where run in ({runs}))") for name in by_task),
            *((name, "run in ({runs})") for name in tables),
            ("run", "id in ({runs})"),
        ]
        self.rows: dict[str, int] = {}

    def portion(self, runs: Sequence[Row]) -> None:
        """Archive and purge these runs, in one transaction."""
        names = {f"r{n}": row["id"] for n, row in enumerate(runs)}
        places = ", ".join(f":{name}" for name in names)
        with self._state.transaction(read=self._dry_run) as connection:
            if self._archive is not None:
                _append(self._archive, self._documents(connection, runs, places, names))
            if not self._dry_run:
                keep_count(connection, list(names.values()))
            for table, where in self._tables:
                what = "select count(*) from" if self._dry_run else "delete from"
                done = connection.execute(text(f"{what} {table} where {where.format(runs=places)}"), names)
                count = done.scalar_one() if self._dry_run else done.rowcount
                if count:
                    self.rows[table] = self.rows.get(table, 0) + count

    def _documents(
        self, connection: Connection, runs: Sequence[Row], places: str, names: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        documents: dict[str, dict[str, Any]] = {
            row["id"]: {"format": FORMAT, "run": dict(row)} for row in runs
        }
        owner: dict[str, str] = {}
        for table, where in reversed(self._tables):
            if table == "run":
                continue
            found = connection.execute(
                text(f"select * from {table} where {where.format(runs=places)}"),  # noqa: S608 - our own names
                names,
            )
            for row in map(dict, found.mappings()):
                run = row["run"] if "run" in row else owner[row["task"]]
                if table == "task":
                    owner[row["id"]] = run
                documents[run].setdefault(table, []).append(row)
        yield from documents.values()


def _append(path: Path, documents: Iterator[dict[str, Any]]) -> None:
    """Add documents to the archive and see them on disk before anything is deleted."""
    with path.open("ab") as raw:
        with gzip.GzipFile(fileobj=raw, mode="ab") as packed:
            for document in documents:
                packed.write(json.dumps(document, ensure_ascii=False, default=str).encode() + b"\n")
        raw.flush()
        os.fsync(raw.fileno())


def purge_segments(state: Database, before: float, *, dry_run: bool) -> int:
    """Purge what DBOS keeps of segments that ended, and how many that were."""
    schema = "dbos" if state.is_postgres else None
    if not sqlalchemy.inspect(state.engine).has_table(SEGMENTS[-1], schema=schema):
        return 0
    prefix, limit = "dbos." if schema else "", {"before": int(before * 1000)}
    ended = (
        f"select workflow_uuid from {prefix}workflow_status"  # noqa: S608 - one of two schemas
        " where status in ('SUCCESS', 'ERROR', 'CANCELLED') and created_at < :before"
    )
    if dry_run:
        row = state.row(f"select count(*) as n from ({ended}) old", limit)  # noqa: S608
        return int(row["n"]) if row else 0
    found = 0
    with state.transaction() as connection:
        for table in SEGMENTS:
            sql = f"delete from {prefix}{table} where workflow_uuid in ({ended})"  # noqa: S608
            found = connection.execute(text(sql), limit).rowcount
    return found
