"""How far a REST interface was read: which page is next, and since when the next pull asks."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ingest.adapters.rest.pages import State

Order = tuple[int, Decimal | datetime | str]


@dataclass
class Position:
    """Plain JSON once written; `page` is `None` where a pull begins."""

    page: State = None
    since: str | None = None
    """What is older was loaded by an earlier pull."""
    until: str | None = None
    """Rows later than this belong to the next pull; the time of the service when this one began."""
    high: str | None = None
    """The newest that this pull saw."""
    edge: list[str] = field(default_factory=list)
    """Digests of the records that are exactly as new as `high`, so that none is loaded twice."""
    known: list[str] = field(default_factory=list)
    """Those of the pull before."""
    row: int = 0
    pages: int = 0
    records: int = 0

    @classmethod
    def read(cls, text: str | None) -> "Position":
        """From what `written` gave; `None` is the beginning."""
        return cls(**json.loads(text)) if text else cls()

    def written(self) -> str:
        """As JSON."""
        return json.dumps({k: v for k, v in asdict(self).items() if v not in (None, [], 0)})

    def ended(self) -> "Position":
        """Where the next pull begins, after the last page of this one."""
        if self.until is not None:
            return Position(since=self.until)
        newest = self.high if self.high is not None else self.since
        return Position(since=newest, known=self.edge if self.high is not None else self.known)

    def is_new(self, record: Any, value: Any) -> bool:
        """Whether a record was not loaded by the pull before; remembers the newest."""
        if value is None:
            return True
        text = str(value)
        mark = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
        old = self.since is not None and order(text) < order(self.since)
        again = text == self.since and mark in self.known
        if old or again:
            return False
        if self.high is None or order(text) > order(self.high):
            self.high, self.edge = text, list(self.known) if text == self.since else []
        if order(text) == order(self.high):
            self.edge.append(mark)
        return True

    def in_window(self, value: str | None) -> bool:
        """Whether a row of a history belongs to this pull: later than `since`, not later than `until`."""
        if value is None:
            return self.since is None
        late = self.since is not None and order(value) <= order(self.since)
        early = self.until is not None and order(value) > order(self.until)
        return not (late or early)


def order(text: str) -> Order:
    """What makes numbers follow numbers and moments follow moments, whatever their zone."""
    try:
        return 0, Decimal(text)
    except InvalidOperation:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 2, text
    return 1, moment if moment.tzinfo else moment.replace(tzinfo=UTC)
