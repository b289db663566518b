"""Reads Parquet files batch by batch."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ingest.adapter import ROW, Chunk, Content, Options, Reading, free
from ingest.adapters.arrow_text import as_text
from ingest.errors import Unfit

ROWS = 65_536
BROKEN = (pa.lib.ArrowException, OSError, UnicodeDecodeError)


class ParquetAdapter:
    """Parquet, as data lakes keep it."""

    name = "parquet"
    reads = "Parquet files"
    suffixes = (".parquet", ".pq")
    several = False

    def recognises(self, content: Content) -> int:
        """Parquet begins with its own four letters."""
        return 100 if content.head.startswith(b"PAR1") else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Stream the rows; what the index of a data frame left behind is no column."""
        if not content.head.startswith(b"PAR1"):
            raise Unfit("format", f"{content.name} is no Parquet file.")
        try:
            file = pyarrow.parquet.ParquetFile(content.file)
            names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        except BROKEN as error:
            raise _cut(content, error) from error
        if file.metadata.num_rows > options.limits.rows:
            raise Unfit(
                "limit",
                f"{content.name} claims {file.metadata.num_rows:,} rows, over the limit of "
                f"{options.limits.rows:,}.",
                hint="The setting max_rows raises the limit.",
            )
        if len(names) > options.limits.columns:
            raise Unfit(
                "columns", f"{content.name} has {len(names):,} columns; {options.limits.columns:,} at most."
            )
        if len(set(names)) < len(names):
            doubled = next(name for name in names if names.count(name) > 1)
            raise Unfit("columns", f"{content.name} has two columns called {doubled!r}.")
        return Reading(_chunks(content, file, names, options), columns=tuple(map(free, names)))


def _chunks(
    content: Content, file: pa.parquet.ParquetFile, names: list[str], options: Options
) -> Iterator[Chunk]:
    total, done = max(1, file.metadata.num_rows), 0
    batches = file.iter_batches(batch_size=ROWS, columns=names)
    while True:
        try:
            batch = next(batches, None)
        except BROKEN as error:
            raise _cut(content, error) from error
        if batch is None:
            return
        rows = pa.array(np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64))
        columns = [_text(content, batch.column(name), name, done) for name in names]
        done += batch.num_rows
        yield Chunk(pa.record_batch([*columns, rows], names=[*map(free, names), ROW]))
        options.progress(done / total)


def _text(content: Content, column: pa.Array, name: str, done: int) -> pa.Array:
    try:
        return as_text(column, name)
    except Unfit as error:
        where = f"rows {done + 1:,} to {done + len(column):,}"
        raise Unfit(error.word, f"{content.name}, {where}: {error.message}", where=where) from error


def _cut(content: Content, error: Exception) -> Unfit:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    message = f"{content.name} is truncated or corrupt Parquet: {said}"
    return Unfit("truncated", message, hint="Copy or export it again.")
