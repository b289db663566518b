"""Parquet and SQLite: cut, damaged, encrypted, or holding what a log cannot."""

# ruff: noqa: E501 - tables are read across

import io
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.ingest.hostile.making import AT, Hostile, fine, parted, refused, warned

ROWS: dict[str, Any] = {"case_id": ["a"] * 99, "activity": ["b"] * 99, "timestamp": [f"{AT}"] * 99}
MOMENTS = [datetime(2026, 1, 5, 10, 0, second, 250_000, tzinfo=UTC) for second in range(3)]


def parquet(columns: Any = None, **options: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(ROWS if columns is None else columns), out, **options)
    return out.getvalue()


def typed(**columns: Any) -> dict[str, Any]:
    """Three rows, their columns given or plain."""
    return {"case_id": list("abc"), "activity": list("xyz"), "timestamp": MOMENTS, **columns}


def nested() -> bytes:
    return parquet(typed(tags=[["x"], [], None], who=[{"name": "Ann"}, None, {"name": None}]))


def zoned() -> bytes:
    import pyarrow as pa

    return parquet(typed(timestamp=pa.array(MOMENTS, pa.timestamp("ns", "Asia/Tokyo"))))


def int96() -> bytes:
    import pyarrow as pa

    plain = pa.array([m.replace(tzinfo=None) for m in MOMENTS], pa.timestamp("ns"))
    return parquet(typed(timestamp=plain), use_deprecated_int96_timestamps=True)


def dictionary() -> bytes:
    import pyarrow as pa

    return parquet(typed(activity=pa.array(list("xyx")).dictionary_encode(), cost=[Decimal("1.50")] * 3))


def bad_text() -> bytes:
    import pyarrow as pa

    buffers = pa.array([b"x", b"caf\xe9", b"z"], pa.binary()).buffers()
    return parquet(typed(activity=pa.Array.from_buffers(pa.string(), 3, buffers)))


def bytes_for_text() -> bytes:
    return parquet(typed(activity=[b"x", b"y", b"z"]))


