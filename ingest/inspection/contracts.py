"""What `baton inspect` is asked and what it answers."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from home.contracts import (
    Argument,
    Contract,
    FileResponse,
    InputFile,
    Option,
    OutputFile,
    Request,
    TextOrFile,
)
from home.text import plain, table
from ingest.contracts import Finding, Moment


class InspectRequest(Request):
    """Which source to look into."""

    source: Annotated[str, Argument("SOURCE"), InputFile()]
    """A file, or the URL of a database."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """Where to write the proposed mapping, for `baton ingest --mapping FILE`."""
    all: bool = False
    """Read the whole source, and say of every row whether it would be loaded."""
    map: Annotated[tuple[str, ...], Option(("--map",), "FIELD=COLUMN")] = ()
    """Which column is which, where the proposal is wrong. Repeat for each."""
    mapping: Annotated[str | None, Option(("--mapping",), "FILE"), InputFile()] = None
    """A mapping file to try in the place of a proposal."""
    exact: bool = False
    """Propose nothing; with --map, the [map] of a mapping file does not count either."""
    tz: Annotated[str | None, Option(("--tz",), "ZONE")] = None
    """IANA zone of times without an offset."""
    dates: Annotated[str | None, Option(("--dates",), "FORMAT|dmy|mdy")] = None
    """Order of day and month, or the whole format."""
    adapter: Annotated[str | None, Option(("--adapter",), "NAME")] = None
    """How to read it; without it the content decides."""
    encoding: Annotated[str | None, Option(("--encoding",), "NAME")] = None
    """Character encoding of a text file."""
    delimiter: Annotated[str | None, Option(("--delimiter",), "CHARACTER")] = None
    """What separates the fields of a CSV file."""
    sheet: Annotated[str | None, Option(("--sheet",), "NAME")] = None
    """Sheet of a workbook."""
    table: Annotated[str | None, Option(("--table",), "NAME")] = None
    """Table of a database to read."""
    query: Annotated[str | None, Option(("--query",), "SQL"), TextOrFile()] = None
    """Query of a database to read; @FILE takes it from a file."""
    records: Annotated[str | None, Option(("--records",), "PATH")] = None
    """Where the records are in a JSON document."""
    object_type: Annotated[str | None, Option(("--object-type",), "NAME")] = None
    """Which kind of object is the case, in an object-centric log."""


class Column(Contract):
    """One column of a source."""

    column: str
    looks_like: str
    """`time`, `clock` (a time of day alone), `number`, `text` or `empty`, judged by the rows looked at."""
    samples: tuple[str, ...]
    distinct: int
    """Distinct values in the rows looked at."""
    filled: float
    """Share of the rows looked at that have a value."""
    of: Literal["case", "event", "all", ""] = ""
    """What it tells about, if the proposed case is right: the case (one value in all of its rows), the
    event, or all rows (one value everywhere)."""
    written: str = ""
    """How its times are written, where that is not ISO 8601."""
    ambiguous: tuple[str, ...] = ()
    """Times that can be read day first and month first, where no other value decides."""
    naive: bool | None = None
    """Whether some times carry no offset; `None` for what is no time."""
    days_only: bool = False
    """The times are days, without a time of day."""
    unreadable: tuple[str, ...] = ()
    """Examples of values that are no time among times."""


class Proposal(Contract):
    """A column that could be a field of the event log; never assumed, for a person to take."""

    field: str
    column: str
    why: str


class CaseCandidate(Contract):
    """A column that could be the case, the best first."""

    column: str
    cases: int
    events_per_case: float
    why: str


class Decision(Contract):
    """Something that only a person can say."""

    option: str
    """The option of `baton ingest` that says it: `dates`, `tz`, `sheet`, `table`, …"""
    needed: bool
    """Without it nothing is loaded; the others have a default."""
    question: str
    answers: tuple[str, ...]
    """What can be said, where that is known."""
    meanings: tuple[str, ...] = ()
    """What each answer would mean for an example, such as `5 January`."""
    example: str = ""
    """A value that it decides."""


class AsideRow(Contract):
    """A row that would be set aside."""

    where: str
    column: str | None
    reason: str
    row: str
    """What stands there, as JSON."""


class EventRead(Contract):
    """One event as it would be loaded."""

    case_id: str
    activity: str
    timestamp: Moment
    """UTC."""
    start: Moment | None = None
    resource: str | None = None
    attributes: dict[str, str] = {}
    """Of the case and of the event, as text."""


class Rehearsal(Contract):
    """What a load would come to, with this mapping."""

    rows: int
    """Rows it was tried on."""
    loaded: int
    set_aside: int
    events: tuple[EventRead, ...] = ()
    """The first events."""
    examples: tuple[AsideRow, ...] = ()
    """The first rows set aside."""
    refused: str = ""
    """Why the source would be refused whole."""


class Inspection(FileResponse):
    """What a source looks like before it is loaded."""

    source: str
    adapter: str
    rows_looked_at: int
    whole: bool = False
    """All rows were looked at."""
    read_as: dict[str, str] = {}
    """What was found out about reading it: encoding, delimiter, …"""
    columns: tuple[Column, ...] = ()
    mapping: tuple[Proposal, ...] = ()
    missing: tuple[str, ...] = ()
    """Needed fields for which no column was found."""
    cases: tuple[CaseCandidate, ...] = ()
    milestones: tuple[str, ...] = ()
    """Columns of times, where each row is a whole case with a column per milestone."""
    decisions: tuple[Decision, ...] = ()
    notes: tuple[str, ...] = ()
    """What else a person should know, in words."""
    rehearsal: Rehearsal | None = None
    """What a load would come to; absent where it cannot be tried."""
    findings: tuple[Finding, ...] = ()
    """What reading it found odd."""
    commands: tuple[str, ...] = ()
    """What to type next, with FILE for the mapping file where none was written."""

    def as_asked(self, sent: Mapping[str, str]) -> Self:
        """The commands with the names that were typed."""
        told = self.commands
        for ticket, typed in sent.items():
            told = tuple(command.replace(ticket, quoted(typed)) for command in told)
        return self.model_copy(update={"commands": told})

    def lines(self) -> Iterator[str]:
        """The columns, the proposal with its reasons, what to decide, and the command that comes next."""
        from ingest.inspection.say import said

        yield from said(self)


def quoted(text: str) -> str:
    """`text` as one word of a command line."""
    return shlex.quote(plain(text))


def columns_table(columns: tuple[Column, ...]) -> Iterator[str]:
    """The columns with their samples, for people."""
    yield from table(
        [
            {
                "column": c.column,
                "looks like": c.looks_like,
                "filled": f"{c.filled:.0%}",
                "distinct": c.distinct,
                "tells of": {"case": "the case", "event": "the event", "all": "everything"}.get(c.of, ""),
                "samples": " | ".join(c.samples),
            }
            for c in columns
        ]
    )
