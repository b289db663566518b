"""Excel workbooks: what stands in the cells comes out, and what is broken is refused or set aside."""

# ruff: noqa: E501 - tables are read across

import datetime as dt
import gzip
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.adapters.cells import moment_text, number_text
from ingest.errors import Unfit
from tests.ingest.adapter_reading import read
from tests.ingest.workbooks import (
    HEAD,
    ROWS,
    SHEET,
    by_hand,
    packed,
    parts_of,
    plain,
    text_row,
    with_part,
    without_part,
    workbook,
)


def texts(path: Path, **options: object) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k != "#row"} for row in read(path, **options).rows]


def test_values_come_out_as_people_wrote_them(tmp_path):
    moment = dt.datetime(2026, 3, 2, 8, 10, 0, 250_000)
    rows = [
        ("id", "when", "day", "hour", "amount", "share", "open", "note", "big"),
        ("007", moment, dt.date(2026, 3, 2), dt.time(1, 2, 3), 12, 0.1, True, "two\nlines", 1e15),
        ("NA", moment.replace(hour=23, microsecond=999_000), dt.date(1999, 12, 31), dt.time(23, 59), -2.5, 1e-7, False, "=1+1 ☃", 1.5e300),
    ]  # fmt: skip

    def quote(book):
        book["Log"]["H3"].data_type = "s"

    path = workbook(tmp_path / "a.xlsx", {"Log": rows}, quote)
    assert texts(path) == [
        {"id": "007", "when": "2026-03-02 08:10:00.250", "day": "2026-03-02", "hour": "01:02:03", "amount": "12",
         "share": "0.1", "open": "true", "note": "two\nlines", "big": "1000000000000000"},
        {"id": "NA", "when": "2026-03-02 23:10:00.999", "day": "1999-12-31", "hour": "23:59:00", "amount": "-2.5",
         "share": "1e-07", "open": "false", "note": "=1+1 ☃", "big": "1.5e+300"},
    ]  # fmt: skip


def test_both_calendars_of_excel_give_the_same_dates(tmp_path):
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    rows = [
        HEAD,
        ("c", "a", dt.datetime(2026, 3, 2, 8, 0, 1), "x"),
        ("c", "b", dt.datetime(1950, 1, 1, 12), "x"),
    ]

    def mac(book):
        book.epoch = CALENDAR_MAC_1904

    windows = workbook(tmp_path / "windows.xlsx", {"Log": rows})
    apple = workbook(tmp_path / "mac.xlsx", {"Log": rows}, mac)
    assert b"date1904" in zipfile.ZipFile(apple).read("xl/workbook.xml")
    assert texts(windows) == texts(apple)
    assert texts(windows)[0]["timestamp"] == "2026-03-02 08:00:01"


@pytest.mark.parametrize(
    ("serial", "kind", "text"),
    [
        (1, "date", "1900-01-01"),
        (59, "date", "1900-02-28"),
        (60, "date", "1900-02-29"),  # which never was: Excel inherited it from Lotus
        (61, "date", "1900-03-01"),
        (46083.5, "moment", "2026-03-02 12:00:00"),
        (46083, "moment", "2026-03-02 00:00:00"),
        (46083.999999, "date", "2026-03-02 23:59:59.914"),
        (46083.3402806713, "moment", "2026-03-02 08:10:00.250"),
        (0.75, "time", "18:00:00"),
        (1.25, "elapsed", "30:00:00"),
        (2958464.5, "moment", "9999-12-30 12:00:00"),
    ],
)
def test_serial_numbers(serial, kind, text):
    assert moment_text(serial, kind, since_1904=False) == text


