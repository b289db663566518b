"""One order log in every format: all adapters make the same events, instances, cases and variants of it."""

# ruff: noqa: E501 - tables are read across

import csv
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

COLUMNS = (
    "case:concept:name",
    "concept:name",
    "time:timestamp",
    "start_timestamp",
    "org:resource",
    "cost",
    "system",
    "case:channel",
    "case:amount",
    "zip",
    "note",
    "urgent",
    "due",
    "score",
)
ORDERS = [
    # hostile on purpose: a case called NA, leading zeros, blanks, quotes, line breaks, markup, the empty text
    ("NA", "Receive", "2026-03-02T08:10:00Z", "2026-03-02T08:00:00Z", "Ann", 12.5, "shop", "web", 100, "01234", 'say "hi"', True, "2026-04-01T00:00:00Z", 1.5),
    ("NA", " Check, twice ", "2026-03-02T10:00:00.250Z", "2026-03-02T09:00:00Z", "Bob", None, "erp", "web", 100, "12345", "two\nlines", False, None, -2),
    ("NA", "Ship", "2026-03-03T10:00:00Z", None, None, 0.0, None, "web", 100, None, "<b>&amp;</b>", None, None, None),
    ("007", "Receive", "2026-03-02T08:10:00Z", "2026-03-02T08:05:00Z", "Ann", 1e-3, "shop", "phone", 7.25, "00000", "=1+1", True, "2026-04-02T12:30:00Z", 0),
    ("007", "Ship", "2026-03-02T08:10:00Z", None, "Жанна", 3.0, "shop", "phone", 7.25, "99999", "naïve ☃", True, None, 999999999999999),
    ("1E5", "Receive", "2026-03-01T23:59:59.999Z", None, "Ann", 1.0, "shop", None, None, "1", "'); drop table event; --", False, None, 3),
]  # fmt: skip


