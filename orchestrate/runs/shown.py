"""The runs: which there are, how far each is and what it waits for, and all that happened in one."""

import json
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Json, Option, Request, Response
from home.text import plain, table
from orchestrate.alerts.store import STANDS
from orchestrate.core.turn import State
from orchestrate.people.moments import moment
from orchestrate.people.tasks import how_to_decide
from orchestrate.runs.rows import Reader, RunRow, WaitsOn, find_run, journal_of
from orchestrate.runs.story import Chapter, story

PORTION = 500
MOST_READ = 5_000
"""Rows read for one page where a filter has to look into each run."""


CHILDREN = (
    "select id as run, plan, version, parent_node as node, parent_visit as visit, status as state from run"
    " where parent = :run order by started, id"
)
ALERTS = f"select a.message from alert a where a.run = :run and {STANDS['open']} order by a.at"  # noqa: S608


class RunsRequest(Request):
    """Which runs to list."""

    plan: str | None = None
    """Only those of this plan."""
    state: Literal["open", "done", "cancelled", "stuck"] | None = None
    """Only those that are `open`, `done`, `cancelled` or `stuck`."""
    key: str | None = None
    """Only those with this business key."""
    search: str | None = None
    """Only those whose business key or id contains this text."""
    waits_on: WaitsOn | None = None
    """Only open ones that wait for a `person`, `system`, `time`, `run`, `worker`, or to `resume` or
    `release` them."""
    system: str | None = None
    """Only open ones that are at a step of this system."""
    simulated: bool = False
    """The sandbox's runs instead of real ones."""
    limit: int = Field(default=100, ge=1, le=10_000)
    """Most rows to list."""
    after: Annotated[str | None, Option(("--after",), "RUN")] = None
    """Go on after this run: the `next` of the page before. Runs begun meanwhile do not shift pages."""


class RunList(Response):
    """Runs, the newest first."""

    rows: list[RunRow]
    more: bool
    """Whether there may be more."""
    next: str | None
    """What `--after` takes to go on."""
    hidden: ClassVar[frozenset[str]] = frozenset({"more", "next"})

    def lines(self) -> Iterator[str]:
        """One line per run."""
        if not self.rows:
            yield (
                "No run yet. `baton start PLAN --data JSON` starts one." if not self.more else "None so far."
            )
        yield from table([_line(row) for row in self.rows])
        if self.more:
            yield f"There are more: --after {self.next}"


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
    read, after = Reader(context.state), request.after
    rows: list[RunRow] = []
    looks_inside = request.waits_on is not None or request.system is not None
    looked = 0
    while True:
        room = request.limit - len(rows)
        size = PORTION if looks_inside else room
        found = _portion(context, request, after, size + 1)
        for row in found[:size]:
            looked, after = looked + 1, row["id"]
            shown = read.row(row)
            if _passes(shown, request):
                rows.append(shown)
                if len(rows) == request.limit:
                    break
        more = len(found) > size or (bool(found) and after != found[-1]["id"])
        if not more or len(rows) == request.limit or looked >= MOST_READ:
            return RunList(rows=rows, more=more, next=after if more else None)


def _portion(context: Context, request: RunsRequest, after: str | None, size: int) -> list[Json]:
    """The rows after a run, as far as SQL can tell; ids sort by the moment they were made."""
    inside = request.waits_on is not None or request.system is not None
    status = "open" if request.state == "stuck" or (inside and request.state is None) else request.state
    wanted = {"plan": request.plan, "status": status, "key": request.key}
    given: Json = {name: value for name, value in wanted.items() if value is not None}
    clauses = ["simulated = :simulated", *(f"{name} = :{name}" for name in given)]
    if request.state == "stuck" or request.waits_on == "release":
        clauses.append("stuck is not null")
    if request.search:
        clauses.append("(lower(key) like :like escape '!' or id like :like escape '!')")
        exact = request.search.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        given["like"] = f"%{exact}%"
    if after is not None:
        clauses.append("id < :after")
        given["after"] = after
    return context.state.rows(
        f"select * from run where {' and '.join(clauses)} order by id desc limit :size",  # noqa: S608
        given | {"simulated": int(request.simulated), "size": size},
    )


def _passes(row: RunRow, request: RunsRequest) -> bool:
    if request.waits_on is not None and request.waits_on not in row.waits_on:
        return False
    return request.system is None or request.system in row.systems


