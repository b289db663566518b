"""Records are found where they are, nested fields become dotted columns, changelogs become events."""

import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapter import Content, Options
from ingest.adapters import json as reader
from ingest.adapters.flat import follow, lists, parsed
from ingest.adapters.json_stream import Stream
from ingest.errors import Unfit

ISSUE = {
    "key": "SUP-1",
    "fields": {
        "created": "2026-01-05T08:00:00.000+0000",
        "status": {"name": "Done"},
        "reporter": {"displayName": "Rita"},
        "assignee": {"displayName": "Bob"},
        "labels": ["a", "b"],
    },
    "changelog": {
        "total": 3,
        "histories": [  # newest first, as some servers give them
            {
                "id": "3",
                "created": "2026-01-07T08:00:00.000+0000",
                "author": {"displayName": "Bob"},
                "items": [{"field": "status", "fromString": "Doing", "toString": "Done"}],
            },
            {
                "id": "2",
                "created": "2026-01-06T08:00:00.000+0000",
                "author": {"displayName": "Ann"},
                "items": [
                    {"field": "assignee", "fromString": "Ann", "toString": "Bob"},
                    {"field": "status", "fromString": "Open", "toString": "Doing"},
                ],
            },
            {
                "id": "1",
                "created": "2026-01-05T09:00:00.000+0000",
                "items": [{"field": "labels", "toString": "b"}],
            },
        ],
    },
}
STATUS = (
    "case_id=key",
    "activity=changelog.histories.items.toString",
    "timestamp=changelog.histories.created",
    "resource=changelog.assignee",
)


def steps(room, log="orders"):
    return [(r["activity"], r["ts"].day, r["resource"]) for r in room.rows("instance", log)]


def test_a_changelog_gives_the_creation_and_each_move(room):
    room.load(room.file("a.json", json.dumps({"total": 1, "issues": [ISSUE]})), map=STATUS, records="issues")
    assert steps(room) == [("Open", 5, "Ann"), ("Doing", 6, "Bob"), ("Done", 7, "Bob")]
    row = room.rows("event")[0]
    assert row["fields.labels"] == '["a", "b"]'
    assert row["changelog.histories.author.displayName"] == "Rita"


def test_an_issue_that_never_moved_was_created_in_the_state_it_is_in(room):
    quiet = {**ISSUE, "changelog": {"histories": []}}
    room.load(room.file("a.json", json.dumps(quiet)), map=STATUS)
    assert steps(room) == [("Done", 5, "Bob")]


def test_an_archive_of_issues_is_one_source(room):
    path = room.folder / "issues.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            archive.writestr(f"SUP-{number}.json", json.dumps({**ISSUE, "key": f"SUP-{number}"}))
    assert (room.load(path, map=STATUS).cases, len(steps(room))) == (3, 9)


RECORD = {"case_id": "c", "activity": "a", "timestamp": "2026-01-05"}


@pytest.mark.parametrize(
    ("document", "records"),
    [
        ([RECORD], None),
        ({"data": [RECORD], "page": 1}, None),
        ({"data": {"items": [RECORD]}}, "data.items"),
        ({"pages": [{"items": [RECORD]}, {"items": []}]}, "pages.items"),
        ({"by": {"x": RECORD}}, "by.*"),
    ],
)
def test_records_are_found(room, document, records):
    assert room.load(room.file("a.json", json.dumps(document)), records=records).loaded == 1


@pytest.mark.parametrize("records", [None, "c", "a.b"])
def test_where_the_records_are_is_never_guessed(room, records):
    report = room.rejected(room.file("x.json", json.dumps({"a": [RECORD], "b": [RECORD]})), records=records)
    assert "'a', 'b'" in report.message


def test_numbers_are_kept_as_they_were_written(room):
    number = "12345678901234567890"
    record = f'"case_id": 0.10, "activity": true, "timestamp": "2026-01-05", "n": 1.50, "big": {number}'
    room.load(room.file("a.json", f"[{{{record}}}]"))
    row = room.rows("event")[0]
    assert (row["case_id"], row["activity"], row["n"], row["big"]) == ("0.10", "true", 1.5, number)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
KEYS = st.sampled_from(["a", "b", "c.d", ""])
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
    ),
    lambda inside: st.one_of(st.lists(inside, max_size=4), st.dictionaries(KEYS, inside, max_size=4)),
    max_leaves=12,
)
PATHS = st.lists(st.sampled_from(["a", "b", "*", "x"]), max_size=3)


def portions(text: str, size: int):
    data = text.encode()
    return iter([data[at : at + size] for at in range(0, len(data), size)])


@settings(max_examples=30, deadline=None)
@given(
    document=VALUES,
    path=PATHS,
    size=st.sampled_from([1, 2, 7, 50, 10_000]),
    indent=st.sampled_from([None, 1]),
)
def test_a_stream_finds_what_is_found_in_the_whole(document, path, size, indent):
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    whole = parsed(text, "x")
    assert list(Stream(portions(text, size), "x", 64).along(path)) == list(follow(whole, path))
    assert Stream(portions(text, size), "x", 64).value() == whole
    if isinstance(document, dict):
        found = Stream(portions(text, size), "x", 64).lists()
        assert {".".join(p): n for p, n in found.items()} == {p: len(v) for p, v in lists(whole).items()}


@settings(max_examples=30, deadline=None)
@given(document=VALUES, cut=st.floats(0, 1), size=st.sampled_from([1, 7, 10_000]))
def test_cut_anywhere_a_stream_says_truncated_as_the_whole_does(document, cut, size):
    text = json.dumps([document])
    text = text[: max(1, int(len(text) * cut))]
    if text == json.dumps([document]):
        return
    with pytest.raises(Unfit) as streamed:
        list(Stream(portions(text, size), "x", 64).along([]))
    assert streamed.value.word == "truncated"
    with pytest.raises(Unfit) as at_once:
        parsed(text, "x")
    assert at_once.value.word == "truncated"


@pytest.mark.parametrize(
    "wrong", ["[1, 2,, 3]", '[{"a" 1}]', '{"a": [1 2]}', "[1]]", "[tru e]", '{"a": 1,}', "[\n\n01]"]
)
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_what_is_no_json_is_named_by_its_line_at_once(wrong, size):
    rest = iter([b" " * 1000] * 1000)
    read = []

    def endless():
        yield from portions(wrong, size)
        for portion in rest:
            read.append(1)
            yield portion

    with pytest.raises(Unfit) as caught:
        list(Stream(endless(), "x.json", 64).along(["a"]))
    assert caught.value.word == "line"
    assert f"line {1 + wrong.count(chr(10))}" in caught.value.message
    assert len(read) <= 8 or wrong == "[1]]"


def test_a_large_document_is_streamed_and_read_alike(room, monkeypatch):
    records = [{**RECORD, "case_id": f"c{i}", "n": i, "tags": ["é"]} for i in range(300)]
    document = json.dumps({"total": 300, "data": {"items": records}, "next": None}, ensure_ascii=False)
    whole = adapter_reading(room.file("a.json", document))
    monkeypatch.setattr(reader, "WHOLE_BYTES", 0)
    monkeypatch.setattr(reader, "PORTION", 100)
    assert adapter_reading(room.file("a.json", document)) == whole
    assert len(whole[0]) == 300


def adapter_reading(path):
    """Every row and the codes of the findings."""
    data = path.read_bytes()
    reading = reader.JsonAdapter().read(Content(path.name, path, len(data), head=data[:1000]), Options())
    rows = [row for chunk in reading.chunks for row in chunk.events.to_pylist()]
    return rows, [(f.code, f.count) for f in reading.findings]
