"""What the ingest room is asked and what it answers."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, model_validator

from home.contracts import (
    Argument,
    Contract,
    InputFile,
    LogName,
    Nothing,
    Option,
    Request,
    Response,
    TextOrFile,
    utc_text,
)

__all__ = ["Nothing"]

Moment = Annotated[datetime, PlainSerializer(utc_text, return_type=str, when_used="json")]
Status = Literal["ok", "ok_warn", "quarantine", "reject"]
Severity = Literal["info", "warning", "error"]


class IngestRequest(Request):
    """Bring a source into an event log."""

    source: Annotated[str, Argument("SOURCE"), InputFile()]
    """A file, or the URL of a database; `env:NAME` and `file:PATH` keep a URL's password off the screen."""
    log: Annotated[str, Option(("--log",), "NAME")] = Field(min_length=1, max_length=200)
    """Name of the event log."""
    adapter: Annotated[str | None, Option(("--adapter",), "NAME")] = None
    """How to read the source; without it the content decides. `baton adapters` lists them."""
    map: Annotated[tuple[str, ...], Option(("--map",), "FIELD=COLUMN")] = ()
    """Which column is which: case_id, activity, timestamp, start, resource, lifecycle, cost, system, or
    case:NAME for an attribute of the case. Repeat for each."""
    mapping: Annotated[str | None, InputFile()] = None
    """A TOML file with a [map] table and the options below, or recipe:NAME (`baton recipes` lists them); what
    is typed here wins."""
    system: Annotated[str | None, Option(("--system",), "NAME")] = None
    """The system this source belongs to, written on every event that does not say."""
    tz: Annotated[str | None, Option(("--tz",), "ZONE")] = None
    """IANA zone in which times without an offset are read, and days and weeks are counted: Europe/Paris."""
    dates: Annotated[str | None, Option(("--dates",), "FORMAT|dmy|mdy")] = None
    """Order of day and month, or the whole format as strptime writes it: %d.%m.%Y %H:%M."""
    encoding: Annotated[str | None, Option(("--encoding",), "NAME")] = None
    """Character encoding of a text file."""
    delimiter: Annotated[str | None, Option(("--delimiter",), "CHARACTER")] = None
    """What separates the fields of a CSV file."""
    sheet: Annotated[str | None, Option(("--sheet",), "NAME")] = None
    """Sheet of a workbook to read."""
    table: Annotated[str | None, Option(("--table",), "NAME")] = None
    """Table of a database to read."""
    queue: Annotated[str | None, Option(("--queue",), "NAME")] = None
    """Queue or topic of a broker, where its address does not name it."""
    query: Annotated[str | None, Option(("--query",), "SQL"), TextOrFile()] = None
    """Query of a database to read; @FILE takes it from a file."""
    records: Annotated[str | None, Option(("--records",), "PATH")] = None
    """Where the records are in a JSON document: data.items."""
    object_type: Annotated[str | None, Option(("--object-type",), "NAME")] = None
    """Which kind of object is the case, in an object-centric log."""
    key: Annotated[str | None, Option(("--key",), "KEY")] = None
    """What the case ids of this source number, such as invoice; sources are joined by --link."""
    link: Annotated[tuple[str, ...], Option(("--link",), "KEY=COLUMN")] = ()
    """Another key that each row carries, so that its events find their case: order='Order No'. Repeat
    for each."""
    root: Annotated[str | None, Option(("--root",), "KEY")] = None
    """Which of the keys is the case of the whole log; without it the key of its first source."""
    mask: Annotated[tuple[str, ...], Option(("--mask",), "FIELD")] = ()
    """Field or column whose values are replaced by digests keyed with the setting mask_key, before anything
    is kept: resource, case_id, case:NAME or a column's name. Repeat for each."""
    append: bool = False
    """Add to a log that exists; cases with the same id are joined."""
    replace: bool = False
    """Put this source in the place of a log that exists."""

    @model_validator(mode="after")
    def _one_way(self) -> "IngestRequest":
        if self.append and self.replace:
            raise ValueError("--append and --replace exclude each other")
        if self.table and self.query:
            raise ValueError("--table and --query exclude each other")
        return self


class Finding(Contract):
    """Something about a source that people should know."""

    code: str
    """Stable name: `tz_assumed`, `duplicate_events`, …"""
    severity: Severity
    """`info`; `warning`: all rows were loaded; `error`: rows were set aside, or the source refused."""
    count: int
    """How many rows, cases or values it concerns."""
    message: str
    """In words, with what to do."""
    where: str = ""
    """Example places, or the column."""


