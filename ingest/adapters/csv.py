"""Reads CSV and its kin, strictly: every field as text, every row loaded or set aside with its line."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from ingest.adapter import ROW, Aside, Chunk, Content, Options, Reading
from ingest.contracts import Finding
from ingest.encoding import Text, decoded, examine
from ingest.errors import Unfit

DELIMITERS = ",;\t|"
LINES = 200
"""Lines looked at to find the delimiter and the header."""
BLOCK = 8 << 20
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


class CsvAdapter:
    """CSV, TSV and other delimited text."""

    name = "csv"
    reads = "delimited text: CSV, TSV, any delimiter, any encoding"
    suffixes = (".csv", ".tsv", ".tab", ".txt")

    def recognises(self, content: Content) -> int:
        """Any file that nobody else claims is taken for text; reading it finds out."""
        return 1 if content.path is not None and not content.members else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Find encoding, delimiter and header, then stream the rows."""
        csv.field_size_limit(1 << 30)
        text = examine(content, options.encoding)
        shape = _shape(content, text, options)
        reading = Reading(iter(()), columns=shape.columns, row_word="line")
        reading.findings += [*text.findings, *shape.findings]
        reading.chunks = _Rows(content, text, shape, options, reading).chunks()
        return reading


@dataclass(frozen=True)
class Shape:
    """Where the table is in the file."""

    delimiter: str
    columns: tuple[str, ...]
    """Unique names, blank ones filled in."""
    header: tuple[str, ...]
    """As it stands in the file."""
    first_line: int
    """Line of the first row."""
    findings: tuple[Finding, ...]


def _shape(content: Content, text: Text, options: Options) -> Shape:
    sample = _sample(content, text)
    delimiter = options.delimiter or _delimiter(sample)
    if delimiter == "\\t":
        delimiter = "\t"
    if len(delimiter) != 1:
        raise Unfit("format", f"The delimiter {delimiter!r} is not one character.")
    rows = _parsed(sample, delimiter)
    if not rows:
        raise Unfit("empty", f"{content.name} is empty: it has only blank lines.")
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    at = next(i for i, (_, row) in enumerate(rows) if len(row) == width)
    # A header may be one field short of rows that all end with the delimiter.
    if (
        at > 0
        and len(rows[at - 1][1]) == width - 1
        and not any(r[-1] for _, r in rows[at:] if len(r) == width)
    ):
        at -= 1
    end, header = rows[at]
    _refuse_headless(header, content.name)
    if width > options.limits.columns:
        raise Unfit("columns", f"{content.name} has {width:,} columns; {options.limits.columns:,} at most.")
    findings = list(_oddities(header, width, at, delimiter, options, content.name))
    columns = _unique([*header, *[""] * (width - len(header))])
    return Shape(delimiter, columns, tuple(header), end + 1, tuple(findings))


def _sample(content: Content, text: Text) -> list[str]:
    head = next(decoded(content, text, 1 << 20), b"").decode(errors="surrogateescape")
    lines = io.StringIO(head, newline="").readlines()
    if content.size > 1 << 20 and len(lines) > 1:
        lines.pop()  # cut in the middle
    return lines[:LINES]


def _parsed(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter)
    return [(reader.line_num, row) for row in reader if row]


def _delimiter(lines: list[str]) -> str:
    """The candidate that gives most lines the same number of fields, the more fields the better."""

    def fit(candidate: str) -> tuple[int, int]:
        widths = Counter(len(row) for _, row in _parsed(lines, candidate))
        width, rows = max(((w, n) for w, n in widths.items() if w > 1), key=lambda x: x[1], default=(0, 0))
        return rows, width

    best = max(DELIMITERS, key=fit)
    return best if fit(best)[0] else ","


def _comment(row: list[str]) -> bool:
    return row[0].startswith("#")


def _refuse_headless(header: list[str], name: str) -> None:
    cells = [cell.strip() for cell in header]
    numbers = sum(bool(NUMBER.fullmatch(cell)) for cell in cells)
    if any(DATE.fullmatch(cell) for cell in cells) or 2 * numbers >= max(len(cells), 2):
        raise Unfit(
            "header",
            f"{name} has no header: its first row is {', '.join(map(repr, cells[:4]))}.",
            where="line 1",
            hint="Put the column names on the first line.",
        )


