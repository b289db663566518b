"""Every SQL file of the room is valid against the schema."""

from importlib.resources import files

import duckdb
import pytest

from home.sql import migrations
from ingest.layout import ABORTS, ENDS

FILES = sorted(entry.name for entry in files("ingest").joinpath("sql").iterdir())


@pytest.mark.parametrize("name", FILES)
def test_statements_can_be_explained(name):
    connection = duckdb.connect()
    for folder in ("schema/events", "schema/log"):
        for _, sql in migrations("ingest", folder):
            connection.execute(sql)
    connection.execute(
        "create temp table made as select * exclude (source, source_row, lifecycle) from event"
    )
    text = files("ingest").joinpath("sql", name).read_text(encoding="utf-8")
    assert text.startswith("-- One row")
    for statement in filter(str.strip, text.split(";\n")):
        values = {k: v for k, v in {"ends": ENDS, "aborts": ABORTS}.items() if f"${k}" in statement}
        if not statement.lstrip().startswith(("create", "truncate", "--")):
            connection.execute(f"explain {statement}", values)
        connection.execute(statement, values)
