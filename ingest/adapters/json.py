"""Reads JSON and JSON Lines: records at a path, nested fields as dotted columns, changelogs as events."""

import json
from collections.abc import Iterator
from typing import Any

from ingest.adapter import Aside, Content, Options, Reading
from ingest.adapters.changelog import has_changelog, moves
from ingest.adapters.records import Record, in_chunks
from ingest.contracts import Finding
from ingest.encoding import decoded, examine
from ingest.errors import Unfit

WHOLE_BYTES = 1 << 30
"""A document that is not in lines is read whole, up to this size."""


class JsonAdapter:
    """JSON documents, JSON Lines, and archives of JSON documents."""

    name = "json"
    reads = "JSON and JSON Lines: records at --records PATH, issues with changelogs"
    suffixes = (".json", ".jsonl", ".ndjson")

    def recognises(self, content: Content) -> int:
        """A brace or a bracket comes first."""
        head = content.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        return 80 if head[:1] in (b"{", b"[") or content.members else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Find the records and stream them as flat rows."""
        reading = Reading(iter(()), row_word="record")
        reading.chunks = in_chunks(_Records(content, options, reading).rows())
        return reading


class _Doubled(dict[str, Any]):
    """An object that had one key twice."""

    key = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = _Doubled(found)
    names = [name for name, _ in pairs]
    doubled.key = next(name for name in names if names.count(name) > 1)
    return doubled


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class _Records:
    def __init__(self, content: Content, options: Options, reading: Reading) -> None:
        self.content, self.options, self.reading = content, options, reading
        self.path = [step for step in (options.records or "").split(".") if step]

    def rows(self) -> Iterator[Record]:
        """Each record flat, numbered from 1; a record with a changelog gives a row per move."""
        number = 0
        for record in self._records():
            for row in self._flat(record):
                number += 1
                yield (number, Aside(number, **row) if "reason" in row else row["columns"])

    def _flat(self, record: Any) -> Iterator[dict[str, Any]]:
        try:
            if isinstance(record, dict) and has_changelog(record):
                for row in moves(record):
                    yield {"columns": self._columns(row)}
            elif isinstance(record, dict):
                yield {"columns": self._columns(record)}
            else:
                yield {"reason": "no object", "values": {"value": record}}
        except _Duplicate as error:
            yield {
                "reason": "a key occurs twice",
                "column": error.key,
                "values": record,
                "code": "duplicate_key",
            }

    def _columns(self, record: dict[str, Any]) -> dict[str, str | None]:
        columns: dict[str, str | None] = {}
        self._flatten(record, "", columns, 0)
        return columns

    def _flatten(self, value: Any, name: str, columns: dict[str, str | None], depth: int) -> None:
        if depth > self.options.limits.depth:
            raise Unfit(
                "depth", f"{self.content.name}: objects nest deeper than {self.options.limits.depth} (depth)."
            )
        if isinstance(value, dict):
            if isinstance(value, _Doubled):
                raise _Duplicate(value.key)
            for key, inner in value.items():
                self._flatten(inner, f"{name}.{key}" if name else key, columns, depth + 1)
        elif isinstance(value, list):
            columns[name] = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, bool):
            columns[name] = "true" if value else "false"
        else:
            columns[name] = value  # text, number as it was written, or null

    def _records(self) -> Iterator[Any]:
        if self.content.members:
            for number, member in enumerate(self.content.members):
                inside = Content(member, self.content.file / f"{number:07d}")
                inside = Content(member, inside.path, inside.file.stat().st_size)
                yield from self._at_path(_document(inside, self.options), alone=False)
                self.options.progress((number + 1) / len(self.content.members))
        elif _is_lines(self.content, self.options):
            yield from self._lines()
        else:
            yield from self._at_path(_document(self.content, self.options), alone=True)

    def _lines(self) -> Iterator[Any]:
        text = examine(self.content, self.options.encoding)
        self.reading.findings += text.findings
        number, rest, read = 0, b"", 0
        for portion in decoded(self.content, text):
            read += len(portion)
            *lines, rest = (rest + portion).split(b"\n")
            for line in lines:
                number += 1
                if line.strip():
                    yield _parsed(line.decode(), self.content.name, number)
            self.options.progress(min(1.0, read / max(1, self.content.size)))
        if rest.strip():
            yield _parsed(rest.decode(), self.content.name, number + 1)

    def _at_path(self, document: Any, *, alone: bool) -> Iterator[Any]:
        if self.path:
            found = list(_follow(document, self.path))
            if not found and alone:
                raise self._no_records(document)
            yield from found
        elif isinstance(document, list):
            yield from document
        elif not alone or has_changelog(document):
            yield document
        else:
            yield from self._only_list(document)

    def _only_list(self, document: Any) -> list[Any]:
        lists = _lists(document)
        if len(lists) != 1:
            raise self._no_records(document)
        ((path, records),) = lists.items()
        message = f"The records were found at {path!r}; --records says otherwise."
        self.reading.findings.append(
            Finding(code="records_found", severity="info", count=len(records), message=message)
        )
        return records

    def _no_records(self, document: Any) -> Unfit:
        paths = ", ".join(map(repr, _lists(document))) or "none"
        asked = (
            f"no records at {self.options.records!r}"
            if self.path
            else "it is not clear where the records are"
        )
        return Unfit(
            "records",
            f"{self.content.name}: {asked}. Lists of records found: {paths}.",
            hint="Say where they are with --records PATH.",
        )


class _Duplicate(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _document(content: Content, options: Options) -> Any:
    if content.size > WHOLE_BYTES:
        raise Unfit("limit", f"{content.name}: a JSON document over 1 GB.", hint="Write it as JSON Lines.")
    text = examine(content, options.encoding)
    return _parsed(b"".join(decoded(content, text)).decode(), content.name, 1)


def _parsed(text: str, name: str, line: int) -> Any:
    try:
        return json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        where = f"line {line + error.lineno - 1}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise Unfit(
                "truncated", f"{name} is truncated: it ends at {where} inside a value.", where=where
            ) from error
        raise Unfit("line", f"{name}, {where}: not well-formed JSON ({error.msg}).", where=where) from error
    except ValueError as error:
        raise Unfit("line", f"{name}, line {line}: not well-formed JSON ({error}).") from error
    except RecursionError as error:
        raise Unfit("depth", f"{name}: values nest too deep (depth).") from error


def _is_lines(content: Content, options: Options) -> bool:
    """Whether each line is a value of its own: the first line is one, and another follows."""
    text = examine(content, options.encoding)
    head = next(decoded(content, text), b"")
    first, newline, rest = head.lstrip().partition(b"\n")
    if not newline or rest.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _follow(value: Any, path: list[str]) -> Iterator[Any]:
    """Everything at a path; lists on the way are gone through, `*` takes every value of an object."""
    if isinstance(value, list):
        for inner in value:
            yield from _follow(inner, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        step, *rest = path
        inner = list(value.values()) if step == "*" else [value[step]] if step in value else []
        for found in inner:
            yield from _follow(found, rest)


def _lists(value: Any, path: str = "", depth: int = 0) -> dict[str, list[Any]]:
    """Path to each list of objects, not looking into the lists themselves."""
    found: dict[str, list[Any]] = {}
    if isinstance(value, dict) and depth < 8:
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            if isinstance(inner, list) and inner and all(isinstance(v, dict) for v in inner):
                found[here] = inner
            found |= _lists(inner, here, depth + 1)
    return found
