"""XES is read whole or refused; what it nests, declares and classifies is kept."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.adapter import Content, Options
from ingest.adapters import xes as reader
from ingest.adapters.xes import XesAdapter
from ingest.errors import Unfit
from tests.ingest.hostile.making import XES, event, trace, xes

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


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_a_large_file_streams_in_bounded_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "PORTION", 1 << 20)
    body = "".join(trace(f"c{i}", event(), event("b")) for i in range(30_000))
    path = tmp_path / "big.xes"
    path.write_text(xes(body))
    content = Content(path.name, path, path.stat().st_size, head=path.read_bytes()[:1000])
    sizes = [chunk.events.num_rows for chunk in XesAdapter().read(content, Options()).chunks]
    assert sum(sizes) == 60_000
    assert max(sizes) < 20_000


def test_gzip_cut_anywhere_is_refused(room):
    packed = gzip.compress(WHOLE)
    for end in range(2, len(packed), 7):
        room.rejected(room.file("a.xes.gz", packed[:end]))


NAMES = st.sampled_from(["concept:name", "time:timestamp", "n", "a key", "k&amp;l", "x'y"])
VALUES = st.sampled_from(
    ["a", "", "1", "é☃", "R&amp;D &#10;&lt;b&gt;", "it's", "a\nb", "2026-01-05T10:00:00Z"]
)
LEAVES = st.builds(
    lambda tag, key, value, end: f'<{tag} key="{key}" value="{value}"' + (end or f"></{tag}>"),
    st.sampled_from(["string", "date", "int", "float", "boolean", "id"]),
    NAMES,
    VALUES,
    st.sampled_from(["/>", " />\n", ""]),
)
ODD = st.sampled_from(
    [
        "<!-- <event> -->",
        "<list key='l'><values><int key='i' value='1'/></values></list>",
        '<string key="s" value="v"><int key="i" value="1"/></string>',
        "<string key='q' value='single'/>",
        '<string value="late" key="turned"/>',
        "<foo/>",
        "text",
        "\n\t",
    ]
)
ASIDE = st.sampled_from(["<!-- <event> -->", "<foo/>", "\n"])
INSIDE = st.lists(st.one_of(LEAVES, LEAVES, LEAVES, ODD), max_size=4).map("".join)
EVENTS = st.one_of(INSIDE.map(lambda inside: f"<event>{inside}</event>"), st.just("<event/>"))
TRACES = st.one_of(
    st.builds(
        lambda about, events: f"<trace>{''.join(about)}{''.join(events)}</trace>",
        st.lists(st.one_of(LEAVES, LEAVES, ODD), max_size=3),
        st.lists(
            st.one_of(EVENTS, EVENTS, EVENTS, ASIDE),
            max_size=5,
        ),
    ),
    st.sampled_from(["<trace/>", "<event><string key='concept:name' value='lost'/></event>", "\n"]),
)


def everything(path, text, monkeypatch, *, portion, careful):
    """All that is read: rows by number, cases, what was set aside, findings."""
    data = text.encode()
    path.write_bytes(data)
    content = Content(path.name, path, len(data), head=data[: 1 << 16])
    with monkeypatch.context() as patch:
        patch.setattr(reader, "PORTION", portion)
        if careful:
            patch.setattr(reader, "scan", lambda *_: None)
        reading = XesAdapter().read(content, Options())
        events, cases, aside = [], [], []
        for chunk in reading.chunks:
            events += [without_nulls(row) for row in chunk.events.to_pylist()]
            cases += [without_nulls(row) for row in chunk.cases.to_pylist()]
            aside += [(a.row, a.reason, a.column, dict(a.values)) for a in chunk.aside]
    return events, sorted(cases, key=lambda c: c["#trace"]), aside, reading.findings


def without_nulls(row):
    return {key: value for key, value in row.items() if value is not None}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(traces=st.lists(TRACES, min_size=1, max_size=8), portion=st.sampled_from([64, 200, 1000, 1 << 20]))
def test_the_fast_and_the_careful_reader_agree_in_portions_of_any_size(
    tmp_path, monkeypatch, traces, portion
):
    text = f'<?xml version="1.0" encoding="UTF-8"?><log>{"".join(traces)}</log>'
    path = tmp_path / "a.xes"
    careful = everything(path, text, monkeypatch, portion=1 << 20, careful=True)
    assert everything(path, text, monkeypatch, portion=portion, careful=False) == careful
    assert everything(path, text, monkeypatch, portion=portion, careful=True) == careful


def test_a_comment_as_large_as_portions_hides_what_is_in_it(tmp_path, monkeypatch):
    hidden = "".join(trace(f"h{i}", event()) for i in range(50)).replace("'", '"')
    shown = "".join(trace(f"s{i}", event()) for i in range(50)).replace("'", '"')
    text = xes(f"{shown}<!-- {hidden} -->{shown}").replace("'", '"')
    events, *_ = everything(tmp_path / "a.xes", text, monkeypatch, portion=500, careful=False)
    assert len(events) == 100


def test_one_endless_tag_is_refused_before_it_costs_much(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "TOKEN", 1 << 20)
    monkeypatch.setattr(reader, "PORTION", 1 << 16)
    with pytest.raises(Unfit) as caught:
        read(tmp_path / "a.xes", xes(trace("c" * (4 << 20), event())).encode())
    assert caught.value.word == "size"


def test_what_real_logs_look_like_is_read_fast(tmp_path, monkeypatch):
    body = "".join(trace(f"c{i}", event(), event("R&amp;D")) for i in range(2_000)).replace("'", '"')
    carefully = []
    monkeypatch.setattr(reader, "PORTION", 1 << 16)
    monkeypatch.setattr(
        reader._Log,
        "_careful",
        lambda log, block, f=reader._Log._careful: (carefully.append(len(block)), f(log, block))[1],
    )
    assert read(tmp_path / "a.xes", xes(body).replace("'", '"').encode())[0] == 4_000
    assert len(carefully) == 2  # the head with the first event, and what follows the last
