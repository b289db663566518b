"""Named sources: where the events of a log come from again and again, and how far each was read."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from home.duck import Cursor, EventStore, rows
from home.errors import Refused, UsageError, unknown

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_WAIT = timedelta(hours=1)
"""However often a source failed, it is tried again after this long, or after its own interval if longer."""
FIRST_WAIT = timedelta(seconds=5)


@dataclass(frozen=True)
class Feed:
    """One named source. Times are UTC and naive, as DuckDB returns them."""

    name: str
    log: str
    request: str
    """What `ingest` is asked at each pull, as JSON; holds the mapping's text, and no secret."""
    added_at: datetime
    cursor_column: str | None = None
    """Column that tells new rows from old ones."""
    overlap: str | None = None
    """How far behind the newest row reading begins again: `10m`, or a number."""
    every_s: float | None = None
    position: str | None = None
    """Where to go on, in the adapter's own words; `None`: from the beginning."""
    digest: str | None = None
    """SHA-256 of what was read last."""
    held: int | None = None
    """The source of the log that holds what was read."""
    tried_at: datetime | None = None
    fresh_at: datetime | None = None
    status: str | None = None
    message: str | None = None
    pulls: int = 0
    loaded: int = 0
    failures: int = 0
    due_at: datetime | None = None


NAMES = tuple(field.name for field in fields(Feed))


def seconds(text: str) -> float:
    """A length of time as people type it, `90s`, `15m`, `2h`, `1d`; raises `ValueError` otherwise."""
    number, unit = text.strip()[:-1], text.strip()[-1:]
    if unit not in UNITS or not number.replace(".", "", 1).isdigit() or float(number) <= 0:
        raise ValueError(f"{text!r} is no length of time: write 30s, 15m, 2h or 1d")
    return float(number) * UNITS[unit]


def all_feeds(store: EventStore, log: str | None = None) -> list[Feed]:
    """Every named source, or those of one log, by name."""
    with store.cursor() as cursor:
        found = rows(
            cursor.execute(
                f"select {', '.join(NAMES)} from feed where $log is null or log = $log order by name",
                {"log": log},
            )
        )
    return [Feed(**row) for row in found]


def find_feed(store: EventStore, name: str) -> Feed:
    """The source called `name`; raises `NotFound` with the nearest names."""
    feeds = all_feeds(store)
    for feed in feeds:
        if feed.name == name:
            return feed
    raise unknown("source", name, [feed.name for feed in feeds], listing="baton source list")


def add(cursor: Cursor, feed: Feed) -> None:
    """Keep a new source; raises `UsageError` where its name is taken."""
    if cursor.execute("select 1 from main.feed where name = ?", [feed.name]).fetchone():
        raise UsageError(
            f"There is a source called {feed.name!r} already.",
            hint=f"Choose another name, or `baton source remove {feed.name}` first; its events stay.",
        )
    values = {name: getattr(feed, name) for name in NAMES}
    marks = ", ".join(f"${name}" for name in NAMES)
    cursor.execute(f"insert into main.feed({', '.join(NAMES)}) values ({marks})", values)


def remove(cursor: Cursor, name: str) -> None:
    """Forget a source; what it brought stays in its log."""
    cursor.execute("delete from main.feed where name = ?", [name])


def advance(
    cursor: Cursor, feed: Feed, *, position: str | None, digest: str | None, loaded: int, held: int | None
) -> None:
    """Keep how far a source was read; in the transaction that keeps what was read.

    Without a position it was read whole, and what it brought before is gone.
    """
    cursor.execute(
        "update main.feed set loaded = case when $position is null and $loaded > 0 then $loaded"
        " else loaded + $loaded end, position = $position, digest = $digest, held = $held where name = $name",
        {"position": position, "digest": digest, "loaded": loaded, "held": held, "name": feed.name},
    )


def require_unmoved(cursor: Cursor, feed: Feed) -> None:
    """Raise `Refused` where a source is not as it was when reading began: removed, or to be read anew."""
    found = cursor.execute("select position, held from main.feed where name = ?", [feed.name]).fetchone()
    if found != (feed.position, feed.held):
        raise Refused(
            f"The source {feed.name!r} or its log was changed while it was read; nothing was loaded.",
            hint="Pull it again.",
        )


def held_by_others(cursor: Cursor, feed: Feed) -> set[int]:
    """The sources of a feed's log that hold what other feeds brought."""
    found = cursor.execute(
        "select held from main.feed where log = ? and name <> ? and held is not null", [feed.log, feed.name]
    )
    return {int(held) for (held,) in found.fetchall()}


def begin_again(cursor: Cursor, log: str) -> None:
    """Let the sources of a log be read from the beginning: what they brought is gone."""
    cursor.execute(
        "update main.feed set position = null, digest = null, held = null, loaded = 0 where log = ?", [log]
    )


def succeeded(cursor: Cursor, feed: Feed, at: datetime, status: str, message: str) -> None:
    """Note a pull that worked, and when the next one is due."""
    due = None if feed.every_s is None else at + timedelta(seconds=feed.every_s)
    cursor.execute(
        "update main.feed set tried_at = ?, fresh_at = ?, status = ?, message = ?, failures = 0,"
        " pulls = pulls + 1, due_at = ? where name = ?",
        [at, at, status, message, due, feed.name],
    )


def failed(cursor: Cursor, feed: Feed, at: datetime, status: str, message: str) -> None:
    """Note a pull that did not work; each failure in a row doubles the time until the next attempt."""
    due = None if feed.every_s is None else at + wait_after(feed.failures + 1, feed.every_s)
    cursor.execute(
        "update main.feed set tried_at = ?, status = ?, message = ?, failures = failures + 1, due_at = ?"
        " where name = ?",
        [at, status, message, due, feed.name],
    )


def wait_after(failures: int, every_s: float) -> timedelta:
    """How long to wait after so many failures in a row: never shorter than the source's own interval."""
    usual = timedelta(seconds=every_s)
    longest = max(usual, LONGEST_WAIT)
    return min(longest, max(usual, FIRST_WAIT) * float(2 ** min(failures - 1, 20)))


def due(feeds: Sequence[Feed], now: datetime) -> list[Feed]:
    """Those whose time has come, the longest overdue first."""
    waiting = [(feed.due_at, feed.name, feed) for feed in feeds if feed.due_at is not None]
    return [feed for at, _, feed in sorted(waiting) if at <= now]
