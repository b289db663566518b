"""What the offsets of a column of times say: all there, absent or mixed; and hours that no clock showed."""

import re
from collections.abc import Iterator

from home.duck import Cursor
from ingest.contracts import Finding

ZONED = r"([zZ]|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"
"""The end of a time that carries an offset; look at it behind the date, whose dashes look the same."""
SUMMER = ("03-24", "11-08")
"""Between these days somewhere in the north it is summer time."""
SURELY_SUMMER = ("04-08", "09-23")
"""Between these days it is summer time wherever the north has one."""


def count(cursor: Cursor, table: str, x: str) -> tuple[int, int]:
    """How many values there are, and how many of them carry an offset."""
    found = cursor.execute(
        f"select count(*), count(*) filter (regexp_matches(substring(x, 9), '{ZONED}'))"
        f" from (select {x} as x from {table}) where x <> ''"
    ).fetchone()
    return found or (0, 0)


def mixed(
    cursor: Cursor, table: str, x: str, label: str, *, total: int, with_offset: int
) -> Iterator[Finding]:
    """A finding when offsets are mixed by more than a summer time explains, or some values have none."""
    if with_offset < total:
        without = total - with_offset
        message = (
            f"{without:,} times in column {label!r} have no offset, the others do: read in the log's zone."
        )
        yield _warning("mixed_offsets", without, message, label)
        return
    found = cursor.execute(
        f"select regexp_extract(substring(x, 9), '{ZONED}', 1) as o, count(*),"
        f" count(*) filter (substring(x, 6, 5) between '{SUMMER[0]}' and '{SUMMER[1]}'),"
        f" count(*) filter (substring(x, 6, 5) between '{SURELY_SUMMER[0]}' and '{SURELY_SUMMER[1]}')"
        f" from (select {x} as x from {table}) where x <> '' group by o"
    ).fetchall()
    offsets: dict[int, tuple[int, int, int]] = {}
    for text, *counts in found:
        minutes = _minutes(text)
        before = offsets.get(minutes, (0, 0, 0))
        offsets[minutes] = tuple(a + b for a, b in zip(before, counts, strict=True))
    if len(offsets) > 1 and not _one_clock(offsets):
        shown = ", ".join(f"{m // 60:+03d}:{abs(m) % 60:02d}" for m in sorted(offsets))
        rarest = min(n for n, *_ in offsets.values())
        yield _warning("mixed_offsets", rarest, f"Times in column {label!r} have the offsets {shown}.", label)


def gaps(cursor: Cursor, table: str, local: str, label: str, zone: str) -> Iterator[Finding]:
    """A finding when times without offset fall into hours that the zone's clocks skipped."""
    (skipped,) = cursor.execute(
        f"select count(*) from (select {local} as t from {table})"
        f" where t is not null and timezone('{zone}', timezone('{zone}', t)) <> t"
    ).fetchone() or (0,)
    if skipped:
        message = f"{skipped:,} times in column {label!r} lie in an hour that clocks in {zone} skipped."
        yield _warning("clock_gap", skipped, message, label)


def _one_clock(offsets: dict[int, tuple[int, int, int]]) -> bool:
    """Whether two offsets an hour apart are the winter and summer time of one place."""
    if len(offsets) != 2 or max(offsets) - min(offsets) != 60:
        return False
    (low, low_summer, low_surely), (high, high_summer, high_surely) = (
        offsets[min(offsets)],
        offsets[max(offsets)],
    )
    north = high_summer == high and low_surely == 0
    south = low_summer == low and high_surely == 0
    return north or south


def _minutes(offset: str) -> int:
    found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", offset)
    if found is None:
        return 0
    sign, hours, minutes = found.groups()
    return (-1 if sign == "-" else 1) * (int(hours) * 60 + int(minutes or 0))


def _warning(code: str, count: int, message: str, label: str) -> Finding:
    return Finding(code=code, severity="warning", count=count, message=message, where=f"column {label!r}")
