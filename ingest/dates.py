"""Reads times: finds the one way a column writes them, or says that there are two.

A reading is an SQL expression over the column. It gives a UTC timestamp, or null for a value that
does not fit; nothing here ever guesses between day-month and month-day.
"""

from dataclasses import dataclass, replace
from typing import Any

from home.duck import Cursor
from home.errors import UsageError
from ingest import offsets
from ingest.contracts import Finding
from ingest.errors import Unfit
from ingest.offsets import Endings

TIME = r"[T ,]*(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
FAMILIES = {
    "iso": r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]+\d{1,2}:\d{2}.*)?",
    "parts": r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}([T ,]+\d.*)?",
    "short": r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}([T ,]+\d.*)?",
    "named": r"(\d{1,2}[-/ .]*[A-Za-z]{3,9}|[A-Za-z]{3,9}\.? +\d{1,2}),?[-/ .]*\d{2,4}([T ,]+\d.*)?",
    "compact": r"(19|20)\d{6}([T ]?\d{4}(\d{2})?(Z|[+-]\d{4})?)?",
    "epoch_s": r"\d{9,10}(\.\d+)?",
    "epoch_ms": r"\d{12,13}(\.\d+)?",
    "epoch_us": r"\d{15,16}(\.\d+)?",
    "epoch_ns": r"\d{18,19}",
    "excel": r"\d{5}(\.\d+)?",
}
WORDS = {
    "parts": "dates are written {order}",
    "short": "years have two digits, read as 1969 to 2068, dates as {order}",
    "named": "dates have the month's name",
    "compact": "dates are written without separators",
    "epoch_s": "times are seconds since 1970",
    "epoch_ms": "times are milliseconds since 1970",
    "epoch_us": "times are microseconds since 1970",
    "epoch_ns": "times are nanoseconds since 1970",
    "excel": "times are Excel's day numbers",
}
EPOCHS = {"epoch_s": "1e6", "epoch_ms": "1e3", "epoch_us": "1", "epoch_ns": "1e-3"}
"""Microseconds in a unit of each."""
CODES = {"short": "two_digit_years", "excel": "excel_serials"} | dict.fromkeys(EPOCHS, "epochs")
ORDERS = {"dmy": "day before month", "mdy": "month before day"}


@dataclass(frozen=True)
class TimeReading:
    """How to read a column of times."""

    expression: str
    """SQL over the column: UTC timestamp or null."""
    naive: bool
    """Some values carry no offset, and were read in the log's zone."""
    findings: tuple[Finding, ...] = ()
    plain: int = 0
    """Values that are ISO dates or times without offset or blanks, where all values are."""


def reading(
    cursor: Cursor, table: str, column: str, *, label: str, zone: str, dates: str | None
) -> TimeReading:
    """How the times of `column` (a quoted SQL name of a text column) are read.

    `dates` is `dmy`, `mdy`, a strptime format, or `None`. Raises `Unfit` with the word "ambiguous"
    when values fit two orders or mix them, `UsageError` for a format that cannot be read.
    """
    x = f"trim({column})"
    if dates is not None and dates not in ORDERS and dates != "ymd":
        return _by_format(cursor, x, zone, dates)
    endings = offsets.look(cursor, table, column)
    total = endings.total
    if total == endings.readable:  # by far the most common, and without blanks around it: nothing to trim
        found = _zoned(cursor, table, column, column, zone, label, [], endings)
        return replace(found, plain=endings.plain)
    endings = offsets.look(cursor, table, x)
    family = _family(cursor, table, x)
    if family in EPOCHS or family == "excel":
        return TimeReading(_number(x, family), naive=False, findings=(_finding(family, label, total, ""),))
    order = ""
    if family in ("parts", "short"):
        order = dates if dates in ORDERS else _order(cursor, table, x, label)
    text = _iso_text(x, family, order)
    told = family == "iso" or order == dates
    findings = [] if told else [_finding(family, label, total, ORDERS.get(order, ""))]
    if family == "named":  # its words are months
        endings = Endings({"": (total, 0, 0, 0)})
    return _zoned(cursor, table, x, text, zone, label, findings, endings)


