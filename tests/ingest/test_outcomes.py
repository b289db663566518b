"""The table of outcomes: what is refused, what is set aside, what is loaded with a warning."""

import pytest

from tests.ingest.bad_files import CSV, QUARANTINED, REJECTED, WARNED


def made(room, name, content):
    return room.file(name, content(room.folder) if callable(content) else content)


@pytest.mark.parametrize("case", REJECTED)
def test_refused_whole_and_says_why(room, case):
    name, content, word = REJECTED[case]
    options = {"table": "orders"} if name.endswith(".db") else {}
    report = room.rejected(made(room, name, content), **options)
    assert word.lower() in report.message.lower()
    assert (report.seen, report.events) == (0, 0)
    assert name.removesuffix(".gz") in report.message or "dates" in report.message


@pytest.mark.parametrize("case", QUARANTINED)
def test_good_rows_load_and_bad_ones_are_kept_with_a_reason(room, case):
    name, content, rows, reason = QUARANTINED[case]
    report = room.load(made(room, name, content))
    assert report.status == "quarantine"
    assert report.set_aside == rows
    assert report.seen == report.loaded + report.set_aside
    assert report.events == report.loaded > 0
    kept = room.query("select place, reason from set_aside")
    assert len(kept) == rows
    assert reason in kept[0][1]
    assert kept[0][0].split()[0] in ("line", "record", "event")


@pytest.mark.parametrize("case", WARNED)
def test_everything_loads_and_a_finding_says_what_was_odd(room, case):
    name, content, code = WARNED[case]
    report = room.load(made(room, name, content))
    assert code in [f.code for f in report.findings if f.severity == "warning"]
    assert report.status == "ok_warn"
    assert report.seen == report.loaded == report.events
    assert report.set_aside == 0


def test_a_clean_file_is_ok(room):
    assert room.load(room.file("orders.csv", CSV)).status == "ok"


def test_hostile_names_are_kept_verbatim(room):
    names = [
        "'; drop table event; --",
        "*.csv",
        "../../etc",
        "<script>",
        "NA",
        "null",
        " ",
        "é\u200b",
        "a" * 300,
    ]
    header = "case_id,activity,timestamp," + ",".join(f'"{n}"' for n in ["s0", "n", "fault", 'x"" y'])
    rows = "".join(f'"{n or "x"}","{n}x",2026-01-01T10:00:00Z,1,2,3,4\n' for n in names if n.strip())
    report = room.load(room.file("o*[1].csv", header + "\n" + rows))
    assert report.set_aside == 0
    found = {case for (case,) in room.query("select case_id from event")}
    assert found == {n for n in names if n.strip()}
    assert {n for (n,) in room.query("select name from attribute")} == {"s0", "n", "fault", 'x" y'}
