"""`baton inspect`: a source's columns with samples, and which could be case, activity and time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa

from home.context import Context
from home.contracts import Argument, Contract, InputFile, Option, Request, Response, TextOrFile
from home.text import plain, table
from ingest.adapter import ROW, TRACE, Adapter, Content, Limits, Options
from ingest.contracts import IngestReport
from ingest.dates import FAMILIES
from ingest.decode import opened
from ingest.errors import Rejected, Unfit
from ingest.mapping import CANONICAL, CASE, NEEDED
from ingest.registry import choose
from ingest.source import resolve_source

LOOKED_AT = 2_000
"""Rows that are looked at."""
SAMPLES = 4
WORDS: dict[str, str] = {
    "timestamp": r"complet|finish|end|done|ende|stop|time|date|zeit|datum|when|created|at\b",
    "start": r"start|begin|begun|beginn|anfang|opened",
    "activity": r"activ|step|event|task|action|status|operation|stage|kind|schritt|tätigkeit|vorgangsart",
    "case_id": r"case|order|ticket|process|claim|request|trace|key|number|\bid\b|_id|\bno\b|nr\b|nummer|fall",
    "resource": r"resource|user|agent|who|person|employee|worker|assignee|owner|bearbeiter|by\b",
    "lifecycle": r"lifecycle|transition",
    "cost": r"cost|kosten|price|expense",
    "system": r"system|\bsource|application",
}
"""Fields, and what columns that hold them are often called."""
TIMES = [re.compile(pattern) for name, pattern in FAMILIES.items() if name != "excel"]


class InspectRequest(Request):
    """Which source to look into."""

    source: Annotated[str, Argument("SOURCE"), InputFile()]
    """A file, or the URL of a database."""
    adapter: Annotated[str | None, Option(("--adapter",), "NAME")] = None
    """How to read it; without it the content decides."""
    encoding: Annotated[str | None, Option(("--encoding",), "NAME")] = None
    """Character encoding of a text file."""
    delimiter: Annotated[str | None, Option(("--delimiter",), "CHARACTER")] = None
    """What separates the fields of a CSV file."""
    table: Annotated[str | None, Option(("--table",), "NAME")] = None
    """Table of a database to read."""
    query: Annotated[str | None, Option(("--query",), "SQL"), TextOrFile()] = None
    """Query of a database to read; @FILE takes it from a file."""
    records: Annotated[str | None, Option(("--records",), "PATH")] = None
    """Where the records are in a JSON document."""


class Column(Contract):
    """One column of a source."""

    column: str
    looks_like: str
    """`time`, `number`, `text` or `empty`, judged by the rows looked at."""
    samples: tuple[str, ...]
    distinct: int
    """Distinct values in the rows looked at."""
    filled: float
    """Share of the rows looked at that have a value."""
    repeats: bool = False
    """Some value stands in several rows."""
    of_case: bool = False
    """The source keeps it per case."""


class Proposal(Contract):
    """A column that could be a field of the event log; never assumed, for a person to take."""

    field: str
    column: str
    why: str


class Inspection(Response):
    """What a source looks like before it is loaded."""

    source: str
    adapter: str
    rows_looked_at: int
    columns: tuple[Column, ...]
    mapping: tuple[Proposal, ...]
    missing: tuple[str, ...]
    """Needed fields for which no column was found."""

    def lines(self) -> Iterator[str]:
        """The columns, the proposal, and the command that would take it."""
        yield plain(f"{self.source}: read as {self.adapter}, {self.rows_looked_at:,} rows looked at")
        yield ""
        shown = [{**c.model_dump(), "samples": " | ".join(c.samples)} for c in self.columns]
        yield from table(shown, ("column", "looks_like", "distinct", "filled", "samples"))
        yield ""
        for proposal in self.mapping:
            yield plain(f"{proposal.field}: {proposal.column!r}, {proposal.why}")
        for field in self.missing:
            yield f"{field}: nothing looks like it; say --map {field}=COLUMN"
        options = " ".join(f"--map '{p.field}={p.column}'" for p in self.mapping)
        yield ""
        yield plain(f"baton ingest {self.source} --log NAME {options}")


def inspect(context: Context, request: InspectRequest) -> Inspection:
    """Show a source's columns with samples, and propose which is the case, the activity and the time.

    Reads the first rows only and loads nothing. A proposal is a guess by name and content; `ingest` assumes
    none of it.
    """
    limits = Limits(rows=context.settings.max_rows, bytes=context.settings.max_file_bytes)
    try:
        with opened(resolve_source(context, request.source), limits, context.home / "tmp") as content:
            adapter = choose(content, request.adapter)
            names = ("encoding", "delimiter", "table", "query", "records")
            given = {name: getattr(request, name) for name in names if getattr(request, name) is not None}
            seen = _look(content, adapter, Options(**given, limits=limits))
    except Unfit as error:
        report = IngestReport(log="", status="reject", message=error.message)
        raise Rejected(report, hint=error.hint) from error
    proposals = tuple(propose(seen.columns))
    return Inspection(
        source=content.name,
        adapter=adapter.name,
        rows_looked_at=seen.rows,
        columns=seen.columns,
        mapping=proposals,
        missing=tuple(name for name in NEEDED if name not in {p.field for p in proposals}),
    )


@dataclass(frozen=True)
class _Seen:
    rows: int
    columns: tuple[Column, ...]


def _look(content: Content, adapter: Adapter, options: Options) -> _Seen:
    reading = adapter.read(content, options)
    values: dict[tuple[str, bool], list[str | None]] = {(c, False): [] for c in reading.columns or ()}
    rows = 0
    for chunk in reading.chunks:
        for batch, of_case in ((chunk.cases, True), (chunk.events, False)):
            if batch is not None:
                _collect(values, batch.slice(0, LOOKED_AT), of_case=of_case)
        rows += chunk.events.num_rows if chunk.events is not None else 0
        if rows >= LOOKED_AT:
            break
    if not rows:
        raise Unfit("no events", f"{content.name} has no events: not one row was found.")
    columns = tuple(_column(name, found, of_case) for (name, of_case), found in values.items())
    return _Seen(min(rows, LOOKED_AT), columns)


def _collect(
    values: dict[tuple[str, bool], list[str | None]], batch: pa.RecordBatch, *, of_case: bool
) -> None:
    for name in batch.schema.names:
        if name not in (ROW, TRACE):
            values.setdefault((name, of_case), []).extend(batch.column(name).to_pylist())


def _column(name: str, values: Sequence[str | None], of_case: bool) -> Column:
    filled = [v.strip() for v in values if v is not None and v.strip()]
    distinct = dict.fromkeys(filled)
    return Column(
        column=name,
        looks_like=_kind(list(distinct)),
        samples=tuple(v if len(v) <= 60 else v[:59] + "…" for v in list(distinct)[:SAMPLES]),
        distinct=len(distinct),
        filled=len(filled) / len(values) if values else 0.0,
        repeats=len(distinct) < len(filled),
        of_case=of_case,
    )


def _kind(distinct: Sequence[str]) -> str:
    some = distinct[:200]
    if not some:
        return "empty"
    numbers = sum(bool(re.fullmatch(r"[-+]?\d{1,18}([.,]\d+)?", v)) for v in some)
    times = sum(any(p.fullmatch(v) for p in TIMES) for v in some)
    # Bare digits may be seconds since 1970 or any number; with separators they are a time.
    bare = sum(v.replace(".", "", 1).isdigit() for v in some)
    if times >= 0.9 * len(some) and bare < len(some):
        return "time"
    return "number" if numbers >= 0.9 * len(some) else "text"


def propose(columns: Sequence[Column]) -> Iterator[Proposal]:
    """Fields with the column that fits each best, the needed ones first; a column is proposed once."""
    taken: set[str] = set()
    for name, canonical in CANONICAL.items():
        found = next((c for c in canonical if any(known.column == c for known in columns)), None)
        if found is not None:
            taken.add(found)
            yield Proposal(field=name, column=found, why="it has the standard name")
    known = {name for name, canonical in CANONICAL.items() if taken & set(canonical)}
    for name in ("timestamp", "start", "activity", "case_id", "resource", "lifecycle", "cost", "system"):
        if name in known:
            continue
        best = max((c for c in columns if c.column not in taken), key=lambda c: _fits(name, c), default=None)
        if best is None or _fits(name, best) <= 0:
            continue
        taken.add(best.column)
        yield Proposal(field=name, column=best.column, why=_why(name, best))


def _fits(name: str, column: Column) -> float:
    """How well a column would serve as a field; 0 and below: not at all."""
    said = bool(re.search(WORDS[name], column.column.casefold()))
    if column.looks_like == "empty" or column.column.startswith(CASE) or column.of_case:
        return 0.0
    match name:
        case "timestamp":
            early = bool(re.search(WORDS["start"], column.column.casefold()))
            return (1 + said - 0.5 * early) * (column.looks_like == "time") * column.filled
        case "start" | "lifecycle" | "cost" | "system" | "resource":
            kinds = {"start": "time", "cost": "number"}
            wanted = column.looks_like == kinds.get(name, "text")
            return float(said and wanted and (name == "cost" or column.distinct > 1 or name == "system"))
        case "activity":
            few = 1 < column.distinct <= 200
            return (1 + 2 * said) * few * (column.looks_like == "text") * column.filled
        case _:
            many = column.distinct > 1 and column.looks_like != "time"
            return said * many * (1 + column.repeats) * column.filled


def _why(name: str, column: Column) -> str:
    called = bool(re.search(WORDS[name], column.column.casefold()))
    kinds = {
        "time": "it holds times",
        "number": "it holds numbers",
        "text": f"{column.distinct} different texts",
    }
    return f"{kinds[column.looks_like]}{' and its name fits' if called else ''}"
