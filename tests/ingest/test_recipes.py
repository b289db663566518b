"""Every recipe makes the planted process of a small export of its system; joins reach nothing else."""

# ruff: noqa: E501 - tables are read across

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from home.errors import NotFound, UsageError
from ingest.mapping_file import MappingFile
from ingest.recipe import RecipesRequest, recipe_path, recipes
from tests.ingest import exports
from tests.ingest.exports import SAP_P2P, TABLES, as_database, as_folder, as_workbook, as_zip
from tests.ingest.test_temporal import STEPS, planted

WAYS: dict[str, Callable[[Path, Any], Path]] = {
    "folder": lambda folder, tables: as_folder(folder / "export", tables),
    "zip": lambda folder, tables: as_zip(folder / "export.zip", tables),
    "workbook": lambda folder, tables: as_workbook(folder / "export.xlsx", tables),
}
Steps = dict[str, list[tuple[str, str, str | None]]]


def steps(room, log: str = "orders") -> Steps:
    found: Steps = {}
    for case, at, activity, who in room.query(
        "select case_id, strftime(ts, '%Y-%m-%d %H:%M:%S'), activity, resource from event order by case_id, ts, activity",
        log,
    ):
        found.setdefault(case, []).append((at, activity, who))
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("recipe", TABLES)
def test_exported_tables_become_the_planted_process(room, recipe, way):
    tables, planted_steps = TABLES[recipe]
    report = room.load(WAYS[way](room.folder, tables), mapping=f"recipe:{recipe}")
    assert steps(room) == planted_steps
    assert report.seen == report.loaded == sum(map(len, planted_steps.values()))
    warned = {f.code for f in report.findings if f.severity == "warning"}
    assert warned == ({"delimiter_guessed"} if way == "zip" else set())


@pytest.mark.parametrize("recipe", TABLES)
def test_the_same_query_runs_in_a_database(room, recipe, postgres_database):
    import psycopg

    tables, planted_steps = TABLES[recipe]
    names = MappingFile.read(recipe_path(recipe)).tables
    called = {name: tables[file] for name, file in names.items()}
    path = room.folder / "erp.db"
    with sqlite3.connect(path) as connection:
        as_database(connection, called)
    connection.close()
    with psycopg.connect(postgres_database) as server:
        as_database(server, called, "%s")
    for log, source in {"sqlite": path, "postgresql": postgres_database}.items():
        room.load(source, log, mapping=f"recipe:{recipe}", adapter="sql_database")
        assert {
            c: [(a, b, w or None) for a, b, w in s] for c, s in steps(room, log).items()
        } == planted_steps, log


def test_case_attributes_come_along(room):
    room.load(as_folder(room.folder / "export", SAP_P2P), mapping="recipe:sap-p2p")
    known = {row["case_id"]: row for row in room.rows("cv")}
    assert known["4500000001"]["vendor"] == "0000100001", "a text key"
    assert known["4500000002"]["document_type"] == "NB"


def test_jira_github_and_temporal(room):
    room.load(exports.jira(room.folder / "issue.json"), "jira", mapping="recipe:jira")
    assert steps(room, "jira") == {
        "SHOP-1": [
            ("2026-03-02 07:00:00", "Open", None),
            ("2026-03-03 07:00:00", "In Progress", None),
            ("2026-03-05 07:00:00", "Resolved", "Bob"),
        ]
    }
    room.load(exports.github(room.folder / "events.json"), "github", mapping="recipe:github-issues")
    assert [activity for _, activity, _ in steps(room, "github")["7"]] == ["labeled", "assigned", "closed"]
    assert {row["title"] for row in room.rows("cv", "github")} == {"Issue 7", "Issue 8"}
    room.load(planted().write(room.folder / "history.json"), "temporal", mapping="recipe:temporal")
    assert len(steps(room, "temporal")["run-1"]) == len(STEPS)


def test_every_recipe_is_tried_here():
    listed = {row.recipe for row in recipes(None, RecipesRequest()).rows}
    assert listed == {*TABLES, "jira", "github-issues", "temporal"}
    for name in listed:
        text = recipes(None, RecipesRequest(name=name)).content
        assert text.startswith("# ")
        assert ": " in text.splitlines()[0]
        assert MappingFile.parse(text, name)


def test_a_recipe_is_copied_changed_and_used(baton, tmp_path):
    assert "sap-p2p" in baton("recipes").out
    baton("recipes", "servicenow-incidents", "-o", tmp_path / "mine.toml")
    mine = tmp_path / "mine.toml"
    mine.write_text(mine.read_text().replace("'On hold'", "'Waiting'").replace('"sys_audit"', '"audit"'))
    tables = dict(exports.SERVICENOW)
    tables["audit"] = tables.pop("sys_audit")
    folder = as_folder(tmp_path / "export", tables)
    report = baton("ingest", folder, "--log", "incidents", "--mapping", mine, "--json").json
    assert (report["cases"], report["events"]) == (2, 9)
    assert baton("recipes", "nothing", check=1).err.startswith("Error: No recipe called 'nothing'.")
    with pytest.raises(NotFound):
        recipe_path("../../etc/passwd")
    with pytest.raises(UsageError):
        recipes(None, RecipesRequest(output="x.toml"))


