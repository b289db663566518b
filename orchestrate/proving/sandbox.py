"""`baton sandbox`: runs a published plan in simulated time, as if people and systems went on as before.

The runs go through the engine's own core into the same tables as real ones, marked as simulated, and
come back as a log called `PLAN.sandbox`. A sandbox predicts and proves nothing.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Request, Response
from home.errors import Refused
from home.text import duration, percent, plain
from orchestrate.contracts import Plan
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.plans.versions import Published, find_version
from orchestrate.proving.played import PlayedRun, play_runs
from orchestrate.proving.sandbox_cases import assumptions, mined_log, sandbox_cases
from orchestrate.proving.world import World
from orchestrate.records.audit import record

PORTION = 500
BY_HAND = (
    "a rare way takes by hand as long as it took; whatever else meets the manual queue waits there like the "
    "slower half of the steps"
)
RUN = (
    "insert into run(id, plan, version, simulated, status, rev, state, started, started_by, ended)"
    " values (:id, :plan, :version, 1, :status, :rev, :state, :started, 'sandbox', :ended)"
)
TABLES = {"journal": "run", "task": "run", "alert": "run", "inbox": "run", "run": "id"}


class SandboxRequest(Request):
    """What to play, and how often."""

    plan: Annotated[str, Argument("PLAN")]
    """Name of a published plan."""
    cases: int = Field(default=1000, ge=1, le=100_000)
    """How many runs."""
    seed: int = 1
    """The same seed plays the same runs."""
    version: int | None = None
    """Version of the plan; default is the newest."""


class Sandboxed(Response):
    """Runs that were played."""

    runs: int
    log: str
    """The log that holds them."""
    plan: str
    version: int
    simulated: bool = True
    median_s: float
    """Median cycle time of the runs."""
    p90_s: float
    manual: int
    """Runs that met the manual queue."""
    stuck: int
    """Runs that wait for an event nothing in a sandbox brings; they are not in the log."""
    assumptions: list[str]

    def lines(self) -> Iterator[str]:
        """What was played, what came out, and on what assumptions."""
        yield plain(f"Played {self.runs:,} runs of {self.plan}@{self.version} in simulated time.")
        yield f"Half of them took up to {duration(self.median_s)}, nine in ten up to {duration(self.p90_s)}."
        if self.manual:
            share = percent(self.manual / self.runs)
            yield f"{self.manual:,} ({share}) met the manual queue, on rare ways or past a limit of the plan."
        if self.stuck:
            yield f"{self.stuck:,} wait for an event that nothing in a sandbox brings."
        yield "This predicts and proves nothing. It assumes:"
        yield from (plain(f"  - {assumption}") for assumption in self.assumptions)
        yield plain(f"`baton kpis {self.plan}` compares them with today; `baton map {self.log}` shows them.")


def sandbox(context: Context, request: SandboxRequest) -> Sandboxed:
    """Run a published plan in simulated time and load what happened as the log `PLAN.sandbox`.

    People and systems answer as the log showed: waits, work, choices and outcomes are drawn from what
    was observed of each step, cases arrive as they did, with inputs like theirs. The log is marked
    as simulated for ever, and `kpis` on it predicts and never proves.
    """
    published = find_version(context.state, request.plan, request.version)
    tally = _Tally()
    _forget(context, published.plan)
    try:
        for portion in _portions(context, published, request):
            tally.count(portion)
            with context.state.transaction() as connection:  # small ones: others want to write as well
                _keep(connection, published, portion)
        if not tally.cycle_s:
            raise Refused(
                f"No run of {published.name} came to an end in the sandbox.",
                hint="Something in it waits for an event; decide it another way to play it.",
            )
        context.job.progress(0.8, "reading them back as a log")
        log = _load(context, published.plan)
    except BaseException:
        _forget(context, published.plan)
        raise
    with context.state.transaction() as connection:
        at, who, runs = context.clock.now(), context.actor, len(tally.cycle_s)
        record(
            connection,
            at=at,
            actor=who,
            action="sandbox",
            subject=published.name,
            runs=runs,
            seed=request.seed,
        )
    cycle = sorted(tally.cycle_s)
    return Sandboxed(
        runs=runs,
        log=log,
        plan=published.plan.name,
        version=published.version,
        median_s=cycle[runs // 2],
        p90_s=cycle[int(runs * 0.9)],
        manual=tally.manual,
        stuck=tally.stuck,
        assumptions=[*assumptions(published.plan), *([BY_HAND] if tally.manual else [])],
    )


@dataclass
class _Tally:
    """What is told of the runs that were played."""

    cycle_s: list[float] = field(default_factory=list)
    manual: int = 0
    stuck: int = 0

    def count(self, portion: Sequence[PlayedRun]) -> None:
        ended = [run for run in portion if not run.stuck]
        self.cycle_s += [run.state["ended"] - run.state["started"] for run in ended]
        self.manual += sum(run.manual > 0 for run in ended)
        self.stuck += len(portion) - len(ended)


def _portions(context: Context, published: Published, request: SandboxRequest) -> Iterator[list[PlayedRun]]:
    plan = published.plan
    world = World(plan, request.seed)
    cases = sandbox_cases(context, plan, world, request.cases)
    runs = play_runs(PlanIndex(plan, compile_rule), world, cases)
    played = 0
    while portion := list(islice(runs, PORTION)):
        yield portion
        played += len(portion)
        context.job.progress(0.8 * played / len(cases), f"played {played:,} of {len(cases):,} runs")


def _forget(context: Context, plan: Plan) -> None:
    """Take away what the plan's sandbox played before."""
    earlier = "select id from run where plan = :plan and simulated = 1"
    with context.state.transaction() as connection:
        for table, column in TABLES.items():
            statement = text(f"delete from {table} where {column} in ({earlier})")  # noqa: S608 - names above
            connection.execute(statement, {"plan": plan.name})


def _keep(connection: Connection, published: Published, played: Sequence[PlayedRun]) -> None:
    from orchestrate.engine.statements import JOT

    ended = [run for run in played if not run.stuck]
    if ended:
        connection.execute(text(RUN), [_run_row(published, run) for run in ended])
        connection.execute(text(JOT), [row for run in ended for row in _journal_rows(run)])


def _run_row(published: Published, run: PlayedRun) -> dict[str, Any]:
    return {
        "id": run.case.run,
        "plan": published.plan.name,
        "version": published.version,
        "status": run.state["status"],
        "rev": len(run.entries),
        "state": json.dumps(run.state),
        "started": run.state["started"],
        "ended": run.state["ended"],
    }


def _journal_rows(run: PlayedRun) -> Iterator[dict[str, Any]]:
    for rev, entry in enumerate(run.entries):
        yield entry | {"run": run.case.run, "rev": rev, "fence": 0, "worker": "sandbox"}


def _load(context: Context, plan: Plan) -> str:
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    name, mined = f"{plan.name}.sandbox", mined_log(context, plan)
    # Days and weeks are counted in the zone of the log that the runs are compared with.
    zone = mined.tz if mined else "UTC"
    request = IngestRequest(
        source="state", log=name, adapter="engine_runs", table=name, tz=zone, replace=True
    )
    ingest(context, request)
    return name
