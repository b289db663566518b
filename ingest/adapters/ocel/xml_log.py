"""Reads OCEL 2.0 as XML, as a stream: once for the objects, and once each time for the events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ingest.adapter import Aside, Content, Options
from ingest.adapters.ocel.model import Event, Judged, Value
from ingest.adapters.strict_xml import attributes_of, plain, walk
from ingest.errors import Unfit

PORTION = 1 << 20
DEPTH = 16
"""Elements of an OCEL lie at most seven deep."""


@dataclass(slots=True)
class _Entry:
    """An object or event while it is open."""

    given: dict[str, str]
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, time, value."""
    related: list[tuple[str, str]] = field(default_factory=list)


class XmlLog:
    """An OCEL 2.0 log in XML. What is known of objects is kept in memory, events are not."""

    def __init__(self, content: Content, options: Options) -> None:
        self.name, self.content, self.options = content.name, content, options
        self.judged = Judged()
        self.types: dict[str, str] = {}
        self.aside: list[Aside] = []
        self.objects: dict[str, _Entry] = {}
        self.counted = 0
        for _ in self._walk("object", self._keep):
            pass

    def _keep(self, entry: _Entry) -> None:
        self.counted += 1
        key, kind = entry.given.get("id", ""), entry.given.get("type", "")
        if not key or not kind:
            reason = "an object without an id or a type"
            self.aside.append(Aside(self.counted, reason, values=entry.given))
        elif key in self.types:
            reason = f"the object {key!r} occurs twice"
            self.aside.append(Aside(self.counted, reason, values=entry.given, code="duplicate_key"))
        else:
            self.types[key], self.objects[key] = kind, entry
            self.judged.expect("object", kind)

    def events(self) -> Iterator[Event]:
        """Each `<event>`."""
        done: list[_Entry] = []
        number = 0
        for read in self._walk("event", done.append):
            for entry in done:
                number += 1
                yield self._event(number, entry)
            done.clear()
            self.options.progress(min(1.0, read / max(1, self.content.size)))

    def _event(self, number: int, entry: _Entry) -> Event:
        kind = entry.given.get("type", "")
        event = Event(number, entry.given.get("id", ""), kind, entry.given.get("time"), related=entry.related)
        for name, _, value in entry.attributes:
            if name in event.attributes:
                event.fault = f"the attribute {name!r} occurs twice"
            event.attributes[name] = value
            self.judged.judge("event", kind, name, value)
        return event

    def values(self, kind: str) -> Iterator[tuple[str, Value]]:
        """Each `<attribute>` of the objects of one type."""
        for key, entry in self.objects.items():
            if self.types[key] == kind:
                for name, since, value in entry.attributes:
                    self.judged.judge("object", kind, name, value)
                    yield key, Value(name, value, since)

    def links(self, kind: str) -> Iterator[tuple[str, str]]:
        """Each `<relationship>` of the objects of one type."""
        for key, entry in self.objects.items():
            if self.types[key] == kind:
                yield from ((key, other) for other, _ in entry.related)

    def _walk(self, wanted: str, keep: Callable[[_Entry], None]) -> Iterator[int]:
        """Go through the file; `keep` is given every whole `<event>` or `<object>`."""
        pass_ = _Pass(self, wanted, keep)

        def portions() -> Iterator[bytes]:
            with self.content.file.open("rb") as file:
                while portion := file.read(PORTION):
                    yield portion

        yield from walk(portions(), self.name, pass_.start, pass_.end, pass_.text)


class _Pass:
    """One pass over the file: what expat calls."""

    def __init__(self, log: XmlLog, wanted: str, keep: Callable[[_Entry], None]) -> None:
        self.log, self.wanted, self.keep = log, wanted, keep
        self.path: list[str] = []
        self.entry: _Entry | None = None
        self.declaring = ("", "")
        self.attribute: tuple[str, str] | None = None
        self.pieces: list[str] = []

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        tag, given = plain(tag), attributes_of(given)
        if len(self.path) >= DEPTH:
            raise Unfit("depth", f"{self.log.name}: elements nest deeper than the depth of {DEPTH}.")
        if not self.path and tag != "log":
            raise Unfit("format", f"{self.log.name} is XML, but no OCEL: its root is <{tag}>.")
        self.path.append(tag)
        if tag == self.wanted and len(self.path) == 3:
            self.entry = _Entry(given)
        elif self.entry is not None and tag == "attribute":
            self.attribute = (given.get("name", ""), given.get("time", ""))
            self.pieces.clear()
        elif self.entry is not None and "object-id" in given:
            self.entry.related.append((given["object-id"], given.get("qualifier", "")))
        elif tag in ("event-type", "object-type"):
            self.declaring = (tag.removesuffix("-type"), given.get("name", ""))
            self.log.judged.declared.setdefault(self.declaring, {})
        elif tag == "attribute" and self.entry is None and self.path[-3:-2] == [f"{self.declaring[0]}-type"]:
            self.log.judged.declared[self.declaring][given.get("name", "")] = given.get("type", "")

    def text(self, piece: str) -> None:
        """Text inside an element."""
        if self.attribute is not None:
            self.pieces.append(piece)

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = plain(tag)
        self.path.pop()
        if self.entry is None:
            return
        if tag == "attribute" and self.attribute is not None:
            self.entry.attributes.append((*self.attribute, "".join(self.pieces)))
            self.attribute = None
        elif tag == self.wanted and len(self.path) == 2:
            self.keep(self.entry)
            self.entry = None
