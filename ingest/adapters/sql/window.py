"""Reading on from where the last pull ended: every row once, also those that became visible late.

Rows come in the order of a cursor column. What was read is remembered as the newest value, and a hash
of each row from a little before it, the overlap; the next reading begins there and drops the rows
whose hashes are known. Two rows that are the same in every column are told apart by counting.
"""

import hashlib
import json
import re
from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa

from home.contracts import Contract
from home.errors import UsageError
from ingest.errors import IngestError
from ingest.feeds import seconds

Kind = Literal["number", "time", "text"]
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d)(?:(:\d\d)(\.\d+)?)?)?(\s?Z|\s?[+-]\d\d(?::?\d\d)?)?"
)
USUAL = {"time": "10m", "number": "1000", "text": "10m"}
"""The overlap where none is asked for; text has one where it is written like a time."""
EARLIEST = datetime(1, 1, 1)
MOST = 50_000
"""A position that remembers more rows than this is given only at the end, not with every portion."""


class Position(Contract):
    """Where to go on."""

    format: Literal[1] = 1
    column: str
    kind: Kind
    start: str | None
    """Reading begins with rows at or after this value; `None`: with the first."""
    newest: str
    """The last value that was read."""
    columns: tuple[str, ...]
    """Columns whose values make a row's hash."""
    taken: tuple[str, ...]
    """Hashes of the rows at or after `start` that were read already."""
    rows: int
    """Rows read so far, over all pulls."""

    @classmethod
    def from_json(cls, text: str) -> "Position":
        """The position behind its text; raises `IngestError` where it is none of ours."""
        try:
            return cls.model_validate_json(text)
        except ValueError as error:
            raise IngestError(
                "What is kept of this source's last pull cannot be read by this version.",
                hint="Remove the source and add it again.",
            ) from error


class Window:
    """The rows of one reading, in the order of the cursor column."""

    def __init__(
        self,
        column: str,
        kind: Kind,
        columns: Sequence[str],
        overlap: str | None,
        before: Position | None,
        now: datetime,
    ) -> None:
        self.column, self.kind, self.columns = column, kind, tuple(columns)
        self._overlap = _overlap(column, kind, overlap)
        self._before = before
        self._now = now.astimezone(UTC).replace(tzinfo=None)
        """By the source's clock, when reading began."""
        self._hashed = self.columns if before is None else before.columns
        _require_continuity(before, column, kind, self.columns)
        self._known = Counter(before.taken if before else ())
        """Rows of earlier readings that this one has not met yet."""
        self._recent: deque[tuple[str, list[str]]] = deque()
        """Hashes of the rows that the next reading will meet again, by cursor value."""
        self.rows = before.rows if before else 0
        self._newest: str | None = None
        self._latest: str | None = None
        """The newest value that is not in the future: a wrong clock must not hide what comes after."""

    @property
    def start(self) -> str | None:
        """Reading begins with rows at or after this value; `None`: with the first."""
        return self._before.start if self._before else None

    def take(self, portion: Sequence[pa.Array]) -> list[int] | None:
        """Which rows of the next portion are new; `None`: all of them.

        Rows come in the order of the cursor column, which holds no null.
        """
        cursor = portion[self.columns.index(self.column)].to_pylist()
        self._newest = cursor[-1]
        if past := bisect_left(cursor, True, key=self._in_future):
            self._latest = cursor[past - 1]
        start = self._start()
        low = None if start is None else self._key(start)
        again = 0 if low is None else bisect_left(cursor, low, key=self._key)
        maybe = bisect_right(cursor, self._key(self._before.newest), key=self._key) if self._before else 0
        old = self._old(portion, maybe)
        while low is not None and self._recent and self._key(self._recent[0][0]) < low:
            self._recent.popleft()
        for value, found in zip(cursor[again:], self._hashes(portion, again, len(cursor)), strict=True):
            if not self._recent or self._recent[-1][0] != value:
                self._recent.append((value, []))
            self._recent[-1][1].append(found)
        self.rows += len(cursor) - len(old)
        return [i for i in range(len(cursor)) if i not in old] if old else None

    def _old(self, portion: Sequence[pa.Array], end: int) -> set[int]:
        """Which of the first `end` rows were read before; rows equal only within one cursor value."""
        if not self._known:
            return set()
        return {i for i, found in enumerate(self._hashes(portion, 0, end)) if self._seen(found)}

    def position(self, *, last: bool = False) -> str | None:
        """Where to go on after what was taken; `None` where that would be too much to write each time."""
        if self._newest is None:
            return self._before.model_dump_json() if self._before else None
        taken = [found for _, hashes in self._recent for found in hashes]
        if not last:  # what was not met yet lies ahead; at the end it is gone from the source
            taken += self._known.elements()
            if len(taken) > MOST:
                return None
        return Position(
            column=self.column,
            kind=self.kind,
            start=self._start(),
            newest=self._farthest(self._newest),
            columns=self._hashed,
            taken=tuple(taken),
            rows=self.rows,
        ).model_dump_json()

    def _seen(self, found: str) -> bool:
        if self._known[found] <= 0:
            return False
        self._known[found] -= 1
        return True

    def _hashes(self, portion: Sequence[pa.Array], begin: int, end: int) -> list[str]:
        chosen = [
            portion[self.columns.index(name)].slice(begin, end - begin).to_pylist() for name in self._hashed
        ]
        return [row_hash(row) for row in zip(*chosen, strict=True)]

    def _farthest(self, newest: str) -> str:
        """The newest value of all readings: one that broke off did not come as far as those before it."""
        if self._before is not None and self._key(self._before.newest) > self._key(newest):
            return self._before.newest
        return newest

    def _start(self) -> str | None:
        """Where the next reading begins: an overlap before the latest value; `None`: with the first row.

        Nothing is remembered of what lies before this reading's own start.
        """
        before = self._before.start if self._before else None
        if self._latest is None:
            return before
        start = self._behind(self._latest)
        return before if before is not None and self._key(start) < self._key(before) else start

    def _in_future(self, value: str) -> bool:
        if self.kind == "time":
            return bool(self._key(value) > self._now)
        return self.kind == "text" and MOMENT.fullmatch(value) is not None and _moment(value) > self._now

    def _behind(self, newest: str) -> str:
        if self.kind == "number":
            back = Decimal(str(self._overlap))
            return format(Decimal(newest) - back, "f") if back else newest
        if MOMENT.fullmatch(newest) and not newest.startswith("0000"):
            moment = _moment(newest)
            return _like(newest, moment - min(moment - EARLIEST, timedelta(seconds=float(self._overlap))))
        return newest

    def _key(self, value: str) -> Any:
        """What orders values as the database does."""
        if self.kind == "text":
            return value.encode("utf-8", "surrogatepass")
        if self.kind == "number":
            return Decimal(value) if NUMBER.fullmatch(value) else Decimal("Infinity")
        if MOMENT.fullmatch(value) and not value.startswith("0000"):
            return _moment(value)
        return EARLIEST if value.startswith(("-", "0000")) or value.endswith("BC") else datetime.max


