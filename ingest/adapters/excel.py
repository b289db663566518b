"""Reads Excel workbooks (.xlsx, .xlsm), strictly and as a stream: one sheet, its values as text."""

import zipfile
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain, islice

from ingest.adapter import Aside, Content, Options, Reading
from ingest.adapters import header
from ingest.adapters.records import Record, in_chunks
from ingest.adapters.sheet import Oddities, Row, SheetReader, is_empty
from ingest.adapters.workbook import Sheet, Workbook
from ingest.contracts import Finding
from ingest.errors import Unfit


class ExcelAdapter:
    """A sheet of an Excel workbook.

    Dates become ISO 8601 in both of Excel's calendars, whole numbers have no decimals, texts stay what
    they are. A formula is the value it had when the workbook was saved; an error such as #N/A is empty.
    """

    name = "excel"
    reads = "Excel workbooks (.xlsx, .xlsm): a sheet, named by --sheet where there are several"
    suffixes = (".xlsx", ".xlsm")
    several = False

    def recognises(self, content: Content) -> int:
        """A zip with a workbook in it."""
        if content.path is None or content.members or not content.head.startswith(b"PK"):
            return 0
        try:
            with zipfile.ZipFile(content.path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError):
            return 0
        return 90 if "[Content_Types].xml" in names and "xl/workbook.xml" in names else 0

    def read(self, content: Content, options: Options) -> Reading:
        """Find the sheet and its header, then stream the rows; raises `Unfit` where it is not clear which."""
        reading = Reading(iter(()))
        table = _Table(content, options, reading)
        reading.columns = tuple(table.names.values())
        reading.chunks = in_chunks(table.records())
        return reading


class _Table:
    """The one table of a sheet: a header and the rows below it."""

    def __init__(self, content: Content, options: Options, reading: Reading) -> None:
        self.options, self.reading = options, reading
        self.workbook = Workbook(content, options.limits)
        self.sheet = _chosen(self.workbook, options.sheet or options.table, reading)
        self.reader = SheetReader(self.workbook, self.sheet)
        self.rows = self.reader.rows()
        first = list(islice(self.rows, header.ROWS))
        if not first:
            raise Unfit("empty", f"{self.reader.name} is empty: no cell holds anything.")
        above = header.find_header([row for row, _ in first], self.reader.name)
        self.header = first[above][0]
        self.below = first[above + 1 :]
        self.names = header.names_of(self.header)
        if len(self.names) > options.limits.columns:
            most = options.limits.columns
            raise Unfit("columns", f"{self.reader.name} has {len(self.names):,} columns; {most:,} at most.")
        reading.findings += header.oddities(self.header, above)
        self.unnamed: set[int] = set()

    def records(self) -> Iterator[Record]:
        """Each row with its number in the sheet, or why it cannot be one."""
        size = max(1, self.workbook.size_of(self.sheet.member))
        for count, (row, read) in enumerate(chain(self.below, self.rows)):
            yield row.number, self._record(row)
            if count % 1000 == 0:
                self.options.progress(min(1.0, read / size))
        self.workbook.close()
        self.reading.findings += _oddities(self.reader.odd, self.reader.name)
        if self.unnamed:
            first = min(self.unnamed)
            message = (
                f"{len(self.unnamed)} column(s) without a name have values; the first is called "
                f"{header.unnamed(first)!r}."
            )
            self.reading.findings.append(_warning("blank_header", len(self.unnamed), message))

    def _record(self, row: Row) -> dict[str, str] | Aside:
        values: dict[str, str] = {}
        for column, text in row.cells.items():
            if column not in self.names:
                self.unnamed.add(column)
                self.names[column] = header.unnamed(column)
            values[self.names[column]] = text
        if row.faulty:
            return Aside(row.number, row.faulty, values=values)
        if row.cells == self.header.cells:
            return Aside(row.number, "the header again", values=values)
        return values


def _chosen(workbook: Workbook, asked: str | None, reading: Reading) -> Sheet:
    """The sheet that was asked for, or the only visible one that holds anything."""
    named = {sheet.name: sheet for sheet in workbook.sheets}
    if asked is not None:
        found = named.get(asked)
        if found is None:
            near = get_close_matches(asked, named, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else "."
            message = f"{workbook.name} has no sheet {asked!r}{guess} Sheets: {_listed(workbook.sheets)}."
            raise Unfit("sheet", message, hint="Name one with --sheet.")
        return found
    filled = [sheet for sheet in workbook.sheets if not is_empty(workbook, sheet)]
    if not filled:
        raise Unfit("empty", f"{workbook.name} is empty: no cell of any sheet holds anything.")
    visible = [sheet for sheet in filled if not sheet.hidden]
    if len(visible) != 1:
        how_many = f"{len(visible)} sheets" if visible else "only hidden sheets"
        raise Unfit(
            "sheet",
            f"{workbook.name} has {how_many}; which one is the log? Sheets: {_listed(filled)}.",
            hint=f"Say which: --sheet {filled[0].name!r}",
            option="sheet",
            names=[sheet.name for sheet in filled],
        )
    if hidden := [sheet for sheet in filled if sheet.hidden]:
        message = f"Hidden sheets were not read: {_listed(hidden)}; --sheet names one."
        reading.findings.append(
            Finding(code="hidden_sheets", severity="info", count=len(hidden), message=message)
        )
    return visible[0]


def _listed(sheets: list[Sheet]) -> str:
    return ", ".join(f"{sheet.name!r}{' (hidden)' if sheet.hidden else ''}" for sheet in sheets)


def _oddities(odd: Oddities, name: str) -> Iterator[Finding]:
    """What was met in the cells."""
    if errors := sum(odd.errors.values()):
        kinds = ", ".join(text[:20] for text, _ in odd.errors.most_common(4))
        message = f"{name}: {errors:,} cells hold an error ({kinds}), not a value; they count as empty."
        yield _warning("error_cells", errors, message, odd.first_error)
    if odd.unsaved:
        message = (
            f"{name}: {odd.unsaved:,} formulas were saved without their values; they count as empty. "
            "Open the workbook in Excel and save it."
        )
        yield _warning("formulas_without_values", odd.unsaved, message, odd.first_unsaved)
    if odd.merged:
        message = f"{odd.merged:,} cells are merged with the one above and have its value."
        yield _warning("merged_cells", odd.merged, message)
    if odd.hidden_rows:
        message = f"{odd.hidden_rows:,} rows are hidden in the sheet (by a filter?); they were read too."
        yield Finding(code="hidden_rows", severity="info", count=odd.hidden_rows, message=message)


def _warning(code: str, count: int, message: str, where: str = "") -> Finding:
    return Finding(code=code, severity="warning", count=count, message=message, where=where)