def many_rows() -> bytes:
    """A few kilobytes that unpack to 300 million rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    once = pa.array(["a"]).dictionary_encode()
    block = pa.DictionaryArray.from_arrays(pa.array(bytes(1_000_000), pa.int8()), once.dictionary)
    table = pa.table(dict.fromkeys(("case_id", "activity", "timestamp"), block))
    with pq.ParquetWriter(out, table.schema) as writer:
        for _ in range(300):
            writer.write_table(table)
    return out.getvalue()


def wrong_footer(data: bytes) -> bytes:
    return data[:-8] + b"\xff\xff\xff\x7f" + data[-4:]


def holed(data: bytes, share: float, size: int) -> bytes:
    """A hole of `size` bytes at a share of the file."""
    at = int(len(data) * share)
    return data[:at] + b"\xff" * size + data[at + size :]


def sqlite(path: Path, *statements: str, rows: int = 200) -> bytes:
    made = path.with_name("made.tmp")
    with sqlite3.connect(made) as connection:
        connection.execute("create table orders(case_id, activity, timestamp)")
        row = ("a", "b" * 500, AT)
        connection.executemany("insert into orders values (?, ?, ?)", [row] * rows)
        for statement in statements:
            connection.execute(statement)
    connection.close()
    data = made.read_bytes()
    made.unlink()
    return data


def corrupt(path: Path) -> bytes:
    data = bytearray(sqlite(path))
    data[4096:] = b"\xff" * (len(data) - 4096)
    return bytes(data)


def one_corrupt_page(path: Path) -> bytes:
    data = sqlite(path)
    return data[: 4096 * 5] + b"\xee" * 4096 + data[4096 * 6 :]


def no_table(path: Path) -> bytes:
    made = path.with_name("made.tmp")
    connection = sqlite3.connect(made)
    connection.execute("create table t(x)")
    connection.execute("drop table t")
    connection.close()
    data = made.read_bytes()
    made.unlink()
    return data


def write_ahead(path: Path) -> bytes:
    """A database in WAL mode, copied without its log, as people copy one file."""
    made = path.with_name("made.tmp")
    connection = sqlite3.connect(made)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table orders(case_id, activity, timestamp)")
    connection.execute("insert into orders values ('c', 'a', ?)", [AT])
    connection.commit()
    connection.close()
    data = made.read_bytes()
    made.unlink()
    return data


BROKEN_TEXT = "update orders set activity = cast(x'636166e9' as text) where rowid = 3"
NULLS = "update orders set case_id = null, activity = '' where rowid in (3, 4)"
GIANT = "update orders set activity = replace(hex(zeroblob(2500000)), '0', 'x') where rowid = 3"
BLOB = "update orders set activity = x'00ff' where rowid = 3"
VIEW = 'create view "order; drop table orders" as select * from orders'

TABLES: tuple[Hostile, ...] = (
    refused("parquet without its footer", "a.parquet", lambda _: parquet()[:-100], "truncated"),
    refused("parquet without its last byte", "a.parquet", lambda _: parquet()[:-1], "truncated"),
    refused("parquet without its head", "a.parquet", lambda _: parquet()[100:], "truncated"),
    refused("four letters of parquet", "a.parquet", b"PAR1", "truncated"),
    refused("two zeros of parquet", "a.parquet", b"\0\0", "nor is it a Parquet file"),
    refused("parquet with a wrong footer", "a.parquet", lambda _: wrong_footer(parquet()), "Parquet"),
    refused("parquet with a hole in its data", "a.parquet", lambda _: holed(parquet(), 0.02, 40), "Parquet"),
    refused("parquet with a hole in its footer", "a.parquet", lambda _: holed(parquet(), 0.8, 20), "Parquet"),
    refused("parquet, encrypted", "a.parquet", lambda _: b"PARE" + parquet()[4:-4] + b"PARE", "encrypted"),
    refused("parquet of 300 million rows", "a.parquet", lambda _: many_rows(), "limit"),
    refused("parquet without rows", "a.parquet", lambda _: parquet({k: v[:0] for k, v in typed().items()}), "no events"),
    refused("parquet with 3,000 columns", "a.parquet", lambda _: parquet({f"c{i}": ["x"] for i in range(3_000)}), "columns"),
    refused("parquet with text that is none", "a.parquet", lambda _: bad_text(), "encoding"),
    refused("parquet without a case", "a.parquet", lambda _: parquet({"a": ["x"]}), "case_id"),
    refused("parquet whose times are empty", "a.parquet", lambda _: parquet(typed(timestamp=[None] * 3)), "timestamp"),
    refused("csv that calls itself parquet", "a.parquet", "case,activity\nx,y\n", "case"),
    refused("noise that calls itself parquet", "a.parquet", bytes(range(256)) * 20, "Parquet"),
    warned("parquet that calls itself csv", "a.csv", lambda _: parquet(typed()), 3, "name_and_content"),
    warned("duplicates in parquet", "a.parquet", lambda _: parquet(), 99, "duplicate_events"),
    parted("nulls in parquet", "a.parquet", lambda _: parquet(typed(case_id=["a", None, ""])), 3, 2, "no case"),
    parted("infinite cost in parquet", "a.parquet", lambda _: parquet(typed(cost=[1.0, float("inf"), None])), 3, 1, "inf"),
    fine("parquet with zones and nanoseconds", "a.parquet", lambda _: zoned(), 3, cells={"ts": [m.replace(tzinfo=None) for m in MOMENTS]}),
    fine("parquet with int96", "a.parquet", lambda _: int96(), 3, cells={"ts": [m.replace(tzinfo=None) for m in MOMENTS]}),
    fine("parquet with dictionaries and decimals", "a.parquet", lambda _: dictionary(), 3, cells={"cost": [1.5] * 3}),
    fine("parquet with lists and structures", "a.parquet", lambda _: nested(), 3),
    fine("parquet with bytes for text", "a.parquet", lambda _: bytes_for_text(), 3),
    fine("parquet in zstd", "a.parquet", lambda _: parquet(typed(), compression="zstd"), 3),
    refused("sqlite of noise", "a.db", corrupt, "SQLite", table="orders"),
    refused("sqlite with a corrupt page", "a.db", one_corrupt_page, "SQLite", table="orders"),
    refused("sqlite cut", "a.db", lambda path: sqlite(path)[:9000], "SQLite", table="orders"),
    refused("sqlite cut in its header", "a.db", lambda path: sqlite(path)[:60], "SQLite", table="orders"),
    refused("sqlite, encrypted", "a.sqlite", bytes((i * 97 + i // 7) % 256 for i in range(8192)), "SQLite", table="orders"),
    refused("sqlite without tables", "a.db", no_table, "no events"),
    refused("sqlite without rows", "a.db", lambda path: sqlite(path, rows=0), "no events", table="orders"),
    refused("sqlite with text that is none", "a.db", lambda path: sqlite(path, BROKEN_TEXT), "encoding", table="orders"),
    parted("sqlite with nulls", "a.db", lambda path: sqlite(path, NULLS), 200, 2, "no case", "missing_case", table="orders"),
    parted("sqlite with a giant", "a.db", lambda path: sqlite(path, GIANT), 200, 1, "over 4 MB", "giant_field", table="orders"),
    warned("sqlite that calls itself csv", "a.csv", lambda path: sqlite(path, rows=1), 1, "name_and_content", table="orders"),
    fine("sqlite with a hostile view", "a.db", lambda path: sqlite(path, VIEW, rows=1), 1, table="order; drop table orders"),
    fine("sqlite in WAL mode, alone", "a.db", write_ahead, 1, table="orders"),
    fine("sqlite with bytes", "a.db", lambda path: sqlite(path, BLOB, "delete from orders where rowid <> 3"), 1, table="orders"),
)  # fmt: skip
