"""A load is all or nothing, idempotent, and extends or replaces a log only when told to."""

from pathlib import Path

import pytest

from home.errors import Cancelled, NotFound, Refused, UsageError
from home.jobs import Job
from ingest.contracts import LogRequest, Nothing
from ingest.logs import drop_log, list_logs, list_set_aside
from tests.ingest.hostile.making import CSV, HEAD

ROOT = Path(__file__).parents[2]
LATER = HEAD + "c1,late step,2026-02-01T10:00:00Z,Bob\nnew,step 1,2026-02-02T10:00:00Z,Bob\n"


def test_the_same_content_again_changes_nothing(room):
    first = room.load(room.file("a.csv", CSV))
    before = room.counts()
    again = room.load(room.file("renamed.csv", CSV))
    assert again.status == "ok"
    assert "nothing changed" in again.message
    assert (again.seen, again.loaded, again.events) == (first.seen, first.loaded, first.events)
    assert room.counts() == before
    assert room.load(room.file("a.csv", CSV), append=True).events == first.events


def test_another_file_needs_append_or_replace(room):
    room.load(room.file("a.csv", CSV))
    with pytest.raises(Refused, match="already"):
        room.load(room.file("b.csv", LATER))
    appended = room.load(room.file("b.csv", LATER), append=True)
    assert (appended.cases, appended.events, appended.loaded) == (4, 11, 2)
    assert [r["activity"] for r in room.rows("instance") if r["case_id"] == "c1"][-1] == "late step"
    replaced = room.load(room.file("b.csv", LATER), replace=True)
    assert (replaced.cases, replaced.events) == (2, 2)
    assert room.query("select count(*) from source") == [(1,)]


def test_a_replacement_that_is_refused_leaves_the_log_as_it_was(room):
    first = room.load(room.file("a.csv", CSV))
    for options in ({"replace": True}, {"append": True}):
        room.rejected(room.file("b.csv", HEAD), **options)
        room.rejected(room.file("b.csv", HEAD + "c,a,03/04/2026,x\n"), **options)
    assert room.load(room.file("a.csv", CSV)).events == first.events == len(room.rows("event"))


def test_what_cannot_be_opened_is_one_line(room):
    with pytest.raises(NotFound, match="no file"):
        room.load("x" * 5000 + ".csv")
    with pytest.raises(NotFound, match="no file"):
        room.load(room.folder / "orders.csv")
    assert "members" in room.rejected(room.folder).message
    assert room.rejected("ftp://example.org/a.csv").findings[0].code == "format"


def test_the_same_content_read_differently_is_another_load(room):
    path = room.file("a.csv", CSV)
    room.load(path)
    with pytest.raises(Refused):
        room.load(path, system="ERP")
    assert room.load(path, system="ERP", append=True).events == 18


@pytest.mark.parametrize("value", ["7", "1.5", "true", "2026-01-03T08:00:00Z", "green"])
@pytest.mark.parametrize("scope", ["", "case:"])
def test_an_attribute_that_was_empty_so_far_takes_its_type_from_the_first_value(room, value, scope):
    head = f"case_id,activity,timestamp,{scope}extra\n"
    rows = ["a,x,2026-01-01,", "b,x,2026-01-02,", f"c,x,2026-01-03,{value}", "d,x,2026-01-04,"]
    room.load(room.file("whole.csv", head + "\n".join(rows)), "whole")
    for i, row in enumerate(rows):
        room.load(room.file(f"{i}.csv", head + row), "parts", append=True)
    table = "trace" if scope else "event"
    column = "c0" if scope else "e0"
    types = [room.query("select name, type from attribute", log) for log in ("whole", "parts")]
    assert types[0] == types[1]
    kept = [
        room.query(f"select case_id, {column}, typeof({column}) from {table} order by 1", log)
        for log in ("whole", "parts")
    ]
    assert kept[0] == kept[1]


def test_appending_equals_loading_at_once(room):
    room.load(room.file("all.csv", CSV + LATER.removeprefix(HEAD)), "whole")
    room.load(room.file("a.csv", CSV), "parts")
    room.load(room.file("b.csv", LATER), "parts", append=True)
    for table in ("event", "instance", "cv", "variant"):
        assert room.rows(table, "parts") == room.rows(table, "whole"), table


def test_an_attribute_that_stops_being_a_number_becomes_text(room):
    head = "case_id,activity,timestamp,amount,case:limit\n"
    room.load(room.file("a.csv", head + "c,a,2026-01-01,5,100\nc,b,2026-01-02,2.5,100\n"))
    room.load(room.file("b.csv", head + "d,a,2026-01-01,many,none\n"), append=True)
    assert [r["amount"] for r in room.rows("event")] == ["5", "2.5", "many"]
    assert {r["case_id"]: r["limit"] for r in room.rows("cv")} == {"c": "100", "d": "none"}
    assert room.query("select distinct type from attribute") == [("text",)]


def test_systems_are_written_on_every_event(room):
    room.load(room.file("a.csv", CSV), system="ERP")
    room.load(room.file("b.csv", LATER), append=True, system="Mail")
    assert {r["system"] for r in room.rows("instance")} == {"ERP", "Mail"}


