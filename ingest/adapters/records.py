"""Collects records of text into chunks whose columns grow as new names appear."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from ingest.adapter import ROW, Aside, Chunk, free

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
    try:
        return Chunk(_batch(good), aside=aside)
    except UnicodeEncodeError:  # half a character, as `"\ud800"` is
        torn = [(number, record) for number, record in good if not _is_text(record)]
        whole = [(number, record) for number, record in good if _is_text(record)]
        reason = "half a character (\\ud800 to \\udfff alone), which no encoding has"
        aside += [Aside(number, reason, values=_readable(record)) for number, record in torn]
        return Chunk(_batch(whole) if whole else None, aside=aside)


def _batch(records: list[tuple[int, Mapping[str, str | None]]]) -> pa.RecordBatch:
    names: dict[str, None] = {}
    for _, record in records:
        names.update(dict.fromkeys(record))
    columns = {
        free(name): pa.array([record.get(name) for _, record in records], pa.string()) for name in names
    }
    return pa.record_batch({ROW: pa.array([number for number, _ in records], pa.int64()), **columns})


def _is_text(record: Mapping[str, str | None]) -> bool:
    try:
        "".join([*record, *(value or "" for value in record.values())]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _readable(record: Mapping[str, str | None]) -> dict[str, str | None]:
    def shown(text: str) -> str:
        return text.encode(errors="backslashreplace").decode()

    return {shown(name): value and shown(value) for name, value in record.items()}
