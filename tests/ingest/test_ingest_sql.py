"""Every SQL file of the room is valid against the schema."""

from importlib.resources import files

import duckdb
import pytest

from home.sql import migrations
from ingest import layout
from ingest.pairing import ABORTS, ENDS

FILES = sorted(entry.name for entry in files("ingest").joinpath("sql").iterdir())
EVENTS = [
    ("1", "a", 1, "start"), ("1", "a", 2, "complete"), ("1", "b", 3, "complete"), ("2", "a", 4, "complete"),
    ("3", "a", 5, "complete"), ("4", "a", 6, "complete"),
]  # fmt: skip


@pytest.fixture(scope="module")
def cursor():
    """A log on which everything was made once, so that what the files work with is there."""
    connection = duckdb.connect()
    for folder in ("schema/events", "schema/log"):
        for _, sql in migrations("ingest", folder):
            connection.execute(sql)
    for n, (case, activity, minute, lifecycle) in enumerate(EVENTS):
        connection.execute(
            "insert into event by name select $n as n, 0 as source, $n as source_row, $case as case_id,"
            " $activity as activity, make_timestamp(2026, 1, 1, 8, $minute, 0) as ts,"
            " $lifecycle as lifecycle",
            {"n": n, "case": case, "activity": activity, "minute": minute, "lifecycle": lifecycle},
        )
    connection.execute("insert into trace select distinct 0, case_id from event")
    connection.execute("create temp table touched as select '1' as case_id")
    layout.build(connection)
    layout.merge(connection)
    return connection


@pytest.mark.parametrize("name", FILES)
def test_statements_can_be_explained(cursor, name):
    text = files("ingest").joinpath("sql", name).read_text(encoding="utf-8")
    assert text.startswith("-- One row")
    for statement in filter(str.strip, text.split(";\n")):
        values = {
            k: v for k, v in {"ends": ENDS, "aborts": ABORTS, "last": 0}.items() if f"${k}" in statement
        }
        cursor.execute(f"explain {statement}", values or None)
