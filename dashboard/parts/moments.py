"""Moments that commands answer as ISO 8601 text: as times of day, and as how long ago or until."""

from datetime import UTC, datetime

from home.text import duration


def moment(text: str | None) -> datetime | None:
    """The moment behind ISO 8601 text."""
    return datetime.fromisoformat(text) if text else None


def until(text: str | None, now: datetime) -> str:
    """How long until a moment, or since: `in 3.0 h`, `2 min late`."""
    at = moment(text)
    if at is None:
        return "–"
    seconds = (at - now).total_seconds()
    return f"in {duration(seconds)}" if seconds >= 0 else f"{duration(-seconds)} late"


def clock(text: str | None) -> str:
    """Day and time of a moment, UTC."""
    at = moment(text)
    return f"{at:%Y-%m-%d %H:%M}" if at else "–"


def utc_now() -> datetime:
    """The moment this page runs."""
    return datetime.now(UTC)
