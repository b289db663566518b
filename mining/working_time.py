"""Working time beside calendar time: one calendar for a log, mined from when people begin work, or given."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from home.duck import Cursor
from home.errors import NotFound, UsageError
from home.sql import read_sql
from ingest.catalog import Log
from mining.calendars import ALWAYS, DAYS, Calendar, mine_calendars, read_calendars

Time = Literal["calendar", "working"]
MOST = 200_000
"""Starts of work that a calendar is mined from."""
EVERYBODY = "everybody"
BREAK_S, STRETCH_S, WEEKDAY = 2 * 3600, 3600, 0.25


def log_calendar(cursor: Cursor, log: Log, file: str | None = None) -> Calendar:
    """The working hours and days off of a log as a whole.

    From `file` (JSON as for `baton waiting --calendars`: the only calendar in it, or the one called
    `everybody`), else mined: hours in which people begin work and days on which nobody did. Who never
    rests is taken for a machine and not asked. Raises `NotFound` and `UsageError`.
    """
    if file is not None:
        return _given(file)
    starts = cursor.execute(read_sql("mining.sql", "starts_of_work"), {"most": MOST}).df()
    if starts.empty:
        return ALWAYS
    if starts["resource"].notna().any():
        own = mine_calendars(starts, log.tz)
        people = {name for name, calendar in own.items() if not calendar.always}
        starts = starts[starts["resource"].isin(people)] if people else starts
    mined = mine_calendars(starts.assign(resource=EVERYBODY), log.tz).get(EVERYBODY, ALWAYS)
    local = starts["start"].dt.tz_localize("UTC").dt.tz_convert(log.tz)
    return tidied(mined, np.bincount(local.dt.weekday.to_numpy(), minlength=7))


def tidied(calendar: Calendar, starts: NDArray[np.int64]) -> Calendar:
    """Office hours rather than every quarter of an hour in which somebody was up.

    Breaks shorter than `BREAK_S` are worked through, stretches shorter than `STRETCH_S` are nobody's hours,
    and a weekday with less than `WEEKDAY` of the busiest one's starts is off.
    """
    hours: list[tuple[int, int, int]] = []
    for weekday in range(7):
        if starts[weekday] < WEEKDAY * starts.max():
            continue
        stretches: list[list[int]] = []
        for _, begin, end in sorted(entry for entry in calendar.hours if entry[0] == weekday):
            if stretches and begin - stretches[-1][1] < BREAK_S:
                stretches[-1][1] = max(end, stretches[-1][1])
            else:
                stretches.append([begin, end])
        long = [(begin, end) for begin, end in stretches if end - begin >= STRETCH_S] or stretches
        hours += [(weekday, begin, end) for begin, end in long]
    return Calendar(tuple(hours), calendar.absent) if hours else calendar


def _given(file: str) -> Calendar:
    try:
        known = read_calendars(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"Cannot read the calendar {file!r}: {error}.") from error
    if EVERYBODY in known:
        return known[EVERYBODY]
    if len(known) != 1:
        raise UsageError(
            f"{Path(file).name} has {len(known)} calendars; which one is the log's?",
            hint=f"Call it {EVERYBODY!r}.",
        )
    return next(iter(known.values()))


def said(calendar: Calendar) -> str:
    """The calendar in one line: `working time (MON-FRI 08:00-17:00, 9 days off)`."""
    if calendar.always:
        return "working time (around the clock: no rest was found)"
    days: dict[str, list[int]] = {}
    for weekday in range(7):
        hours = ", ".join(f"{_at(b)}-{_at(e)}" for day, b, e in calendar.hours if day == weekday)
        if hours:
            days.setdefault(hours, []).append(weekday)
    spans = "; ".join(f"{_days(weekdays)} {hours}" for hours, weekdays in days.items())
    off = f", {len(calendar.absent)} days off" if calendar.absent else ""
    return f"working time ({spans}{off}); a day is 24 working hours"


def _at(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


def _days(weekdays: list[int]) -> str:
    whole = weekdays == list(range(weekdays[0], weekdays[-1] + 1)) and len(weekdays) > 2
    return f"{DAYS[weekdays[0]]}-{DAYS[weekdays[-1]]}" if whole else ",".join(DAYS[d] for d in weekdays)


def make_duty(cursor: Cursor, calendar: Calendar, log: Log) -> None:
    """Write the calendar's working time between the log's first and last event as the table `duty`."""
    first, last = pd.Timestamp(log.first_at or 0), pd.Timestamp(log.last_at or 0)
    duty = calendar.duty(first, last + pd.Timedelta(seconds=1), log.tz)
    micros = [np.round(edges * 1e6).astype(np.int64).tolist() for edges in (duty.starts, duty.ends)]
    cursor.execute(read_sql("mining.sql", "duty"), {"begins": micros[0], "ends": micros[1]})
