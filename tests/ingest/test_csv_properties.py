"""CSV in any dialect comes back as it was written, and damaged text never loses a row unaccounted for."""

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.adapter import ROW, Content, Limits, Options
from ingest.adapters import csv as reader
from ingest.errors import Unfit

COLUMNS = ("case_id", "activity", "timestamp", "note")
FIELD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
ROWS = st.lists(st.tuples(*[FIELD] * len(COLUMNS)), min_size=1, max_size=25)
DIALECTS = st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.booleans())
PLAIN = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path, **options):
    """Rows, lines and what was set aside."""
    with path.open("rb") as file:
        content = Content(path.name, path, path.stat().st_size, head=file.read(1 << 16))
    reading = reader.CsvAdapter().read(content, Options(**options))
    rows, lines, aside = [], [], []
    for chunk in reading.chunks:
        aside += chunk.aside
        if chunk.events is not None:
            lines += chunk.events.column(ROW).to_pylist()
            columns = [chunk.events.column(name).to_pylist() for name in reading.columns]
            rows += zip(*columns, strict=True)
    return rows, lines, aside


def without_returns(rows):
    return [tuple(cell.replace("\r", "") for cell in row) for row in rows]


def written(rows, delimiter, end, all_quoted):
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    if not all_quoted:  # the writer would leave a lone carriage return without the quotes it needs
        rows = without_returns(rows)
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([COLUMNS, *rows])
    return out.getvalue()


@PLAIN
@given(rows=ROWS, dialect=DIALECTS)
@example(rows=[("a", "b", "", '"'), ("", "", "", "")], dialect=(",", "\n", False))
def test_what_a_writer_wrote_is_read_back(tmp_path, rows, dialect):
    path = tmp_path / "a.csv"
    path.write_text(written(rows, *dialect), encoding="utf-8", newline="")
    found, lines, aside = read(path, delimiter=dialect[0])
    rows = rows if dialect[2] else without_returns(rows)
    header_again = [row for row in rows if row == COLUMNS]
    assert found == [row for row in rows if row != COLUMNS]
    assert len(aside) == len(header_again)
    assert lines == sorted(lines)
    assert lines[:1] in ([], [2]) or aside


@PLAIN
@given(rows=ROWS, dialect=DIALECTS)
@example(rows=[("", "", "", "\r\x80\x80")], dialect=(",", "\n", True))
@example(rows=[("a\nb", "\n\n", "", '"\n"')] * 9, dialect=(",", "\n", True))
def test_blocks_of_any_size_give_the_same_rows(tmp_path, monkeypatch, rows, dialect):
    path = tmp_path / "a.csv"
    path.write_text(written(rows, *dialect), encoding="utf-8", newline="")
    whole = read(path, delimiter=dialect[0])
    with monkeypatch.context() as patch:
        patch.setattr(reader, "BLOCK", 64)
        assert read(path, delimiter=dialect[0]) == whole


@PLAIN
@given(rows=ROWS, dialect=DIALECTS)
def test_the_fast_and_the_careful_reader_agree(tmp_path, monkeypatch, rows, dialect):
    path = tmp_path / "a.csv"
    path.write_text(written(rows, *dialect), encoding="utf-8", newline="")
    fast = read(path, delimiter=dialect[0])
    with monkeypatch.context() as patch:
        patch.setattr(reader._Rows, "_clean", lambda *_: None)
        assert read(path, delimiter=dialect[0]) == fast


LINES = st.lists(st.text('ab,"\n\r ', max_size=12), min_size=1, max_size=12)


@PLAIN
@given(lines=LINES)
@example(lines=['a,"b,c', "d,e,f"])
@example(lines=['a,b"c,d', 'e,"f"g,h'])
def test_damaged_text_is_read_the_same_fast_and_carefully(tmp_path, monkeypatch, lines):
    path = tmp_path / "a.csv"
    path.write_text("x,y,z\n" + "\n".join(lines), newline="")

    def outcome():
        try:
            return read(path, delimiter=",")
        except Unfit as error:
            return error.word

    found = outcome()
    with monkeypatch.context() as patch:
        patch.setattr(reader._Rows, "_clean", lambda *_: None)
        assert outcome() == found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["c1", "c2", "", " "]),
            st.sampled_from(["a", "b", ""]),
            st.sampled_from(["2026-01-05T08:00:00Z", "2026-02-30", "soon", "", "2026-01-05 10:00:00+01:00"]),
            st.sampled_from(["1", "2,5", "many", "", "1e999"]),
        ),
        min_size=1,
        max_size=20,
    ),
    stray=st.lists(st.sampled_from(["x", "a,b", "1,2,3,4,5", "case_id,activity,timestamp,cost"])),
)
def test_every_row_is_loaded_or_set_aside(room, rows, stray):
    lines = [",".join(f'"{cell}"' for cell in row) for row in rows] + stray
    path = room.file("a.csv", "case_id,activity,timestamp,cost\n" + "\n".join(lines) + "\n")
    from ingest.errors import Rejected

    try:
        report = room.load(path, replace=True, delimiter=",")
    except Rejected:
        return
    if "nothing changed" in report.message:
        return
    fits = [
        row
        for row in rows
        if row[0].strip() and row[1] and row[2][:7] == "2026-01" and row[3] not in ("many", "1e999")
    ]
    assert report.loaded == len(fits) == report.events
    assert report.seen == len(rows) + len(stray)
    assert report.set_aside == report.seen - report.loaded
    assert room.query("select count(*) from set_aside") == [(report.set_aside,)]


def test_a_stray_quote_costs_one_line_not_the_file(tmp_path):
    path = tmp_path / "a.csv"
    good = "".join(f'{i},"x, {i}",2026\n' for i in range(20_000))
    path.write_text("case_id,activity,timestamp\n" + good + '5,"never closed,2026\n' + good)
    rows, _, aside = read(path)
    assert len(rows) == 40_000
    assert [a.row for a in aside] == [20_002]


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('# made by hand\ncase_id,activity,timestamp\n1,"two\nlines",x\n\n2,b,y\n3,c\n4,d,z\n')
    _, lines, aside = read(path)
    assert lines == [3, 6, 8]
    assert [a.row for a in aside] == [7]


def test_more_rows_than_allowed_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("case_id,activity,timestamp\n" + "1,a,b\n" * 100)
    with pytest.raises(Unfit) as caught:
        read(path, limits=Limits(rows=50))
    assert caught.value.word == "limit"
