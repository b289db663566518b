"""Reads Temporal workflow histories, exported as JSON: a run is a case, an activity is an instance."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ingest.adapter import ROW, TRACE, Aside, Chunk, Content, Options, Reading
from ingest.adapters.json_document import document
from ingest.adapters.temporal.events import events_of
from ingest.adapters.temporal.history import History, steps_of
from ingest.contracts import Finding
from ingest.errors import Unfit

STEPS = 20_000
"""Steps in one chunk."""
STARTED = (b"WorkflowExecutionStarted", b"WORKFLOW_EXECUTION_STARTED")


class TemporalAdapter:
    """Histories as `temporal workflow show --output json` writes them: a file, a folder or a zip of them.

    A step has its start and end, `enabled` (when it was scheduled), the worker's identity as resource,
    `attempt`, `outcome`, `kind` and what failed. The engine's own bookkeeping (workflow tasks, markers)
    is counted and left out; payloads are not read.
    """

    name = "temporal"
    reads = "Temporal workflow histories (JSON): a file, a folder or a zip of them"
    suffixes = (".json",)
    several = True

    def recognises(self, content: Content) -> int:
        """Every document begins with the start of a workflow run."""
        if content.path is None:
            return 0
        return 95 if all(_is_history(head) for head in content.heads()) else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Put each history together, one document at a time."""
        reading = Reading(iter(()), row_word="event")
        reading.chunks = _chunks(content, options, reading)
        return reading


def _is_history(head: bytes) -> bool:
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return first in (b"{", b"[") and b'"eventType"' in head and any(kind in head for kind in STARTED)


def _chunks(content: Content, options: Options, reading: Reading) -> Iterator[Chunk]:
    rows: list[tuple[int, int, dict[str, Any]]] = []
    cases: list[tuple[int, dict[str, Any]]] = []
    aside: list[Aside] = []
    totals = dict.fromkeys(("bookkeeping", "running", "nameless"), 0)
    before = 0
    several = max(1, len(content.members))
    for number, inside in enumerate(content.documents(), start=1):
        events = _events(inside, options)
        history = History.of(events, inside.name)
        rows += [(before + n, number, columns) for n, columns in steps_of(history)]
        cases.append((number, {k: v for k, v in history.case.items() if v is not None}))
        aside += [_aside(before, odd, inside.name) for odd in history.odd]
        totals["bookkeeping"] += history.bookkeeping
        totals["running"] += history.running
        totals["nameless"] += not history.case.get("case:run_id")
        before += len(events)
        if len(rows) >= STEPS:
            yield Chunk(_batch(rows), _cases(cases), aside)
            rows, cases, aside = [], [], []
        options.progress(number / several)
    yield Chunk(_batch(rows), _cases(cases), aside)
    reading.findings += _findings(totals)


def _events(content: Content, options: Options) -> list[Any]:
    events = events_of(document(content, options))
    if not events:
        raise Unfit("no events", f"{content.name} has no events: it is no history of a workflow run.")
    return events


def _aside(before: int, odd: Any, name: str) -> Aside:
    values = odd.event if isinstance(odd.event, dict) else {"event": odd.event}
    return Aside(before + odd.number, odd.reason, values={"history": name, **values}, code=odd.code)


def _batch(rows: list[tuple[int, int, dict[str, Any]]]) -> pa.RecordBatch | None:
    if not rows:
        return None
    numbers = {ROW: pa.array([n for n, *_ in rows], pa.int64()), TRACE: pa.array([t for _, t, _ in rows])}
    return pa.record_batch({**numbers, **_columns([columns for *_, columns in rows])})


def _cases(cases: list[tuple[int, dict[str, Any]]]) -> pa.RecordBatch | None:
    if not cases:
        return None
    numbers = {TRACE: pa.array([n for n, _ in cases], pa.int64())}
    return pa.record_batch({**numbers, **_columns([columns for _, columns in cases])})


def _columns(records: list[dict[str, Any]]) -> dict[str, pa.Array]:
    names = dict.fromkeys(name for record in records for name in record)
    return {name: pa.array([record.get(name) for record in records], pa.string()) for name in names}


def _findings(totals: dict[str, int]) -> Iterator[Finding]:
    if count := totals["bookkeeping"]:
        message = f"{count:,} events are the engine's own bookkeeping (workflow tasks, markers), no steps."
        yield Finding(code="engine_events", severity="info", count=count, message=message)
    if count := totals["running"]:
        message = f"{count:,} steps had not ended when the history was written: `outcome` is 'running'."
        yield Finding(code="running_steps", severity="info", count=count, message=message)
    if count := totals["nameless"]:
        message = f"{count:,} histories do not say which run they are; those cases are called after the file."
        yield Finding(code="nameless_runs", severity="warning", count=count, message=message)
