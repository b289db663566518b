"""`baton quality`: what is known about the quality of a log, and whether to redesign from it."""

import json
from typing import Any

from home.changes import upkeep
from home.context import Context
from home.duck import Cursor, rows
from home.sql import read_sql
from ingest.catalog import Log, find_log
from ingest.contracts import Finding
from ingest.quality.contracts import Gate, Quality, QualityFinding, QualityRequest, SourceFindings
from ingest.quality.facts import Facts
from ingest.quality.findings import findings
from ingest.quality.gate import check, measures, read_limits

FORMAT = 2
"""Raised when what is computed changes, so that nothing kept from before is shown."""


def quality(context: Context, request: QualityRequest) -> Quality:
    """What an analyst should know about a log before trusting what is mined from it.

    Clocks, cut cases, repeated events, missing values, names that may be one, waits that no system
    explains, resources that are likely programs, and what each source brought when it was loaded; each
    with its count, examples and what to do. The gate says whether a process may be redesigned from the
    log: `baton plan` heeds it. Its limits are in `gate.toml`, a copy of which in the home folder is
    used in its place. Computed once per state of the log.
    """
    log = find_log(context.events, request.log)
    made, measured = _computed(context, log)
    limits = read_limits(context.home)
    checks = tuple(check(name, value, limits.get(name, {})) for name, value in measured.items())
    with context.events.cursor(log.schema) as cursor:
        sources = _sources(cursor)
    return Quality(log=log.name, gate=Gate.of(checks), findings=tuple(made), sources=sources)


def quality_gate(context: Context, log: str) -> Gate:
    """Whether a process may be redesigned from the log called `log`."""
    return quality(context, QualityRequest(log=log)).gate


def _computed(context: Context, log: Log) -> tuple[list[QualityFinding], dict[str, float]]:
    """Findings and measures of the log as it is, from the last time where it is the same."""
    key = f"{FORMAT}:{log.hash}:{log.cases}:{log.instances}:{log.tz}"
    kept = _kept(context, log, key)
    if kept is not None:
        return [QualityFinding.model_validate(f) for f in kept["findings"]], kept["measures"]
    with context.events.cursor(log.schema) as cursor:
        facts = Facts(cursor, log, context.clock.now().replace(tzinfo=None))
        made = findings(facts, context.job.progress)
        measured = measures(facts, made)
    payload = json.dumps({"findings": [f.model_dump(mode="json") for f in made], "measures": measured})
    with upkeep(), context.events.writing(log.schema) as cursor:
        cursor.execute(read_sql("ingest.quality.sql", "kept"))
        cursor.execute("insert into kept_quality values ($key, $payload)", {"key": key, "payload": payload})
    return made, measured


def _kept(context: Context, log: Log, key: str) -> dict[str, Any] | None:
    with context.events.cursor(log.schema) as cursor:
        there = cursor.execute(
            "select 1 from duckdb_tables() where schema_name = ? and table_name = 'kept_quality'",
            [log.schema],
        ).fetchone()
        row = there and cursor.execute("select payload from kept_quality where key = ?", [key]).fetchone()
    return json.loads(row[0]) if row else None


def _sources(cursor: Cursor) -> tuple[SourceFindings, ...]:
    stored = rows(cursor.execute(read_sql("ingest.quality.sql", "stored")))
    return tuple(
        SourceFindings(
            source=s["name"],
            loaded_at=s["loaded_at"],
            seen=s["seen"],
            loaded=s["loaded"],
            set_aside=s["set_aside"],
            findings=tuple(
                Finding(
                    code=f["code"],
                    severity=f["severity"],
                    count=f["count"],
                    message=f["message"],
                    where=f["place"] or "",
                )
                for f in stored
                if f["source"] == s["id"]
            ),
        )
        for s in rows(cursor.execute(read_sql("ingest.quality.sql", "sources")))
    )