@pytest.mark.parametrize(("raw", "text"), [("7", "7"), ("7.0", "7"), ("1E+3", "1000"), ("0.10000000000000001", "0.1"), ("123456789012345678", "123456789012345678")])  # fmt: skip
def test_numbers_have_no_false_decimals(raw, text):
    assert number_text(raw, float(raw)) == text


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", "46083.5"),
        ("0.00", "46083.5"),
        ("yyyy\\-mm\\-dd", "2026-03-02 12:00:00"),
        ("[$-407]d. mmmm yyyy;@", "2026-03-02 12:00:00"),
        ('"day "0', "46083.5"),
        ("[Red]0", "46083.5"),
        ("mmm-yy", "2026-03-02 12:00:00"),
        ("h:mm AM/PM", "2026-03-02 12:00:00"),  # a whole moment of which only the hour is shown
        ("[h]:mm", "1106004:00:00"),
        ("#,##0 [$€-407]", "46083.5"),
    ],
)
def test_what_a_number_format_means(tmp_path, code, shown):
    styles = (
        f'<numFmts><numFmt numFmtId="170" formatCode="{code.replace(chr(34), "&quot;")}"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs>'
    )
    cells = '<row r="2"><c r="A2" s="1"><v>46083.5</v></c><c r="B2"><v>46083.5</v></c></row>'
    path = tmp_path / "a.xlsx"
    path.write_bytes(by_hand(text_row(1, "x", "y") + cells, styles=styles))
    assert texts(path) == [{"x": shown, "y": "46083.5"}]


def test_shared_and_rich_texts_and_coded_characters(tmp_path):
    shared = (
        "<si><t>case_id</t></si><si><r><t>act</t></r><r><rPr/><t>ivity</t></r><rPh sb='0' eb='1'><t>spoken</t></rPh></si>"
        "<si><t xml:space='preserve'> _x0041_b_x000D_ </t></si>"
    )
    rows = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row><c t="s"><v>2</v></c><c t="str"><v>x</v></c></row>'
    path = tmp_path / "a.xlsx"
    path.write_bytes(by_hand(rows, shared=shared))
    assert texts(path) == [{"case_id": " Ab\r ", "activity": "x"}]


def test_names_of_elements_may_have_prefixes(tmp_path):
    def prefixed(data: bytes) -> bytes:
        text = data.decode().replace("xmlns=", "xmlns:x=")
        for tag in ("worksheet", "sheetData", "row", "c", "v", "is", "t"):
            text = (
                text.replace(f"<{tag} ", f"<x:{tag} ")
                .replace(f"<{tag}>", f"<x:{tag}>")
                .replace(f"</{tag}>", f"</x:{tag}>")
            )
        return text.encode()

    path = tmp_path / "a.xlsx"
    path.write_bytes(with_part(SHEET, prefixed)(tmp_path))
    assert b"<x:row " in zipfile.ZipFile(path).read(SHEET)
    assert len(texts(path)) == len(ROWS)


def test_preamble_blank_rows_and_a_total_below(room):
    rows = [
        ("Export of March",),
        (),
        ("by", "Ann"),
        (),
        HEAD,
        ROWS[0],
        (),
        *ROWS[1:],
        (None,) * 4,
        ("Total", 9),
    ]
    report = room.load(workbook(room.folder / "a.xlsx", {"Log": rows}))
    assert (report.seen, report.loaded, report.set_aside) == (10, 9, 1)
    assert "preamble" in [f.code for f in report.findings]
    (place,) = room.query("select place from set_aside")
    assert place == ("row 17",), "the row as Excel counts it"


def test_headers_doubled_padded_blank_and_repeated(tmp_path):
    rows = [
        ("case_id", " Note ", "Note", None),
        ("a", "1", "2", "stray"),
        ("case_id", " Note ", "Note", None),
    ]
    found = read(workbook(tmp_path / "a.xlsx", {"Log": rows}))
    assert found.columns == ("case_id", "Note", "Note (2)")
    assert found.rows == [{"#row": 2, "case_id": "a", "Note": "1", "Note (2)": "2", "column 4": "stray"}]
    assert [a.reason for a in found.aside] == ["the header again"]
    assert set(found.codes) == {"padded_header", "duplicate_header", "blank_header"}


def test_merged_cells_have_their_value_in_every_row(tmp_path):
    rows = [
        ("Order", None, "Step", None),
        ("No", "By", "Name", "At"),
        ("1", "Ann", "a", "x"),
        (None, None, "b", "y"),
        (None, "Bob", "c", "z"),
    ]

    def merge(book):
        for span in ("A1:B1", "C1:D1", "A3:A5", "B3:B4"):
            book["Log"].merge_cells(span)

    found = read(workbook(tmp_path / "a.xlsx", {"Log": rows}, merge))
    assert [(r["No"], r["By"], r["Name"]) for r in found.rows] == [
        ("1", "Ann", "a"),
        ("1", "Ann", "b"),
        ("1", "Bob", "c"),
    ]
    assert next(f for f in found.findings if f.code == "merged_cells").count == 3
    assert "preamble" in found.codes