def _overlap(column: str, kind: Kind, asked: str | None) -> float | Decimal:
    """The overlap in seconds, or in the units of a cursor that counts; raises `UsageError` otherwise."""
    text = USUAL[kind] if asked is None else asked.strip()
    if NUMBER.fullmatch(text) and (kind == "number" or Decimal(text) == 0):
        if Decimal(text) >= 0:
            return Decimal(text)
    elif kind != "number":
        try:
            return seconds(text)
        except ValueError:
            pass
    meant = "a number, such as 1000" if kind == "number" else "a length of time, such as 10m"
    raise UsageError(
        f"--overlap {text!r} does not fit {column!r}, a column of {kind}s.", hint=f"Write {meant}, or 0."
    )


def _require_continuity(before: Position | None, column: str, kind: Kind, columns: Sequence[str]) -> None:
    if before is None:
        return
    if (before.column, before.kind) != (column, kind):
        raise IngestError(
            f"The last pull went by {before.column!r}, a {before.kind}; this one by {column!r}, a {kind}.",
            hint="Remove the source and add it again.",
        )
    gone = [name for name in before.columns if name not in columns]
    if gone:
        raise IngestError(
            f"The column {gone[0]!r} is gone: rows already read cannot be told from new ones.",
            hint="Bring it back with a --query, or remove the source and add it again with a new log.",
        )


def row_hash(row: Sequence[str | None]) -> str:
    """64 bits of a row, as text: enough to tell the rows of one overlap apart."""
    told = json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return b64encode(hashlib.blake2b(told, digest_size=8).digest()).decode().rstrip("=")


def _moment(text: str) -> datetime:
    """A moment as its digits say, without its offset."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, _, minutes, rest, fraction, _ = found.groups()
    day = day.replace("-00", "-01")  # MariaDB keeps dates without a day, or without a month
    moment = datetime.fromisoformat(f"{day} {minutes or '00:00'}{rest or ':00'}")
    return moment + timedelta(microseconds=int(f"{fraction[1:]:0<6}"[:6])) if fraction else moment


def _like(text: str, moment: datetime) -> str:
    """A moment written as `text` is, cut to its precision."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    _, mark, minutes, rest, fraction, offset = found.groups()
    written = f"{moment:%Y-%m-%d}".zfill(10)
    if minutes:
        written += f"{mark}{moment:%H:%M}"
    if rest:
        written += f"{moment:%S}".rjust(3, ":")
    if fraction:
        written += "." + f"{moment.microsecond:06d}".ljust(9, "0")[: len(fraction) - 1]
    return written + (offset or "")
