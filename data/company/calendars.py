"""When people work: weekly hours, public holidays and absences, as seconds since 1970 in UTC.

The company sits in Germany, so hours are wall-clock hours of Europe/Berlin and move with summer time
(29 March 2026). All moments are whole seconds: what an export writes is exactly what was simulated.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
WEEKS = 26
FIRST_DAY = date(2026, 1, 5)
LAST_DAY = FIRST_DAY + timedelta(weeks=WEEKS, days=-1)
"""The last of 26 full weeks, 5 July 2026; what ends later is not in any export."""

HOLIDAYS = frozenset(date(2026, month, day) for month, day in ((4, 3), (4, 6), (5, 1), (5, 14), (5, 25)))
"""Good Friday, Easter Monday, Labour Day, Ascension, Whit Monday: nobody works, no bank pays."""

DAY_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

WeeklyHours = Mapping[int, tuple[int, int]]
"""Weekday (Monday is 0) to the hours of work on it, `(9, 17)` for nine to five."""


def hours(first: int, last: int, *, days: Collection[int] = range(5)) -> WeeklyHours:
    """The same hours on each of `days`, by default Monday to Friday."""
    return dict.fromkeys(days, (first, last))


def moment(day: date, hour: float = 0.0) -> int:
    """The wall-clock `hour` of `day` in the company's zone, as seconds since 1970."""
    seconds = round(hour * 3600)
    wall = datetime.combine(day, time.min) + timedelta(seconds=seconds)
    return int(wall.replace(tzinfo=ZONE).timestamp())


END = moment(LAST_DAY + timedelta(days=1))


def local(at: int) -> datetime:
    """The moment `at` as a datetime in the company's zone."""
    return datetime.fromtimestamp(at, ZONE)


def all_days() -> list[date]:
    """Every day of the 26 weeks."""
    return [FIRST_DAY + timedelta(days=number) for number in range(7 * WEEKS)]


def is_working_day(day: date) -> bool:
    """Monday to Friday without public holidays."""
    return day.weekday() < 5 and day not in HOLIDAYS


def working_days() -> list[date]:
    """The working days of the 26 weeks."""
    return [day for day in all_days() if is_working_day(day)]


@dataclass(frozen=True)
class Duty:
    """The stretches somebody is at work: sorted, apart, in seconds since 1970."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    worked: tuple[int, ...]
    """Seconds on duty up to the end of each stretch, added up."""

    def on(self, at: int) -> bool:
        """Whether `at` falls into a stretch of work."""
        index = bisect_right(self.starts, at) - 1
        return index >= 0 and at < self.ends[index]

    def next_start(self, at: int) -> int | None:
        """When the next stretch begins after `at`, or None when there is none."""
        index = bisect_right(self.starts, at)
        return self.starts[index] if index < len(self.starts) else None

    def off_between(self, start: int, end: int) -> int:
        """Seconds off duty from `start` to `end`."""
        return (end - start) - (self._worked_until(end) - self._worked_until(start))

    def _worked_until(self, at: int) -> int:
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self.worked[index] - max(0, self.ends[index] - at)


def duty(week: WeeklyHours, rng: Random, absent: Collection[date] = ()) -> Duty:
    """The stretches that `week` gives over the 26 weeks, less holidays and the days in `absent`.

    People arrive up to ten minutes late and leave up to ten minutes early, so that no two mornings
    are alike; the whole hours stay true from outside.
    """
    starts, ends = [], []
    for day in all_days():
        if day.weekday() not in week or day in HOLIDAYS or day in absent:
            continue
        first, last = week[day.weekday()]
        starts.append(moment(day, first) + rng.randrange(600))
        ends.append(moment(day, last) - rng.randrange(600))
    spans = [end - start for start, end in zip(starts, ends, strict=True)]
    return Duty(tuple(starts), tuple(ends), tuple(accumulate(spans)))
