"""The table of outcomes: what is refused, what is set aside, what is loaded with a warning, what is fine."""

import json
import signal
from pathlib import Path

import pytest

from ingest.catalog import find_log, remove
from ingest.errors import Rejected
from tests.ingest.conftest import Room
from tests.ingest.hostile.corpus import CORPUS

LOG = "hostile"
HANG_S = 60


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One room for all files: a child process that read one must read the next as well."""
    return Room(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(autouse=True)
def alarm():
    """No file may keep its reader busy, not even one that never ends."""

    def late(*_):
        raise TimeoutError(f"still reading after {HANG_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(HANG_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def standing(*folders: Path) -> set[Path]:
    """What stands in some folders; the stores themselves may come and grow, and an empty `tmp` stay."""
    found = (path for folder in folders for path in folder.rglob("*"))
    return {path for path in found if not path.name.startswith(("events.", "state.")) and path.name != "tmp"}


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_comes_to_what_the_table_says(shared, tmp_path, name):
    hostile = CORPUS[name]
    path = hostile.make(tmp_path)
    before, stood = shared.counts(), standing(tmp_path, shared.context.home)
    try:
        report = shared.load(path, LOG, **hostile.options)
    except Rejected as refusal:
        report = refusal.report
        assert int(refusal.exit_code) == hostile.exit
    assert (report.status, report.message) == (hostile.status, report.message)
    codes = {finding.code for finding in report.findings}
    if report.status == "reject":
        assert hostile.word.lower() in report.message.lower()
        assert (report.seen, report.loaded, report.set_aside, report.events) == (0, 0, 0, 0)
        assert codes
        assert shared.counts() == before
    else:
        try:
            holds(shared, report, hostile, codes)
        finally:
            with shared.context.events.writing() as cursor:
                remove(cursor, LOG, find_log(shared.context.events, LOG).schema)
    assert standing(tmp_path, shared.context.home) == stood


def holds(room, report, hostile, codes):
    """Every row is accounted for, and stands in the log as it stood in the file."""
    assert (report.seen, report.set_aside) == (hostile.seen, hostile.aside)
    assert report.loaded == report.events == report.seen - report.set_aside > 0
    assert set(hostile.codes) <= codes
    kept = room.query("select place, reason from set_aside order by rowid", LOG)
    assert len(kept) == hostile.aside
    if kept:
        place, reason = kept[0]
        assert hostile.word in reason
        assert place.split()[0] in ("line", "record", "event", "row")
    for column, values in hostile.cells.items():
        assert [v for (v,) in room.query(f"select {column} from event order by n", LOG)] == list(values)


@pytest.mark.parametrize(
    "name",
    [
        "csv: plain",
        "csv: epoch seconds",
        "csv: dates in two orders",
        "foreign: a pipe",
    ],
)
def test_the_command_line_exits_as_the_table_says(baton, tmp_path, name):
    hostile = CORPUS[name]
    options = [word for key, value in hostile.options.items() for word in (f"--{key}", value)]
    answer = baton("ingest", hostile.make(tmp_path), "--log", LOG, *options, "--json", check=hostile.exit)
    report = json.loads(answer.out)
    assert (report["status"], report["seen"]) == (hostile.status, hostile.seen)
    assert hostile.status != "reject" or hostile.word.lower() in report["message"].lower()
    assert len(baton("logs", "--json").json["rows"]) == (hostile.status != "reject")


def test_the_corpus_covers_every_line_of_the_table():
    words = {h.word for h in CORPUS.values() if h.status == "reject"}
    codes = {code for h in CORPUS.values() for code in h.codes}
    assert {
        *("DTD", "truncated", "checksum", "empty", "no events", "header", "line 1", "encoding", "depth"),
        *("nest", "size", "limit", "columns", "attributes", "members", "path", "ambiguous", "NUL"),
    } <= words
    assert {
        *("missing_case", "missing_activity", "missing_time", "unreadable_time", "malformed_row"),
        *("duplicate_key", "giant_field", "not_a_number", "name_and_content", "encoding_guessed"),
        *("delimiter_guessed", "duplicate_events", "duplicate_case_ids", "empty_traces", "orphan_events"),
        *("disorder", "early_dates", "future_dates", "date_format", "two_digit_years", "epochs"),
        *("excel_serials", "mixed_offsets", "clock_gap", "type_mismatch", "duplicate_header"),
        *("blank_header", "padded_header", "preamble", "comments", "trailing_columns", "name_clash"),
    } <= codes
    assert len(CORPUS) > 400
