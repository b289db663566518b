"""Reads CSV and its kin, strictly: every field as text, every row loaded or set aside with its line."""

import csv
import io
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from ingest.adapter import ROW, Aside, Chunk, Content, Options, Reading
from ingest.adapters.csv_shape import Shape, find_shape, in_pieces, is_blank
from ingest.contracts import Finding
from ingest.encoding import Text, decoded, examine
from ingest.errors import Unfit

BLOCK = 8 << 20
PATIENCE = 4
"""Blocks after which a field that is still open is taken for a quote that never closes."""
LONGEST = 64 << 20
"""Bytes that one line may have."""


class CsvAdapter:
    """CSV, TSV and other delimited text."""

    name = "csv"
    reads = "delimited text: CSV, TSV, any delimiter, any encoding"
    suffixes = (".csv", ".tsv", ".tab", ".txt")
    several = False

    def recognises(self, content: Content) -> int:
        """Any file that nobody else claims is taken for text; reading it finds out."""
        return 1 if content.path is not None and not content.members else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Find encoding, delimiter and header, then stream the rows."""
        csv.field_size_limit(1 << 30)
        text = examine(content, options.encoding)
        shape = find_shape(content, text, options)
        reading = Reading(iter(()), columns=shape.columns, row_word="line")
        reading.findings += [*text.findings, *shape.findings]
        reading.found = {"encoding": text.encoding, "delimiter": shape.delimiter}
        reading.chunks = _Rows(content, text, shape, options, reading).chunks()
        return reading


class _Rows:
    """The rows below the header, block by block: Arrow reads clean blocks, the slow reader judges others."""

    def __init__(
        self, content: Content, text: Text, shape: Shape, options: Options, reading: Reading
    ) -> None:
        self.content, self.text, self.shape, self.options, self.reading = (
            content,
            text,
            shape,
            options,
            reading,
        )
        self.fast = shape.delimiter.isascii() and shape.delimiter not in '"\r\n'
        self.comments = 0

    def chunks(self) -> Iterator[Chunk]:
        """Every block as a chunk."""
        line, rows = 1, 0
        for block, read in _blocks(self.content, self.text):
            if line < self.shape.first_line:
                block, line = _below(block, line, self.shape.first_line)
            if block:
                lines = _newlines(block)
                chunk = self._clean(block, line, lines) or self._judged(block, line)
                line += lines
                rows += (chunk.events.num_rows if chunk.events else 0) + len(chunk.aside)
                if rows > self.options.limits.rows:
                    raise Unfit("limit", f"{self.content.name}: over {self.options.limits.rows:,} rows.")
                yield chunk
            self.options.progress(min(1.0, read / max(1, self.content.size)))
        if self.comments:
            self.reading.findings.append(
                Finding(
                    code="comments",
                    severity="warning",
                    count=self.comments,
                    message=f"{self.comments} comment line(s) beginning with # were skipped.",
                )
            )

    def _clean(self, block: bytes, line: int, lines: int) -> Chunk | None:
        """A block in which nothing can be misread: quotes only around whole fields, one row a line."""
        if not self.fast or (b'"' in block and not _well_quoted(block, self.shape.delimiter)):
            return None
        names = [str(i) for i in range(len(self.shape.columns))]
        try:
            table = pa.csv.read_csv(
                io.BytesIO(block),
                read_options=pa.csv.ReadOptions(column_names=names, block_size=len(block) + 1),
                parse_options=pa.csv.ParseOptions(delimiter=self.shape.delimiter, newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != lines or self._suspect(table):
            return None
        batch = table.combine_chunks().to_batches()[0]
        places = pa.array(np.arange(line, line + lines, dtype=np.int64))
        return Chunk(pa.record_batch([*batch.columns, places], names=[*self.shape.columns, ROW]))

    def _suspect(self, table: pa.Table) -> bool:
        """Whether the header may stand here again."""
        return bool(pa.compute.any(pa.compute.equal(table.column(0), self.shape.header[0])).as_py())

    def _judged(self, block: bytes, line: int) -> Chunk:
        """Row by row, with the line of each; what cannot be a row is set aside."""
        width = len(self.shape.columns)
        good: list[list[str]] = []
        lines: list[int] = []
        aside: list[Aside] = []
        for number, row, wrong in _records(
            block.decode(errors="surrogateescape"), self.shape.delimiter, line
        ):
            if wrong is None and width > 1 and is_blank(row):
                continue
            reason = wrong or self._reason(row, width)
            if reason is None:
                good.append(row)
                lines.append(number)
            elif reason == "comment":
                self.comments += 1
            else:
                values = dict(
                    zip([*self.shape.columns, *map(str, range(width, len(row)))], row, strict=False)
                )
                kept = {k: v.encode(errors="replace").decode()[:1000] for k, v in values.items()}
                aside.append(Aside(number, reason, values=kept))
        if not good:
            return Chunk(aside=aside)
        columns = [pa.array(column, pa.string()) for column in zip(*good, strict=True)]
        names = [*self.shape.columns, ROW]
        return Chunk(pa.record_batch([*columns, pa.array(lines, pa.int64())], names=names), aside=aside)

    def _reason(self, row: list[str], width: int) -> str | None:
        if len(row) == 1 and _comment(row) and width > 1:
            return "comment"
        if tuple(row) == self.shape.header:
            return "the header again"
        if len(row) != width:
            few = "few" if len(row) < width else "many"
            return f"too {few} fields: {len(row)} where the header has {width}"
        if self.text.torn and any(not cell.isascii() and in_pieces(cell) for cell in row):
            return "bytes in another encoding than the rest of the file"
        return None


def _comment(row: list[str]) -> bool:
    return row[0].startswith("#")


def _records(text: str, delimiter: str, first: int) -> Iterator[tuple[int, list[str], str | None]]:
    """Each record with its line; a record that breaks the rules of quoting costs its first line only."""
    lines = io.StringIO(text, newline="").readlines()
    start = 0
    while start < len(lines):
        reader = csv.reader(
            map(lines.__getitem__, range(start, len(lines))), delimiter=delimiter, strict=True
        )
        done = 0
        try:
            for row in reader:
                number, done = first + start + done, reader.line_num
                if row:
                    yield number, row, None
            return
        except csv.Error as error:
            broken = start + done
            yield first + broken, [lines[broken].rstrip("\r\n")], f"quotes that do not match ({error})"
            start = broken + 1


def _blocks(content: Content, text: Text) -> Iterator[tuple[bytes, int]]:
    """The file in blocks that end where a record ends, each with the bytes read so far."""
    rest, read = b"", 0
    for portion in decoded(content, text, BLOCK):
        read += len(portion)
        rest += portion
        cut = _end_of_record(rest)
        if cut:
            yield rest[:cut], read
            rest = rest[cut:]
        if len(rest) > LONGEST:
            raise Unfit(
                "size",
                f"{content.name}: a line is over the size limit of {LONGEST >> 20} MB.",
                hint="Is it a table? Its rows have to end with line ends.",
            )
    if rest:
        yield rest, read


def _end_of_record(block: bytes) -> int:
    """Behind the last line end with an even number of quotes before it; 0 where more has to be seen.

    A quote that never closes makes every later line end odd: after a while the last one is taken.
    """
    mark = b"\n" if b"\n" in block else b"\r"
    end = len(block) - (mark == b"\r")  # a return at the end may be half of a line end
    odd = block.count(b'"', 0, end) & 1
    while (cut := block.rfind(mark, 0, end)) >= 0:
        odd ^= block.count(b'"', cut, end) & 1
        if not odd:
            return cut + 1
        end = block.rfind(b'"', 0, cut)  # line ends between that quote and here are as odd as this one
        if end < 0:
            break
        odd = 0
    return block.rfind(mark, 0, -1) + 1 if len(block) > PATIENCE * BLOCK else 0


def _well_quoted(block: bytes, delimiter: str) -> bool:
    """Whether every quote opens or closes a whole field, or is doubled inside one.

    Quotes open and close in turn. Between a closing one and the next opening one there is nothing (the
    two are a doubled quote), or the one ends a field and the other begins one.
    """
    data = np.frombuffer(block, np.uint8)
    at = np.flatnonzero(data == ord('"'))
    if len(at) % 2:
        return False
    borders = np.zeros(256, bool)
    borders[[ord(delimiter), ord("\n"), ord("\r")]] = True
    opens, closes = at[0::2], at[1::2]
    begins = np.where(opens == 0, True, borders[data[opens - 1]])
    ends = np.where(closes == len(data) - 1, True, borders[data[np.minimum(closes + 1, len(data) - 1)]])
    doubled = np.concatenate([opens[1:] == closes[:-1] + 1, [False]])
    first = np.concatenate([[True], ~doubled[:-1]])
    return bool(np.all(begins[first]) and np.all(ends[~doubled]))


def _newlines(block: bytes) -> int:
    """How many lines the block has, whichever way they end; the last may lack its end."""
    data = np.frombuffer(block, np.uint8)
    ends = int(np.count_nonzero(data == ord("\n")))  # faster than to look for one after the other
    if b"\r" in block:
        ends += block.count(b"\r") - block.count(b"\r\n")
    return ends + (not block.endswith((b"\n", b"\r")))


def _below(block: bytes, line: int, first_line: int) -> tuple[bytes, int]:
    """The block from `first_line` on; the header lies in the first block."""
    ends = re.finditer(rb"\r\n|\n|\r", block)
    for _ in range(first_line - line):
        end = next(ends, None)
        if end is None:
            return b"", first_line
        start = end.end()
    return block[start:], first_line
