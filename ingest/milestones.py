"""Turns a table with one row per case and one column of times per milestone into events."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as compute

from home.errors import unknown
from ingest.adapter import ROW, Aside, Chunk, Reading

MILESTONE = "milestone"
"""Column of the name of the milestone, which is the activity."""
TIME = "milestone time"
"""Column of its time."""


def as_events(reading: Reading, milestones: Sequence[str]) -> Reading:
    """The reading with a row for each milestone that has a time; raises `NotFound` for an absent column.

    A row without any is set aside. The other columns stand in each of a row's events.
    """
    columns = reading.columns
    if columns is not None:
        for name in milestones:
            if name not in columns:
                raise unknown("column", name, list(columns), listing="baton inspect")
        columns = (*(c for c in columns if c not in milestones), MILESTONE, TIME)
    return replace(reading, columns=columns, chunks=_chunks(reading, tuple(milestones)))


def _chunks(reading: Reading, milestones: tuple[str, ...]) -> Iterator[Chunk]:
    for chunk in reading.chunks:
        if chunk.events is None or not chunk.events.num_rows:
            yield chunk
            continue
        events, bare = _unpivoted(chunk.events, milestones)
        aside = [Aside(row, "no milestone has a time", code="no_milestone") for row in bare]
        yield replace(chunk, events=events, aside=[*chunk.aside, *aside])


def _unpivoted(batch: pa.RecordBatch, milestones: tuple[str, ...]) -> tuple[pa.RecordBatch, list[int]]:
    """One row per milestone with a time, in the order of the columns; and the rows that have none."""
    kept = [name for name in batch.schema.names if name not in milestones]
    bare = pa.array([True] * batch.num_rows)
    parts = []
    for name in milestones:
        if name not in batch.schema.names:
            continue
        times = batch.column(name)
        there = compute.fill_null(compute.not_equal(compute.utf8_trim_whitespace(times), ""), False)
        bare = compute.and_(bare, compute.invert(there))
        rows = batch.select(kept).filter(there)
        told = pa.array([name] * rows.num_rows, pa.string())
        columns = [*rows.columns, told, times.filter(there)]
        parts.append(pa.record_batch(columns, names=[*kept, MILESTONE, TIME]))
    table = pa.Table.from_batches(parts).combine_chunks() if parts else None
    found = table.to_batches()[0] if table is not None and table.num_rows else batch.select(kept).slice(0, 0)
    return found, batch.column(ROW).filter(bare).to_pylist()
