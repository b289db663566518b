"""Keeps on disk what was read, until the whole of it is: text columns under generated names, in Parquet.

Reading runs without the event store; the store reads the spool when reading is over. A spool outlives
its process where its source says how to go on, so that the next pull begins with it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet

from home.contracts import Contract
from ingest.adapter import ROW, TRACE, Aside, Chunk, Limits
from ingest.contracts import Finding
from ingest.errors import Unfit

GROUP_ROWS = 100_000
GROUP_BYTES = 32 << 20
"""A row group is written when it has so many rows or bytes: small ones cost time, large ones memory."""
MANIFEST = "manifest.json"
NUMBERS = {"n": pa.uint64(), "row": pa.int64(), "trace": pa.int64()}
"""Columns that are no text."""
LOOKED_AT = 20_000
REPEATING = 0.3
"""Distinct values per value, up to which a column is written by a dictionary."""
EVENTS, CASES, ASIDE = "events", "cases", "aside"


class Manifest(Contract):
    """What a spool holds, and what is known about where it came from."""

    source: str
    """What the user calls it."""
    adapter: str
    digest: str = ""
    """SHA-256 of the content."""
    held: bool = False
    """Nothing was read: the log holds this content already, or may not be extended."""
    events: int = 0
    aside: int = 0
    rows: int = 0
    """Numbers given to events, cases and rows set aside so far, also to those in `dropped`."""
    columns: tuple[str, ...] = ()
    """Source columns; the k-th is `s<k>` in the files of events."""
    case_columns: tuple[str, ...] = ()
    """Source columns per case; the k-th is `t<k>` in the files of cases."""
    row_word: str = "row"
    findings: tuple[Finding, ...] = ()
    classifiers: dict[str, tuple[str, ...]] = {}
    simulated: bool = False
    plan: str | None = None
    found: dict[str, str] = {}
    """Options that the adapter found out itself, such as the delimiter."""
    complete: bool = True
    """All of the source was read, not its first rows only."""
    position: str | None = None
    """Where the source goes on after this."""
    began: str | None = None
    """Where it began."""
    how: str = ""
    """What was asked for."""
    files: dict[str, tuple[str, ...]] = {}
    """Names of the files of `events`, `cases` and `aside`, in order."""
    dropped: tuple[tuple[int, int], ...] = ()
    """Ranges of numbers (from, to) that were read beyond the last position and are read again."""


@dataclass
class Portions:
    """One kind of rows, in files whose columns only grow: a new file where a column is new."""

    folder: Path
    prefix: str
    files: list[str] = field(default_factory=list)
    schema: pa.Schema = field(default_factory=lambda: pa.schema([]))
    _writer: pa.parquet.ParquetWriter | None = None
    _waiting: list[pa.RecordBatch] = field(default_factory=list)
    _rows: int = 0
    _bytes: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows; every column is of a type that stays."""
        new = [(n, NUMBERS.get(n, pa.string())) for n in batch.schema.names if n not in self.schema.names]
        if new:
            self.close()
            self.schema = pa.schema([*self.schema, *starmap(pa.field, new)])
        if not batch.num_rows:  # every row of the portion was set aside
            return
        self._waiting.append(_in_shape(batch, self.schema))
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = pa.Table.from_batches(self._waiting, self.schema)
        if self._writer is None:
            self.files.append(f"{self.prefix}-{len(self.files)}.parquet")
            self._writer = pa.parquet.ParquetWriter(
                self.folder / self.files[-1],
                self.schema,
                compression="none",  # packing takes longer than the disk does
                write_statistics=False,
                use_dictionary=list(_repeating(rows)),
                column_encoding={n: "DELTA_BINARY_PACKED" for n in self.schema.names if n in NUMBERS},
            )
        self._writer.write_table(rows, row_group_size=self._rows)
        self._waiting, self._rows, self._bytes = [], 0, 0

    def close(self) -> None:
        """End the current file, so that it can be read; more rows begin another."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class Spool:
    """A folder being filled; raises `Unfit` over the limits."""

    def __init__(self, folder: Path, limits: Limits, resumed: Manifest | None = None) -> None:
        self.folder, self.limits = folder, limits
        before = resumed or Manifest(source="", adapter="")
        self.columns = {name: f"s{i}" for i, name in enumerate(before.columns)}
        self.case_columns = {name: f"t{i}" for i, name in enumerate(before.case_columns)}
        self.events, self.aside, self.rows = before.events, before.aside, before.rows
        self.position = before.position
        self.dropped = list(before.dropped)
        self._settled = (self.events, self.aside, self.rows)
        self._portions = {
            kind: Portions(folder, kind, list(before.files.get(kind, ()))) for kind in (EVENTS, CASES, ASIDE)
        }

    def declare(self, columns: Sequence[str]) -> None:
        """Give these columns their names first, in this order."""
        for name in columns:
            self._column(name)

    def add(self, chunk: Chunk) -> None:
        """Keep a portion of the source."""
        if chunk.cases is not None and chunk.cases.num_rows:
            special = {TRACE: "trace"}
            names = [special.get(n) or self._column(n, case=True) for n in chunk.cases.schema.names]
            self._append(CASES, chunk.cases.rename_columns(names))
        if chunk.events is not None and chunk.events.num_rows:
            self._add_events(chunk.events)
        if chunk.aside:
            self._set_aside(chunk.aside)
        if chunk.position is not None:
            self.position = chunk.position or None
            self._settled = (self.events, self.aside, self.rows)

    def close(self) -> None:
        """End every file, so that all can be read."""
        for portions in self._portions.values():
            portions.close()

    def settle(self) -> None:
        """Forget what came after the last position: it will be read again."""
        self.close()
        events, aside, rows = self._settled
        if rows < self.rows:
            self.dropped.append((rows, self.rows))
        self.events, self.aside = events, aside

    def contents(self) -> dict[str, Any]:
        """The fields of a manifest that the spool itself knows."""
        return {
            "events": self.events,
            "aside": self.aside,
            "rows": self.rows,
            "columns": tuple(self.columns),
            "case_columns": tuple(self.case_columns),
            "position": self.position,
            "files": {kind: tuple(portions.files) for kind, portions in self._portions.items()},
            "dropped": tuple(self.dropped),
        }

    def _add_events(self, batch: pa.RecordBatch) -> None:
        batch = self._without_giants(batch)
        self.events += batch.num_rows
        if self.events > self.limits.rows:
            raise Unfit("limit", f"More than {self.limits.rows:,} rows, the limit of one load.")
        special = {ROW: "row", TRACE: "trace"}
        names = [special.get(name) or self._column(name) for name in batch.schema.names]
        self._append(EVENTS, batch.rename_columns(names))

    def _without_giants(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows whose every field is of a bearable size; the others are set aside."""
        if batch.nbytes <= self.limits.field_bytes:
            return batch
        for name in batch.schema.names:
            if name in (ROW, TRACE):
                continue
            giant = compute.greater(compute.binary_length(batch.column(name)), self.limits.field_bytes)
            giant = compute.fill_null(giant, False)
            if compute.any(giant).as_py():
                rows = batch.filter(giant).column(ROW).to_pylist()
                reason = f"a field over {self.limits.field_bytes >> 20} MB"
                self._set_aside([Aside(row, reason, name, code="giant_field") for row in rows])
                batch = batch.filter(compute.invert(giant))
        return batch

    def _column(self, name: str, *, case: bool = False) -> str:
        known, prefix = (self.case_columns, "t") if case else (self.columns, "s")
        if name not in known:
            if len(known) >= self.limits.columns:
                raise Unfit("columns", f"More than {self.limits.columns:,} columns or attributes.")
            known[name] = f"{prefix}{len(known)}"
        return known[name]

    def _set_aside(self, rows: Sequence[Aside]) -> None:
        self.aside += len(rows)
        columns = {
            "row": pa.array([a.row for a in rows], pa.int64()),
            "code": pa.array([a.code for a in rows], pa.string()),
            "col": pa.array([a.column for a in rows], pa.string()),
            "reason": pa.array([a.reason for a in rows], pa.string()),
            "record": pa.array([json.dumps(dict(a.values), default=str) for a in rows], pa.string()),
        }
        self._append(ASIDE, pa.record_batch(columns))

    def _append(self, kind: str, batch: pa.RecordBatch) -> None:
        numbers = pa.array(np.arange(self.rows, self.rows + batch.num_rows, dtype=np.uint64))
        self.rows += batch.num_rows
        self._portions[kind].add(pa.record_batch([numbers, *batch.columns], names=["n", *batch.schema.names]))


def _repeating(rows: pa.Table) -> Iterator[str]:
    """Columns that a dictionary is worth its time for, judged by the first rows of a file."""
    for name in rows.column_names:
        if name not in NUMBERS:
            distinct = compute.count_distinct(rows.column(name).slice(0, LOOKED_AT)).as_py()
            if distinct <= REPEATING * min(len(rows), LOOKED_AT):
                yield name


def _in_shape(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with exactly these columns; what it lacks is null."""
    if batch.schema.equals(schema):
        return batch
    columns = [
        batch.column(f.name).cast(f.type)
        if f.name in batch.schema.names
        else pa.nulls(batch.num_rows, f.type)
        for f in schema
    ]
    return pa.record_batch(columns, schema=schema)


def kept(folder: Path) -> Manifest | None:
    """The manifest of a spool that an earlier pull left, or `None`."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def keep(folder: Path, manifest: Manifest) -> None:
    """Write a manifest beside its files, whole or not at all."""
    draft = folder / f"{MANIFEST}.new"
    draft.write_text(manifest.model_dump_json(), encoding="utf-8")
    draft.replace(folder / MANIFEST)
