"""When a cron line is due: on the wall clock of an IANA zone, exact where that clock is put forward or back.

A time that the clock skips is due at the moment of the skip; one that comes twice is due the first
time. Where the hour is `*`, what is meant is an interval: nothing in the skipped hour, and the doubled
hour counts as two.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from home.errors import UsageError

NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIELDS = 5
CHANCE = re.compile(r"(?<![a-z])[hr](?![a-z])", re.IGNORECASE)
"""Fields that the library would draw by lot: not the same in every process."""
SECOND = timedelta(seconds=1)
BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=31), timedelta(days=366))
HINT = "Five fields: minute hour day month weekday, such as '0 9 * * mon-fri'; or @daily."


class Cron:
    """A cron line in a zone. Raises `UsageError` for a line that cannot be read, or is never due."""

    def __init__(self, line: str, tz: str = "UTC") -> None:
        self.line = NAMED.get(line.strip().lower(), line.strip())
        fields = self.line.split()
        if len(fields) != FIELDS or CHANCE.search(self.line):
            raise UsageError(f"{line!r} is no cron line that is taken here.", hint=HINT)
        self.zone = _zone(tz)
        self.interval = fields[1] in ("*", "*/1")
        """Whether elapsed time is meant, and not times of the day."""
        self._walls(datetime(2026, 1, 1), of=line)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every moment after `moment` at which it is due, in order, UTC; without end."""
        here, offset = moment.astimezone(UTC), self._offset(moment)
        walls, last = self._walls(_wall(here, offset)), here
        while True:
            wall = next(walls)
            found = (wall - offset).replace(tzinfo=UTC)
            if self._offset(found) == offset:
                if found > last and (self.interval or not found.astimezone(self.zone).fold):
                    yield found
                    last = found
                here = max(here, found)
                continue
            here = self._change(here, found, offset)
            offset = self._offset(here)
            if not self.interval and wall < _wall(here, offset) and here > last:  # the clock skips it
                yield here
                last = here
            walls = self._walls(_wall(here, offset) - SECOND)

    def newest(self, after: datetime, upto: datetime, most: int) -> list[datetime]:
        """The newest moments after one and up to another, at most so many, in order."""
        found: list[datetime] = []
        for span in (*BACK, upto - after):
            begin = max(after, upto - span)
            found = list(self._between(begin, upto))
            if len(found) >= most or begin == after:
                break
        return found[-most:]

    def first(self, after: datetime, count: int) -> list[datetime]:
        """The next `count` moments after one."""
        return list(islice(self.after(after), count))

    def _between(self, after: datetime, upto: datetime) -> Iterator[datetime]:
        for moment in self.after(after):
            if moment > upto:
                return
            yield moment

    def _walls(self, start: datetime, *, of: str = "") -> Iterator[datetime]:
        """The line's times after `start` on a clock that is never changed, without a zone."""
        from croniter import croniter
        from croniter.croniter import CroniterError

        try:
            times = croniter(self.line, start)
            if of:
                times.get_next(datetime)
        except (CroniterError, ValueError, KeyError) as error:
            raise UsageError(f"{of or self.line!r} is no cron line: {error}.", hint=HINT) from error
        return iter(lambda: times.get_next(datetime), None)

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta(0)

    def _change(self, before: datetime, after: datetime, offset: timedelta) -> datetime:
        """A moment between the two at which the zone's offset stops being `offset`."""
        low, high = int(before.timestamp()), int(after.timestamp())
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(datetime.fromtimestamp(middle, UTC)) == offset:
                low = middle
            else:
                high = middle
        return datetime.fromtimestamp(high, UTC)


def _wall(moment: datetime, offset: timedelta) -> datetime:
    return (moment + offset).replace(tzinfo=None)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"There is no time zone {name!r}.", hint="IANA names are meant, such as Europe/Paris or UTC."
        ) from error
