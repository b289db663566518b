"""Lists the event logs, shows what was set aside, drops a log, names the adapters."""

import json

from home.context import Context
from home.duck import rows
from ingest.catalog import all_logs, find_log, remove
from ingest.contracts import (
    AdapterList,
    AdapterRow,
    Dropped,
    LogList,
    LogRequest,
    LogRow,
    Nothing,
    SetAsideRow,
    SetAsideRows,
)
from ingest.registry import adapters


def list_logs(context: Context, request: Nothing) -> LogList:  # noqa: ARG001
    """Every event log with its size, the time it spans and when it was last loaded."""
    return LogList(
        rows=tuple(
            LogRow(
                log=log.name,
                cases=log.cases,
                events=log.events,
                first=log.first_at,
                last=log.last_at,
                fresh_at=log.loaded_at,
                tz=log.tz,
            )
            for log in all_logs(context.events)
        )
    )


def drop_log(context: Context, request: LogRequest) -> Dropped:
    """Remove a log, its tables and what was set aside. The source itself is not touched."""
    log = find_log(context.events, request.log)
    with context.events.writing() as cursor:
        remove(cursor, log.name, log.schema)
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
