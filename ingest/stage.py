"""Keeps what an adapter read until the mapping is known: text columns under generated names."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from home.duck import Cursor
from ingest.adapter import ROW, TRACE, Aside, Chunk, Limits, Reading
from ingest.contracts import Finding
from ingest.errors import Unfit


@dataclass
class Stage:
    """Temporary tables `stage` (events: n, row, trace, s0, s1, …) and `stage_case` (trace, t0, t1, …).

    A source's column names never become SQL names, so they may be anything at all.
    """

    cursor: Cursor
    limits: Limits
    row_word: str
    columns: dict[str, str] = field(default_factory=dict)
    """Source column to column of `stage`."""
    case_columns: dict[str, str] = field(default_factory=dict)
    """Source column to column of `stage_case`."""
    events: int = 0
    has_cases: bool = False
    aside: int = 0

    def __post_init__(self) -> None:
        self.cursor.execute("create temp table stage(n ubigint, row bigint, trace bigint)")
        self.cursor.execute("create temp table stage_case(trace bigint)")
        self.cursor.execute(
            "create temp table stage_aside"
            "(n ubigint, row bigint, code varchar, col varchar, reason varchar, record json)"
        )

    def take(self, reading: Reading) -> None:
        """Read everything; raises `Unfit` over the limits."""
        for column in reading.columns or ():
            self._column(column)
        for chunk in reading.chunks:
            self._add(chunk)

    def _add(self, chunk: Chunk) -> None:
        if chunk.cases is not None and chunk.cases.num_rows:
            self.has_cases = True
            names = [
                "trace" if name == TRACE else self._column(name, case=True)
                for name in chunk.cases.schema.names
            ]
            self._insert("stage_case", chunk.cases.rename_columns(names))
        if chunk.events is not None and chunk.events.num_rows:
            self._add_events(chunk.events)
        if chunk.aside:
            self._set_aside(chunk.aside)

    def _add_events(self, batch: pa.RecordBatch) -> None:
        first = self.events
        self.events += batch.num_rows
        if self.events > self.limits.rows:
            raise Unfit("limit", f"More than {self.limits.rows:,} rows, the limit of one load.")
        batch = self._without_giants(batch)
        special = {ROW: "row", TRACE: "trace"}
        names = [special.get(name) or self._column(name) for name in batch.schema.names]
        numbers = pa.array(np.arange(first, first + batch.num_rows, dtype=np.uint64))
        self._insert("stage", pa.record_batch([*batch.columns, numbers], names=[*names, "n"]))

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
                self.events -= len(rows)
        return batch

    def _column(self, name: str, *, case: bool = False) -> str:
        known, prefix, table = (
            (self.case_columns, "t", "stage_case") if case else (self.columns, "s", "stage")
        )
        if name not in known:
            if len(known) >= self.limits.columns:
                raise Unfit("columns", f"More than {self.limits.columns:,} columns or attributes.")
            known[name] = f"{prefix}{len(known)}"
            self.cursor.execute(f"alter table {table} add column {known[name]} varchar")
        return known[name]

    def _insert(self, table: str, batch: pa.RecordBatch) -> None:
        self.cursor.register("portion", batch)
        self.cursor.execute(f"insert into {table} by name select * from portion")
        self.cursor.unregister("portion")

    def _set_aside(self, rows: Sequence[Aside]) -> None:
        self.aside += len(rows)
        batch = pa.record_batch(
            {
                "row": pa.array([a.row for a in rows], pa.int64()),
                "code": pa.array([a.code for a in rows], pa.string()),
                "col": pa.array([a.column for a in rows], pa.string()),
                "reason": pa.array([a.reason for a in rows], pa.string()),
                "record": pa.array([json.dumps(dict(a.values), default=str) for a in rows], pa.string()),
            }
        )
        self._insert("stage_aside", batch)

    def part_doubled_cases(self, column: str) -> Finding | None:
        """Give each further trace of one id a name of its own, `id#2`."""
        name = self.case_columns[column]
        doubled = self.cursor.execute(
            f"select trace, {name}, k from"
            f" (select *, row_number() over (partition by {name} order by trace) as k"
            f" from stage_case where {name} <> '') where k > 1 order by trace"
        ).fetchall()
        if not doubled:
            return None
        ids = {
            found for (found,) in self.cursor.execute(f"select distinct {name} from stage_case").fetchall()
        }
        new = ""
        for trace, case, number in doubled:
            new = f"{case}#{number}"
            while new in ids:
                new += "'"
            ids.add(new)
            self.cursor.execute(f"update stage_case set {name} = ? where trace = ?", [new, trace])
        return Finding(
            code="duplicate_case_ids",
            severity="warning",
            count=len(doubled),
            message=f"{len(doubled):,} traces have another's id; they stay cases of their own ({new!r}).",
        )

    def as_json(self) -> str:
        """SQL: the source row as a JSON object of its own column names."""
        pairs = ", ".join(f"{literal(name)}, {column}" for name, column in self.columns.items())
        return f"json_object({pairs})"


def literal(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"
