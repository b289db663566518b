"""Streams a worksheet row by row: every cell as text, dates as dates, merged cells with their value."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.adapters.cells import LAST_DAY, column_letters, column_number, moment_text, number_text
from ingest.adapters.strict_xml import attributes_of, plain
from ingest.adapters.workbook import Sheet, Workbook, decoded_text
from ingest.errors import Unfit

ROWS, COLUMNS = 1_048_576, 16_384
"""What a worksheet can hold."""
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
MERGES = 200_000
"""Merged ranges that a sheet may have."""
LETTERS = re.compile(r"[A-Z]{1,3}")


@dataclass(frozen=True)
class Row:
    """A row of a sheet that holds something."""

    number: int
    """As Excel shows it, from 1."""
    cells: dict[int, str]
    """Column, from 0, to text; empty cells are left out."""
    typed: frozenset[int]
    """Columns whose cells hold a number or a date."""
    faulty: str = ""
    """Why the row cannot be read."""


@dataclass
class Oddities:
    """What was met on the way through a sheet."""

    errors: Counter[str] = field(default_factory=Counter)
    """How often each error value, such as #N/A, stood in a cell."""
    first_error: str = ""
    unsaved: int = 0
    """Formulas without the value they had when the workbook was saved."""
    first_unsaved: str = ""
    hidden_rows: int = 0
    merged: int = 0
    """Cells that took the value of the merged range they lie in."""


def is_empty(workbook: Workbook, sheet: Sheet) -> bool:
    """Whether no cell of the sheet holds anything."""
    found, before = False, ""

    def start(tag: str, _given: dict[str, str]) -> None:
        nonlocal found, before
        found = found or tag in ("v", "is") or (tag == "f" and before == "c")
        before = tag

    for _ in workbook.parse(sheet.member, start):
        if found:
            return False
    return not found