def test_errors_and_formulas_without_values_are_told(tmp_path):
    def spoil(book):
        sheet = book["Log"]
        sheet["D2"] = "#N/A"
        sheet["D2"].data_type = "e"
        sheet["D3"] = "=A1&B1"
        sheet.row_dimensions[4].hidden = True

    found = read(workbook(tmp_path / "a.xlsx", {"Log": [HEAD, *ROWS]}, spoil))
    told = {f.code: (f.count, f.where) for f in found.findings}
    assert told == {"error_cells": (1, "D2"), "formulas_without_values": (1, "D3"), "hidden_rows": (1, "")}
    assert len(found.rows) == len(ROWS)
    assert "resource" not in found.rows[0]


def test_a_formula_is_the_value_it_had(tmp_path):
    cells = '<row><c><f>1+1</f><v>2</v></c><c t="str"><f>"a"</f><v>a</v></c></row>'
    path = tmp_path / "a.xlsx"
    path.write_bytes(by_hand(text_row(1, "x", "y") + cells))
    assert texts(path) == [{"x": "2", "y": "a"}]


def test_a_formula_may_give_an_empty_text(tmp_path):
    cells = '<row r="2"><c t="str"><f>IF(1,"","a")</f><v></v></c><c><f>1</f><v/></c><c><v>7</v></c></row>'
    path = tmp_path / "a.xlsx"
    path.write_bytes(by_hand(text_row(1, "x", "y", "z") + cells))
    found = read(path)
    assert found.rows == [{"#row": 2, "z": "7"}]
    assert [(f.code, f.where) for f in found.findings] == [("formulas_without_values", "B2")]


def test_a_sheet_of_rules_only_is_empty(tmp_path):
    parts = parts_of(workbook(tmp_path / "a.xlsx", {"Log": [HEAD, *ROWS], "Rules": []}))
    rules = (
        b"<extLst><x14:cfRule xmlns:x14='a' xmlns:xm='b'><xm:f>A1</xm:f></x14:cfRule></extLst></worksheet>"
    )
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"].replace(b"</worksheet>", rules)
    (tmp_path / "a.xlsx").write_bytes(packed(parts))
    assert len(read(tmp_path / "a.xlsx").rows) == len(ROWS)


def test_which_sheet(room):
    def hide(book):
        book["Old"].sheet_state = "hidden"

    sheets = {"Orders": [HEAD, *ROWS], "Claims": [HEAD, ROWS[0]], "Old": [HEAD, ROWS[0]], "Empty": []}
    path = workbook(room.folder / "a.xlsx", sheets, hide)
    assert "'Orders', 'Claims', 'Old' (hidden)" in room.rejected(path).message
    assert room.load(path, "orders", sheet="Orders").events == 9
    assert room.load(path, "claims", sheet="Claims").events == 1
    assert room.load(path, "old", sheet="Old").events == 1
    assert "did you mean 'Orders'" in room.rejected(path, log="none", sheet="orders").message
    one = workbook(room.folder / "b.xlsx", {k: sheets[k] for k in ("Orders", "Old", "Empty")}, hide)
    report = room.load(one, "one")
    assert report.events == 9
    assert "hidden_sheets" in [f.code for f in report.findings]


def test_macros_templates_and_wrong_content_types_do_not_matter(room):
    parts = plain(room.folder) | {
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0",
        "[Content_Types].xml": b"<Types/>",
    }
    assert room.load(room.file("a.xlsm", packed(parts))).events == 9


def test_a_workbook_inside_gzip_and_zip(room):
    data = packed(plain(room.folder))
    assert room.load(room.file("a.xlsx.gz", gzip.compress(data)), "one").events == 9
    assert room.load(room.file("a.zip", packed({"a.xlsx": data})), "two").events == 9
    report = room.load(room.file("a.csv", data), "three")
    assert "name_and_content" in [f.code for f in report.findings]


def wrong_checksum(folder: Path) -> bytes:
    data = bytearray(packed(plain(folder)))
    at = data.find(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(SHEET)] != SHEET.encode():
        at = data.find(b"PK\x01\x02", at + 4)
    data[at + 16 : at + 20] = b"\xde\xad\xbe\xef"
    return bytes(data)