def _row(cursor: Cursor, sql: str) -> tuple[Any, ...]:
    return cursor.execute(sql).fetchone() or ()


def _family(cursor: Cursor, table: str, x: str) -> str:
    """The family most values belong to; others will not fit and are set aside."""
    counts = ", ".join(f"count(*) filter (regexp_full_match(x, '{p}'))" for p in FAMILIES.values())
    found = _row(cursor, f"select {counts} from (select {x} as x from {table}) where x <> ''")
    best = max(range(len(found)), key=lambda i: found[i])
    return list(FAMILIES)[best] if found[best] else "iso"


def _order(cursor: Cursor, table: str, x: str, label: str) -> str:
    """Day first or month first, from the values that fit only one of the two."""
    pair = r"'^(\d{1,2})[-/. ](\d{1,2})[-/. ]', ['a', 'b']"
    day, month, example = _row(
        cursor,
        f"select count(*) filter (a > 12 and b <= 12), count(*) filter (b > 12 and a <= 12), min(x) from "
        f"(select x, try_cast(p.a as integer) a, try_cast(p.b as integer) b from "
        f"(select x, regexp_extract(x, {pair}) p from (select {x} as x from {table}) where x <> ''))",
    )
    if day and not month:
        return "dmy"
    if month and not day:
        return "mdy"
    why = (
        f"{day:,} values can only be day-month and {month:,} only month-day"
        if day
        else f"every value, such as {example!r}, can be read as day-month and as month-day"
    )
    raise Unfit(
        "ambiguous",
        f"The dates in column {label!r} are ambiguous: {why}.",
        where=f"column {label!r}",
        hint="Say which with --dates dmy or --dates mdy.",
    )


def _iso_text(x: str, family: str, order: str) -> str:
    """SQL that rewrites a value of the family as ISO text; other values become what no cast accepts."""
    if family == "iso":
        dashed = rf"regexp_replace({x}, '^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}})', '\1-\2-\3')"
        joined = rf"regexp_replace(replace({dashed}, ',', '.'), ' +([-+]\d\d|[zZ]$)', '\1')"
        plain = f"case when {x} ilike '%m' then ({_noon(dashed)})::varchar else {joined} end"
        return f"case when regexp_full_match({x}, '{FAMILIES['iso']}') then {plain} end"
    if family == "compact":
        shaped = rf"rtrim(regexp_replace({x}, '^(\d{{4}})(\d\d)(\d\d)[T ]?', '\1-\2-\3 '))"
        seconds = rf"regexp_replace({shaped}, ' (\d\d)(\d\d)(\d\d)', ' \1:\2:\3')"
        return rf"regexp_replace({seconds}, ' (\d\d)(\d\d)(Z|[+-]|$)', ' \1:\2\3')"
    if family == "named":
        return f"({_named(x)})::varchar"
    year = r"\3"
    day, month = (r"\1", r"\2") if order == "dmy" else (r"\2", r"\1")
    digits = r"\d{4}" if family == "parts" else r"\d{2}"
    shaped = (
        rf"regexp_replace({x}, '^(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ]({digits})([T ,]+(.*))?$', "
        rf"'{year}-{month}-{day} \5')"
    )
    if family == "short":
        shaped = f"case when {shaped}[:2] < '69' then '20' else '19' end || {shaped}"
    plain = f"replace(rtrim({shaped}), ',', '.')"
    return f"case when {x} ilike '%m' then ({_noon(shaped)})::varchar else {plain} end"


def _noon(shaped: str) -> str:
    """SQL: the times of a clock of twelve hours, behind a date with dashes."""
    formats = ("%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p")
    return f"try_strptime({shaped}, [{', '.join(repr(f'%Y-%m-%d {time}') for time in formats)}])"