class SheetReader:
    """One pass over the cells of a sheet."""

    def __init__(self, workbook: Workbook, sheet: Sheet) -> None:
        self.workbook, self.sheet = workbook, sheet
        self.name = f"{workbook.name}, sheet {sheet.name!r}"
        self.shared = workbook.shared_texts()
        self.kinds = workbook.kinds()
        self.odd = Oddities()
        self.columns: dict[str, int] = {}
        self.done: list[Row] = []
        self.row = self.column = 0
        self.row_text = ""
        self.cells: dict[int, str] = {}
        self.typed: set[int] = set()
        self.faulty = ""
        self.kind = self.style = ""
        self.pieces: list[str] = []
        self.taking = self.valued = self.formula = self.silent = False

    def rows(self) -> Iterator[tuple[Row, int]]:
        """Every row that is not blank, with how many bytes of the sheet were read."""
        self.merges = self._merges()
        self.below: dict[int, tuple[int, str]] = {}  # column of a merged range: its last row, its value
        for read in self.workbook.stream(self.sheet.member, self._start, self._end, self._text):
            for row in self.done:
                yield row, read
            self.done.clear()

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "c":
            if "r" in given:
                self._locate(given["r"])
            self.kind, self.style = given.get("t", "n"), given.get("s", "")
            self.valued = self.formula = False
            self.pieces.clear()
        elif tag == "v" or (tag == "t" and not self.silent):
            self.taking = self.valued = True
        elif tag == "row":
            self._open_row(attributes_of(given))
        elif tag == "f":
            self.formula = True
        elif tag == "rPh":
            self.silent = True
        elif ":" in tag:
            self._start(plain(tag), given)

    def _text(self, piece: str) -> None:
        if self.taking:
            self.pieces.append(piece)

    def _end(self, tag: str) -> None:
        if tag == "c":
            self._close_cell("".join(self.pieces))
            self.column += 1
        elif tag in ("v", "t"):
            self.taking = False
        elif tag == "row":
            self._close_row()
        elif tag == "rPh":
            self.silent = False
        elif ":" in tag:
            self._end(plain(tag))

    def _open_row(self, given: dict[str, str]) -> None:
        number = given.get("r", "")
        self.row = int(number) if number.isdigit() and len(number) <= 8 else self.row + 1
        if not 0 < self.row <= ROWS:
            raise Unfit("line", f"{self.name}: row {self.row} is beyond what a worksheet can hold.")
        self.row_text = str(self.row)
        self.column, self.cells, self.typed, self.faulty = 0, {}, set(), ""
        self.odd.hidden_rows += given.get("hidden") in ("1", "true")

    def _locate(self, place: str) -> None:
        """Go to the column that a cell names; one that names none follows the last."""
        letters = place.rstrip("0123456789")
        if letters not in self.columns:
            self.columns[letters] = column_number(letters) if LETTERS.fullmatch(letters) else COLUMNS
        self.column = self.columns[letters]
        if self.column >= COLUMNS:
            raise Unfit("line", f"{self.name}: {place!r} is no cell of a worksheet.")
        if place[len(letters) :] != self.row_text:
            self.faulty = f"the cell {place} stands in row {self.row}"

    def _close_cell(self, raw: str) -> None:
        if self.column in self.cells:
            self.faulty = f"column {column_letters(self.column)} occurs twice"
        elif not self.valued or (not raw and self.kind not in ("s", "str")):
            if self.formula:
                self.odd.unsaved += 1
                self.odd.first_unsaved = self.odd.first_unsaved or self._place()
        elif (value := self._value(raw)) is not None and value != "":
            self.cells[self.column] = value

    def _value(self, raw: str) -> str | None:
        if self.kind == "s":
            number = raw.strip()
            if not number.isdigit() or int(number) >= len(self.shared):
                self.faulty = f"{self._place()} refers to a text that the workbook lacks"
                return None
            return self.shared[int(number)]
        if self.kind in ("inlineStr", "str"):
            return decoded_text(raw)
        if self.kind == "b":
            return {"1": "true", "0": "false"}.get(raw.strip(), raw)
        if self.kind == "e":
            self.odd.errors[raw] += 1
            self.odd.first_error = self.odd.first_error or self._place()
            return None
        self.typed.add(self.column)
        if self.kind == "d":
            return raw.strip()
        return self._number(raw.strip())

    def _number(self, raw: str) -> str:
        kind = self._kind_of(self.style)
        if not kind and raw.isdigit():
            return raw
        try:
            number = float(raw)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.faulty = f"{self._place()}: {raw[:100]!r} is no number"
            return raw
        if kind and 0 <= number < LAST_DAY:
            return moment_text(number, kind, since_1904=self.workbook.since_1904)
        return number_text(raw, number)

    def _kind_of(self, style: str) -> str:
        number = int(style) if style.isdigit() else 0
        return self.kinds[number] if number < len(self.kinds) else ""

    def _close_row(self) -> None:
        if self.merges:
            self._fill_merged()
        if self.cells or self.faulty:
            self.done.append(Row(self.row, self.cells, frozenset(self.typed), self.faulty))

    def _fill_merged(self) -> None:
        """A cell merged with the one above it has that one's value; across, only the first has it."""
        for column, (last, value) in list(self.below.items()):
            if self.row > last:
                del self.below[column]
            elif column not in self.cells and self.cells:
                self.cells[column] = value
                self.odd.merged += 1
        for column, last in self.merges.get(self.row, ()):
            if column in self.cells:
                self.below[column] = (last, self.cells[column])

    def _merges(self) -> dict[int, list[tuple[int, int]]]:
        """Ranges that are merged over several rows: first row to column and last row."""
        merges: dict[int, list[tuple[int, int]]] = {}
        rest, count = b"", 0
        for portion in self.workbook.portions(self.sheet.member):
            data = rest + portion
            cut = data.rfind(b"<")
            for left, top, _right, bottom in MERGED.findall(data[:cut]):
                if int(bottom) > int(top):
                    count += 1
                    merges.setdefault(int(top), []).append((column_number(left.decode()), int(bottom)))
            rest = data[max(cut, 0) :][-1024:]
            if count > MERGES:
                message = f"{self.name}: over {MERGES:,} merged ranges, the limit of a sheet."
                raise Unfit("limit", message, hint="Unmerge the cells, and fill them.")
        return merges

    def _place(self) -> str:
        return f"{column_letters(self.column)}{self.row}"
