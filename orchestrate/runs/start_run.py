"""`baton start`: begin a run of a published plan."""

from collections.abc import Iterator
from typing import Annotated

from home.context import Context
from home.contracts import Argument, Request, Response, TextOrFile
from home.ids import new_id
from home.text import plain
from orchestrate.contracts import Priority
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.backlog import refuse_beyond
from orchestrate.engine.start import start_in
from orchestrate.people.tasks import json_object
from orchestrate.plans.versions import find_version
from orchestrate.records.audit import record
from orchestrate.runs.rows import find_run


class StartRequest(Request):
    """What to start."""

    plan: Annotated[str, Argument("PLAN")]
    """Name of a published plan."""
    data: Annotated[str, TextOrFile()] = "{}"
    """What the run is about, as a JSON object; @FILE takes it from a file."""
    key: str | None = None
    """Business key, such as an order number: starts one run of the plan, however often it is sent."""
    version: int | None = None
    """Version of the plan; default is the newest."""
    priority: Priority | None = None
    """Whose turn it is when more runs wait than are driven at once; default is the plan's."""
    by: str | None = None
    """Who starts it; default is the operating-system user."""


class Begun(Response):
    """A run that was started, now or earlier under the same key."""

    run: str
    created: bool
    """False where the business key had started this run already."""
    plan: str
    version: int

    def lines(self) -> Iterator[str]:
        """One sentence, and where to look."""
        if self.created:
            yield plain(f"Started run {self.run} of {self.plan}@{self.version}.")
        else:
            yield plain(f"This key has started run {self.run} already; nothing was done.")
        yield f"`baton show {self.run}` tells how far it is; `baton worker` or `baton serve` drives it."


def start(context: Context, request: StartRequest) -> Begun:
    """Start a run of a published plan; the data is checked against the plan's input contract.

    With `--key` the same order, invoice or claim starts one run only: sent again, it answers the run
    it started before. It is refused, for a moment, while `run_backlog` runs wait for a worker.
    """
    refuse_beyond(context)
    published = find_version(context.state, request.plan, request.version)
    index = PlanIndex(published.plan, compile_rule)
    now, who = context.clock.now(), request.by or context.actor
    with context.state.transaction() as connection:
        run, created = start_in(
            connection,
            index,
            published.version,
            run=new_id("run", now),
            data=json_object(request.data),
            at=now.timestamp(),
            key=request.key,
            by=who,
            priority=request.priority,
        )
        if created:
            detail = {"plan": published.name, "key": request.key}
            record(connection, at=now, actor=who, action="start", subject=run, **detail)
    version = published.version if created else find_run(context.state, run)["version"]
    return Begun(run=run, created=created, plan=request.plan, version=version)
