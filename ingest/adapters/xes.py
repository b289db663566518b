"""Reads XES (IEEE 1849) as a stream, strictly: well-formed and whole, or refused."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from ingest.adapter import ROW, TRACE, Aside, Chunk, Content, Options, Reading
from ingest.adapters import broken_xml
from ingest.adapters.xes_columns import Attributes, Table, joined, tabled
from ingest.adapters.xes_elements import Elements
from ingest.adapters.xes_scan import TRACE as IN_TRACE
from ingest.adapters.xes_scan import scan
from ingest.contracts import Finding
from ingest.encoding import marked
from ingest.errors import Unfit

PORTION = 4 << 20
TOKEN = 64 << 20
"""Bytes that one tag may have."""
ENDS = (b"</event>", b"</trace>")
PLAIN = (None, "utf-8", "us-ascii", "ascii")
"""Encodings whose bytes can be looked at without decoding them."""
NO_TRACE = "(no trace)"
ID = "concept:name"


class XesAdapter:
    """XES, the standard of event logs."""

    name = "xes"
    reads = "XES (IEEE 1849), also inside .gz and .zip"
    suffixes = (".xes", ".xml")
    several = False

    def recognises(self, content: Content) -> int:
        """XML is claimed whatever its root, so that the wrong root is named."""
        encoding = marked(content.head) or "utf-8"
        head = content.head[: len(content.head) // 4 * 4].decode(encoding, errors="replace")
        bare = content.head[:40].replace(b"\0", b"")  # wide characters without a mark
        return 90 if head.lstrip("\ufeff \t\r\n").startswith("<") or bare.startswith(b"<?xml") else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Stream the traces; attributes of a trace become columns `case:KEY`."""
        reading = Reading(iter(()), row_word="event")
        reading.chunks = _Log(content, options, reading).chunks()
        return reading


@dataclass
class _Portion:
    """What stood in one portion of the file."""

    attributes: Attributes
    traces: np.ndarray
    """Of each event, the number of its trace; 0 for none."""
    case_attributes: Attributes
    """Owned by the number of the trace."""
    open: bool
    """Whether the last trace goes on in the next portion."""


@dataclass
class _Seen:
    """What the log has shown so far."""

    events: int = 0
    traces: int = 0
    empty: int = 0
    orphans: int = 0
    names: set[str] = field(default_factory=set)
    misfits: Counter[tuple[str, str]] = field(default_factory=Counter)


