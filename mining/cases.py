"""`baton cases` and `baton case`: the cases behind a number, and one of them step by step."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from home.context import Context
from home.contracts import Argument, Contract, Json, Response, utc_text
from home.duck import Cursor, rows
from home.sql import read_sql
from home.text import cel_text, duration, plain, table
from mining.contracts import LogRequest
from mining.errors import NothingLeft
from mining.instances import BASE, instances
from mining.lens import lens

Moment = Annotated[datetime, PlainSerializer(utc_text, return_type=str, when_used="json")]


class CasesRequest(LogRequest):
    """Asks for cases."""

    sort: Literal["first", "newest", "longest", "events"] = "first"
    """By start, the oldest or the newest first; by cycle time; by number of activity instances."""
    top: Annotated[int, Field(ge=1)] = 100
    """Most cases to list."""


class CaseRow(Contract):
    """One case."""

    case: str
    start: Moment
    end: Moment
    duration_s: float
    """From its first start to its last end."""
    events: int
    """Its activity instances."""
    variant: int
    first: str
    """The activity it began with."""
    last: str
    attributes: Json


class Cases(Response):
    """Some cases of a log."""

    log: str
    total: int
    """Cases in view."""
    cases: list[CaseRow]

    def lines(self) -> Iterator[str]:
        """One line per case."""
        yield f"{plain(self.log)}: {len(self.cases):,} of {self.total:,} cases"
        yield ""
        shown = [{**c.model_dump(), "start": f"{c.start:%Y-%m-%d %H:%M}"} for c in self.cases]
        yield from table(shown, ("case", "start", "duration_s", "events", "variant", "first", "last"))


class CaseRequest(LogRequest):
    """Asks for one case."""

    case: Annotated[str, Argument("CASE")]
    """Its id."""


class CaseEvent(Contract):
    """One activity instance of a case."""

    activity: str
    start: Moment
    end: Moment
    waited_s: float
    """From the latest end before it to its start; 0 where they overlap."""
    took_s: float
    """From its start to its end; 0 where no start is known."""
    resource: str | None
    system: str | None
    cost: float | None
    attributes: Json


class Case(Response):
    """One case, step by step."""

    log: str
    case: str
    start: Moment
    end: Moment
    duration_s: float
    variant: int
    attributes: Json
    events: list[CaseEvent]

    def lines(self) -> Iterator[str]:
        """Its attributes, then one line per step."""
        yield f"{plain(self.case)}: {duration(self.duration_s)}, variant {self.variant}"
        for name, value in self.attributes.items():
            yield plain(f"  {name}: {value}")
        yield ""
        shown = [{**e.model_dump(), "start": f"{e.start:%Y-%m-%d %H:%M}"} for e in self.events]
        yield from table(shown, ("start", "activity", "waited_s", "took_s", "resource", "system"))


def cases(context: Context, request: CasesRequest) -> Cases:
    """Some cases of a log with their attributes, in the order asked for."""
    with lens(context, request.log, request.view, request.where) as view:
        found = _cases(view.cursor, request.sort, request.top)
        total = found[0]["total"] if found else 0
        listed = [_row(view.cursor, row) for row in found]
    return Cases(log=request.log, total=total, cases=listed)


def case(context: Context, request: CaseRequest) -> Case:
    """One case: its attributes, and each step with what it waited, how long it took, and who did it."""
    chosen = f"case_id == {cel_text(request.case)}"
    where = f"{chosen} && ({request.where})" if request.where else chosen
    with lens(context, request.log, request.view, where) as view:
        found = _cases(view.cursor, "first", 1)
        if not found:
            raise NothingLeft(
                f"{request.log!r} has no case {request.case!r}.",
                hint=f"`baton cases {request.log}` lists some.",
            )
        row = _row(view.cursor, found[0])
        frame = instances(view.cursor).astype(object)
    records: list[Any] = frame.where(frame.notna(), None).to_dict("records")
    return Case(
        log=request.log,
        events=list(_events(records)),
        **row.model_dump(include={"case", "start", "end", "duration_s", "variant", "attributes"}),
    )


def _cases(cursor: Cursor, sort: str, top: int) -> list[dict[str, Any]]:
    return rows(cursor.execute(read_sql("mining.sql", "cases"), {"sort": sort, "top": top}))


def _row(cursor: Cursor, row: dict[str, Any]) -> CaseRow:
    named = cursor.execute("select col, name from attribute where scope = 'case' order by name").fetchall()
    known = {name: row[name] for name in CaseRow.model_fields if name in row}
    return CaseRow(**known, attributes={name: row[col] for col, name in named if row.get(col) is not None})


def _events(records: list[dict[str, Any]]) -> Iterator[CaseEvent]:
    latest: datetime | None = None
    for record in records:
        start, end = record["start"].to_pydatetime(), record["end"].to_pydatetime()
        waited = max(0.0, (start - latest).total_seconds()) if latest else 0.0
        latest = max(latest, end) if latest else end
        yield CaseEvent(
            activity=record["activity"],
            start=start,
            end=end,
            waited_s=waited,
            took_s=(end - start).total_seconds(),
            **{name: record[name] for name in ("resource", "system", "cost")},
            attributes={
                name: value
                for name, value in record.items()
                if name not in BASE and not name.startswith("case:") and value is not None
            },
        )