class IngestReport(Response):
    """What became of a source, and what the log holds now."""

    log: str
    status: Status
    cases: int = 0
    """Cases in the log."""
    events: int = 0
    """Raw events in the log."""
    instances: int = 0
    """Activity instances: a start and its completion are one."""
    activities: int = 0
    variants: int = 0
    """Distinct sequences of raw events by activity name, as papers count."""
    instance_variants: int = 0
    """Distinct sequences of activity instances in the order of their start."""
    seen: int = 0
    """Rows found in this source; always `loaded` + `set_aside`."""
    loaded: int = 0
    """Rows of this source that became events."""
    set_aside: int = 0
    """Rows of this source kept apart with a reason; see `baton quarantine`."""
    first: Moment | None = None
    """Earliest event of the log, UTC."""
    last: Moment | None = None
    """Latest event of the log, UTC."""
    findings: tuple[Finding, ...] = ()
    message: str = ""
    hint: str = ""
    """What to do, where the source was refused."""

    def lines(self) -> Iterator[str]:
        """The message, the log's size, and each finding on a line."""
        from home.text import plain

        yield plain(self.message)
        yield (
            f"  {self.cases:,} cases, {self.events:,} events ({self.instances:,} activity instances), "
            f"{self.activities:,} activities, {self.variants:,} variants"
        )
        if self.first is not None and self.last is not None:
            yield f"  from {self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M} UTC"
        for finding in self.findings:
            where = f" ({plain(finding.where)})" if finding.where else ""
            yield f"  {finding.severity}: {plain(finding.message)}{where}"
        if self.set_aside:
            yield f"  `baton quarantine {plain(self.log)}` lists the rows set aside."


class LogSource(Contract):
    """A named source of a log."""

    source: str
    """Its name."""
    status: str
    """Of its last pull: never, ok, ok_warn, quarantine, reject or failed."""
    fresh_at: Moment | None
    """The last pull that worked, UTC."""


class LogRow(Contract):
    """One event log."""

    log: str
    cases: int
    events: int
    first: Moment | None
    last: Moment | None
    fresh_at: Moment
    """When something was last loaded into it, or a pull last found that there is nothing new, UTC."""
    tz: str
    sources: tuple[LogSource, ...] = ()
    """Its named sources."""


class LogList(Response):
    """Every event log."""

    rows: tuple[LogRow, ...]

    def lines(self) -> Iterator[str]:
        """A table, or what to do when there is none."""
        from home.text import table

        if not self.rows:
            yield "There is no log yet. `baton ingest FILE --log NAME` makes one."
        records = [_stamped(row.model_dump()) for row in self.rows]
        for row, record in zip(self.rows, records, strict=True):
            record["sources"] = [f"{s.source} {s.status}" for s in row.sources]
        if not any(row.sources for row in self.rows):
            records = [{k: v for k, v in record.items() if k != "sources"} for record in records]
        yield from table(records)


class LogRequest(Request):
    """Which log."""

    log: LogName
    """Name of the event log."""


class Dropped(Response):
    """A log that is gone."""

    log: str
    events: int
    message: str

    def lines(self) -> Iterator[str]:
        """What was removed."""
        from home.text import plain

        yield plain(self.message)


class SetAsideRow(Contract):
    """One row that was not loaded."""

    where: str
    """Line or row of the source."""
    column: str | None
    reason: str
    row: dict[str, Any]
    """What stood there, column name to text."""


class SetAsideRows(Response):
    """The rows of a log's sources that were not loaded."""

    log: str
    rows: tuple[SetAsideRow, ...]

    def lines(self) -> Iterator[str]:
        """A table, or that there are none."""
        from home.text import table

        if not self.rows:
            yield "No row was set aside."
        yield from table([row.model_dump() for row in self.rows])


class AdapterRow(Contract):
    """One way to read a source."""

    adapter: str
    reads: str


class AdapterList(Response):
    """Every way to read a source."""

    rows: tuple[AdapterRow, ...]

    def lines(self) -> Iterator[str]:
        """One line each."""
        from home.text import plain

        width = max((len(row.adapter) for row in self.rows), default=0)
        for row in self.rows:
            yield plain(f"{row.adapter.ljust(width)}  {row.reads}")


def _stamped(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: f"{v:%Y-%m-%d %H:%M}" if isinstance(v, datetime) else v for k, v in values.items()}
