"""What the offsets of a column of times say: all there, absent or mixed; and hours that no clock showed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from home.duck import Cursor
from ingest.contracts import Finding

OFFSET = r"[zZ]|UTC|GMT|[+-]\d{2}(:?\d{2})?"
"""How an offset is written at the end of a time."""
NOON = ("am", "pm", "a.m.", "p.m.")
"""What may end a time without being an offset."""
OTHER = "?"
"""Stands for every other end: the name of a zone, or no time at all."""
SUMMER = ("03-24", "11-08")
"""Between these days somewhere in the north it is summer time."""
SURELY_SUMMER = ("04-08", "09-23")
"""Between these days it is summer time wherever the north has one."""


PLAIN = "({x} like '____-__-_____:__:__' or strlen({x}) = 10 and {x} like '____-__-__')"
"""SQL: what most times look like; read by a plain cast, and too short for an offset."""


def ending(x: str) -> str:
    """SQL: what follows the digits of a time; looked for behind the date, whose dashes look the same."""
    return f"regexp_extract(substring({x}, 9), '(?s)[^0-9:., T].*$')"


def has_offset(x: str) -> str:
    """SQL: whether a time carries an offset, or the name of a zone."""
    return f"lower({ending(x)}) not in ('', {', '.join(map(repr, NOON))})"


@dataclass(frozen=True)
class Endings:
    """How the values of a column end."""

    counts: dict[str, tuple[int, int, int, int]]
    """Offset (empty: none; `pm`; `?`) to values, those that a plain cast reads, those between the days of
    `SUMMER`, and of `SURELY_SUMMER`."""
    plain: int = 0
    """Values that look like `PLAIN`, where all do."""

    @property
    def total(self) -> int:
        """Values there are."""
        return sum(n for n, *_ in self.counts.values())

    @property
    def readable(self) -> int:
        """Values that a plain cast reads as they stand."""
        return sum(n for _, n, *_ in self.counts.values())

    @property
    def with_offset(self) -> int:
        """Values that carry an offset or the name of a zone."""
        return sum(n for end, (n, *_) in self.counts.items() if end not in ("", *NOON))


def look(cursor: Cursor, table: str, x: str) -> Endings:
    """How the values of a column end."""
    total, plain = cursor.execute(
        f"select count(*), count(*) filter ({PLAIN.format(x='x')} and try_cast(x as timestamp) is not null)"
        f" from (select {x} as x from {table}) where x <> ''"
    ).fetchone() or (0, 0)
    if total == plain:
        return Endings({"": (total, total, 0, 0)}, plain=total)
    noon = ", ".join(map(repr, NOON))
    between = "substring(x, 6, 5) between '{}' and '{}'"
    found = cursor.execute(
        f"select o, count(*), count(*) filter (ok), count(*) filter (o <> '' and {between.format(*SUMMER)}),"
        f" count(*) filter (o <> '' and {between.format(*SURELY_SUMMER)}) from (select x,"
        f" case when e = '' then '' when regexp_full_match(e, '{OFFSET}') then e"
        f" when lower(e) in ({noon}) then lower(e) else '{OTHER}' end as o,"
        " case when not x like '____-__-__%' then false when e = '' then try_cast(x as timestamp) is not null"
        " else try_cast(x as timestamptz) is not null end as ok"
        f" from (select x, {ending('x')} as e from (select {x} as x from {table}) where x <> '')) group by o"
    ).fetchall()
    return Endings({end: tuple(counts) for end, *counts in found})


def mixed(endings: Endings, label: str) -> Iterator[Finding]:
    """A finding when offsets are mixed by more than a summer time explains, or some values have none."""
    without = endings.total - endings.with_offset
    if without:
        message = (
            f"{without:,} times in column {label!r} have no offset, the others do: read in the log's zone."
        )
        yield _warning("mixed_offsets", without, message, label)
        return
    offsets: dict[int, tuple[int, int, int]] = {}
    for text, (n, _, summer, surely) in endings.counts.items():
        if text != OTHER:
            before = offsets.get(minutes := _minutes(text), (0, 0, 0))
            offsets[minutes] = (before[0] + n, before[1] + summer, before[2] + surely)
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


def twice(cursor: Cursor, table: str, local: str, label: str, zone: str) -> Iterator[Finding]:
    """A finding when times without offset fall into hours that the zone's clocks showed twice."""
    utc = f"timezone('UTC', timezone('{zone}', t))"
    again = " or ".join(
        f"timezone('{zone}', timezone('UTC', {utc} {sign} interval 1 hour)) = t" for sign in "+-"
    )
    (doubled,) = cursor.execute(
        f"select count(*) from (select {local} as t from {table}) where t is not null and ({again})"
    ).fetchone() or (0,)
    if doubled:
        message = f"{doubled:,} times in column {label!r} lie in an hour that clocks in {zone} showed twice."
        yield Finding(
            code="clock_overlap", severity="info", count=doubled, message=message, where=f"column {label!r}"
        )


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
