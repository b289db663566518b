"""Reads JSON and JSON Lines: records at a path, nested fields as dotted columns, changelogs as events."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.adapter import Aside, Content, Options, Reading
from ingest.adapters.changelog import has_changelog
from ingest.adapters.flat import flat, follow, lists, parsed
from ingest.adapters.json_stream import LARGEST, Stream, too_large
from ingest.adapters.json_text import in_utf8, not_unicode
from ingest.adapters.records import Record, in_chunks
from ingest.contracts import Finding
from ingest.encoding import Text, decoded, marked
from ingest.errors import Unfit

WHOLE_BYTES = 16 << 20
"""A document that is an object is read whole up to this size, and twice as a stream beyond it."""
PORTION = 1 << 20
SHOWN = 3


class JsonAdapter:
    """JSON documents, JSON Lines, and archives of JSON documents."""

    name = "json"
    reads = "JSON and JSON Lines: records at --records PATH, issues with changelogs"
    suffixes = (".json", ".jsonl", ".ndjson")
    several = True

    def recognises(self, content: Content) -> int:
        """A brace or a bracket comes first."""
        return 80 if all(_is_json(head) for head in content.heads()) else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Find the records and stream them as flat rows."""
        reading = Reading(iter(()), row_word="record")
        reading.chunks = in_chunks(_Records(content, options, reading).rows())
        return reading


def _is_json(head: bytes) -> bool:
    text = head.decode(marked(head) or "utf-8", errors="replace")
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


class _Records:
    def __init__(self, content: Content, options: Options, reading: Reading) -> None:
        self.content, self.options, self.reading = content, options, reading
        self.path = [step for step in (options.records or "").split(".") if step]
        self.done = 0
        """Bytes of the documents before this one."""

    def rows(self) -> Iterator[Record]:
        """Each record flat, numbered from 1; a record with a changelog gives a row per move."""
        number, depth, name = 0, self.options.limits.depth, self.content.name
        for record in self._records():
            if isinstance(record, Aside):
                number += 1
                yield number, Aside(number, record.reason, record.column, record.values, record.code)
                continue
            for row in flat(record, number + 1, depth=depth, where=f"{name}, record {number + 1}"):
                number += 1
                if isinstance(row, dict) and len(row) > self.options.limits.columns:
                    raise self._too_wide(number, len(row))
                yield number, row

    def _too_wide(self, number: int, attributes: int) -> Unfit:
        most = self.options.limits.columns
        return Unfit(
            "attributes",
            f"{self.content.name}, record {number}: it has {attributes:,} attributes; {most:,} at most.",
            where=f"record {number}",
        )

    def _records(self) -> Iterator[Any]:
        for document in self.content.documents():
            text = in_utf8(document, self.options.encoding)
            if _is_lines(document, text):
                yield from self._lines(document, text)
            elif text.torn:
                raise not_unicode(document)
            else:
                yield from self._document(document, text)
            self.done += document.size

    def _progress(self, read: int) -> None:
        self.options.progress(min(1.0, (self.done + read) / max(1, self.content.size)))

    def _lines(self, document: Content, text: Text) -> Iterator[Any]:
        number, rest, read = 0, b"", 0
        for portion in decoded(document, text):
            read += len(portion)
            *lines, rest = (rest + portion).split(b"\n")
            for line in lines:
                number += 1
                if line.strip():
                    yield _line(line, document.name, number)
            if len(rest) > LARGEST:
                raise too_large(document.name, number + 1)
            self._progress(read)
        if rest.strip():
            yield _line(rest, document.name, number + 1)

    def _stream(self, document: Content, text: Text) -> Stream:
        portions = decoded(document, text, PORTION)
        return Stream(portions, document.name, self.options.limits.depth, self._progress)

    def _document(self, document: Content, text: Text) -> Iterator[Any]:
        stream = self._stream(document, text)
        begins = stream.peek()
        if begins == "[" and not self.path:
            yield from stream.elements()
            stream.finish()
        elif begins == "{" and document.size <= WHOLE_BYTES:
            yield from self._object(document, stream)
        else:
            yield from self._large(document, text, stream)

    def _object(self, document: Content, stream: Stream) -> Iterator[Any]:
        """The records of a document that is one object, small enough to look at it whole."""
        whole = stream.value()
        stream.finish()
        if self.path:
            found = list(follow(whole, self.path))
            if not found and not self.content.members:
                raise self._none_found(document, list(lists(whole)), whole)
            yield from found
        elif self.content.members or has_changelog(whole) or _is_record(whole):
            yield whole
        else:
            found_at = lists(whole)
            only = self._only(document, {path: len(found) for path, found in found_at.items()}, whole)
            yield from found_at[only]

    def _large(self, document: Content, text: Text, stream: Stream) -> Iterator[Any]:
        path = self.path
        if not path:
            places = stream.lists()
            only = self._only(document, {".".join(p): size for p, size in places.items()}, None)
            path = next(list(p) for p in places if ".".join(p) == only)
            stream = self._stream(document, text)
        none = True
        for record in stream.along(path):
            none = False
            yield record
        if none and not self.content.members:
            there = self._stream(document, text).lists()
            raise self._none_found(document, [".".join(p) for p in there], None)

    def _only(self, document: Content, sizes: dict[str, int], whole: Any) -> str:
        """The path of the only list of records."""
        if len(sizes) != 1:
            raise self._none_found(document, list(sizes), whole)
        ((path, size),) = sizes.items()
        message = f"The records were found at {path!r}; --records says otherwise."
        self.reading.findings.append(
            Finding(code="records_found", severity="info", count=size, message=message)
        )
        return path

    def _none_found(self, document: Content, found: list[str], whole: Any) -> Unfit:
        if not found:
            at = f" at {self.options.records!r}" if self.path else ""
            holds = f" It holds {_shown(whole)}." if isinstance(whole, dict) and _shown(whole) else ""
            return Unfit(
                "no events",
                f"{document.name} has no events: there is no list of records{at}.{holds}",
                hint="An event log in JSON is a list of objects, or a line for each.",
            )
        paths = ", ".join(map(repr, found))
        asked = f"no records at {self.options.records!r}" if self.path else "which list holds the records?"
        return Unfit(
            "records",
            f"{document.name}: {asked} Lists of records found: {paths}.",
            hint="Say where they are with --records PATH.",
            option="records",
            names=found,
        )


def _line(line: bytes, name: str, number: int) -> Any:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        values = {"line": line.decode(errors="replace")[:1000]}
        reason = f"line {number} is in another encoding than the rest of the file"
        return Aside(0, reason, values=values)
    return parsed(text, name, line=number)


def _is_lines(document: Content, text: Text) -> bool:
    """Whether each line is a value of its own: the first line is one, and another follows."""
    head = next(decoded(document, text, PORTION), b"").lstrip()
    first, newline, rest = head.partition(b"\n")
    if not newline or rest.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _is_record(whole: dict[str, Any]) -> bool:
    """Whether an object is a record itself: it has values, and no list of others, not even an empty one."""
    values = list(whole.values())
    empty = any(isinstance(v, list) and not v for v in values)
    return any(isinstance(v, str) for v in values) and not empty and not lists(whole)


def _shown(value: Any, path: str = "") -> str:
    """The first few values of an object, such as the message of a server that refused."""
    found: list[str] = []

    def look(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, f"{path}.{key}" if path else key)
        elif not isinstance(value, list) and len(found) < SHOWN:
            found.append(f"{path} = {str(value)[:60]!r}")

    look(value, path)
    return ", ".join(found)
