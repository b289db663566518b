"""The clock: injected everywhere, so that a year of waiting can pass in a test without waiting."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, UTC."""
        return datetime.now(UTC)


class SettableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment the clock was set to."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move the clock to `moment` (forwards or backwards)."""
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forwards by `by` and return the new moment."""
        self._now += by
        return self._now
