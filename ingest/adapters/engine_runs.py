"""Reads the runs of Baton's own plans back as an event log, from the documented views of its store.

`run_event` has one row per activity instance that a run completed, with when it could begin, began
and ended, who did it, in which system and with what outcome; `run_case` has one row per run. Both
are part of the transactional store's schema; nothing of the engine is imported here.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ingest.adapter import ROW, TRACE, Chunk, Content, Options, Reading
from ingest.errors import Unfit

PORTION = 20_000
SANDBOX, RUNS = ".sandbox", ".runs"
COLUMNS = (
    "case_id",
    "activity",
    "timestamp",
    "start",
    "enabled",
    "resource",
    "system",
    "outcome",
    "step",
    "visit",
)
CASES = (
    "select case_id, version, business_key, status, started, ended, state from run_case"
    " where plan = :plan and simulated = :simulated order by started, case_id"
)
EVENTS = (
    "select case_id, activity, ended, started, enabled, resource, system, outcome, node, visit from run_event"
    " where plan = :plan and simulated = :simulated order by started, case_id, rev"
)
PLANS = "select distinct plan, simulated from run_case order by plan"


class EngineRunsAdapter:
    """Baton's transactional store, SQLite or PostgreSQL, by its URL.

    `--table PLAN.runs` (or `PLAN`) names the plan, `--table PLAN.sandbox` what its sandbox played; it
    may be left out where only one plan has runs.
    """

    name = "engine_runs"
    reads = "the runs of Baton's own plans: --adapter engine_runs --table PLAN.runs, SOURCE is `state`"
    suffixes = ()
    several = False

    def recognises(self, content: Content) -> int:  # noqa: ARG002
        """Never by itself: its tables could also be somebody's own."""
        return 0

    def read(self, content: Content, options: Options) -> Reading:
        """Start reading; raises `Unfit` where the store has no such runs."""
        import sqlalchemy
        from sqlalchemy.exc import SQLAlchemyError

        address = content.address or f"sqlite:///{content.file}"
        url = sqlalchemy.make_url(address)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = sqlalchemy.create_engine(url)
        try:
            plan, simulated = _which(engine, options.table, content.name)
        except SQLAlchemyError as error:
            raise Unfit(
                "format", f"{content.name} is no transactional store of Baton, or does not answer: {error}."
            ) from error
        digest = hashlib.sha256()
        reading = Reading(
            chunks=_chunks(engine, plan, simulated, digest),
            columns=COLUMNS,
            digest=digest.hexdigest,
            simulated=simulated,
            plan=plan,
        )
        return reading


def _which(engine: Any, named: str | None, source: str) -> tuple[str, bool]:
    """The plan to read and whether its sandbox is meant."""
    from sqlalchemy import text

    if named is not None:
        if named.endswith(SANDBOX):
            return named.removesuffix(SANDBOX), True
        return named.removesuffix(RUNS), False
    with engine.connect() as connection:
        found = connection.execute(text(PLANS)).all()
    logs = [f"{row.plan}{SANDBOX if row.simulated else RUNS}" for row in found]
    real = [row.plan for row in found if not row.simulated]
    if len(real) != 1:
        raise Unfit(
            "no events" if not logs else "table",
            f"{source} has runs of {len(real)} plans.",
            hint=f"Name one with --table: {', '.join(logs)}." if logs else "Start a run first.",
        )
    return real[0], False


def _chunks(engine: Any, plan: str, simulated: bool, digest: Any) -> Iterator[Chunk]:
    """The cases first, then their events, in portions; the digest grows with them."""
    from sqlalchemy import text

    chosen = {"plan": plan, "simulated": int(simulated)}
    trace: dict[str, int] = {}
    with engine.connect().execution_options(stream_results=True) as connection:
        for rows in connection.execute(text(CASES), chosen).partitions(PORTION):
            first = len(trace)
            trace.update({row.case_id: first + number for number, row in enumerate(rows)})
            yield Chunk(cases=_cases(rows, trace, digest))
        done = 0
        for rows in connection.execute(text(EVENTS), chosen).partitions(PORTION):
            yield Chunk(events=_events(rows, trace, done, digest))
            done += len(rows)
    engine.dispose()


def _cases(rows: Any, trace: dict[str, int], digest: Any) -> pa.RecordBatch:
    """What is known of a run as a whole: version, business key, state, and the plain values of its data."""
    records: list[dict[str, str | None]] = []
    for row in rows:
        data = json.loads(row.state).get("data", {})
        record = {name: _plain(value) for name, value in data.items() if _plain(value) is not None}
        record |= {"plan_version": str(row.version), "business_key": row.business_key, "state": row.status}
        record |= {"run_started": _moment(row.started), "run_ended": _moment(row.ended)}
        records.append(record)
        digest.update(json.dumps([row.case_id, record], sort_keys=True).encode())
    names = list(dict.fromkeys(name for record in records for name in record))
    arrays = [pa.array([trace[row.case_id] for row in rows], pa.int64())]
    arrays += [pa.array([record.get(name) for record in records], pa.string()) for name in names]
    return pa.record_batch(arrays, names=[TRACE, *(f"case:{name}" for name in names)])


def _events(rows: Any, trace: dict[str, int], done: int, digest: Any) -> pa.RecordBatch:
    table = [
        (
            row.case_id,
            row.activity,
            _moment(row.ended),
            _moment(row.started),
            _moment(row.enabled),
            row.resource,
            row.system,
            row.outcome,
            row.node,
            str(row.visit),
        )
        for row in rows
    ]
    digest.update(json.dumps(table).encode())
    columns = [pa.array(values, pa.string()) for values in zip(*table, strict=True)]
    columns.append(pa.array(range(done + 1, done + len(table) + 1), pa.int64()))
    columns.append(pa.array([trace[row.case_id] for row in rows], pa.int64()))
    return pa.record_batch(columns, names=[*COLUMNS, ROW, TRACE])


def _plain(value: Any) -> str | None:
    """A value as text where it is one value, not a list or an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _moment(seconds: float | None) -> str | None:
    """Seconds since 1970 as ISO 8601 with an offset, to the microsecond."""
    return (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    )