def _named(x: str) -> str:
    """Dates with the month's name, in their usual shapes; a year of two digits is never the year 26."""
    times = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p")
    days = ("%d %b {}", "%d %B {}", "%b %d {}", "%B %d {}", "%d%b{}")
    clean = rf"regexp_replace(regexp_replace({x}, '[-/,]+|\. ', ' ', 'g'), ' +', ' ', 'g')"

    def parsed(year: str) -> str:
        formats = ", ".join(f"'{day.format(year)}{time}'" for day in days for time in times)
        return f"try_strptime({clean}, [{formats}])"

    return f"case when year({parsed('%Y')}) >= 1000 then {parsed('%Y')} else {parsed('%y')} end"


def _zoned(
    cursor: Cursor,
    table: str,
    x: str,
    text: str,
    zone: str,
    label: str,
    findings: list[Finding],
    endings: Endings,
) -> TimeReading:
    """The cast to UTC: by the offset where a value has one, else in the log's zone."""
    local = f"try_cast({text} as timestamp)"
    by_offset, by_zone = f"timezone('UTC', try_cast({text} as timestamptz))", _local(local, zone)
    if endings.with_offset == 0:
        if zone != "UTC":
            findings += offsets.gaps(cursor, table, local, label, zone)
            findings += offsets.twice(cursor, table, local, label, zone)
        return TimeReading(by_zone, naive=True, findings=tuple(findings))
    findings += offsets.mixed(endings, label)
    if endings.with_offset == endings.total:
        return TimeReading(by_offset, naive=False, findings=tuple(findings))
    # A plain cast would leave out the name of a zone, or a PM that it does not know.
    expression = f"case when {offsets.has_offset(x)} then {by_offset} else {by_zone} end"
    return TimeReading(expression, naive=True, findings=tuple(findings))


def _local(timestamp: str, zone: str) -> str:
    return timestamp if zone == "UTC" else f"timezone('UTC', timezone('{zone}', {timestamp}))"


def _number(x: str, family: str) -> str:
    value = f"try_cast({x} as double)"
    if family == "excel":
        return f"timestamp '1899-12-30' + to_microseconds(round({value} * 86400e3)::bigint * 1000)"
    fits = f"regexp_full_match({x}, '{FAMILIES[family]}')"
    return f"case when {fits} then make_timestamp(round({value} * {EPOCHS[family]})::bigint) end"


def _by_format(cursor: Cursor, x: str, zone: str, dates: str) -> TimeReading:
    import duckdb

    written = dates.replace("'", "''")
    if "%" not in dates:
        raise UsageError(f"--dates {dates!r} is no format.", hint="dmy, mdy, or such as '%d-%m-%Y %H:%M:%S'.")
    expression = f"try_strptime({x}, '{written}')"
    try:
        kind = _row(cursor, f"select typeof(try_strptime('', '{written}'))")[0]
    except duckdb.Error as error:
        raise UsageError(
            f"--dates {dates!r} cannot be read.", hint="It is a strptime format, such as %d-%m-%Y %H:%M:%S."
        ) from error
    if "TIME ZONE" in kind:
        return TimeReading(f"timezone('UTC', {expression})", naive=False)
    return TimeReading(_local(expression, zone), naive=True)


def _finding(family: str, label: str, count: int, order: str) -> Finding:
    return Finding(
        code=CODES.get(family, "date_format"),
        severity="warning",
        count=count,
        message=f"In column {label!r} {WORDS[family].format(order=order)}.",
        where=f"column {label!r}",
    )


def zone_named(name: str | None) -> str:
    """The IANA zone, default UTC; raises `UsageError` with the nearest names for any other."""
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    if name is None:
        return "UTC"
    known = available_timezones()
    if name not in known:
        near = get_close_matches(name, known, n=3)
        guess = f"Did you mean {' or '.join(near)}?" if near else "It is written like Europe/Paris."
        raise UsageError(f"There is no time zone {name!r}.", hint=guess)
    return name
