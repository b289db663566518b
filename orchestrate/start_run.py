"""`baton start` and `baton cancel`: begin a run of a published plan, and stop one."""

from collections.abc import Iterator
from typing import Annotated

from home.context import Context
from home.contracts import Argument, Request, Response, TextOrFile
from home.ids import new_id
from home.text import plain
from orchestrate.approvals import TooLate
from orchestrate.audit import record
from orchestrate.journal import post_in
from orchestrate.plan_index import PlanIndex
from orchestrate.rules import compile_rule
from orchestrate.runs import find_run
from orchestrate.start import start_in
from orchestrate.tasks import json_object, moment
from orchestrate.versions import find_version


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
    it started before.
    """
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
        )
        if created:
            detail = {"plan": published.name, "key": request.key}
            record(connection, at=now, actor=who, action="start", subject=run, **detail)
    version = published.version if created else find_run(context.state, run)["version"]
    return Begun(run=run, created=created, plan=request.plan, version=version)


class CancelRequest(Request):
    """Which run to stop."""

    run: Annotated[str, Argument("RUN")]
    """Id of the run; `baton runs` lists them."""
    by: str | None = None
    """Who stops it; default is the operating-system user."""
    reason: str = ""
    """Why; kept in its journal."""
    keep: bool = False
    """Leave what it did as it is, instead of undoing it, last first."""


class Stopping(Response):
    """A run that was told to stop."""

    run: str

    def lines(self) -> Iterator[str]:
        """What happens now."""
        yield f"Run {self.run} stops as soon as what is under way has ended. `baton show {self.run}` tells."


def cancel(context: Context, request: CancelRequest) -> Stopping:
    """Stop a run: open tasks are closed, and what it did is undone where the plan says how."""
    run = find_run(context.state, request.run)
    now, who = context.clock.now(), request.by or context.actor
    payload = {"undo": not request.keep, "by": who, "reason": request.reason}
    with context.state.transaction() as connection:
        if post_in(connection, run["id"], "cancel", payload, now.timestamp()) is None:
            raise TooLate(
                f"Run {run['id']!r} is over: {run['status']} at {moment(run['ended'])}.",
                hint="Nothing was changed.",
            )
        detail = {"reason": request.reason, "undo": not request.keep}
        record(connection, at=now, actor=who, action="cancel", subject=run["id"], **detail)
    return Stopping(run=run["id"])
