"""Reads a REST interface declared in `baton.toml`, page by page, and goes on where it stopped."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ingest.adapter import Aside, Chunk, Content, Options, Reading
from ingest.adapters.flat import at, flat, follow, lists
from ingest.adapters.records import Record, in_chunks
from ingest.adapters.rest.client import Client, Pace, Page
from ingest.adapters.rest.declaration import Sealed
from ingest.adapters.rest.pages import Pages, State, count
from ingest.adapters.rest.position import Position
from ingest.contracts import Finding
from ingest.errors import Unfit

ERRORS = ("error", "errors", "errorMessages", "error_description", "fault", "message", "detail")
"""Where services say what went wrong, in a page that answers 200 and has no records."""


MORE = re.compile(r"next|total|cursor|more|offset|^page(s|_|num|$)|startAt", re.IGNORECASE)
EMPTY: tuple[object, ...] = (None, "", [], {}, False, "0")


class RestApiAdapter:
    """JSON over HTTP: `rest:NAME` as declared in `baton.toml`, or an address with one page of records."""

    name = "rest_api"
    reads = "REST interfaces: rest:NAME declared in baton.toml, or https://… with --records PATH"
    suffixes = ()
    several = False
    several = False

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()

    def recognises(self, content: Content) -> int:
        """The address is a declaration's."""
        return 100 if content.address is not None and Sealed.of(content.address) is not None else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Start reading; the first request is made when the first chunk is asked for."""
        sealed = Sealed.of(content.address or "")
        if sealed is None:
            raise Unfit(
                "format",
                f"{content.name} is no REST interface.",
                hint="Declare it in baton.toml as [rest.NAME] and read rest:NAME.",
            )
        if options.records is not None:
            declaration = sealed.declaration.model_copy(update={"records": options.records})
            sealed = sealed.model_copy(update={"declaration": declaration})
        return _Reading(sealed, options, self.pace).reading


class _Reading:
    """One pull on its way."""

    def __init__(self, sealed: Sealed, options: Options, pace: Pace) -> None:
        self.sealed, self.declaration, self.options = sealed, sealed.declaration, options
        self.client = Client(sealed, pace)
        shown = self.declaration.shown
        self.place = shown if shown == sealed.name else f"{sealed.name}: {shown}"
        self.position = Position.read(options.position)
        self.pages = Pages(self.client, self.position.since)
        self.digest = hashlib.sha256()
        self.seen: set[str] = set()
        self.total: int | None = None
        self.reading = Reading(self._chunks(), row_word="record", digest=self.digest.hexdigest)

    def _chunks(self) -> Iterator[Chunk]:
        """The rows of each page; the last chunk of a page says where the next page is."""
        state, last = self.position.page, b""
        try:
            while True:
                self._guard(state)
                where = f"{self.place}, page {self.position.pages + 1:,}"
                page = self.client.ask(self.pages.question(state), where)
                records = self._records(page, where)
                mark = hashlib.sha256(page.body).digest()
                if records and mark == last:
                    raise Unfit(
                        "loop",
                        f"{where}: the same content as the page before; the paginator has no effect.",
                        hint="Check the names of the paginator's parameters.",
                    )
                last = mark
                following = self.pages.after(state, page, len(records))
                yield from self._portion(page, records, following, where)
                if following is None:
                    self._suspect_more(page, len(records))
                    break
                state = following
            self._compare_total()
        finally:
            self.client.close()

    def _guard(self, state: State) -> None:
        """Refuse to ask the same question twice, or without end."""
        question = json.dumps(state, sort_keys=True)
        if question in self.seen:
            raise Unfit(
                "loop",
                f"{self.sealed.name}: after {self.position.pages:,} pages the service leads back to one.",
            )
        self.seen.add(question)
        if self.position.pages >= self.declaration.paginator.most:
            raise Unfit(
                "limit",
                f"{self.sealed.name}: more than {self.declaration.paginator.most:,} pages; no end in sight.",
                hint="Ask for more records at a time, or raise the paginator's `most`.",
            )
        self.options.progress(None if not self.total else min(1.0, self.position.records / self.total))

    def _records(self, page: Page, where: str) -> list[Any]:
        if page.content is None:
            return []
        failure = at(page.content, self.declaration.error)
        if failure not in (None, "", [], {}, "false", "0", False):
            raise Unfit("error", f"{where}: the service reports an error: {self._said(failure)}.")
        self.total = count(page, self.declaration.paginator.total) or self.total
        path = self.declaration.records
        if path in (".", "") or (path is None and isinstance(page.content, list)):
            return page.content if isinstance(page.content, list) else [page.content]
        if path is None:
            return self._only_list(page.content, where)
        if (found := at(page.content, path)) is not None:
            return found if isinstance(found, list) else [found]
        steps = path.split(".")
        if not (records := list(follow(page.content, steps))) and not _empty(page.content, steps):
            raise self._no_records(page.content, where)
        return records

    def _only_list(self, document: Any, where: str) -> list[Any]:
        found = lists(document)
        if len(found) == 1:
            return next(iter(found.values()))
        empty = [value for value in document.values() if value == []] if isinstance(document, dict) else []
        if not found and len(empty) == 1 and self._error(document) is None:
            return []
        raise self._no_records(document, where)

    def _no_records(self, document: Any, where: str) -> Unfit:
        if (said := self._error(document)) is not None:
            return Unfit("error", f"{where}: answered 200 with an error and no records: {said}.")
        paths = ", ".join(map(repr, lists(document))) or "none"
        asked = f"no records at {self.declaration.records!r}" if self.declaration.records else "no records"
        return Unfit(
            "records",
            f"{where}: {asked}. Lists of records found: {paths}.",
            hint="Say where they are: records in the declaration, or --records PATH.",
        )

    def _error(self, document: Any) -> str | None:
        values = [document.get(name) for name in ERRORS] if isinstance(document, dict) else []
        return next((self._said(value) for value in values if value), None)

    def _said(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return self.client.hidden(" ".join(text.split())[:200]).rstrip(".")

    def _portion(self, page: Page, records: list[Any], following: State, where: str) -> Iterator[Chunk]:
        """The rows of one page, and after them where to go on."""
        position = self.position
        if position.until is None and self.declaration.cursor and self.declaration.cursor.rows:
            position.until = self._until(page)
        chunks = list(in_chunks(self._rows(records, where)))
        position.page, position.pages = following, position.pages + 1
        position.records += len(records)
        kept = (position if following is not None else position.ended()).written()
        whole = following is None and self.declaration.cursor is None
        yield from chunks[:-1]
        yield replace(chunks[-1], position="" if whole else kept)

    def _rows(self, records: list[Any], where: str) -> Iterator[Record]:
        cursor = self.declaration.cursor
        for record in records:
            field = cursor.field if cursor is not None else None
            if field is not None and not self.position.is_new(record, at(record, field)):
                continue
            self.digest.update(json.dumps(record, sort_keys=True).encode())
            depth = self.options.limits.depth
            for row in flat(record, self.position.row + 1, depth=depth, where=where):
                if isinstance(row, Aside) or cursor is None or cursor.rows is None:
                    wanted = True
                else:
                    wanted = self.position.in_window(row.get(cursor.rows))
                if wanted:
                    self.position.row += 1
                    yield self.position.row, row

    def _until(self, page: Page) -> str:
        """Up to when rows are taken: now by the service's own clock, or by ours, less the lag."""
        try:
            moment = parsedate_to_datetime(page.headers.get("date", ""))
        except (TypeError, ValueError):
            moment = self.client.pace.today()
        lag_s = self.declaration.cursor.lag_s if self.declaration.cursor else 0.0
        return (moment.astimezone(UTC) - timedelta(seconds=lag_s)).isoformat()

    def _suspect_more(self, page: Page, records: int) -> None:
        """Warn where a page is read alone that speaks of others."""
        if self.declaration.paginator.kind not in ("single", "link") or not isinstance(page.content, dict):
            return
        told = [name for name in page.content if MORE.search(name) and page.content[name] not in EMPTY]
        if records and told and self.position.pages == 1 and not page.headers.get("link"):
            message = f"One page was read, and its {told[0]!r} tells of others: declare how they follow."
            self.reading.findings.append(
                Finding(code="one_page", severity="warning", count=1, message=message, where=told[0])
            )

    def _compare_total(self) -> None:
        if self.total is None or self.position.records == self.total:
            return
        message = f"The service counts {self.total:,} records, {self.position.records:,} came."
        self.reading.findings.append(
            Finding(
                code="records_missing",
                severity="warning",
                count=abs(self.total - self.position.records),
                message=message,
            )
        )


def _empty(document: Any, steps: list[str]) -> bool:
    """Whether the path leads to an empty list, or to nothing because a list on the way is empty."""
    if isinstance(document, list):
        return not document or any(_empty(inner, steps) for inner in document)
    if not isinstance(document, dict) or not steps or steps[0] not in document:
        return False
    inner = document[steps[0]]
    return inner in ([], None) or _empty(inner, steps[1:])