class ShowRequest(Request):
    """Which run to show."""

    run: Annotated[str, Argument("RUN")]
    """Id of the run; `baton runs` lists them."""
    limit: int = Field(default=1000, ge=1, le=10_000)
    """Most entries of its journal to show."""
    after: Annotated[int, Option(("--after",), "REV")] = Field(default=0, ge=0)
    """Go on after this entry of the journal: the `next` of the page before."""


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


class Span(Response):
    """One visit of a step that is over, or that a person is asked to do now."""

    step: str
    node: str
    visit: int
    enabled: str | None
    """When it could have begun."""
    began: str
    """When work on it began."""
    ended: str | None
    """`None` while it is open."""
    outcome: str | None
    by: str | None


class RunShown(RunRow):
    """A run and all that happened in it."""

    started_by: str
    data: Json
    """What it was started with and what its steps wrote."""
    tasks: list[Json]
    """Open tasks."""
    alerts: list[str]
    """Those that stand: nobody has settled them, and their cause is not over."""
    children: list[Json]
    """Runs of sub-plans that it called: `run plan version node visit state`."""
    spans: list[Span]
    """When each step waited and was worked on, in the order they ended; open tasks last."""
    hidden: ClassVar[frozenset[str]] = frozenset({"spans"})
    journal: list[Entry]
    next: int | None
    """What `--after` takes to go on with the journal; `None` at its end."""

    def lines(self) -> Iterator[str]:
        """Where it stands, then its story."""
        key = f" ({self.key})" if self.key else ""
        yield plain(f"{self.run}{key} of {self.plan}@{self.version}: {self.state}")
        now = min(self.steps_done + 1, self.steps_total)
        at = f"step {now} of {self.steps_total}: {self.step}" if self.step else ""
        yield plain(at or f"{self.steps_done} of {self.steps_total} steps done")
        if self.parent:
            yield plain(f"called by {self.parent}")
        for child in self.children:
            yield plain(f"calls {child['run']} of {child['plan']}@{child['version']}: {child['state']}")
        if self.waiting_for:
            yield plain(f"waiting for {self.waiting_for}" + (f", due {self.due}" if self.due else ""))
        for task in self.tasks:
            yield plain(f"decide with: {how_to_decide(task['task'], task['outcomes'])}")
        for alert in self.alerts:
            yield plain(f"alert: {alert}")
        yield ""
        yield from (plain(f"{entry.at[:19].replace('T', ' ')}  {entry.what}") for entry in self.journal)
        if self.next:
            yield f"There are more: --after {self.next}"


def show(context: Context, request: ShowRequest) -> RunShown:
    """One run: how far it is, what it waits for, and its journal in words."""
    row = find_run(context.state, request.run)
    read = Reader(context.state)
    state: State = json.loads(row["state"])
    tasks = read.tasks(row["id"])
    alerts = context.state.rows(ALERTS, {"run": row["id"]})
    told = story(read.index(row), journal_of(context.state, row["id"]))
    chapters = [chapter for chapter in told if chapter.row["rev"] > request.after]
    page = chapters[: request.limit]
    return RunShown(
        **read.row(row).model_dump(),
        started_by=row["started_by"],
        data=state.get("data", {}),
        tasks=[{"task": t["id"], "step": t["name"], "outcomes": json.loads(t["outcomes"])} for t in tasks],
        alerts=[alert["message"] for alert in alerts],
        children=context.state.rows(CHILDREN, {"run": row["id"]}),
        spans=_spans(context, row["id"], tasks),
        journal=[_entry(chapter) for chapter in page],
        next=page[-1].row["rev"] if len(chapters) > len(page) else None,
    )


def _spans(context: Context, run: str, tasks: list[Json]) -> list[Span]:
    over = context.state.rows("select * from run_event where case_id = :run order by rev", {"run": run})
    found = [
        Span(
            step=row["activity"] or row["node"],
            node=row["node"],
            visit=row["visit"],
            enabled=moment(row["enabled"]),
            began=moment(row["started"]) or "",
            ended=moment(row["ended"]),
            outcome=row["outcome"],
            by=row["resource"],
        )
        for row in over
    ]
    now = {"ended": None, "outcome": None}
    for task in tasks:
        opened = moment(task["opened"]) or ""
        who = {"step": task["name"], "node": task["node"], "visit": task["visit"], "by": task["assignee"]}
        found.append(Span(enabled=opened, began=opened, **who, **now))
    return found


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
