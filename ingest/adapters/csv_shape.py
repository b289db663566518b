"""Finds the table in a delimited text: its delimiter, its header and where the rows begin."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.adapter import Content, Options, free
from ingest.contracts import Finding
from ingest.encoding import Text, decoded
from ingest.errors import Unfit

DELIMITERS = ",;\t|"
LINES = 200
"""Lines looked at to find the delimiter and the header."""
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
EPOCH = re.compile(r"\d{9,19}(\.\d+)?")


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


def find_shape(content: Content, text: Text, options: Options) -> Shape:
    """Where the table is; raises `Unfit` where there is none, or no header."""
    sample = _sample(content, text)
    delimiter = options.delimiter or _delimiter(sample)
    if delimiter == "\\t":
        delimiter = "\t"
    if len(delimiter) != 1:
        raise Unfit("format", f"The delimiter {delimiter!r} is not one character.")
    rows = _parsed(sample, delimiter)
    if not any(cell.strip() for _, row in rows for cell in row):
        raise Unfit("empty", f"{content.name} is empty: it has only blank lines.")
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    at = next(i for i, (_, row) in enumerate(rows) if len(row) == width)
    at = _past_titles(rows, at, width)
    # A header may be one field short of rows that all end with the delimiter.
    if (
        at > 0
        and len(rows[at - 1][1]) == width - 1
        and not any(r[-1] for _, r in rows[at:] if len(r) == width)
    ):
        at -= 1
    end, header = rows[at]
    if any(in_pieces(cell) for cell in header):
        raise Unfit(
            "encoding",
            f"{content.name}, line {end}: the header is in another encoding than the rest.",
            where=f"line {end}",
            hint="Export it again in one encoding, or name one with --encoding.",
        )
    _refuse_headless(header, content.name)
    if width > options.limits.columns:
        raise Unfit("columns", f"{content.name} has {width:,} columns; {options.limits.columns:,} at most.")
    findings = list(_oddities(header, width, at, delimiter, options, content.name))
    columns = _unique([*header, *[""] * (width - len(header))])
    return Shape(delimiter, columns, tuple(header), end + 1, tuple(findings))


def _past_titles(rows: list[tuple[int, list[str]]], at: int, width: int) -> int:
    """Past title lines that a spreadsheet padded to the width of the table: a cell or two, then nothing."""

    def filled(row: list[str]) -> int:
        return sum(bool(cell.strip()) for cell in row)

    titles = 2 if width >= 6 else 1
    if width < 3:
        return at
    wider = (i for i in range(at, len(rows)) if len(rows[i][1]) == width and filled(rows[i][1]) > titles)
    return next(wider, at)


def _sample(content: Content, text: Text) -> list[str]:
    head = next(decoded(content, text, 1 << 20), b"").decode(errors="surrogateescape")
    lines = io.StringIO(head, newline="").readlines()
    if content.size > 1 << 20 and len(lines) > 1:
        lines.pop()  # cut in the middle
    return lines[:LINES]


def _parsed(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter)
    return [(reader.line_num, row) for row in reader if not is_blank(row)]


def is_blank(row: list[str]) -> bool:
    """Whether the line holds nothing that could be seen."""
    return not row or (len(row) == 1 and not row[0].strip())


def _delimiter(lines: list[str]) -> str:
    """The candidate that gives most lines the same number of fields, the more fields the better."""

    def fit(candidate: str) -> tuple[int, int]:
        widths = Counter(len(row) for _, row in _parsed(lines, candidate))
        width, rows = max(((w, n) for w, n in widths.items() if w > 1), key=lambda x: x[1], default=(0, 0))
        return rows, width

    best = max(DELIMITERS, key=fit)
    return best if fit(best)[0] else ","


def _refuse_headless(header: list[str], name: str) -> None:
    cells = [cell.strip() for cell in header]
    numbers = sum(bool(NUMBER.fullmatch(cell)) for cell in cells)
    if any(DATE.fullmatch(c) or EPOCH.fullmatch(c) for c in cells) or 2 * numbers >= max(len(cells), 2):
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
        plain = free(name) or f"column {number}"
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


def in_pieces(cell: str) -> bool:
    """Whether a text holds bytes that are not of its encoding."""
    return any("\udc80" <= character <= "\udcff" for character in cell)