def test_naive_times_are_read_in_the_zone(room):
    content = HEAD + "c,a,2026-01-05 08:00:00,x\nc,b,2026-07-05 08:00:00,x\n"
    report = room.load(room.file("a.csv", content), tz="Europe/Berlin")
    assert [r["ts"].hour for r in room.rows("event")] == [7, 6]
    assert report.status == "ok"
    assert list_logs(room.context, Nothing()).rows[0].tz == "Europe/Berlin"
    assumed = room.load(room.file("a.csv", content), "utc")
    assert [f.code for f in assumed.findings] == ["tz_assumed"]
    assert assumed.status == "ok"


def test_an_hour_that_no_clock_showed_is_reported(room):
    content = HEAD + "c,a,2026-03-29 02:30:00,x\nc,b,2026-03-30 08:00:00,x\n"
    report = room.load(room.file("a.csv", content), tz="Europe/Berlin")
    assert "clock_gap" in [f.code for f in report.findings]


def test_summer_and_winter_offsets_of_one_place_are_no_warning(room):
    content = HEAD + "c,a,2026-01-05T08:00:00+01:00,x\nc,b,2026-07-05T08:00:00+02:00,x\n"
    assert room.load(room.file("a.csv", content)).findings == ()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"map": ("case=x",)}, "no field"),
        ({"map": ("case_id",)}, "FIELD=COLUMN"),
        ({"tz": "Europe/Berlim"}, "no time zone"),
        ({"dates": "DD.MM.YYYY"}, "no format"),
        ({"dates": "%Q"}, "cannot be read"),
        ({"encoding": "utf-9"}, "no encoding"),
    ],
)
def test_a_wrong_request_is_a_usage_error(room, options, complaint):
    with pytest.raises(UsageError, match=complaint):
        room.load(room.file("a.csv", CSV), **options)
    assert list_logs(room.context, Nothing()).rows == ()


def test_a_mapping_file_says_what_the_flags_would(room):
    mapping = room.file(
        "map.toml", 'dates = "dmy"\n[map]\ncase_id = "Nr"\nactivity = "Was"\ntimestamp = "Wann"\n'
    )
    content = "Nr,Was,Wann\n1,a,03.04.2026\n"
    room.load(room.file("a.csv", content), mapping=str(mapping))
    assert room.rows("event")[0]["ts"].month == 4
    room.load(room.file("a.csv", content), "b", mapping=str(mapping), dates="mdy")
    assert room.rows("event", "b")[0]["ts"].month == 3


def test_an_upload_is_found_by_its_ticket(room):
    folder = room.folder / "home" / "uploads" / "up-1"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(CSV)
    assert room.load("upload:up-1").loaded == 9
    for stray in ("upload:../up-1", "upload:up-2", "upload:"):
        with pytest.raises(NotFound):
            room.load(stray)


def test_set_aside_rows_and_drop(room):
    room.load(room.file("a.csv", CSV + "c1,a,never,x\n"))
    aside = list_set_aside(room.context, LogRequest(log="orders")).rows
    assert [(r.where, r.column) for r in aside] == [("line 11", "timestamp")]
    assert aside[0].row["resource"] == "x"
    drop_log(room.context, LogRequest(log="orders"))
    assert list_logs(room.context, Nothing()).rows == ()
    with pytest.raises(NotFound):
        drop_log(room.context, LogRequest(log="orders"))
    assert {schema for schema, *_ in room.counts()} == {"main"}


def test_a_cancelled_load_leaves_nothing(room):
    job = Job("ingest")
    room.context.job = job
    job.cancel()
    with pytest.raises(Cancelled):
        room.load(room.file("a.csv", CSV))
    assert list_logs(room.context, Nothing()).rows == ()


def test_the_command_line_prints_the_report_and_the_exit_code_says_it(baton, tmp_path):
    good, bad = tmp_path / "a.csv", tmp_path / "b.csv"
    good.write_text(CSV)
    bad.write_text(CSV.replace("case_id", "caseid"))
    fields = "log status cases events instances activities variants instance_variants seen loaded set_aside"
    fields = [*fields.split(), "first", "last", "findings", "message", "hint"]
    report = baton("ingest", good, "--log", "orders", "--json").json
    assert list(report) == fields
    assert (report["status"], report["first"]) == ("ok", "2026-01-01T10:00:00.000Z")
    refused = baton("ingest", bad, "--log", "other", "--json", check=1).json
    assert list(refused) == fields
    assert refused["status"] == "reject"
    assert "caseid" in refused["message"]
    assert baton("ingest", tmp_path / "none.csv", "--log", "x", check=1).err.startswith(
        "Error: There is no file"
    )
    assert [r["log"] for r in baton("logs", "--json").json["rows"]] == ["orders"]
    assert baton("quarantine", "orders", "--json").json["rows"] == []
    assert {r["adapter"] for r in baton("adapters", "--json").json["rows"]} >= {
        "csv",
        "xes",
        "json",
        "parquet",
    }