def name_no_text(folder: Path) -> bytes:
    """A part whose name is said to be UTF-8 where the part lies, and is not."""
    data = bytearray(packed(plain(folder)))
    at = data.find(SHEET.encode()) - 30
    data[at + 7] |= 0x08
    data[at + 30] = 0xFF
    return bytes(data)


def bomb(folder: Path) -> bytes:
    row = text_row(2, "x" * 30_000) * 4_000
    return by_hand(text_row(1, "x") + row)


BROKEN = {
    "cut": (lambda f: packed(plain(f))[:-60], "truncated"),
    "cut in the sheet": (with_part(SHEET, lambda d: d[: len(d) // 2]), "truncated"),
    "cut in the styles": (with_part("xl/styles.xml", lambda d: d[:-20]), "truncated"),
    "wrong checksum": (wrong_checksum, "checksum"),
    "a name that is no text": (name_no_text, "truncated"),
    "doctype in the sheet": (with_part(SHEET, lambda d: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + d), "DTD"),
    "doctype in the workbook": (with_part("xl/workbook.xml", lambda d: b"<!DOCTYPE x []>" + d), "DTD"),
    "not well-formed": (with_part(SHEET, lambda d: d.replace(b"</row>", b"</c>", 1)), "line"),
    "bytes of another encoding": (with_part(SHEET, lambda d: d.replace(b"Ann", b"\xe4nn")), "line"),
    "an encoding nobody knows": (with_part(SHEET, lambda d: b"<?xml version='1.0' encoding='klingon'?>" + d), "encoding"),
    "no sheet in the zip": (without_part(SHEET), "sheet1.xml"),
    "no relations": (without_part("xl/_rels/workbook.xml.rels"), "empty"),
    "zip bomb": (bomb, "size"),
    "row beyond the last": (lambda _: by_hand(text_row(1, "x") + text_row(9_999_999, "y")), "row 9999999"),
    "row zero": (lambda _: by_hand(text_row(1, "x") + text_row(0, "y")), "row 0"),
    "column beyond the last": (lambda _: by_hand(text_row(1, "x") + '<row r="2"><c r="ZZZ2"><v>1</v></c></row>'), "ZZZ2"),
    "no header": (lambda f: workbook(f / "n.xlsx", {"Log": ROWS}).read_bytes(), "header"),
    "header of numbers": (lambda f: workbook(f / "n.xlsx", {"Log": [(1, 2, 3), (4, 5, 6)]}).read_bytes(), "header"),
    "header without rows": (lambda f: workbook(f / "n.xlsx", {"Log": [HEAD]}).read_bytes(), "no events"),
    "nothing at all": (lambda f: workbook(f / "n.xlsx", {"Log": [], "More": []}).read_bytes(), "empty"),
    "thousands of columns": (lambda f: workbook(f / "n.xlsx", {"Log": [[f"c{n}" for n in range(3000)], ["x"] * 3000]}).read_bytes(), "columns"),
    "a needed column absent": (lambda f: workbook(f / "n.xlsx", {"Log": [("case_id", "step", "timestamp"), ROWS[0][:3]]}).read_bytes(), "activity"),
    "too many merged ranges": (
        with_part(SHEET, lambda d: d.replace(b"</worksheet>", b'<mergeCell ref="A1:A9"/>' * 200_001 + b"</worksheet>")),
        "merged",
    ),
    "password": (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 900 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 99, "password"),
    "old workbook": (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 999, ".xls"),
    "binary workbook": (lambda _: packed({"[Content_Types].xml": "", "xl/workbook.bin": b"x"}), ".xlsb"),
    "OpenDocument": (lambda _: packed({"mimetype": "", "content.xml": "<x/>"}), "OpenDocument"),
    "Word": (lambda _: packed({"[Content_Types].xml": "", "word/document.xml": "<x/>"}), "Word"),
    "encrypted member": (lambda f: encrypted(packed(plain(f))), "password"),
}  # fmt: skip


def encrypted(data: bytes) -> bytes:
    """The flag of encryption set on every member."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(magic)
        while at >= 0:
            changed[at + offset] |= 1
            at = changed.find(magic, at + 4)
    return bytes(changed)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_workbook_is_refused_whole(room, case):
    make, word = BROKEN[case]
    report = room.rejected(room.file("a.xlsx", make(room.folder)))
    assert word.lower() in report.message.lower()
    assert "a.xlsx" in report.message


ASIDE = {
    "a text the workbook lacks": ('<c t="s"><v>99</v></c>', "lacks"),
    "no number": ("<c><v>twelve</v></c>", "'twelve' is no number"),
    "not a number": ("<c><v>NaN</v></c>", "'NaN' is no number"),
    "a cell twice": ('<c r="D3" t="str"><v>a</v></c><c r="D3" t="str"><v>b</v></c>', "column D occurs twice"),
    "a cell of another row": ('<c r="D9" t="str"><v>a</v></c>', "the cell D9 stands in row 3"),
}


@pytest.mark.parametrize("case", ASIDE)
def test_a_broken_row_is_set_aside(room, case):
    cell, reason = ASIDE[case]
    good = "".join(text_row(n, *row) for n, row in enumerate([HEAD, ROWS[0]], start=1))
    bad = text_row(3, *ROWS[1][:3]).replace("</row>", f"{cell}</row>")
    report = room.load(room.file("a.xlsx", by_hand(good + bad + text_row(4, *ROWS[2]))))
    assert (report.seen, report.loaded, report.set_aside) == (3, 2, 1)
    ((place, said),) = room.query("select place, reason from set_aside")
    assert place == "row 3"
    assert reason in said


def test_a_cell_in_the_last_corner_costs_nothing(tmp_path):
    """A sheet says how large it is; a reader that believes it needs 549 GB for this one."""
    far = '<row r="1048576"><c r="XFD1048576" t="str"><v>far</v></c></row>'
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        by_hand('<dimension ref="A1:XFD1048576"/>' + text_row(1, "x", "y") + text_row(2, "1", "2") + far)
    )
    found = read(path)
    assert found.rows[-1] == {"#row": 1_048_576, "column 16384": "far"}


def test_targets_outside_the_zip_are_not_followed(tmp_path):
    secret = tmp_path / "secret.xml"
    secret.write_text("<worksheet><sheetData><row><c t='str'><v>secret</v></c></row></sheetData></worksheet>")
    path = tmp_path / "a.xlsx"
    for target in (f"file://{secret}", f"../../../../..{secret}", str(secret)):
        parts = plain(tmp_path)
        parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
            b"/xl/worksheets/sheet1.xml", target.encode()
        )
        path.write_bytes(packed(parts))
        with pytest.raises(Unfit, match=r"lacks its part|empty"):
            read(path)


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9).map(lambda x: round(x, 4) + 0.0),
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs",)),
        min_size=1,
        max_size=8,
    ),
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2100, 1, 1)).map(
        lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000)
    ),
)


def as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return None if value is None else str(value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12))
def test_whatever_is_written_is_read(tmp_path, rows):
    def as_texts(book):  # openpyxl would take some texts for formulas or errors
        for row in book["Log"].iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    cell.data_type = "s"

    path = workbook(tmp_path / "a.xlsx", {"Log": [("a", "b", "c"), *rows]}, as_texts)
    wanted = [{k: as_text(v) for k, v in zip("abc", row, strict=True) if v is not None} for row in rows]
    found = read(path)
    assert [{k: v for k, v in row.items() if k != "#row"} for row in found.rows] == [
        w for w in wanted if w and w != {"a": "a", "b": "b", "c": "c"}
    ]


def test_damaged_workbooks_never_break_the_reader(tmp_path):
    """Bytes are flipped, cut and doubled; the reader answers with rows or a refusal, and nothing else."""
    generator = random.Random(7)
    whole = plain(tmp_path)
    outcomes = {"rows": 0, "refused": 0}
    for _ in range(300):
        parts = {k: bytearray(v) for k, v in whole.items()}
        member = generator.choice(sorted(parts))
        content = parts[member]
        for _ in range(generator.randint(1, 4)):
            at = generator.randrange(len(content))
            content[at : at + generator.choice((0, 1, 5))] = bytes(
                generator.randrange(256) for _ in range(generator.choice((0, 1, 3)))
            )
        data = packed({k: bytes(v) for k, v in parts.items()})
        if generator.random() < 0.2:
            broken = bytearray(data)
            struct.pack_into("<H", broken, generator.randrange(len(broken) - 2), generator.randrange(1 << 16))
            data = bytes(broken)
        (tmp_path / "a.xlsx").write_bytes(data)
        try:
            read(tmp_path / "a.xlsx", "excel")
            outcomes["rows"] += 1
        except Unfit:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 20, outcomes
