"""Which event logs there are, and where each one's tables live."""

from dataclasses import dataclass
from datetime import datetime

from home.duck import EventStore, rows
from home.errors import unknown


@dataclass(frozen=True)
class Log:
    """One event log. Times are UTC and naive, as DuckDB returns them."""

    name: str
    schema: str
    """DuckDB schema that holds its tables."""
    tz: str
    """IANA zone in which days, weeks and calendars are computed."""
    hash: str
    timed: bool
    """Some instances have a start of their own, so processing time is known."""
    paired: bool
    """Instances differ from events."""
    simulated: bool
    plan: str | None
    cases: int
    events: int
    instances: int
    activities: int
    variants: int
    instance_variants: int
    first_at: datetime | None
    last_at: datetime | None
    loaded_at: datetime


def all_logs(store: EventStore) -> list[Log]:
    """Every log, by name."""
    with store.cursor() as cursor:
        return [Log(**row) for row in rows(cursor.execute("select * from log order by name"))]


def find_log(store: EventStore, name: str) -> Log:
    """The log called `name`; raises `NotFound` with the nearest names."""
    with store.cursor() as cursor:
        found = rows(cursor.execute("select * from log where name = $name", {"name": name}))
    if not found:
        raise unknown("log", name, [log.name for log in all_logs(store)], listing="baton logs")
    return Log(**found[0])
