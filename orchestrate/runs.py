"""The runs: which there are, how far each is and what it waits for, and all that happened in one."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Json, Option, Request, Response
from home.database import Database, Row
from home.errors import unknown
from home.text import plain, table
from orchestrate.contracts import Step
from orchestrate.plan_index import PlanIndex
from orchestrate.progress import progress
from orchestrate.rules import compile_rule
from orchestrate.story import Chapter, story
from orchestrate.tasks import how_to_decide, moment
from orchestrate.turn import State, timers
from orchestrate.versions import find_version

DEADLINES = ("due", "retry", "timeout")
"""Timers that move a run on; reminders and alerts do not."""


class RunsRequest(Request):
    """Which runs to list."""

    plan: str | None = None
    """Only those of this plan."""
    state: Literal["open", "done", "cancelled"] | None = None
    """Only those that are `open`, `done` or `cancelled`."""
    key: str | None = None
    """Only those with this business key."""
    simulated: bool = False
    """The sandbox's runs instead of real ones."""
    limit: int = Field(default=100, ge=1, le=10_000)
    """Most rows to list."""
    after: Annotated[str | None, Option(("--after",), "RUN")] = None
    """Go on after this run, the last of the page before."""


class RunRow(Response):
    """One run."""

    run: str
    plan: str
    version: int
    key: str | None
    """Business key it was started with."""
    state: str
    """`open`, `done` or `cancelled`."""
    step: str | None
    """Where it is."""
    steps_done: int
    steps_total: int
    """On the longest way it can still take."""
    started: str
    ended: str | None
    waiting_for: str | None
    due: str | None
    """When what it waits for is due, or it goes on by itself."""
    simulated: bool


class RunList(Response):
    """Runs, the newest first."""

    rows: list[RunRow]
    more: bool
    """Whether `--after` the last one finds more."""
    hidden: ClassVar[frozenset[str]] = frozenset({"more"})

    def lines(self) -> Iterator[str]:
        """One line per run."""
        if not self.rows:
            yield "No run yet. `baton start PLAN --data JSON` starts one."
        yield from table([_line(row) for row in self.rows])
        if self.more:
            yield f"There are more: --after {self.rows[-1].run}"


def _line(row: RunRow) -> Json:
    return {
        "run": row.run,
        "plan": f"{row.plan}@{row.version}",
        "key": row.key,
        "state": row.state,
        "started": row.started[:16].replace("T", " "),
        "steps": f"{row.steps_done} of {row.steps_total}",
        "at": row.step,
        "waiting for": row.waiting_for,
        "due": row.due[:16].replace("T", " ") if row.due else None,
    }


def runs(context: Context, request: RunsRequest) -> RunList:
    """The runs, the newest first: how far each is, what it waits for and until when."""
    wanted = {"plan": request.plan, "status": request.state, "key": request.key}
    given: Json = {name: value for name, value in wanted.items() if value is not None}
    clauses = ["simulated = :simulated", *(f"{name} = :{name}" for name in given)]
    if request.after is not None:
        clauses.append("id < :after")  # ids sort by the moment they were made
        given["after"] = request.after
    found = context.state.rows(
        f"select * from run where {' and '.join(clauses)} order by id desc limit :limit",  # noqa: S608
        given | {"simulated": int(request.simulated), "limit": request.limit + 1},
    )
    page = found[: request.limit]
    read = Reader(context.state)
    return RunList(rows=[read.row(row) for row in page], more=len(found) > request.limit)


class ShowRequest(Request):
    """Which run to show."""

    run: Annotated[str, Argument("RUN")]
    """Id of the run; `baton runs` lists them."""


class Entry(Response):
    """One thing that happened in a run."""

    rev: int
    at: str
    kind: str
    """Kind of the event in the journal."""
    what: str
    """In words, with what came of it."""
    step: str | None
    by: str | None
    outcome: str | None


class RunShown(RunRow):
    """A run and all that happened in it."""

    started_by: str
    data: Json
    """What it was started with and what its steps wrote."""
    tasks: list[Json]
    """Open tasks."""
    alerts: list[str]
    journal: list[Entry]

    def lines(self) -> Iterator[str]:
        """Where it stands, then its story."""
        key = f" ({self.key})" if self.key else ""
        yield plain(f"{self.run}{key} of {self.plan}@{self.version}: {self.state}")
        now = min(self.steps_done + 1, self.steps_total)
        at = f"step {now} of {self.steps_total}: {self.step}" if self.step else ""
        yield plain(at or f"{self.steps_done} of {self.steps_total} steps done")
        if self.waiting_for:
            yield plain(f"waiting for {self.waiting_for}" + (f", due {self.due}" if self.due else ""))
        for task in self.tasks:
            yield plain(f"decide with: {how_to_decide(task['task'], task['outcomes'])}")
        for alert in self.alerts:
            yield plain(f"alert: {alert}")
        yield ""
        yield from (plain(f"{entry.at[:19].replace('T', ' ')}  {entry.what}") for entry in self.journal)


