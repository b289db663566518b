"""Reads Parquet files batch by batch."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from ingest.adapter import ROW, Chunk, Content, Options, Reading
from ingest.adapters.arrow_text import as_text
from ingest.errors import Unfit

ROWS = 65_536
BROKEN = (pa.lib.ArrowException, OSError, UnicodeDecodeError)


class ParquetAdapter:
    """Parquet, as data lakes keep it."""

    name = "parquet"
    reads = "Parquet files"
    suffixes = (".parquet", ".pq")

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
        if len(names) > options.limits.columns:
            raise Unfit(
                "columns", f"{content.name} has {len(names):,} columns; {options.limits.columns:,} at most."
            )
        if len(set(names)) < len(names):
            raise Unfit("columns", f"{content.name} has two columns of one name.")
        return Reading(_chunks(content, file, names, options), columns=tuple(names))


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
        columns = [as_text(batch.column(name), name) for name in names]
        done += batch.num_rows
        yield Chunk(pa.record_batch([*columns, rows], names=[*names, ROW]))
        options.progress(done / total)


def _cut(content: Content, error: Exception) -> Unfit:
    return Unfit("truncated", f"{content.name} is truncated or corrupt Parquet: {str(error).splitlines()[0]}")
