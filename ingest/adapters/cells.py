"""What the cells of a workbook mean: their columns, numbers and dates as text."""

from datetime import datetime, timedelta

LAST_DAY = 2_958_465
"""Serial number of 9999-12-31."""


def number_text(raw: str, number: float) -> str:
    """A number as people write it: whole ones without decimals, others with the digits that tell it."""
    if raw.isdigit():
        return raw
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return repr(number)


def moment_text(serial: float, kind: str, *, since_1904: bool) -> str:
    """A serial number of Excel as a date, a time, or both, to the millisecond.

    Days count from 1900-01-01 = 1, and 1900-02-29, which never was, is day 60; or from 1904-01-01 = 0.
    """
    milliseconds = round(serial * 86_400_000)
    days, rest = divmod(milliseconds, 86_400_000)
    clock = (datetime(2000, 1, 1) + timedelta(milliseconds=rest)).time()
    spoken = clock.isoformat("milliseconds" if rest % 1000 else "seconds")
    if kind == "elapsed":
        hours, below = divmod(milliseconds, 3_600_000)
        return f"{hours:02d}:{below // 60_000:02d}:{below % 60_000 / 1000:06.3f}".removesuffix(".000")
    if kind == "time" and not days:
        return spoken
    if since_1904:
        day = (datetime(1904, 1, 1) + timedelta(days)).date().isoformat() if days <= LAST_DAY - 1462 else ""
    elif days == 60:
        day = "1900-02-29"
    else:
        day = (datetime(1899, 12, 31) + timedelta(days - (days > 60))).date().isoformat()
    if not day:
        return repr(serial)
    return day if kind == "date" and not rest else f"{day} {spoken}"


def column_number(letters: str) -> int:
    """The number of a column, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(column: int) -> str:
    """What Excel calls a column, numbered from 0."""
    text, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
