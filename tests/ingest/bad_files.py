"""Hostile and broken files, made on the spot: what each must come to, and the word its report must say."""

# ruff: noqa: E501 - tables are read across

import gzip
import io
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

HEAD = "case_id,activity,timestamp,resource\n"
GOOD = "".join(f"c{i % 3},step {i},2026-01-0{1 + i % 9}T10:00:00Z,Ann\n" for i in range(9))
CSV = HEAD + GOOD


def xes(inside: str, *, prolog: str = "<?xml version='1.0' encoding='UTF-8'?>") -> str:
    return f"{prolog}<log xmlns='http://www.xes-standard.org/'>{inside}</log>"


def event(activity: str = "a", at: str = "2026-01-05T10:00:00Z", more: str = "") -> str:
    return f"<event><string key='concept:name' value='{activity}'/><date key='time:timestamp' value='{at}'/>{more}</event>"


def trace(name: str, *events: str) -> str:
    return f"<trace><string key='concept:name' value='{name}'/>{''.join(events)}</trace>"


XES = xes(trace("c1", event(), event("b", "2026-01-06T10:00:00Z")) + trace("c2", event()))


def zipped(**members: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def wrong_crc(data: bytes) -> bytes:
    return data[:-8] + struct.pack("<I", 0xDEADBEEF) + data[-4:]


def damaged_member() -> bytes:
    data = bytearray(zipped(**{"log.csv": CSV}))
    at = data.find(b"PK\x01\x02") + 16
    data[at : at + 4] = b"\xde\xad\xbe\xef"
    start = 14
    data[start : start + 4] = b"\xde\xad\xbe\xef"
    return bytes(data)


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(
        pa.table({"case_id": ["a"] * 999, "activity": ["b"] * 999, "timestamp": ["2026-01-01"] * 999}), out
    )
    return out.getvalue()


def broken_sqlite(folder: Path) -> bytes:
    path = folder / "made.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table orders(case_id, activity, timestamp)")
        connection.executemany("insert into orders values (?, ?, ?)", [("a", "b" * 500, "2026-01-01")] * 200)
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    return bytes(data)


Content = str | bytes | Callable[[Path], bytes]

