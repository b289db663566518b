"""Lists the event logs, shows what was set aside, drops a log, names the adapters."""

import json
from collections.abc import Sequence

from home.context import Context
from home.duck import rows
from ingest.arrival_store import forget_log
from ingest.catalog import Log, all_logs, find_log, remove
from ingest.contracts import (
    AdapterList,
    AdapterRow,
    Dropped,
    LogList,
    LogRequest,
    LogRow,
    LogSource,
    Nothing,
    SetAsideRow,
    SetAsideRows,
)
from ingest.feeds import Feed, all_feeds
from ingest.registry import adapters


def list_logs(context: Context, request: Nothing) -> LogList:  # noqa: ARG001
    """Every event log with its size, the time it spans, how fresh it is and the sources that keep it so."""
    fed = all_feeds(context.events)
    return LogList(
        rows=tuple(
            _row(log, [feed for feed in fed if feed.log == log.name]) for log in all_logs(context.events)
        )
    )


def _row(log: Log, fed: Sequence[Feed]) -> LogRow:
    return LogRow(
        log=log.name,
        cases=log.cases,
        events=log.events,
        first=log.first_at,
        last=log.last_at,
        fresh_at=max([log.loaded_at, *(feed.fresh_at for feed in fed if feed.fresh_at is not None)]),
        tz=log.tz,
        sources=tuple(
            LogSource(source=feed.name, status=feed.status or "never", fresh_at=feed.fresh_at) for feed in fed
        ),
    )


def drop_log(context: Context, request: LogRequest) -> Dropped:
    """Remove a log, its tables, what was set aside and what waits for it. The source is not touched."""
    log = find_log(context.events, request.log)
    with context.events.writing() as cursor:
        remove(cursor, log.name, log.schema)
    forget_log(context.state, log.name)
    return Dropped(
        log=log.name, events=log.events, message=f"{log.name} and its {log.events:,} events are gone."
    )


def list_set_aside(context: Context, request: LogRequest) -> SetAsideRows:
    """The rows that were not loaded, each with where it stands, the column, the reason and its content."""
    log = find_log(context.events, request.log)
    with context.events.cursor(log.schema) as cursor:
        found = rows(
            cursor.execute('select place, col, reason, "row" as content from set_aside order by rowid')
        )
    return SetAsideRows(
        log=log.name,
        rows=tuple(
            SetAsideRow(where=r["place"], column=r["col"], reason=r["reason"], row=json.loads(r["content"]))
            for r in found
        ),
    )


def list_adapters(context: Context, request: Nothing) -> AdapterList:  # noqa: ARG001
    """Every kind of source that can be read; other packages may add theirs (`baton.adapters`)."""
    return AdapterList(rows=tuple(AdapterRow(adapter=a.name, reads=a.reads) for a in adapters().values()))
