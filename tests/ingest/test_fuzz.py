"""Bytes are flipped, cut out and put in: each reader refuses by name, or reads; it never falls over."""

import gzip
import io
import json
import os
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from home.errors import BatonError
from ingest.adapter import Limits, Options
from ingest.decode import opened
from ingest.registry import choose
from tests.ingest.bad_files import CSV, XES, zipped

RECORDS = [{"case_id": f"c{i % 3}", "activity": "a", "timestamp": "2026-01-05", "n": i} for i in range(20)]


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), out)
    return out.getvalue()


def sqlite() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table orders(case_id, activity, timestamp)")
        connection.executemany("insert into orders values (?, ?, ?)", [("c", "a", "2026-01-05")] * 200)
        connection.commit()
        data = connection.serialize()
    connection.close()
    return data


SEEDS = {
    "csv": CSV.encode(),
    "quoted csv": b'case_id,activity,timestamp\n"a ""b""","c\nd",2026-01-05\n' * 3,
    "utf-16": CSV.encode("utf-16"),
    "csv.gz": gzip.compress(CSV.encode() * 3),
    "zip": zipped(**{"a.csv": CSV}),
    "json": json.dumps(RECORDS).encode(),
    "json lines": "\n".join(map(json.dumps, RECORDS)).encode(),
    "zip of json": zipped(**{"a.json": json.dumps(RECORDS[0]), "b.json": json.dumps(RECORDS[1])}),
    "xes": XES.encode(),
    "parquet": parquet(),
    "sqlite": sqlite(),
}
DAMAGE = st.lists(
    st.tuples(
        st.floats(0, 1), st.sampled_from(["flip", "cut", "put", "zero"]), st.binary(min_size=1, max_size=8)
    ),
    min_size=1,
    max_size=3,
)


def damaged(data: bytes, damage) -> bytes:
    for where, how, stray in damage:
        at = int(where * max(0, len(data) - 1))
        middle = {"flip": stray, "cut": b"", "put": stray + data[at : at + 1], "zero": b"\0" * len(stray)}[
            how
        ]
        data = data[:at] + middle + data[at + (len(stray) if how != "put" else 1) :]
    return data


def rows(path: Path, scratch: Path) -> int:
    with opened(path, Limits(bytes=1 << 24), scratch) as content:
        reading = choose(content, None).read(content, Options(table="orders"))
        return sum(chunk.events.num_rows for chunk in reading.chunks if chunk.events)


@pytest.mark.parametrize("seed", SEEDS)
@settings(
    max_examples=int(os.environ.get("BATON_TEST_FUZZ", "80")),
    derandomize="BATON_TEST_FUZZ" not in os.environ,  # the suite is the same every time; a hunt is not
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damage=DAMAGE)
def test_a_damaged_source_is_read_or_refused_by_name(tmp_path, seed, damage):
    path = tmp_path / "source"
    path.write_bytes(damaged(SEEDS[seed], damage))
    try:
        assert rows(path, tmp_path) >= 0
    except BatonError as error:
        assert error.message
        assert "Traceback" not in error.message


@pytest.mark.parametrize("seed", SEEDS)
def test_an_undamaged_source_is_read(tmp_path, seed):
    path = tmp_path / "source"
    path.write_bytes(SEEDS[seed])
    assert rows(path, tmp_path) > 0