def _unique(names: list[str]) -> tuple[str, ...]:
    taken: dict[str, int] = {}
    unique = []
    for number, name in enumerate((n.strip() for n in names), start=1):
        plain = name or f"column {number}"
        taken[plain] = taken.get(plain, 0) + 1
        unique.append(plain if taken[plain] == 1 else f"{plain} ({taken[plain]})")
    return tuple(unique)


def _oddities(
    header: list[str], width: int, preamble: int, delimiter: str, options: Options, name: str
) -> Iterator[Finding]:
    def odd(code: str, count: int, message: str) -> Finding:
        return Finding(code=code, severity="warning", count=count, message=message, where="header")

    blank = [i + 1 for i, cell in enumerate(header) if not cell.strip()]
    padded = [cell for cell in header if cell.strip() and cell != cell.strip()]
    doubled = [cell for cell, n in Counter(c.strip() for c in header if c.strip()).items() if n > 1]
    if blank:
        yield odd(
            "blank_header", len(blank), f"Columns without a name are called 'column {blank[0]}' and so on."
        )
    if padded:
        yield odd("padded_header", len(padded), f"Blanks around column names were dropped: {padded[0]!r}.")
    if doubled:
        yield odd(
            "duplicate_header", len(doubled), f"The second {doubled[0]!r} is called {doubled[0] + ' (2)'!r}."
        )
    if preamble:
        yield odd("preamble", preamble, f"{preamble} line(s) before the header were skipped.")
    if width > len(header):
        yield odd("trailing_columns", width - len(header), "Every row ends with one more, empty field.")
    usual = delimiter == "," or (delimiter == "\t" and name.lower().endswith((".tsv", ".tab")))
    if not usual and options.delimiter is None:
        yield odd(
            "delimiter_guessed", 1, f"Fields are separated by {delimiter!r}; --delimiter says otherwise."
        )


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
                chunk = self._clean(block, line) or self._judged(block, line)
                line += _newlines(block)
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

    def _clean(self, block: bytes, line: int) -> Chunk | None:
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
        if table.num_rows != _newlines(block) or self._suspect(block, table):
            return None
        batch = table.combine_chunks().to_batches()[0]
        lines = pa.array(np.arange(line, line + batch.num_rows, dtype=np.int64))
        return Chunk(pa.record_batch([*batch.columns, lines], names=[*self.shape.columns, ROW]))

    def _suspect(self, block: bytes, table: pa.Table) -> bool:
        """Whether the header may stand here again."""
        first = self.shape.header[0]
        if first and first.encode() not in block:
            return False
        return bool(pa.compute.any(pa.compute.equal(table.column(0), first)).as_py())

    def _judged(self, block: bytes, line: int) -> Chunk:
        """Row by row, with the line of each; what cannot be a row is set aside."""
        width = len(self.shape.columns)
        good: list[list[str]] = []
        lines: list[int] = []
        aside: list[Aside] = []
        for number, row, wrong in _records(
            block.decode(errors="surrogateescape"), self.shape.delimiter, line
        ):
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
        if self.text.torn and any(not cell.isascii() and _in_pieces(cell) for cell in row):
            return "bytes in another encoding than the rest of the file"
        return None


def _in_pieces(cell: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in cell)


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
    if rest:
        yield rest, read


def _end_of_record(block: bytes) -> int:
    """Behind the last line end with an even number of quotes before it; else behind the last line end."""
    if b"\n" not in block:
        return block.rfind(b"\r", 0, -1) + 1
    end, odd = len(block), block.count(b'"') & 1
    while (cut := block.rfind(b"\n", 0, end)) >= 0:
        odd ^= block.count(b'"', cut, end) & 1
        if not odd:
            return cut + 1
        end = block.rfind(b'"', 0, cut)  # line ends between that quote and here are as odd as this one
        if end < 0:
            break
        odd = 0
    return block.rfind(b"\n") + 1


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
    ends = block.count(b"\n")
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