def joined(room, query: str, **options: Any) -> dict[str, Any]:
    mapping = room.file(
        "join.toml",
        f'adapter = "tables"\nquery = """{query}"""\n[tables]\nevents = "events"\norders = "orders"\n'
        '[map]\ncase_id = "no"\nactivity = "step"\ntimestamp = "day"\n',
    )
    return {"mapping": str(mapping), **options}


def two_tables(room, events: str = "", orders: str = "") -> Path:
    folder = room.folder / "export"
    folder.mkdir()
    (folder / "events.csv").write_text(
        events or "no,step,day\n007,a,2026-03-02\n7,b,2026-03-03\n1E5,c,2026-03-04\n"
    )
    (folder / "orders.tsv").write_text(orders or "no\tchannel\n007\tweb\n7\tphone\n1E5\t\n")
    return folder


JOIN = "select e.no, step, day, channel from events e join orders o on o.no = e.no order by day"


def test_keys_are_text(room):
    report = room.load(two_tables(room), **joined(room, JOIN))
    assert report.events == 3
    assert {(r["case_id"], r.get("channel")) for r in room.rows("event")} == {
        ("007", "web"),
        ("7", "phone"),
        ("1E5", None),
    }


HOSTILE = {
    "a file": "select * from read_csv('/etc/passwd')",
    "a file by its name": "select * from '/etc/passwd'",
    "a folder": "select * from glob('/etc/*')",
    "an address": "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "writing": "copy (select 1) to 'baton-was-here.csv'",
    "another database": "attach 'baton-was-here.db'",
    "an extension": "install httpfs",
    "a setting": "set memory_limit = '100GB'",
    "two statements": "select 1 as no; drop table events",
    "a change": "delete from events returning no",
    "no SQL": "sélect",
    "an unknown column": "select nothing as no from events",
    "an unknown table": "select * from invoices",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_query_reaches_its_tables_and_nothing_else(room, case):
    report = room.rejected(two_tables(room), **joined(room, HOSTILE[case]))
    assert "query" in report.message
    assert not list(room.folder.rglob("baton-was-here*"))
    if case == "an unknown column":
        assert "events (events): no, step, day" in report.message


def test_what_is_not_said_is_asked_for(room):
    folder = two_tables(room)
    assert "7 members" not in room.rejected(folder).message
    assert "(events.csv, orders.tsv); which one is the log?" in room.rejected(folder).message
    assert "no [tables]" in room.rejected(folder, adapter="tables").message
    (folder / "orders.tsv").rename(folder / "order.tsv")
    assert (
        "no file 'orders'; did you mean 'order.tsv'?" in room.rejected(folder, **joined(room, JOIN)).message
    )
    (folder / "orders.csv").write_text("no\n1\n")
    (folder / "orders.txt").write_text("no\n1\n")
    assert "2 files that could be 'orders'" in room.rejected(folder, **joined(room, JOIN)).message


def test_rows_of_a_table_that_cannot_be_read_are_kept(room):
    folder = two_tables(room, events="no,step,day\n007,a,2026-03-02\n7,b\n7,c,2026-03-04\n")
    (folder / "readme.md").write_text("# not needed\n")
    report = room.load(folder, **joined(room, JOIN))
    assert (report.seen, report.loaded, report.set_aside) == (3, 2, 1)
    ((_, reason),) = room.query("select place, reason from set_aside")
    assert reason == "events, line 3: too few fields: 2 where the header has 3"
    assert "unused_files" in [f.code for f in report.findings]


BROKEN = {
    "a cut file": (gzip.compress(b"no,step,day\n" * 99)[:-9], "truncated"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "PNG"),
    "empty": (b"", "empty"),
    "an event log": (b"<log/>", "no rows"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_table_refuses_the_source(room, case):
    content, word = BROKEN[case]
    folder = two_tables(room)
    (folder / "events.csv").write_bytes(content)
    assert word in room.rejected(folder, **joined(room, JOIN)).message


def test_the_same_tables_again_change_nothing(room):
    folder = two_tables(room)
    room.load(folder, **joined(room, JOIN))
    assert room.load(folder, **joined(room, JOIN)).message.endswith("nothing changed.")


def test_a_join_can_be_looked_at_before_it_is_loaded(room):
    from ingest.inspection.inspect import InspectRequest, inspect

    folder = as_folder(room.folder / "export", SAP_P2P)
    seen = inspect(room.context, InspectRequest(source=str(folder), mapping="recipe:sap-p2p"))
    assert (seen.adapter, seen.rows_looked_at) == ("tables", 12)
    assert {p.field: p.column for p in seen.mapping}["case_id"] == "ebeln"
