"""`baton alerts`: what somebody should look at, the newest first, and what to do about it."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from home.context import Context
from home.contracts import Json, Option, Request, Response
from home.database import Row
from home.errors import BatonError, UsageError
from home.text import plain, table
from orchestrate.alerts.kinds import KINDS, KindName, command_for, kind_of
from orchestrate.alerts.store import JOINED, REAL, STANDS, Standing, counts, find_alert, id_of, look, standing
from orchestrate.people.moments import moment, read_moment
from orchestrate.runs.rows import Reader, find_run


class AlertsRequest(Request):
    """Which alerts to list."""

    open: bool = False
    """Only those that are open, which is what is listed without it."""
    all: bool = False
    """Those that are over or settled as well."""
    kind: KindName | None = None
    """Only those of this kind."""
    run: str | None = None
    """Only those of this run."""
    plan: str | None = None
    """Only those of this plan's runs and triggers."""
    since: str | None = None
    """Only those raised since a day or moment, such as 2026-01-05 or 2026-01-05T17:00+01:00."""
    limit: int = Field(default=100, ge=0, le=10_000)
    """Most rows to list; 0 only counts."""
    after: Annotated[str | None, Option(("--after",), "ALERT")] = None
    """Go on after this alert: the `next` of the page before. Alerts raised meanwhile do not shift pages."""


class AlertRow(Response):
    """One thing that somebody should look at."""

    alert: str
    """Its id, the same for ever."""
    kind: KindName
    means: str
    """The kind in words."""
    message: str
    """What happened."""
    state: Standing
    """`open`, `settled` by somebody, or `over`: its cause is no more."""
    raised: str
    """When; where its cause came back, when it did last."""
    run: str | None
    plan: str | None
    """Of the run or trigger."""
    key: str | None
    """Business key of the run."""
    step: str | None
    """Name of the step, where it is about one."""
    system: str | None
    trigger: str | None
    do: str
    """What to do about it."""
    command: str
    """The command that leads on."""
    over: str | None
    """When its cause was found to be over."""
    settled: str | None
    settled_by: str | None
    note: str | None
    sent: bool
    """Whether a message tells it, sent or about to be."""


class AlertList(Response):
    """Alerts, the newest first."""

    rows: list[AlertRow]
    open: int
    """Open alerts, whatever was asked for."""
    counts: dict[str, int]
    """Those by kind."""
    next: str | None
    """What `--after` takes to go on."""
    hidden: ClassVar[frozenset[str]] = frozenset({"next", "open", "counts"})

    def lines(self) -> Iterator[str]:
        """A line per alert; of each run, system or trigger what to do."""
        if not self.rows:
            yield "No alert is open." if not self.open else f"None of the {self.open:,} open alerts fits."
            return
        for row in self.rows:
            about = row.key or row.run or row.system or row.trigger or ""
            plan = f" of {row.plan}" if row.plan else ""
            step = f", step {row.step!r}" if row.step else ""
            end = "" if row.state == "open" else f" [{_end(row)}]"
            yield plain(f"{row.raised[:16].replace('T', ' ')}  {row.means}: {about}{plan}{step}{end}")
            yield plain(f"    {row.message}")
            if row.state == "open":
                yield plain(f"    {row.do} `{row.command}`")
            yield plain(f"    {row.alert}")
        yield ""
        yield from table([{"kind": kind, "open": n} for kind, n in self.counts.items()])
        if any(row.state == "open" for row in self.rows):
            yield "Seen? `baton alerts settle ALERT… --by YOU`. What is over settles itself."
        if self.next:
            yield plain(f"There are more: --after {self.next}")


def _end(row: AlertRow) -> str:
    return "over" if row.state == "over" else f"settled by {row.settled_by}"


def alerts(context: Context, request: AlertsRequest) -> AlertList:
    """What somebody should look at, the newest first, with what to do and the command that leads on.

    An alert whose cause is over settles itself: its run has ended, its step is done, its task decided,
    its breaker closed, its trigger works again. `baton alerts settle` settles one by hand.
    """
    if request.open and request.all:
        raise UsageError("Either --open or --all.", hint="Without either, open alerts are listed.")
    rows: list[AlertRow] = []
    following = None
    if request.limit:
        look(context.state, context.clock.now().timestamp())
        found = _found(context, request)
        read = Reader(context.state)
        rows = [_row(row, read) for row in found[: request.limit]]
        following = rows[-1].alert if len(found) > request.limit else None
    by_kind = counts(context.state)
    return AlertList(rows=rows, open=sum(by_kind.values()), counts=by_kind, next=following)


def _found(context: Context, request: AlertsRequest) -> list[Row]:
    """The rows of a page and one more."""
    clauses = [REAL]
    given: Json = {}
    if not request.all:
        clauses += [STANDS["open"], "a.kind <> 'breaker closed'"]
    if request.kind:
        clauses.append("(a.kind = :kind or a.kind like :kinds)")
        given |= {"kind": request.kind, "kinds": f"{request.kind} %"}
    if request.run:
        given["run"] = find_run(context.state, request.run)["id"]
        clauses.append("a.run = :run")
    if request.plan:
        given["plan"] = request.plan
        clauses.append("coalesce(r.plan, t.plan) = :plan")
    if request.since:
        given["since"] = read_moment(request.since, context.clock)
        clauses.append("a.raised >= :since")
    if request.after:
        last = find_alert(context.state, request.after)
        given |= {f"last_{name}": last[name] for name in ("raised", "run", "kind", "node", "visit")}
        clauses.append(
            "(a.raised, a.run, a.kind, a.node, a.visit)"
            " < (:last_raised, :last_run, :last_kind, :last_node, :last_visit)"
        )
    return context.state.rows(
        f"{JOINED} where {' and '.join(clauses)}"
        " order by a.raised desc, a.run desc, a.kind desc, a.node desc, a.visit desc limit :size",
        given | {"size": request.limit + 1},
    )


def _row(row: Row, read: Reader) -> AlertRow:
    kind = kind_of(row)
    return AlertRow(
        alert=id_of(row),
        kind=kind,
        means=KINDS[kind].means,
        state=standing(row),
        raised=moment(row["raised"]) or "",
        run=row["run"] or None,
        step=_step(row, read),
        system=row["node"] if kind == "breaker" else None,
        trigger=row["node"] if kind == "trigger" else None,
        do=KINDS[kind].do,
        command=command_for(row),
        over=moment(row["ended"]),
        settled=moment(row["settled"]),
        sent=row["message_id"] is not None,
        **{name: row[name] for name in ("message", "plan", "key", "settled_by", "note")},
    )


def _step(row: Row, read: Reader) -> str | None:
    """The name of the step, else its id: the plan of an old run may be gone."""
    if not row["run"] or not row["node"]:
        return None
    try:
        node = read.index(row).nodes.get(row["node"])
    except BatonError:
        node = None
    return str(getattr(node, "name", "") or getattr(node, "question", "") or row["node"])
