"""Makes Excel workbooks: whole ones with openpyxl, and broken ones part by part."""

# ruff: noqa: E501 - tables are read across

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

HEAD = ("case_id", "activity", "timestamp", "resource")
ROWS = [(f"c{n % 3}", f"step {n}", f"2026-01-0{1 + n % 9}T10:00:00Z", "Ann") for n in range(9)]


def workbook(
    path: Path, sheets: Mapping[str, Iterable[Iterable[object]]], edit: Callable[[Any], None] | None = None
) -> Path:
    """A workbook with these sheets; `edit` may change it before it is saved."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    if edit is not None:
        edit(book)
    book.save(path)
    return path


def parts_of(path: Path) -> dict[str, bytes]:
    """Member to content."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes | str]) -> bytes:
    """A zip of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def plain(folder: Path) -> dict[str, bytes]:
    """The parts of a small, sound workbook."""
    return parts_of(workbook(folder / "made.xlsx", {"Log": [HEAD, *ROWS]}))


SHEET = "xl/worksheets/sheet1.xml"


def with_part(member: str, change: Callable[[bytes], bytes | str]) -> Callable[[Path], bytes]:
    """A maker of a workbook whose part `member` was changed."""

    def make(folder: Path) -> bytes:
        parts = plain(folder)
        parts[member] = _bytes(change(parts[member]))
        return packed(parts)

    return make


def without_part(member: str) -> Callable[[Path], bytes]:
    """A maker of a workbook that lacks a part."""
    return lambda folder: packed({k: v for k, v in plain(folder).items() if k != member})


def by_hand(rows: str, *, shared: str = "", styles: str = "", book: str = "") -> bytes:
    """The smallest workbook there is, its rows written by hand."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = f'<Relationship Id="r1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/>'
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships><Relationship Id="r0" Type="{kinds}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{kinds}">{book}<sheets><sheet name="Log" sheetId="1" r:id="r1"/></sheets></workbook>',
        SHEET: f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>",
    }
    if shared:
        relations += f'<Relationship Id="r2" Type="{kinds}/sharedStrings" Target="sharedStrings.xml"/>'
        parts["xl/sharedStrings.xml"] = f"<sst {main}>{shared}</sst>"
    if styles:
        relations += f'<Relationship Id="r3" Type="{kinds}/styles" Target="/xl/styles.xml"/>'
        parts["xl/styles.xml"] = f"<styleSheet {main}>{styles}</styleSheet>"
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{relations}</Relationships>"
    return packed(parts)


def text_row(number: int, *cells: str) -> str:
    """A row of inline texts."""
    inside = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{inside}</row>'


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content
