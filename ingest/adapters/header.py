"""Finds the row that names the columns of a sheet, and makes their names usable."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.adapters.sheet import Row
from ingest.contracts import Finding
from ingest.errors import Unfit

ROWS = 100
"""Rows looked at to find the header."""
FILLED = 0.7
"""A header names at least this share of the columns that the fullest row fills."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")


def find_header(rows: Sequence[Row], name: str) -> int:
    """Which of the first rows is the header: the first that is about as full as the fullest.

    Raises `Unfit` where that row holds dates or numbers, as rows of data do.
    """
    fullest = max(len(row.cells) for row in rows)
    at = next(n for n, row in enumerate(rows) if len(row.cells) >= FILLED * fullest)
    cells = list(rows[at].cells.values())
    numbers = len(rows[at].typed & set(rows[at].cells))
    if any(DATE.fullmatch(cell) for cell in cells) or 2 * numbers >= max(len(cells), 2):
        raise Unfit(
            "header",
            f"{name} has no header: its row {rows[at].number} is {', '.join(map(repr, cells[:4]))}.",
            where=f"row {rows[at].number}",
            hint="Put the column names on the first row.",
        )
    return at


def names_of(header: Row) -> dict[int, str]:
    """Column, from 0, to its name: without blanks around it, and none twice."""
    taken: Counter[str] = Counter()
    names: dict[int, str] = {}
    for column, cell in sorted(header.cells.items()):
        name = " ".join(cell.split()) or unnamed(column)
        taken[name] += 1
        names[column] = name if taken[name] == 1 else f"{name} ({taken[name]})"
    return names


def unnamed(column: int) -> str:
    """What a column without a name is called."""
    return f"column {column + 1}"


def oddities(header: Row, above: int) -> Iterator[Finding]:
    """What is odd about a header with `above` rows before it."""
    cells = list(header.cells.values())
    padded = [cell for cell in cells if cell.strip() and cell != " ".join(cell.split())]
    doubled = [cell for cell, n in Counter(" ".join(c.split()) for c in cells if c.strip()).items() if n > 1]
    where = f"row {header.number}"
    if padded:
        message = f"Blanks around or in column names were dropped: {padded[0]!r}."
        yield Finding(
            code="padded_header", severity="warning", count=len(padded), message=message, where=where
        )
    if doubled:
        message = f"The second {doubled[0]!r} is called {doubled[0] + ' (2)'!r}."
        yield Finding(
            code="duplicate_header", severity="warning", count=len(doubled), message=message, where=where
        )
    if above:
        rows = "1 row" if above == 1 else f"{above} rows"
        message = f"{rows} before the header (row {header.number}) were skipped."
        yield Finding(code="preamble", severity="warning", count=above, message=message, where=where)
