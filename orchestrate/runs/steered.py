"""Telling runs what to do, one or many: each is asked first whether it takes it, and each is on record."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Request, Response
from home.database import Row
from home.errors import BatonError, Refused, UsageError
from home.text import plain, table
from orchestrate.core.effects import Refusal
from orchestrate.core.events import Event, read_event
from orchestrate.core.machine import advance
from orchestrate.engine.journal import post_in
from orchestrate.engine.statements import UNSEEN
from orchestrate.people.approvals import TooLate
from orchestrate.people.moments import moment
from orchestrate.records.audit import record
from orchestrate.runs.rows import Reader, find_run

MOST = 10_000
"""Runs that one command may steer."""
LOOK = text("select status, state, ended, seen from run where id = :run")
LOCK = text("update run set head = head where id = :run returning status, state, ended, seen")


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Several = BeforeValidator(_several)
Runs = Annotated[tuple[str, ...], Several, Argument("[RUN]")]


class NotTaken(Refused):
    """The run does not take what it was told."""

    code = "not_taken"


class SteerRequest(Request):
    """Which runs, and who says so."""

    run: Runs = ()
    """Ids of the runs; `baton runs` lists them."""
    plan: str | None = None
    """Instead of ids: every open run of this plan."""
    state: Literal["open", "paused", "stuck"] | None = None
    """Instead of ids, or to narrow them down: every run that is `open`, `paused` or `stuck`."""
    key: str | None = None
    """Instead of ids: the open runs with this business key."""
    dry_run: bool = False
    """Say what would happen to each, and change nothing."""
    by: str | None = None
    """Who says so; default is the operating-system user."""


class SteeredRow(Response):
    """What became of one run."""

    run: str
    result: Literal["done", "refused", "would"]
    """`done`: it was told, and does it as soon as a worker or service drives it. `would`: a dry run."""
    why: str
    """Why it was refused."""


class Steered(Response):
    """What became of each run."""

    done: int
    """Runs that were told, or would be."""
    refused: int
    rows: list[SteeredRow]

    def lines(self) -> Iterator[str]:
        """One line per run."""
        if not self.rows:
            yield "No run is like that; nothing was changed."
            return
        if len(self.rows) == 1 and self.rows[0].result == "done":
            yield plain(
                f"{self.rows[0].run} was told. `baton show {self.rows[0].run}` tells what comes of it."
            )
            return
        yield from table([row.model_dump() for row in self.rows])
        dry = any(row.result == "would" for row in self.rows)
        yield f"{self.done:,} {'would be' if dry else 'were'} told, {self.refused:,} refused."


def steer(
    context: Context,
    request: SteerRequest,
    kind: str,
    payload: Mapping[str, Any],
    *,
    detail: Mapping[str, Any] | None = None,
) -> Steered:
    """Tell every run that `request` names an event; `detail` goes to the audit beside who and when.

    One run that refuses is an error; of several, each row says what became of it.
    """
    chosen = list(dict.fromkeys(request.run)) or _chosen(context, request)
    alone = len(request.run) == 1
    if request.run and request.state:
        chosen = [run for run in chosen if _is(find_run(context.state, run), request.state)]
    return told(context, [(run, dict(payload)) for run in chosen], request, kind, detail or {}, alone=alone)


def told(
    context: Context,
    letters: list[tuple[str, dict[str, Any]]],
    request: SteerRequest,
    kind: str,
    detail: Mapping[str, Any],
    *,
    alone: bool,
) -> Steered:
    """Tell each run its event. With `alone`, a refusal is raised instead of told in a row."""
    read, rows = Reader(context.state), []
    for number, (run, payload) in enumerate(letters):
        context.job.progress(number / len(letters), f"{number:,} of {len(letters):,} runs")
        try:
            _tell(context, read, run, kind, payload, request, detail)
        except BatonError as error:
            if alone:
                raise
            rows.append(SteeredRow(run=run, result="refused", why=error.message))
        else:
            rows.append(SteeredRow(run=run, result="would" if request.dry_run else "done", why=""))
    refused = sum(row.result == "refused" for row in rows)
    return Steered(done=len(rows) - refused, refused=refused, rows=rows)


def _tell(
    context: Context,
    read: Reader,
    run: str,
    kind: str,
    payload: dict[str, Any],
    request: SteerRequest,
    detail: Mapping[str, Any],
) -> None:
    """Ask the core whether the run takes the event as it is now, then post it."""
    row = find_run(context.state, run)
    now, who = context.clock.now(), request.by or context.actor
    payload = payload | {"by": who}
    event = read_event(kind, payload)
    with context.state.transaction(read=request.dry_run) as connection:
        locked = connection.execute(LOOK if request.dry_run else LOCK, {"run": run}).one()
        if locked.status != "open":
            raise TooLate(
                f"Run {run!r} is over: {locked.status} at {moment(locked.ended)}.",
                hint="Nothing was changed.",
            )
        index, state = read.index(row), json.loads(locked.state)
        for before in _unseen(connection, run, locked.seen):
            state, _ = advance(index, state, before, now.timestamp())
        _, effects = advance(index, state, event, now.timestamp())
        if effects and isinstance(effects[0], Refusal):
            raise NotTaken(
                f"Run {run!r} does not take it: {effects[0].reason}.",
                hint=f"`baton show {run}` tells where it is.",
            )
        if request.dry_run:
            return
        post_in(connection, run, kind, payload, now.timestamp())
        record(connection, at=now, actor=who, action=kind.replace("_", "-"), subject=run, **detail)


def _unseen(connection: Connection, run: str, seen: int) -> Iterator[Event]:
    """What was sent to a run before and is still to be applied to it."""
    for _, kind, payload in connection.execute(text(UNSEEN), {"run": run, "seen": seen}):
        try:
            yield read_event(kind, json.loads(payload))
        except Refused:  # whoever drives the run passes over it as well
            continue


def _chosen(context: Context, request: SteerRequest) -> list[str]:
    """The open runs like that; of a run and its sub-plans only the run, since it tells them."""
    wanted = {"plan": request.plan, "key": request.key}
    given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    if not given and request.state is None:
        raise UsageError("Which runs?", hint="Name their ids, or say --plan, --key or --state.")
    clauses = ["status = 'open'", "simulated = 0", *(f"{name} = :{name}" for name in given)]
    found = context.state.rows(
        f"select id, parent, status, state, stuck from run where {' and '.join(clauses)}"  # noqa: S608 - names from above
        " order by id limit :most",
        given | {"most": MOST + 1},
    )
    if len(found) > MOST:
        raise Refused(f"More than {MOST:,} runs are like that.", hint="Narrow them down, or name their ids.")
    ids = {row["id"] for row in found}
    return [row["id"] for row in found if row["parent"] not in ids and _is(row, request.state)]


def _is(row: Row, state: str | None) -> bool:
    if state == "stuck":
        return row["stuck"] is not None
    return state != "paused" or "paused" in json.loads(row["state"])