def show(context: Context, request: ShowRequest) -> RunShown:
    """One run: how far it is, what it waits for, and its journal in words."""
    row = find_run(context.state, request.run)
    read = Reader(context.state)
    state: State = json.loads(row["state"])
    tasks = read.tasks(row["id"])
    alerts = context.state.rows("select message from alert where run = :run order by at", {"run": row["id"]})
    chapters = story(read.index(row), journal_of(context.state, row["id"]))
    return RunShown(
        **read.row(row).model_dump(),
        started_by=row["started_by"],
        data=state.get("data", {}),
        tasks=[{"task": t["id"], "step": t["name"], "outcomes": json.loads(t["outcomes"])} for t in tasks],
        alerts=[alert["message"] for alert in alerts],
        journal=[_entry(chapter) for chapter in chapters],
    )


def _entry(chapter: Chapter) -> Entry:
    row = chapter.row
    return Entry(
        rev=row["rev"],
        at=moment(row["at"]) or "",
        kind=row["kind"],
        what="; ".join(chapter.words),
        step=row["activity"] or row["node"],
        by=row["resource"],
        outcome=row["outcome"],
    )


def find_run(state: Database, run: str) -> Row:
    """The row of a run; raises `NotFound` with the nearest ids."""
    row = state.row("select * from run where id = :run", {"run": run})
    if row is None:
        known = state.rows("select id from run where simulated = 0 order by id desc limit 1000")
        raise unknown("run", run, [r["id"] for r in known], listing="baton runs")
    return row


def journal_of(state: Database, run: str) -> list[Row]:
    """The journal of a run, in order."""
    return state.rows("select * from journal where run = :run order by rev", {"run": run})


class Reader:
    """Reads rows of runs with the plans they run, each plan once."""

    def __init__(self, state: Database) -> None:
        self._state = state
        self._indexes: dict[tuple[str, int], PlanIndex] = {}

    def index(self, row: Row) -> PlanIndex:
        """The plan of a run, made ready."""
        name = (row["plan"], row["version"])
        if name not in self._indexes:
            self._indexes[name] = PlanIndex(find_version(self._state, *name).plan, compile_rule)
        return self._indexes[name]

    def tasks(self, run: str) -> list[Row]:
        """Its open tasks that somebody waits for."""
        sql = "select * from task where run = :run and status = 'open' and kind <> 'side' order by opened, id"
        return self._state.rows(sql, {"run": run})

    def row(self, row: Row) -> RunRow:
        """A run as people see it."""
        index, state = self.index(row), json.loads(row["state"])
        begun = "open" in state
        far = progress(index, state) if begun else None
        waits = self._waits(row, index, state) if begun and row["status"] == "open" else []
        due = [at for at, _, what in (timers(state) if begun else []) if what in DEADLINES]
        return RunRow(
            run=row["id"],
            step=", ".join(far.steps) or None if far else None,
            steps_done=far.done if far else 0,
            steps_total=far.total if far else sum(1 for _ in index.steps()) - len(index.side),
            state=row["status"],
            started=moment(row["started"]) or "",
            ended=moment(row["ended"]),
            waiting_for=("; ".join(waits) or None) if begun else "a worker to begin it",
            due=moment(min(due, default=None)),
            simulated=bool(row["simulated"]),
            **{name: row[name] for name in ("plan", "version", "key")},
        )

    def _waits(self, row: Row, index: PlanIndex, state: State) -> list[str]:
        if "paused" in state:
            return ["somebody to resume it"]
        found = [_who(task) for task in self.tasks(row["id"])]
        for key, token in state["open"].items():
            node = index.nodes.get(token.get("node", key))
            if isinstance(node, Step) and token.get("phase") in PHASES:
                found.append(f"{PHASES[token['phase']]} {node.name!r}")
        return found


PHASES = {"ready": "the work on", "retry": "the next attempt of", "accepted": "the answer of"}


def _who(task: dict[str, Any]) -> str:
    who = task["assignee"] or task["role"] or "anybody"
    queue = " in the manual queue" if task["kind"] == "manual" else ""
    return f"{who}: {task['name']}{queue}"
