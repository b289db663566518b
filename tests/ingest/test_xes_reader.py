"""XES is read whole or refused; what it nests, declares and classifies is kept."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.adapter import Content, Options
from ingest.adapters.xes import XesAdapter
from ingest.errors import Unfit
from tests.ingest.bad_files import XES, event, trace, xes

WHOLE = XES.encode()


def read(path, data):
    path.write_bytes(data)
    content = Content(path.name, path, len(data), head=data[: 1 << 16])
    reading = XesAdapter().read(content, Options())
    events = [chunk.events for chunk in reading.chunks]
    return sum(batch.num_rows for batch in events), reading


def test_cut_anywhere_it_is_refused(tmp_path):
    for end in range(len(WHOLE)):
        with pytest.raises(Unfit) as caught:
            read(tmp_path / "a.xes", WHOLE[:end])
        assert caught.value.word == "truncated"
    assert read(tmp_path / "a.xes", WHOLE)[0] == 3


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(WHOLE) - 1), byte=st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_refused_or_read_never_a_crash(tmp_path, at, byte):
    try:
        events, _ = read(tmp_path / "a.xes", WHOLE[:at] + byte + WHOLE[at + len(byte) :])
    except Unfit as error:
        assert error.message
    else:
        assert events <= 3


def test_encodings_and_prefixes(tmp_path):
    named = XES.replace("value='a'", "value='é'")
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"):
        declared = named.replace("UTF-8", encoding.removesuffix("-sig"))
        assert read(tmp_path / "a.xes", declared.encode(encoding))[0] == 3
    prefixed = named.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    assert read(tmp_path / "a.xes", prefixed.replace("xmlns=", "xmlns:x=").encode())[0] == 3


def test_nested_attributes_are_kept_as_json(room):
    inside = (
        "<string key='doc' value='d1'><int key='pages' value='7'>"
        "<string key='unit' value='A4'/></int></string>"
        "<list key='tags'><values><string key='tag' value='x'/><string key='tag' value='y'/></values></list>"
    )
    room.load(room.file("a.xes", xes(trace("c", event(more=inside)))))
    row = room.rows("event")[0]
    assert row["doc"] == "d1"
    assert row["doc/nested"] == '[{"pages": {"value": "7", "children": [{"unit": "A4"}]}}]'
    assert row["tags"] == '[{"tag": "x"}, {"tag": "y"}]'


def test_attributes_after_the_events_and_in_any_order_count(room):
    late = "<date value='2026-01-05' key='time:timestamp'/><string value='a' key='concept:name'/>"
    name = "<string key='concept:name' value='c9'/>"
    room.load(room.file("a.xes", xes(f"<trace><event>{late}</event>{name}</trace>")))
    assert [(r["case_id"], r["activity"]) for r in room.rows("event")] == [("c9", "a")]


def test_globals_and_log_attributes_are_no_events(room):
    head = "<global scope='event'><string key='concept:name' value='UNKNOWN'/></global>"
    head += "<string key='about' value='x'><int key='n' value='1'/></string>"
    assert room.load(room.file("a.xes", xes(head + trace("c", event())))).events == 1


def test_a_classifier_joins_its_keys(room):
    head = "<classifier name='both' keys=\"concept:name 'odd key' lifecycle:transition\"/>"
    inside = "<string key='odd key' value='k'/><string key='lifecycle:transition' value='start'/>"
    room.load(
        room.file("a.xes", xes(head + trace("c", event(more=inside), event("b")))), map=("activity=both",)
    )
    assert [r["activity"] for r in room.rows("event")] == ["a+k+start", "b"]


def test_traces_of_one_id_keep_their_own_events(room):
    report = room.load(room.file("a.xes", xes(trace("c", event("a")) + trace("c", event("b"), event("d")))))
    assert report.cases == 2
    assert {r["case_id"]: r["n"] for r in room.rows("cv")} == {"c": 1, "c#2": 2}


def test_a_large_file_streams_in_bounded_chunks(tmp_path):
    body = "".join(trace(f"c{i}", event(), event("b")) for i in range(30_000))
    path = tmp_path / "big.xes"
    path.write_text(xes(body))
    content = Content(path.name, path, path.stat().st_size, head=path.read_bytes()[:1000])
    sizes = [chunk.events.num_rows for chunk in XesAdapter().read(content, Options()).chunks]
    assert sum(sizes) == 60_000
    assert max(sizes) < 40_000


def test_gzip_cut_anywhere_is_refused(room):
    packed = gzip.compress(WHOLE)
    for end in range(2, len(packed), 7):
        room.rejected(room.file("a.xes.gz", packed[:end]))
