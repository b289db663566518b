"""A lens on a log: raw events in place of activity instances, only the cases that pass a filter, or both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from home.context import Context
from home.duck import Cursor
from home.sql import read_sql
from ingest.catalog import Log, find_log
from mining.errors import NothingLeft
from mining.filters import Condition, condition

ViewOf = Literal["instances", "events"]


@dataclass(frozen=True)
class View:
    """A log as seen through a lens."""

    log: Log
    """The whole log, as the catalog has it."""
    cursor: Cursor
    """`instance`, `cv`, `variant`, `edge` and `activity` on it hold only what is in view."""
    cases: int
    """Cases in view."""
    where: str | None
    timed: bool
    """Some instances in view have a start of their own, so there are processing times."""

    def some(self) -> "View":
        """This view, for questions that need cases; raises `NothingLeft` where it has none."""
        if not self.cases:
            raise NothingLeft(nothing_left(self.log.name, self.where), hint="Widen the filter.")
        return self


@contextmanager
def lens(
    context: Context, log_name: str, view: ViewOf = "instances", where: str | None = None
) -> Iterator[View]:
    """Open a log for mining queries.

    `view="events"` shows raw events by their time, where instances were paired or have a start of their
    own; `where` keeps the cases that pass a CEL expression (`mining.filters`). Both are temporary tables
    and views that shadow the log's own and end with the block. Raises `NotFound` and `FilterError`.
    """
    log = find_log(context.events, log_name)
    with context.events.cursor(log.schema) as cursor:
        source = f'"{log.schema}".'
        raw = view == "events" and (log.paired or log.timed)
        if raw:
            cursor.execute(_sql("raw_events", source))
            source = "raw_"
        if raw or where:
            cases = _narrow(cursor, source, where, log.tz)
            yield View(log, cursor, cases, where, log.timed and not raw)
        else:
            yield View(log, cursor, log.cases, None, log.timed)


def _narrow(cursor: Cursor, source: str, where: str | None, tz: str) -> int:
    """Shadow the tables behind `source` with the cases that pass; returns how many do."""
    wanted = condition(cursor, where, tz=tz) if where else Condition("true", {})
    kept = _sql("kept", source).replace("where passes", f"where {wanted.sql}")
    cursor.execute(kept, wanted.parameters)
    cursor.execute(_sql("narrow", source))
    found = cursor.execute("select count(*) from kept").fetchone()
    return found[0] if found else 0


def _sql(name: str, source: str) -> str:
    """A file of `mining/sql` whose `source.` tables are those of one schema, or of the raw events."""
    return read_sql("mining.sql", name).replace("source.", source)


def nothing_left(log_name: str, where: str | None) -> str:
    """One sentence for an empty view."""
    return f"No case of {log_name!r} passes {where}." if where else f"{log_name!r} has no cases."
