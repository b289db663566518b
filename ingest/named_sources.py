"""Adds, lists, shows and removes named sources: where a log's events come from again and again."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator

from home.context import Context
from home.contracts import Argument, Contract, Option, Request, Response
from home.errors import UsageError
from home.settings import REFERENCE
from ingest import feeds
from ingest.arrival_store import STARTS
from ingest.brokers import address_of, broker
from ingest.contracts import IngestRequest, Moment
from ingest.decode import without_secrets
from ingest.feeds import Feed
from ingest.load import combined
from ingest.mapping_file import MappingFile
from ingest.source import UPLOAD, resolve_source

FLOWS = ("amqp:", "amqps:", "kafka:", "kafkas:", "push:")
"""Sources that bring events by themselves: there is nothing to pull."""
SECRET = re.compile(r"pass|pwd|secret|token|api_?key|signature", re.IGNORECASE)
KEPT = "file:"
WIDEST = 60


class NamedSource(Request):
    """Which source."""

    name: Annotated[str, Argument("NAME")] = Field(min_length=1, max_length=200)
    """Name of the source."""


class AddSourceRequest(IngestRequest, NamedSource):
    """A source with a name, and how it is read."""

    source: Annotated[str, Argument("SOURCE")]
    """A file, or the address of a database or service. What holds a password is given as `env:NAME` or
    `file:PATH`, and read at each pull."""
    cursor: Annotated[str | None, Option(("--cursor",), "COLUMN")] = None
    """Column that tells new rows from old ones: the time of the last change, or a number that only grows.
    Without it a source is read whole at each pull, and replaces what it brought before."""
    overlap: Annotated[str | None, Option(("--overlap",), "TIME|NUMBER")] = None
    """How far behind the newest row each pull begins again, for rows that became visible late; those already
    read are dropped. 10m for a column of times and 1000 for one of numbers, unless it is said; 0 is none."""
    every: Annotated[str | None, Option(("--every",), "TIME")] = None
    """How often the service pulls it: 30s, 15m, 2h, 1d. Without it, only `baton pull` does."""

    @field_validator("source")
    @classmethod
    def _absolute(cls, source: str) -> str:
        # The service that pulls it does not stand in the folder of who names it.
        if source.startswith(KEPT):
            return f"{KEPT}{Path(source.removeprefix(KEPT)).absolute()}"
        try:
            there = "://" not in source and not REFERENCE.match(source) and Path(source).exists()
        except OSError:
            return source
        return str(Path(source).absolute()) if there else source

    @field_validator("every")
    @classmethod
    def _interval(cls, every: str | None) -> str | None:
        if every is not None and feeds.seconds(every) < 1:
            raise ValueError("sources are pulled once a second at most")
        return every


class SourceRow(Contract):
    """One named source."""

    source: str
    """Its name."""
    log: str
    """The log it fills."""
    reads: str
    """Where it reads, without secrets."""
    cursor: str | None
    """Column that tells new rows from old ones."""
    every_s: float | None
    """Seconds between two pulls by the service."""
    fresh_at: Moment | None
    """The last pull that worked: the log knows the source as of then, UTC."""
    status: str
    """Of the last pull: never, ok, ok_warn, quarantine, reject or failed."""
    message: str
    """Of the last pull."""
    loaded: int
    """Rows of it that are events of the log."""
    failures: int
    """Pulls that failed in a row."""
    due_at: Moment | None
    """When the service pulls it next, UTC."""


class SourceList(Response):
    """The named sources."""

    rows: tuple[SourceRow, ...]

    def lines(self) -> Iterator[str]:
        """A table, and what went wrong where something did."""
        from home.text import plain, table

        if not self.rows:
            yield "There is no named source yet. `baton source add NAME SOURCE --log LOG` makes one."
        yield from table([_short(row) for row in self.rows])
        for row in self.rows:
            if row.failures:
                yield plain(f"{row.source}: failed {row.failures} times in a row, last with: {row.message}")


class SourceDetails(Response):
    """One named source, with what it is asked."""

    source: SourceRow
    request: dict[str, object]
    """What `ingest` is asked at each pull."""
    mapping: str | None
    """Text of the mapping file."""
    overlap: str | None
    position: str | None
    """Where the next pull goes on, as the adapter wrote it; `None`: at the beginning."""

    def lines(self) -> Iterator[str]:
        """Every fact on a line, the mapping as it is written."""
        from home.text import cell, plain

        for name, value in {**self.source.model_dump(), **self.request, "overlap": self.overlap}.items():
            if value not in (None, "", ()):
                yield f"{name.removesuffix('_s')}: {cell(name, _minute(value))}"
        if self.position is not None:
            shown = self.position if len(self.position) <= WIDEST else self.position[:WIDEST] + "…"
            yield plain(f"position: {shown}")
        for line in (self.mapping or "").splitlines():
            yield plain(f"  {line}")


class SourceSaid(Response):
    """What became of a source."""

    source: str
    log: str
    message: str

    def lines(self) -> Iterator[str]:
        """What was done."""
        from home.text import plain

        yield plain(self.message)


class SourcesRequest(Request):
    """Which sources."""

    log: Annotated[str | None, Option(("--log",), "NAME")] = None
    """Only those of this log."""


def add_source(context: Context, request: AddSourceRequest) -> SourceSaid:
    """Give a source a name, with all that `baton ingest` would be told, so that it can be pulled again.

    Nothing is read yet: `baton pull NAME` does that, or the service where `--every` says how often. A
    pull adds what is new. The mapping file's text is kept, not its path; passwords are kept nowhere.
    """
    if request.replace or request.append:
        raise UsageError(
            "A named source always extends its log: --append and --replace are for `baton ingest`.",
            hint="Leave them out; `baton drop LOG` makes room.",
        )
    if request.name.startswith(STARTS):
        raise UsageError(f"A source is not called {STARTS}…: triggers are.", hint="Choose another name.")
    refuse_secrets(request.source)
    if request.source.startswith(UPLOAD):
        raise UsageError("A file that is sent once cannot be pulled again.", hint="Name its path.")
    if address := address_of(request.source):
        broker(address, request.queue)  # raises where it names no queue
    elif not request.source.startswith(FLOWS):
        resolve_source(context, request.source)  # raises where there is no such file or reference
    text = _mapping_text(context, request.mapping)
    spec = combined(request, MappingFile.parse(text, request.mapping or "") if text else MappingFile())
    now = context.clock.now().replace(tzinfo=None)
    every_s = feeds.seconds(request.every) if request.every else None
    asked = IngestRequest(
        **{name: getattr(request, name) for name in IngestRequest.model_fields if name != "mapping"},
        mapping=text,
    )
    feed = Feed(
        name=request.name,
        log=request.log,
        request=asked.model_dump_json(exclude_defaults=True),
        added_at=now,
        cursor_column=request.cursor or spec.cursor,
        overlap=request.overlap,
        every_s=every_s,
        due_at=None if every_s is None else now,
    )
    with context.events.writing() as cursor:
        feeds.add(cursor, feed)
    then = (
        f"The service pulls it every {request.every}." if every_s else f"`baton pull {feed.name}` loads it."
    )
    return SourceSaid(source=feed.name, log=feed.log, message=f"{feed.name} fills {feed.log}. {then}")


def list_sources(context: Context, request: SourcesRequest) -> SourceList:
    """Every named source: how fresh it is, what its last pull said, when the next is due."""
    return SourceList(rows=tuple(row_of(feed) for feed in feeds.all_feeds(context.events, request.log)))


def show_source(context: Context, request: NamedSource) -> SourceDetails:
    """A named source with everything it is asked at each pull, and how far it was read."""
    feed = feeds.find_feed(context.events, request.name)
    asked = IngestRequest.model_validate_json(feed.request)
    told = asked.model_dump(exclude_defaults=True, exclude={"mapping", "source", "log"})
    return SourceDetails(
        source=row_of(feed),
        request=told,
        mapping=asked.mapping,
        overlap=feed.overlap,
        position=feed.position,
    )


def remove_source(context: Context, request: NamedSource) -> SourceSaid:
    """Forget a named source. What it brought stays in its log; it only gets nothing new."""
    import shutil

    from ingest.reading import kept_folder

    feed = feeds.find_feed(context.events, request.name)
    with context.events.writing() as cursor:
        feeds.remove(cursor, feed.name)
    shutil.rmtree(kept_folder(context.home, feed.name), ignore_errors=True)
    message = f"{feed.name} is no source of {feed.log} any more. Its {feed.loaded:,} events stay there."
    return SourceSaid(source=feed.name, log=feed.log, message=message)


def row_of(feed: Feed) -> SourceRow:
    """A source as it is listed."""
    request = IngestRequest.model_validate_json(feed.request)
    return SourceRow(
        source=feed.name,
        log=feed.log,
        reads=request.source if REFERENCE.match(request.source) else _told(request.source),
        cursor=feed.cursor_column,
        every_s=feed.every_s,
        fresh_at=feed.fresh_at,
        status=feed.status or "never",
        message=feed.message or "",
        loaded=feed.loaded,
        failures=feed.failures,
        due_at=feed.due_at,
    )


def _told(source: str) -> str:
    return without_secrets(source) if "://" in source else source


def _mapping_text(context: Context, mapping: str | None) -> str | None:
    if mapping is None or "\n" in mapping:
        return mapping
    path = Path(resolve_source(context, mapping))
    MappingFile.read(path)  # raises naming the file, while whoever can mend it is there
    return path.read_text(encoding="utf-8")


def refuse_secrets(source: str) -> None:
    """Raise `UsageError` for an address with a password in it; the message does not repeat it."""
    if "://" not in source:
        return
    try:
        parts = urlsplit(source)
        held = parts.password or [
            name for name, value in parse_qsl(parts.query) if value and SECRET.search(name)
        ]
    except ValueError:
        held = ["unknown"]
    if held or re.search(r"://[^/?#]*:[^/?#]*@", source):
        raise UsageError(
            "An address with a password in it is not kept.",
            hint="Put the whole address into an environment variable and write env:NAME, or into a file that "
            "only you can read and write file:PATH.",
        )


def _short(row: SourceRow) -> dict[str, object]:
    from home.text import duration

    return {
        "source": row.source,
        "log": row.log,
        "reads": row.reads,
        "cursor": row.cursor,
        "every": None if row.every_s is None else duration(row.every_s),
        "fresh_at": _minute(row.fresh_at),
        "status": row.status,
        "loaded": row.loaded,
        "due_at": _minute(row.due_at),
    }


def _minute(value: object) -> object:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value