class _Log:
    """One pass over the file: expat checks every byte, and tells of what the fast scan does not read."""

    def __init__(self, content: Content, options: Options, reading: Reading) -> None:
        self.content, self.options, self.reading = content, options, reading
        self.seen = _Seen()
        self.bad: dict[int, Aside] = {}  # traces that cannot be trusted, by number
        self.open_events = 0  # events so far of the trace that is open
        self.waiting: list[Attributes] = []  # attributes so far of the trace that is open
        self.declared: str | None = None
        self.fed = 0

    def chunks(self) -> Iterator[Chunk]:
        """Every portion as a chunk; raises `Unfit` for anything but a whole XES log."""
        self.parser = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.XmlDeclHandler = self._declare
        self.elements = Elements(self.parser, self.content, self.options.limits)
        narrow = marked(self.content.head) in (None, "utf-8-sig")
        settled = False  # whether expat is at the end of the portion, with nothing pending
        for block, closing in _blocks(self.content):
            plain = settled and narrow and (self.declared or "utf-8").lower() in PLAIN
            portion = self._scanned(block) if plain else None
            if portion is None:
                portion = self._careful(block)
                settled = closing > 0 and self.elements.closed_at == self.fed - closing
            yield self._chunk(portion)
            self.options.progress(self.fed / max(1, self.content.size))
        self._parse(b"", final=True)
        self._report()

    def _refuse_doctype(self, *_: Any) -> None:
        raise broken_xml.refuse_doctype(self.content.name)

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.declared = encoding

    def _parse(self, block: bytes, *, final: bool = False) -> None:
        broken_xml.parse(self.parser, block, final=final, name=self.content.name, path=self.content.file)
        self.fed += len(block)
        if not final and self.fed - self.parser.CurrentByteIndex > TOKEN + PORTION:
            line = f"line {self.parser.CurrentLineNumber}"
            raise Unfit("size", f"{self.content.name}, {line}: one tag is over the size limit of 64 MB.")

    def _scanned(self, block: bytes) -> _Portion | None:
        """The portion by the fast scan, checked by expat; `None`, and nothing done, where it cannot."""
        found = scan(block, self.elements.level)
        if found is None:
            return None
        self.elements.listen(on=False)
        self._parse(block)
        before = self.elements.traces
        self.elements.enter(found.level, before + found.opened)
        cases = found.case_attributes
        return _Portion(
            found.attributes,
            found.traces + before,
            Attributes(cases.owner + before, cases.key, cases.keys, cases.tag, cases.tags, cases.value),
            found.level == IN_TRACE,
        )

    def _careful(self, block: bytes) -> _Portion:
        self.elements.listen(on=True)
        self._parse(block)
        attributes, traces, cases = self.elements.take()
        if self.elements.classifiers:
            self.reading.classifiers.update(self.elements.classifiers)
        return _Portion(
            Attributes.of(attributes),
            np.array(traces, np.int64),
            Attributes.of(cases),
            "trace" in self.elements.open,
        )

    def _chunk(self, portion: _Portion) -> Chunk:
        cases = self._cases(portion)
        count, first = len(portion.traces), self.seen.events
        self.seen.events += count
        self._limit(portion.attributes, "an event")
        table = tabled(portion.attributes, count)
        self.seen.misfits.update(table.misfits)
        aside = self._aside(table, portion.traces, first)
        columns = {
            ROW: pa.array(np.arange(first + 1, first + count + 1)),
            TRACE: pa.array(portion.traces),
            **table.columns,
        }
        events = pa.record_batch(columns)
        if aside:
            good = np.ones(count, bool)
            good[[a.row - first - 1 for a in aside]] = False
            events = events.filter(pa.array(good))
        return Chunk(events, cases, aside)

    def _limit(self, attributes: Attributes, whose: str) -> None:
        most, limits = attributes.most(), self.options.limits
        if most > limits.attributes:
            raise Unfit(
                "attributes",
                f"{self.content.name}: {whose} has {most:,} attributes; {limits.attributes:,} at most.",
            )
        self.seen.names.update(attributes.keys)
        if len(self.seen.names) > limits.columns:
            raise Unfit(
                "attributes",
                f"{self.content.name} has over {limits.columns:,} different attributes, "
                "which would each be a column.",
                hint="Attributes named by their values should be values of one attribute.",
            )

    def _aside(self, table: Table, traces: np.ndarray, first: int) -> list[Aside]:
        """Events that have a key twice, a number beyond any type, or lie in a trace with such faults."""
        found: dict[int, Aside] = {}
        if self.bad:
            for place in np.flatnonzero(np.isin(traces, list(self.bad))).tolist():
                found[place] = self.bad[int(traces[place])]
        for place, (key, number) in table.unbounded.items():
            found[place] = Aside(0, f"{number[:40]!r} is a number no type can hold", key, code="not_a_number")
        for place, key in table.doubled.items():
            found[place] = Aside(0, "the attribute occurs twice", key, code="duplicate_key")
        return [
            Aside(first + place + 1, why.reason, why.column, table.row(place), why.code)
            for place, why in sorted(found.items())
        ]

    def _cases(self, portion: _Portion) -> pa.RecordBatch:
        """The traces that ended here, with their attributes; those that cannot be trusted lose their id."""
        attributes = joined([*self.waiting, portion.case_attributes])
        first, last = self.seen.traces + 1, self.elements.traces
        ended = last - portion.open
        open_one, attributes = attributes.owned(ended + 1, last), attributes.owned(first, ended)
        self.waiting = [open_one] if portion.open else []
        for some in (attributes, open_one):
            self._limit(some, "a trace")
        self._distrust(tabled(open_one.counted_from(ended + 1), 1), ended + 1)
        table = tabled(attributes.counted_from(first), ended - self.seen.traces)
        self.seen.misfits.update(table.misfits)
        self._distrust(table, first)
        self._count_empty(portion, first, ended)
        self.seen.traces = ended
        return self._case_batch(table, np.arange(first, ended + 1), portion)

    def _case_batch(self, table: Table, numbers: np.ndarray, portion: _Portion) -> pa.RecordBatch:
        columns = {f"case:{key}": values for key, values in table.columns.items()}
        orphans = int(np.count_nonzero(portion.traces == 0))
        if orphans and not self.seen.orphans:  # one more case, for the events that have none
            numbers = np.append(numbers, 0)
            columns = {name: pa.concat_arrays([v, pa.nulls(1, v.type)]) for name, v in columns.items()}
            name = f"case:{ID}"
            known = columns.get(name, pa.nulls(len(numbers), pa.string())).to_pylist()
            columns[name] = pa.array([*known[:-1], NO_TRACE], pa.string())
        self.seen.orphans += orphans
        return pa.record_batch({TRACE: pa.array(numbers, pa.int64()), **columns})

    def _distrust(self, table: Table, first: int) -> None:
        """Note the traces whose attributes are at fault; without an id their events cannot be loaded."""
        bad: dict[int, Aside] = {}
        for place, key in table.doubled.items():
            bad[place] = Aside(0, "its trace has the attribute twice", key, code="duplicate_key")
        for place, (key, number) in table.unbounded.items():
            reason = f"its trace has {number[:40]!r}, a number no type can hold"
            bad[place] = Aside(0, reason, key, code="not_a_number")
        for key, values in table.columns.items():
            for place in _giants(values, self.options.limits.field_bytes):
                reason = f"its trace has a field over {self.options.limits.field_bytes >> 20} MB"
                bad[place] = Aside(0, reason, key, code="giant_field")
                table.columns[key] = _without(table.columns[key], [place])
        if bad and ID in table.columns:
            table.columns[ID] = _without(table.columns[ID], list(bad))
        self.bad.update({first + place: why for place, why in bad.items()})

    def _count_empty(self, portion: _Portion, first: int, ended: int) -> None:
        inside = portion.traces[portion.traces > 0]
        events = np.bincount(inside - first, minlength=ended - first + 2) if len(inside) else None
        counts = np.zeros(ended - first + 2, np.int64) if events is None else events
        counts[0] += self.open_events
        self.seen.empty += int(np.count_nonzero(counts[: ended - first + 1] == 0))
        self.open_events = int(counts[ended - first + 1]) if portion.open else 0

    def _report(self) -> None:
        def odd(code: str, count: int, message: str, where: str = "") -> None:
            finding = Finding(code=code, severity="warning", count=count, message=message, where=where)
            self.reading.findings.append(finding)

        seen = self.seen
        if seen.empty:
            odd("empty_traces", seen.empty, f"{seen.empty:,} traces have no events; they are no cases.")
        if seen.orphans:
            said = f"{seen.orphans:,} events lie outside any trace: they make the case {NO_TRACE!r}."
            odd("orphan_events", seen.orphans, said)
        for (key, kind), count in sorted(seen.misfits.items()):
            said = f"{count:,} values of {key!r} are declared {kind} and are none; kept as text."
            odd("type_mismatch", count, said, repr(key))
        for tag, count in sorted(self.elements.unknown.items()):
            odd("unknown_elements", count, f"{count:,} elements <{tag}> are no XES; they were left out.")


def _blocks(content: Content) -> Iterator[tuple[bytes, int]]:
    """The file in blocks that end with an event or trace, each with the length of its last closing tag.

    The first block ends with the first event; a block without any has the length 0.
    """
    rest, first = b"", True
    with content.file.open("rb") as file:
        while raw := file.read(PORTION):
            rest += raw
            find = bytes.find if first else bytes.rfind
            ends = [at for end in ENDS if (at := find(rest, end)) >= 0]
            cut = (min(ends) if first else max(ends)) + len(ENDS[0]) if ends else len(rest)
            yield rest[:cut], len(ENDS[0]) if ends else 0
            rest, first = rest[cut:], first and not ends
    if rest:
        yield rest, 0


def _giants(values: pa.StringArray, most: int) -> list[int]:
    if values.nbytes <= most:
        return []
    lengths = compute.fill_null(compute.binary_length(values), 0).to_numpy()
    return [int(place) for place in np.flatnonzero(lengths > most)]


def _without(values: pa.StringArray, places: list[int]) -> pa.StringArray:
    """The values with nulls at some places."""
    mask = np.zeros(len(values), bool)
    mask[places] = True
    return compute.if_else(pa.array(mask), pa.scalar(None, values.type), values)
