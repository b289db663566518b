"""Records are found where they are, nested fields become dotted columns, changelogs become events."""

import json
import zipfile

import pytest

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
