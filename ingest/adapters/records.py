"""Collects records of text into chunks whose columns grow as new names appear."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from ingest.adapter import ROW, Aside, Chunk

RECORDS = 20_000
"""Records in one chunk."""

Record = tuple[int, Mapping[str, str | None] | Aside]
"""Row number and column name to text, or why the row cannot be loaded."""


def in_chunks(records: Iterable[Record]) -> Iterator[Chunk]:
    """The records, portion by portion; every column that any of a portion has is a column of its chunk."""
    good: list[tuple[int, Mapping[str, str | None]]] = []
    aside: list[Aside] = []
    for number, record in records:
        if isinstance(record, Aside):
            aside.append(record)
        else:
            good.append((number, record))
        if len(good) + len(aside) >= RECORDS:
            yield _chunk(good, aside)
            good, aside = [], []
    yield _chunk(good, aside)


def _chunk(good: list[tuple[int, Mapping[str, str | None]]], aside: list[Aside]) -> Chunk:
    if not good:
        return Chunk(aside=aside)
    names: dict[str, None] = {}
    for _, record in good:
        names.update(dict.fromkeys(record))
    columns = {name: pa.array([record.get(name) for _, record in good], pa.string()) for name in names}
    return Chunk(pa.record_batch({ROW: pa.array([n for n, _ in good], pa.int64()), **columns}), aside=aside)