def plain(value: object) -> str:
    """A value as a text file holds it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_csv(folder: Path, delimiter: str = ",", name: str = "orders.csv") -> Path:
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(COLUMNS)
        writer.writerows([plain(v) for v in row] for row in ORDERS)
    return folder / name


def as_gzip(folder: Path) -> Path:
    path = folder / "orders.csv.gz"
    path.write_bytes(gzip.compress(as_csv(folder).read_bytes()))
    return path


def as_utf16_zip(folder: Path) -> Path:
    path = folder / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", as_csv(folder).read_text(encoding="utf-8").encode("utf-16"))
    return path


def as_xes(folder: Path) -> Path:
    kinds = {bool: "boolean", int: "int", float: "float", str: "string"}
    out = io.StringIO()
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n')
    for case in dict.fromkeys(row[0] for row in ORDERS):
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in ORDERS if row[0] == case]
        out.write("<trace>")
        for name in [c for c in COLUMNS if c.startswith("case:")]:
            out.write(_attribute(kinds, name.removeprefix("case:"), rows[0][name]))
        for row in rows:
            inside = "".join(_attribute(kinds, n, v) for n, v in row.items() if not n.startswith("case:"))
            out.write(f"<event>{inside}</event>\n")
        out.write("</trace>\n")
    out.write("</log>\n")
    path = folder / "orders.xes"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def _attribute(kinds: dict[type, str], name: str, value: object) -> str:
    if value is None:
        return ""
    kind = "date" if str(value).endswith("Z") and "T" in str(value) else kinds[type(value)]
    text = quoteattr(plain(value), {"\n": "&#10;"})
    return f'<{kind} key="{name}" value={text}/>'


def as_parquet(folder: Path) -> Path:
    """Typed: real timestamps with a zone, numbers, booleans."""
    table = {}
    for name, values in zip(COLUMNS, zip(*ORDERS, strict=True), strict=True):
        if name in ("time:timestamp", "start_timestamp", "due"):
            moments = [None if v is None else datetime.fromisoformat(v) for v in values]
            table[name] = pa.array(moments, pa.timestamp("us", "Europe/Berlin"))
        elif name in ("cost", "case:amount", "score"):
            table[name] = pa.array(values, pa.float64())
        else:
            table[name] = pa.array(values)
    pq.write_table(pa.table(table), folder / "orders.parquet")
    return folder / "orders.parquet"


def records() -> list[dict[str, object]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in ORDERS]


def as_json(folder: Path) -> Path:
    path = folder / "orders.json"
    path.write_text(json.dumps({"page": 1, "orders": records()}), encoding="utf-8")
    return path


def as_json_lines(folder: Path) -> Path:
    path = folder / "orders.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records()), encoding="utf-8")
    return path


def fill(connection: object, mark: str, types: str) -> None:
    columns = ", ".join(f'"{c}" {t}' for c, t in zip(COLUMNS, types.split(), strict=True))
    connection.execute(f"create table orders({columns})")
    marks = ", ".join([mark] * len(COLUMNS))
    for row in ORDERS:
        connection.execute(f"insert into orders values ({marks})", row)


def as_sqlite(folder: Path) -> Path:
    with sqlite3.connect(folder / "orders.db") as connection:
        fill(connection, "?", "text text text text text real text text real text text text text real")
        connection.execute(
            "update orders set urgent = case urgent when 1 then 'true' when 0 then 'false' end"
        )
    connection.close()
    return folder / "orders.db"


FORMATS: dict[str, Callable[[Path], Path]] = {
    "tsv": lambda folder: as_csv(folder, "\t", "orders.tsv"),
    "semicolons": lambda folder: as_csv(folder, ";"),
    "csv.gz": as_gzip,
    "utf-16 in zip": as_utf16_zip,
    "xes": as_xes,
    "parquet": as_parquet,
    "json": as_json,
    "json lines": as_json_lines,
    "sqlite": as_sqlite,
}
TABLES = ("event", "instance", "cv", "variant")


def expected(room):
    report = room.load(as_csv(room.folder), "csv")
    assert (report.seen, report.loaded, report.cases, report.events) == (6, 6, 3, 6)
    return {table: room.rows(table, "csv") for table in TABLES}


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_orders_come_out_of_every_file(room, form):
    truth = expected(room)
    options = {"table": "orders"} if form == "sqlite" else {}
    report = room.load(FORMATS[form](room.folder), **options)
    assert (report.seen, report.loaded, report.set_aside) == (6, 6, 0)
    for table in TABLES:
        assert room.rows(table) == truth[table], table


@pytest.mark.postgres
def test_the_same_orders_come_out_of_postgresql(room, postgres_database):
    import psycopg

    with psycopg.connect(postgres_database) as connection:
        fill(
            connection,
            "%s",
            "text text timestamptz timestamptz text numeric text varchar numeric char(5) text boolean timestamptz float8",
        )
        connection.execute("alter table orders alter column zip type text using rtrim(zip)")
    truth = expected(room)
    for log, options in {"table": {"table": "orders"}, "query": {"query": "select * from orders"}}.items():
        room.load(postgres_database, log, **options)
        for table in TABLES:
            assert room.rows(table, log) == truth[table], (log, table)


def test_attributes_have_the_narrowest_type_that_loses_nothing(room):
    expected(room)
    types = dict(room.query("select name, type from attribute", "csv"))
    assert types == {
        "channel": "text",
        "amount": "number",
        "zip": "text",  # 01234 is a name, not a number
        "note": "text",
        "urgent": "boolean",
        "due": "time",
        "score": "number",
    }


@pytest.mark.logs
def test_the_receipt_log_is_the_same_in_its_three_formats(room, public_logs):
    # The Parquet file holds local times without their offset; the other two say it.
    room.load(public_logs / "receipt.csv", "csv")
    room.load(public_logs / "receipt.xes.gz", "xes")
    room.load(public_logs / "receipt.parquet", "parquet", tz="Europe/Amsterdam")
    for table in TABLES:
        truth = room.rows(table, "csv")
        assert len(truth) > 100
        for log in ("xes", "parquet"):
            assert _comparable(room.rows(table, log)) == _comparable(truth), (table, log)


def _comparable(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without names that the formats do not share: an empty column is none in XES."""
    return sorted(
        ({k: v for k, v in row.items() if v is not None and k != "cid"} for row in rows), key=lambda r: str(r)
    )
