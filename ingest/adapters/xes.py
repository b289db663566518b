"""Reads XES (IEEE 1849) as a stream, strictly: well-formed and whole, or refused."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as compute

from ingest.adapter import ROW, TRACE, Aside, Chunk, Content, Options, Reading
from ingest.contracts import Finding
from ingest.errors import Unfit

PORTION = 1 << 20
EVENTS = 20_000
"""Events in one chunk."""
KINDS = frozenset(("string", "date", "int", "float", "boolean", "id", "list", "container"))
TYPED = {
    "int": r"^\s*[-+]?\d+\s*$",
    "float": r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$|^(NaN|-?INF)$",
    "boolean": r"^(true|false|0|1)$",
    "date": r"^\d{4}-\d{2}-\d{2}",
}

CUT = (3, 5, 6, 13)
"""Expat's codes for content that ends too soon: no element, unclosed token, partial character, CDATA."""
NO_TRACE = "(no trace)"
Handler = Callable[[str, list[str]], None]
Node = tuple[str, str, list[Any]]
"""Key, value and children of an attribute that lies in another."""


class XesAdapter:
    """XES, the standard of event logs."""

    name = "xes"
    reads = "XES (IEEE 1849), also inside .gz and .zip"
    suffixes = (".xes", ".xml")

    def recognises(self, content: Content) -> int:
        """XML is claimed whatever its root, so that the wrong root is named."""
        head = content.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        utf16 = content.head[:2] in (b"\xff\xfe", b"\xfe\xff") and b"<\0?\0x\0" in content.head[:40]
        return 90 if head.startswith(b"<") or utf16 or b"\0<\0?\0x" in content.head[:40] else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Stream the traces; attributes of a trace become columns `case:KEY`."""
        reading = Reading(iter(()), row_word="event")
        reading.chunks = _Log(content, options, reading).chunks()
        return reading


class _Log:
    """One pass over the file: expat calls `start` and `end`, whole chunks are taken out between portions."""

    def __init__(self, content: Content, options: Options, reading: Reading) -> None:
        self.content, self.options, self.reading = content, options, reading
        self.events: list[tuple[int, int, dict[str, str]]] = []  # event number, trace number, attributes
        self.cases: list[tuple[int, dict[str, str]]] = []
        self.aside: list[Aside] = []
        self.kinds: dict[str, str] = {}
        self.misfits: dict[str, int] = {}
        self.traces = self.empty = self.orphans = 0
        self.seen = 0
        self.open: list[str] = []  # elements around the attribute level: log, trace, event
        self.target: dict[str, str] | None = None
        self.nest: list[str] = []  # keys of the attributes that are open
        self.nodes: list[Node] = []  # the same with what they hold, once one lies in another
        self.doubled: str | None = None
        self.trace: dict[str, str] = {}
        self.in_trace = 0

    def chunks(self) -> Iterator[Chunk]:
        """Every whole chunk, then what is left; raises `Unfit` for anything but a whole XES log."""
        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = self.handlers()
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        read = 0
        with self.content.file.open("rb") as file:
            while portion := file.read(PORTION):
                self._parse(parser, portion, final=False)
                read += len(portion)
                if len(self.events) >= EVENTS:
                    yield self._chunk()
                self.options.progress(read / max(1, self.content.size))
        self._parse(parser, b"", final=True)
        yield self._chunk()
        self._report()

    def _parse(self, parser: Any, portion: bytes, *, final: bool) -> None:
        try:
            parser.Parse(portion, final)
        except expat.ExpatError as error:
            raise self._unfit(error, final) from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not know, or not for XML
            raise Unfit(
                "encoding", f"{self.content.name} declares an encoding nobody knows: {error}."
            ) from error

    def _unfit(self, error: expat.ExpatError, final: bool) -> Unfit:
        name, said = self.content.name, expat.ErrorString(error.code)
        where = f"line {error.lineno}"
        if final and error.code in CUT:
            return Unfit(
                "truncated", f"{name} is truncated: it ends inside the log, at {where}.", where=where
            )
        if error.code in (18, 19) or (error.code == 4 and not _is_utf8(self.content)):
            message = f"{name}, {where}: its bytes contradict the encoding it declares ({said})."
            return Unfit("encoding", message, where=where)
        return Unfit("line", f"{name}, {where}: not well-formed XML ({said}).", where=where)

    def _refuse_doctype(self, *_: Any) -> None:
        raise Unfit("DTD", f"{self.content.name} has a DOCTYPE (DTD); an event log needs none.")

    def handlers(self) -> tuple[Handler, Callable[[str], None]]:
        """What expat calls for each element; what is most common costs least."""
        nest, nodes, kinds = self.nest, self.nodes, self.kinds

        def start(tag: str, attributes: list[str]) -> None:
            if tag not in KINDS:
                return self._open_element(tag, attributes, start)
            if len(attributes) == 4 and attributes[0] == "key":
                key, value = attributes[1], attributes[3]
            else:
                given = dict(zip(attributes[::2], attributes[1::2], strict=True))
                key, value = given.get("key", ""), given.get("value", "")
            if nest:
                self._open_nested(key, value)
            elif self.target is not None:
                if key in self.target:
                    self.doubled = key
                self.target[key] = value
                if key not in kinds:
                    kinds[key] = tag
            nest.append(key)
            return None

        def end(tag: str) -> None:
            if tag not in KINDS:
                return self._close_element(tag, end)
            nest.pop()
            if nodes:
                node = nodes.pop()
                if not nest and self.target is not None:
                    name = node[0] if tag in ("list", "container") else f"{node[0]}/nested"
                    self.target[name] = json.dumps(_plain(node[2]), ensure_ascii=False)
            return None

        return start, end

    def _open_nested(self, key: str, value: str) -> None:
        """An attribute inside an attribute: keep the whole tree, from the outermost down."""
        if len(self.nest) >= self.options.limits.depth:
            depth = self.options.limits.depth
            raise Unfit("depth", f"{self.content.name}: attributes nest deeper than the depth of {depth}.")
        if not self.nodes:
            self.nodes.append((self.nest[0], "", []))
        node: Node = (key, value, [])
        self.nodes[-1][2].append(node)
        self.nodes.append(node)

    def _open_element(self, tag: str, attributes: list[str], again: Handler) -> None:
        _, colon, plain = tag.rpartition(":")
        if colon:
            return again(plain, attributes)
        if not self.open and tag != "log":
            raise Unfit("format", f"{self.content.name} is XML, but no XES: its root is <{tag}>.")
        if tag == "values":
            return None
        self.open.append(tag)
        if tag == "event":
            self.seen += 1
            self.target = {}
        elif tag == "trace":
            self.traces += 1
            self.in_trace = 0
            self.trace = self.target = {}
        elif tag == "classifier":
            given = dict(zip(attributes[::2], attributes[1::2], strict=True))
            if given.get("scope", "event") == "event":
                self.reading.classifiers[given.get("name", "")] = _keys(given.get("keys", ""))
        return None

    def _close_element(self, tag: str, again: Callable[[str], None]) -> None:
        _, colon, plain = tag.rpartition(":")
        if colon:
            return again(plain)
        if tag == "values":
            return None
        self.open.pop()
        if tag == "event":
            self._keep_event(self.target or {})
            self.target = self.trace if self.open[-1] == "trace" else None
        elif tag == "trace":
            self.cases.append((self.traces, self.trace))
            self.empty += not self.in_trace
            self.target = None
        return None

    def _keep_event(self, event: dict[str, str]) -> None:
        if len(event) > self.options.limits.attributes:
            raise Unfit("attributes", f"{self.content.name}: an event has {len(event):,} attributes.")
        if self.doubled is not None:
            reason = "the attribute occurs twice"
            self.aside.append(Aside(self.seen, reason, self.doubled, dict(event), code="duplicate_key"))
            self.doubled = None
        elif self.open[-1] == "trace":
            self.in_trace += 1
            self.events.append((self.seen, self.traces, event))
        else:
            self.orphans += 1
            if self.orphans == 1:
                self.cases.append((0, {"concept:name": NO_TRACE}))
            self.events.append((self.seen, 0, event))

    def _chunk(self) -> Chunk:
        """What was read since the last chunk."""
        events, cases, aside = self.events, self.cases, self.aside
        self.events, self.cases, self.aside = [], [], []
        return Chunk(
            self._batch(
                [e for *_, e in events], "", {ROW: [n for n, *_ in events], TRACE: [t for _, t, _ in events]}
            ),
            self._batch([c for _, c in cases], "case:", {TRACE: [t for t, _ in cases]}),
            aside,
        )

    def _batch(
        self, records: list[dict[str, str]], prefix: str, numbers: dict[str, list[int]]
    ) -> pa.RecordBatch:
        keys: dict[str, None] = {}
        for record in records:
            keys.update(dict.fromkeys(record))
        columns = {prefix + key: pa.array([r.get(key) for r in records], pa.string()) for key in keys}
        for key in keys:
            self._judge(key, columns[prefix + key])
        return pa.record_batch({**{n: pa.array(v, pa.int64()) for n, v in numbers.items()}, **columns})

    def _judge(self, key: str, column: pa.Array) -> None:
        """Count values that are not of the type their attribute declares; they stay, as text."""
        pattern = TYPED.get(self.kinds.get(key, ""))
        if pattern is not None:
            fits = compute.sum(compute.match_substring_regex(column, pattern)).as_py() or 0
            misfits = len(column) - column.null_count - fits
            if misfits:
                self.misfits[key] = self.misfits.get(key, 0) + misfits

    def _report(self) -> None:
        def odd(code: str, count: int, message: str, where: str = "") -> None:
            finding = Finding(code=code, severity="warning", count=count, message=message, where=where)
            self.reading.findings.append(finding)

        if self.empty:
            odd("empty_traces", self.empty, f"{self.empty:,} traces have no events; they are no cases.")
        if self.orphans:
            odd(
                "orphan_events",
                self.orphans,
                f"{self.orphans:,} events lie outside any trace: case {NO_TRACE!r}.",
            )
        for key, count in self.misfits.items():
            kind = self.kinds[key]
            odd(
                "type_mismatch", count, f"{count:,} values of {key!r} are no {kind}; kept as text.", repr(key)
            )


def _plain(children: list[Node]) -> list[dict[str, Any]]:
    return [
        {key: {"value": value, "children": _plain(inner)} if inner else value}
        for key, value, inner in children
    ]


def _keys(text: str) -> tuple[str, ...]:
    """The keys of a classifier; those with blanks are quoted."""
    return tuple(a or b for a, b in re.findall(r"'([^']*)'|(\S+)", text))


def _is_utf8(content: Content) -> bool:
    from codecs import getincrementaldecoder

    decoder = getincrementaldecoder("utf-8")()
    try:
        with content.file.open("rb") as file:
            while portion := file.read(PORTION):
                decoder.decode(portion)
    except UnicodeDecodeError:
        return False
    return True