REJECTED: dict[str, tuple[str, Content, str]] = {
    "doctype": ("a.xes", xes(trace("c", event()), prolog="<!DOCTYPE log [<!ENTITY x 'y'>]>"), "DTD"),
    "doctype bomb": (
        "a.xes",
        xes(trace("c", event("&b;")), prolog="<!DOCTYPE l [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"),
        "DTD",
    ),
    "cut gzip": ("a.csv.gz", gzip.compress(CSV.encode() * 50)[:-30], "truncated"),
    "cut zip": ("a.zip", zipped(**{"a.csv": CSV * 50})[:-40], "truncated"),
    "cut xml": ("a.xes", XES[:-40], "truncated"),
    "cut xml in a tag": ("a.xes", XES[:-3], "truncated"),
    "cut json": ("a.json", '[{"case_id": "a", "activity": "b"}, {"case', "truncated"),
    "cut json lines": ("a.jsonl", '{"case_id": "a"}\n{"case_id": "a"}\n{"case_id', "truncated"),
    "cut parquet": ("a.parquet", lambda _: parquet()[:-100], "truncated"),
    "wrong gzip checksum": ("a.csv.gz", wrong_crc(gzip.compress(CSV.encode())), "checksum"),
    "wrong zip checksum": ("a.zip", lambda _: damaged_member(), "checksum"),
    "zero bytes": ("a.csv", b"", "empty"),
    "zero bytes in gzip": ("a.csv.gz", gzip.compress(b""), "empty"),
    "empty zip": ("a.zip", zipped(), "empty"),
    "blank lines only": ("a.csv", "\n\n\n", "empty"),
    "header without rows": ("a.csv", HEAD, "no events"),
    "xes without traces": ("a.xes", xes(""), "no events"),
    "xes with empty traces only": ("a.xes", xes(trace("c1") + trace("c2")), "no events"),
    "json without records": ("a.json", "[]", "no events"),
    "no header": ("a.csv", GOOD, "header"),
    "xml not well-formed": ("a.xes", XES.replace("</trace>", "</case>", 1), "line 1"),
    "json not well-formed": ("a.json", '[{"case_id": "a",\n "activity": }]', "line 2"),
    "json with NaN": ("a.json", '[{"case_id": "a", "activity": "b", "timestamp": NaN}]', "line 1"),
    "utf-8 mark, other bytes": (
        "a.csv",
        b"\xef\xbb\xbf" + (CSV + "c1,caf\xe9,2026-01-01,x\n").encode("latin-1"),
        "encoding",
    ),
    "xml that declares another encoding": ("a.xes", XES.encode().replace(b"'a'", b"'caf\xe9'"), "encoding"),
    "utf-16 with half a character": ("a.csv", CSV.encode("utf-16") + b"\x00", "encoding"),
    "json too deep": ("a.json", "[" * 100_000 + "]" * 100_000, "depth"),
    "json objects too deep": ("a.json", '[{"a":' * 1 + '{"a":' * 200 + "1" + "}" * 200 + "}]", "depth"),
    "xes too deep": (
        "a.xes",
        xes(trace("c", event(more="<string key='n' value='v'>" * 300 + "</string>" * 300))),
        "depth",
    ),
    "gzip in gzip in gzip": ("a.csv.gz", gzip.compress(gzip.compress(gzip.compress(CSV.encode()))), "nest"),
    "gzip bomb": ("a.csv.gz", lambda _: gzip.compress(b"a" * (80 << 20)), "size"),
    "zip bomb": ("a.zip", lambda _: zipped(**{"a.csv": b"0" * (80 << 20)}), "size"),
    "thousands of columns": (
        "a.csv",
        ",".join(f"c{i}" for i in range(5000)) + "\n" + "," * 4999 + "\n",
        "columns",
    ),
    "thousands of attributes": (
        "a.xes",
        xes(trace("c", event(more="".join(f"<int key='k{i}' value='1'/>" for i in range(3000))))),
        "attributes",
    ),
    "several members": ("a.zip", zipped(**{"a.csv": CSV, "b.csv": CSV}), "members"),
    "path traversal": ("a.zip", zipped(**{"..__..__etc__a.csv": CSV}), "path"),
    "absolute path": ("a.zip", zipped(**{"__etc__a.csv": CSV}), "path"),
    "column absent": ("a.csv", CSV.replace("activity", "step"), "activity"),
    "column almost there": ("a.csv", CSV.replace("case_id", "caseid"), "caseid"),
    "column empty everywhere": ("a.csv", HEAD + "c1,,2026-01-01,x\nc2,,2026-01-02,x\n", "activity"),
    "dates that fit two orders": (
        "a.csv",
        HEAD + "c1,a,03/04/2026 10:00,x\nc2,b,05/06/2026 11:00,x\n",
        "ambiguous",
    ),
    "dates that mix two orders": (
        "a.csv",
        HEAD + "c1,a,13/04/2026 10:00,x\nc2,b,04/13/2026 11:00,x\n",
        "ambiguous",
    ),
    "NUL block": ("a.csv", CSV.encode() + b"\0" * 4096, "NUL"),
    "pdf": ("a.csv", b"%PDF-1.7\n%...", "PDF"),
    "picture": ("a.xes", b"\x89PNG\r\n\x1a\n", "PNG"),
    "old excel": ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "Office"),
    "excel": ("a.csv", zipped(**{"[Content_Types].xml": "<a/>", "xl__workbook.xml": "<a/>"}), "Excel"),
    "bpmn": ("a.xes", "<definitions><process><scriptTask id='x'/></process></definitions>", "definitions"),
    "html": ("a.csv", "<!doctype html><html><body>Sign in</body></html>", "HTML"),
    "corrupt sqlite": ("a.db", broken_sqlite, "corrupt"),
    "every row is bad": ("a.csv", HEAD + ",a,2026-01-01,x\nc1,a,x,x\n", "no events"),
}

QUARANTINED: dict[str, tuple[str, Content, int, str]] = {
    # name: file, content, rows set aside, what the first reason says
    "no case": ("a.csv", CSV + ",a,2026-01-01T10:00:00Z,x\n", 1, "no case"),
    "no activity": ("a.csv", CSV + "c1, ,2026-01-01T10:00:00Z,x\n", 1, "no activity"),
    "no time": ("a.csv", CSV + "c1,a,,x\n", 1, "no time"),
    "impossible date": ("a.csv", CSV + "c1,a,2026-02-30T10:00:00Z,x\n", 1, "2026-02-30"),
    "unreadable date": ("a.csv", CSV + "c1,a,yesterday,x\nc1,a,32/13/2026,x\n", 2, "yesterday"),
    "too few fields": ("a.csv", CSV + "c1,a,2026-01-01\n", 1, "too few"),
    "too many fields": ("a.csv", CSV + "c1,a,2026-01-01,x,y\n", 1, "too many"),
    "repeated header": ("a.csv", CSV + HEAD + GOOD, 1, "header again"),
    "footer": ("a.csv", CSV + "Total: 9 rows\n", 1, "too few"),
    "quote that never closes": ("a.csv", CSV + 'c1,"a,2026-01-01T10:00:00Z,x\n' + GOOD, 1, "quotes"),
    "text after a quote": ("a.csv", CSV + 'c1,"a"b,2026-01-01T10:00:00Z,x\n' + GOOD, 1, "quotes"),
    "a key twice in json": (
        "a.json",
        '[{"case_id": "a", "activity": "b", "timestamp": "2026-01-01"},'
        ' {"case_id": "a", "case_id": "b", "activity": "b", "timestamp": "2026-01-01"}]',
        1,
        "twice",
    ),
    "a key twice in xes": (
        "a.xes",
        xes(trace("c", event(), event(more="<string key='concept:name' value='b'/>"))),
        1,
        "twice",
    ),
    "a record that is no object": ("a.json", '[{"case_id":"a","activity":"b","timestamp":"2026-01-01"}, 7]', 1, "no object"),
    "a giant field": ("a.csv", CSV + f"c1,{'x' * (5 << 20)},2026-01-01T10:00:00Z,x\n", 1, "over 4 MB"),
    "cost no type can hold": (
        "a.csv",
        "case_id,activity,timestamp,cost\nc,a,2026-01-01,1e999\nc,b,2026-01-02,5\n",
        1,
        "1e999",
    ),
    "cost in words": ("a.csv", "case_id,activity,timestamp,cost\nc,a,2026-01-01,twelve\nc,b,2026-01-02,5\n", 1, "twelve"),
    "a row in another encoding": (
        "a.csv",
        (CSV.replace("Ann", "Žofie Müller") * 3).replace(HEAD, "").join([HEAD, ""]).encode()
        + "c1,caf\xe9,2026-01-01T10:00:00Z,x\n".encode("latin-1"),
        1,
        "encoding",
    ),
    "xes event without a time": (
        "a.xes",
        xes(trace("c", event(), "<event><string key='concept:name' value='b'/></event>")),
        1,
        "no time",
    ),
    "xes trace without a name": ("a.xes", xes(trace("c", event()) + f"<trace>{event()}{event()}</trace>"), 2, "no case"),
}  # fmt: skip

