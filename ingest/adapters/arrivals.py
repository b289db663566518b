"""Reads a portion of arrivals, as delivery writes it for a load: numbered rows of text."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.adapter import Chunk, Content, Options, Reading
from ingest.adapters.flat import Columns
from ingest.adapters.records import Record, in_chunks

HEAD = b'{"baton": "arrivals"'


class ArrivalsAdapter:
    """A file of `write`; nobody else makes one."""

    name = "arrivals"
    reads = "events that were pushed to POST /api/events or consumed from a broker"
    suffixes = (".arrivals",)
    several = False

    def recognises(self, content: Content) -> int:
        """The first line says so."""
        return 100 if content.head.startswith(HEAD) else 0

    def read(self, content: Content, options: Options) -> Reading:  # noqa: ARG002
        """Start reading; the position after each chunk is the number of its last arrival."""
        with content.file.open(encoding="utf-8") as file:
            columns = tuple(json.loads(file.readline())["columns"])
        return Reading(_chunks(content.file), columns=columns, row_word="arrival")


def write(path: Path, columns: Sequence[str], rows: Iterable[tuple[int, Columns]]) -> None:
    """Write a portion: the columns there are in any case, then number and columns of each row."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD.decode() + f', "columns": {json.dumps(columns)}}}\n')
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _chunks(path: Path) -> Iterator[Chunk]:
    last = [0]

    def records() -> Iterator[Record]:
        with path.open(encoding="utf-8") as file:
            file.readline()
            for line in file:
                number, columns = json.loads(line)
                last[0] = number
                yield number, columns

    for chunk in in_chunks(records()):
        yield replace(chunk, position=json.dumps({"seq": last[0]}))
