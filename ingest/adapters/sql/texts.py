"""Values of databases as text that reads back as the same value."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa


def text(value: Any) -> str | None:
    """One value as text: times in ISO 8601 (`Z` where they have a zone), bytes as `\\x` and hex digits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(" ")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ") + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=text)
    return str(value)


def _duration(value: timedelta) -> str:
    """ISO 8601, as in `P1DT2H`; microseconds as a fraction."""
    sign, rest = ("-", -value) if value < timedelta(0) else ("", value)
    seconds = f"{rest.seconds}.{rest.microseconds:06d}".rstrip("0").rstrip(".")
    return f"{sign}P{rest.days}DT{seconds}S"


def columns(rows: Sequence[Sequence[Any]]) -> list[pa.Array]:
    """Rows as text columns; raises `UnicodeEncodeError` where a text is none."""
    return [column_of(values) for values in zip(*rows, strict=True)]


def column_of(values: Iterable[Any]) -> pa.Array:
    """Values as a text column."""
    return pa.array(map(text, values), pa.string())


class Digest:
    """SHA-256 of text columns, whatever the portions they come in."""

    def __init__(self) -> None:
        import hashlib

        self._new = hashlib.sha256
        self._columns: list[tuple[Any, Any]] = []

    def take(self, portion: Sequence[pa.Array]) -> None:
        """Add the next rows."""
        if not self._columns:
            self._columns = [(self._new(), self._new()) for _ in portion]
        for (lengths, content), column in zip(self._columns, portion, strict=True):
            _, offsets, data = column.buffers()
            ends = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
            sizes = np.diff(ends)
            if column.null_count:
                sizes[column.is_null().to_numpy(zero_copy_only=False)] = -1
            lengths.update(sizes.tobytes())
            if data is not None:
                content.update(memoryview(data)[int(ends[0]) : int(ends[-1])])

    def hexdigest(self) -> str:
        """The digest of everything taken so far."""
        return self._new(
            "".join(part.hexdigest() for pair in self._columns for part in pair).encode()
        ).hexdigest()
