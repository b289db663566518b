"""How one page leads to the next: by number, offset, cursor, an address in the body, or the Link header."""

import re
from typing import Any, Protocol

import httpx

from ingest.adapters.flat import at
from ingest.adapters.rest.client import Client, Page
from ingest.adapters.rest.declaration import Declaration, Paginator, Since, written
from ingest.errors import Unfit

State = dict[str, Any] | None
"""Where a page is, as plain JSON: `{"n": 3}`, `{"cursor": "…"}`, `{"url": "…"}`; `None` is the first."""
LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*]+\s*=\s*(?:"[^"]*"|[^",;\s]*))*)')


class Following(Protocol):
    """One way in which pages follow each other."""

    def params(self, state: State) -> dict[str, str]:
        """What the question for a page says of it."""
        ...

    def after(self, state: State, page: Page, records: int) -> State:
        """Where the next page is; `None` where there is none."""
        ...


class Pages:
    """The questions of one reading, and what follows which."""

    def __init__(self, client: Client, since: str | None) -> None:
        self._client = client
        self._declaration: Declaration = client.declaration
        self._since = since
        self.paginator = client.declaration.paginator
        self._following: Following = KINDS[self.paginator.kind](self.paginator)

    def question(self, state: State) -> httpx.Request:
        """The request for a page."""
        if state is not None and "url" in state:
            return self._client.follow(str(state["url"]))
        params = self._following.params(state)
        if self.paginator.size is not None:
            params[self.paginator.size_parameter or _size(self.paginator.kind)] = str(self.paginator.size)
        new = self._new()
        if not self._in_body():
            return self._client.first({**params, **new}, self._declaration.body)
        numbers = {k: int(v) if v.isdecimal() and k not in new else v for k, v in {**params, **new}.items()}
        return self._client.first({}, {**(self._declaration.body or {}), **numbers})

    def after(self, state: State, page: Page, records: int) -> State:
        """Where the next page is; `None` where this was the last."""
        if page.content is None:
            return None
        more = at(page.content, self.paginator.more)
        if self.paginator.more is not None and str(more).lower() in ("false", "none", "0", ""):
            return None
        found = self._following.after(state, page, records)
        if found is not None and "url" in found:
            self._client.follow(found["url"])  # refuses what leads elsewhere
            return {"url": self._client.without_secrets(found["url"])}
        return found

    def _in_body(self) -> bool:
        place = self.paginator.place or ("body" if self._declaration.method == "POST" else "query")
        return place == "body"

    def _new(self) -> dict[str, str]:
        cursor = self._declaration.cursor
        moment = self._since if self._since is not None else cursor.initial if cursor else None
        if cursor is None or moment is None:
            return {}
        return {cursor.parameter: cursor.template.replace("{since}", _moment(cursor, moment))}


class _Single:
    def __init__(self, paginator: Paginator) -> None:
        self.paginator = paginator

    def params(self, state: State) -> dict[str, str]:  # noqa: ARG002
        return {}

    def after(self, state: State, page: Page, records: int) -> State:  # noqa: ARG002
        return None


class _Numbered(_Single):
    """By the number of the page or of the first record."""

    def params(self, state: State) -> dict[str, str]:
        number = state["n"] if state else self._start()
        return {self.paginator.parameter or self.paginator.kind: written(number)}

    def after(self, state: State, page: Page, records: int) -> State:
        number = int(state["n"]) if state else self._start()
        by_offset = self.paginator.kind == "offset"
        following = number + (records if by_offset else 1)
        total = count(page, self.paginator.total)
        if records == 0 or (by_offset and total is not None and following - self._start() >= total):
            return None
        return {"n": following}

    def _start(self) -> int:
        first = 1 if self.paginator.kind == "page" else 0
        return first if self.paginator.start is None else self.paginator.start


class _Cursor(_Single):
    def params(self, state: State) -> dict[str, str]:
        return {self.paginator.parameter or "cursor": str(state["cursor"])} if state else {}

    def after(self, state: State, page: Page, records: int) -> State:  # noqa: ARG002
        found = at(page.content, self.paginator.path)
        if isinstance(found, dict | list):
            raise Unfit("cursor", f"The page's {self.paginator.path!r} is no cursor but a structure.")
        return None if found in (None, "", False) else {"cursor": str(found)}


class _Next(_Single):
    def after(self, state: State, page: Page, records: int) -> State:  # noqa: ARG002
        found = at(page.content, self.paginator.path)
        if found in (None, "", False):
            return None
        if not isinstance(found, str):
            raise Unfit("next", f"The page's {self.paginator.path!r} is no address.")
        return {"url": found}


class _Link(_Single):
    def after(self, state: State, page: Page, records: int) -> State:  # noqa: ARG002
        for address, parameters in LINK.findall(page.headers.get("link", "")):
            if re.search(r'rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(;|$)', parameters, re.I):
                return {"url": address}
        return None


KINDS: dict[str, type[_Single]] = {
    "single": _Single,
    "page": _Numbered,
    "offset": _Numbered,
    "cursor": _Cursor,
    "next": _Next,
    "link": _Link,
}


def count(page: Page, path: str | None) -> int | None:
    """How many records the service says there are, in the body or in a header of that name."""
    found = at(page.content, path) if path else None
    text = str(found) if found is not None else page.headers.get(path, "") if path else ""
    return int(text) if text.isdecimal() else None


def _size(kind: str) -> str:
    return "limit" if kind in ("offset", "cursor") else "per_page"


def _moment(cursor: Since, value: str) -> str:
    """The moment from which to ask, as the service wants it written."""
    if cursor.format is None:
        return value
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    moment = datetime.fromisoformat(value)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(ZoneInfo(cursor.tz)).strftime(cursor.format)
