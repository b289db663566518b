"""Days and moments as people type them: ISO 8601, in UTC where no offset is given."""

import re
from datetime import UTC, datetime, timedelta

from home.clock import Clock
from home.contracts import utc_text
from home.errors import UsageError

IN = re.compile(r"^\+(\d+(?:\.\d+)?)\s*(min|h|d)$")
UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def read_moment(typed: str, clock: Clock, *, end: bool = False) -> float:
    """Seconds since 1970 of `2026-01-05`, `2026-01-05T17:00`, `2026-01-05T17:00+01:00` or `+4h`.

    A day alone is its beginning; as the `end` of something it is included. Raises `UsageError`.
    """
    if found := IN.match(typed.strip()):
        return (clock.now() + float(found[1]) * UNITS[found[2]]).timestamp()
    try:
        moment = datetime.fromisoformat(typed.strip())
    except ValueError as error:
        raise UsageError(
            f"{typed!r} is no day or moment.",
            hint="Write 2026-01-05, 2026-01-05T17:00+01:00, or +4h from now (min, h, d).",
        ) from error
    if end and re.fullmatch(r"\d{4}-?\d\d-?\d\d", typed.strip()):
        moment += timedelta(days=1)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def moment(seconds: float | None) -> str | None:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return None if seconds is None else utc_text(datetime.fromtimestamp(seconds, UTC))