WARNED: dict[str, tuple[str, Content, str]] = {
    # name: file, content, code of the finding
    "xes under another name": ("a.csv", XES, "name_and_content"),
    "gzip that does not say so": ("a.csv", gzip.compress(CSV.encode()), "name_and_content"),
    "csv that calls itself gzip": ("a.csv.gz", CSV, "name_and_content"),
    "encoding guessed": ("a.csv", CSV.replace("Ann", "Jos\xe9").encode("latin-1"), "encoding_guessed"),
    "delimiter guessed": ("a.csv", CSV.replace(",", ";"), "delimiter_guessed"),
    "duplicate rows": ("a.csv", CSV + "c1,step 1,2026-01-02T10:00:00Z,Ann\n", "duplicate_events"),
    "two traces with one id": ("a.xes", xes(trace("c", event()) * 2), "duplicate_case_ids"),
    "empty traces": ("a.xes", xes(trace("c", event()) + trace("d")), "empty_traces"),
    "orphan events": ("a.xes", xes(trace("c", event()) + event("lost")), "orphan_events"),
    "order that is not time order": (
        "a.csv",
        HEAD + "c,b,2026-01-02T10:00:00Z,x\nc,a,2026-01-01T10:00:00Z,x\n",
        "disorder",
    ),
    "1970": ("a.csv", CSV + "c9,a,1970-01-01T00:00:00Z,x\n", "early_dates"),
    "far future": ("a.csv", CSV + "c9,a,2999-01-01T00:00:00Z,x\n", "future_dates"),
    "day before month": (
        "a.csv",
        HEAD + "c,a,13.04.2026 10:00,x\nc,b,14.04.2026 11:30:20,x\n",
        "date_format",
    ),
    "two-digit years": ("a.csv", HEAD + "c,a,13/04/26,x\nc,b,14/04/26,x\n", "two_digit_years"),
    "epoch seconds": ("a.csv", HEAD + "c,a,1767225600,x\nc,b,1767225700,x\n", "epochs"),
    "epoch milliseconds": ("a.csv", HEAD + "c,a,1767225600000,x\nc,b,1767225700123,x\n", "epochs"),
    "excel serials": ("a.csv", HEAD + "c,a,46023.5,x\nc,b,46024.25,x\n", "excel_serials"),
    "mixed offsets": (
        "a.csv",
        HEAD + "c,a,2026-01-01T10:00:00+05:00,x\nc,b,2026-01-02T10:00:00-08:00,x\n",
        "mixed_offsets",
    ),
    "some times without offset": (
        "a.csv",
        HEAD + "c,a,2026-01-01T10:00:00+05:00,x\nc,b,2026-01-02T10:00:00,x\n",
        "mixed_offsets",
    ),
    "a value not of its type": (
        "a.xes",
        xes(trace("c", event(more="<int key='n' value='many'/>"))),
        "type_mismatch",
    ),
    "duplicate header": (
        "a.csv",
        CSV.replace("resource", "note,note").replace("Ann", "x,y"),
        "duplicate_header",
    ),
    "blank header": ("a.csv", CSV.replace("resource", ""), "blank_header"),
    "padded header": ("a.csv", CSV.replace("resource", " resource "), "padded_header"),
    "preamble": ("a.csv", "Export of 2026-01-09\nby Ann\n" + CSV, "preamble"),
    "comments": ("a.csv", CSV + "# that was all\n", "comments"),
    "trailing columns": ("a.csv", HEAD + GOOD.replace("\n", ",\n"), "trailing_columns"),
    "a name of case and event": (
        "a.csv",
        "case_id,activity,timestamp,note,case:note\nc,a,2026-01-01,x,y\n",
        "name_clash",
    ),
    "an end before its start": (
        "a.csv",
        "case_id,activity,start,timestamp\nc,a,2026-01-02T10:00:00Z,2026-01-01T10:00:00Z\n",
        "end_before_start",
    ),
}
