"""What an adapter is: it turns the content of a source into record batches of text, row by row.

An adapter decides nothing about meaning. Every value is handed on as text, with the number of the
line or row it came from; which column is the case, the activity or the time is said by the mapping,
and casting is done after it, in one place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from ingest.contracts import Finding

ROW = "#row"
"""Column of an events batch (int64): number of the line, row or event in the source."""
HEAD = 1 << 16
"""Bytes of a document that adapters are shown to recognise it."""
TRACE = "#trace"
"""Column (int64) that ties an event to its case where the source keeps cases apart from events."""


def free(name: str) -> str:
    """The name of a source's column in a batch, where the source calls one as the batch calls its own."""
    return f"{name} (2)" if name in (ROW, TRACE) else name


@dataclass(frozen=True)
class Limits:
    """What one load may cost."""

    rows: int = 200_000_000
    columns: int = 2_000
    attributes: int = 1_000
    """Attributes on one event."""
    field_bytes: int = 4 * 2**20
    bytes: int = 8 * 2**30
    depth: int = 64


@dataclass(frozen=True)
class Options:
    """How the caller wants a source read."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    table: str | None = None
    query: str | None = None
    records: str | None = None
    object_type: str | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    """Files that are joined: the name of each in the query, and what the file is called."""
    cursor: str | None = None
    """Column that tells new rows from old ones: chunks then come in its order, and have positions."""
    overlap: str | None = None
    """How far behind the newest row that was read to begin again: `10m`, or a number of a counting cursor."""
    position: str | None = None
    """Where to go on: the position of the last chunk that was kept, as this adapter wrote it."""
    limits: Limits = Limits()
    progress: Callable[[float | None], None] = lambda _fraction: None
    """Told how much of the source was read; raises `Cancelled` when it should stop."""


@dataclass(frozen=True)
class Content:
    """A source opened for reading: a plain file on this machine, or the address of a system."""

    name: str
    """What the user calls it: a file name, or an address without secrets."""
    path: Path | None = None
    """The decompressed content; `None` for an address."""
    size: int = 0
    digest: str | None = None
    """SHA-256 of the content; `None` where only reading it can tell."""
    head: bytes = b""
    """The first bytes."""
    address: str | None = None
    """URL of a database or service, with its secrets."""
    members: tuple[str, ...] = ()
    """Names of the documents of an archive, where there are several; they lie in the folder `path`."""
    findings: tuple[Finding, ...] = ()
    """What was odd about the file itself."""

    @property
    def file(self) -> Path:
        """The path; an address has none."""
        if self.path is None:
            raise TypeError(f"{self.name} is an address, not a file")
        return self.path

    def documents(self) -> Iterator["Content"]:
        """Each document of a folder or archive as a content of its own; a plain file is its only one."""
        if not self.members:
            yield self
        for number, member in enumerate(self.members):
            path = self.file / f"{number:07d}"
            with path.open("rb") as file:
                yield Content(member, path, path.stat().st_size, head=file.read(HEAD))

    def heads(self) -> Iterator[bytes]:
        """The first bytes of each document."""
        return (document.head for document in self.documents())


@dataclass(frozen=True)
class Aside:
    """One row that cannot be loaded."""

    row: int
    reason: str
    column: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = "malformed_row"


@dataclass(frozen=True)
class Chunk:
    """A portion of a source; portions come in the order of the source.

    `events` has a text column for each source column and the column `ROW`. Where cases are kept
    apart, `events` also has `TRACE`, and `cases` has `TRACE` and a text column per case attribute.
    Later chunks may bring columns that earlier ones did not have.
    """

    events: pa.RecordBatch | None = None
    cases: pa.RecordBatch | None = None
    aside: Sequence[Aside] = ()
    position: str | None = None
    """Where to go on after this chunk: JSON text of the adapter's own making; `None`: there is no way to.

    The empty text ends a source that was read whole and will be read whole again: what it brings then takes
    the place of what it brought now.
    """


@dataclass
class Reading:
    """A source being read. `findings` and `classifiers` are complete when `chunks` is exhausted."""

    chunks: Iterator[Chunk]
    columns: tuple[str, ...] | None = None
    """Event columns in source order, where they are known before reading."""
    row_word: str = "row"
    """What `ROW` counts: line, row or event."""
    findings: list[Finding] = field(default_factory=list)
    classifiers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that stand for several columns joined by `+`; a mapping may use them like a column."""
    digest: Callable[[], str] | None = None
    """SHA-256 of what was read, for a source whose content has none."""
    simulated: bool = False
    """The events are a sandbox's: they may predict, and prove nothing."""
    plan: str | None = None
    """The plan whose runs these are."""
    found: dict[str, str] = field(default_factory=dict)
    """Options that the adapter found out itself, such as the delimiter."""


class Adapter(Protocol):
    """One way to read a source. Registered under the entry-point group `baton.adapters`."""

    name: str
    reads: str
    """One line for `baton adapters`: what it reads."""
    suffixes: tuple[str, ...]
    """What such files are usually called: `.csv`."""
    several: bool
    """Whether it reads several documents (a folder, or an archive) as one source."""

    def recognises(self, content: Content) -> int:
        """How sure the adapter is, from 0 (not mine) to 100, judged by the content and not its name."""
        ...

    def read(self, content: Content, options: Options) -> Reading:
        """Start reading; raises `Unfit` where the source must be refused whole."""
        ...
