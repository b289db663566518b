"""Object-centric logs: one process in every form comes out equal, and what flattening distorts is counted."""

import gzip
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from ingest.errors import Unfit
from tests.ingest.adapter_reading import read
from tests.ingest.object_log import (
    EVENTS,
    FORMS,
    ITEMS_EACH,
    ORDERS,
    PACKAGES,
    TYPES,
    as_json,
    as_old_json,
    as_sqlite,
    as_xml,
)

PLANTED = {
    # type: rows, cases, events set aside, events that touch several
    "orders": (ORDERS * (2 + ITEMS_EACH) + 2 * PACKAGES, ORDERS, 1, PACKAGES),
    "items": (36 + 36 + 36, 36, ORDERS + 1, ORDERS + PACKAGES),
    "packages": (PACKAGES, PACKAGES, len(EVENTS) - PACKAGES, 0),
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_planted_log_for_each_type(tmp_path, form, kind):
    found = read(FORMS[form](tmp_path), object_type=kind)
    truth = read(as_json(tmp_path), object_type=kind)
    rows, cases, aside, converging = PLANTED[kind]
    assert (found.adapter, len(found.rows), len(found.cases), len(found.aside)) == (
        "ocel",
        rows,
        cases,
        aside,
    )
    assert found.rows == truth.rows
    assert found.cases == truth.cases
    assert [a.reason for a in found.aside] == [f"touches no object of the type {kind!r}"] * aside
    counted = {f.code: f.count for f in found.findings}
    assert counted.get("convergence", 0) == converging
    assert "type_mismatch" not in counted


@pytest.mark.parametrize("form", FORMS)
def test_a_packed_log_is_the_same(tmp_path, form):
    path = FORMS[form](tmp_path)
    truth = read(path, object_type="items")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    for packed in ("packed.gz", "packed.zip"):
        found = read(tmp_path / packed, object_type="items")
        assert (found.adapter, found.rows, found.cases) == ("ocel", truth.rows, truth.cases)


def test_many_types_are_not_all_told(tmp_path):
    def change(document):
        document["objects"] += [{"id": f"x{n}", "type": f"type {n}"} for n in range(100)]

    with pytest.raises(Unfit) as caught:
        read(edited(tmp_path, change))
    assert caught.value.message.endswith("  and 63 more")
    assert len(caught.value.message.splitlines()) == 42


def test_what_touches_what_is_kept(tmp_path):
    found = read(as_sqlite(tmp_path), object_type="orders")
    first = found.rows[0]
    assert first["concept:name"] == "place order"
    assert (first["event_id"], first["qualifier"], first["channel"], first["rush"]) == (
        "e-place-0",
        "order",
        "web",
        "true",
    )
    assert json.loads(first["object:items"]) == ["i0", "i1", "i2"]
    picked = next(row for row in found.rows if row["concept:name"] == "pick item")
    assert (picked["object:items"], picked["bin"], "qualifier" in picked) == ("i0", "007", False)
    three = next(case for case in found.cases if case["case:concept:name"] == "o3")
    assert three["case:customer"] == 'O\'Hara & "Sons" <ü>'
    assert (three["case:price"], three["case:price (first)"]) == ("93.5", "103"), (
        "the newest, and what it was"
    )
    assert json.loads(three["case:object:items"]) == ["i9", "i10", "i11"]
    assert "case:price (first)" not in next(c for c in found.cases if c["case:concept:name"] == "o2")


def test_divergence_is_found_where_it_was_planted(tmp_path):
    found = {f.code: f for f in read(as_xml(tmp_path), object_type="orders").findings}
    assert found["divergence"].count == ORDERS, "each order's picks concern different items"
    assert "'pick item'" in found["divergence"].message
    assert "divergence" not in read(as_xml(tmp_path), object_type="packages").codes


def test_without_a_type_each_is_named_with_what_it_would_give(tmp_path):
    with pytest.raises(Unfit) as caught:
        read(as_json(tmp_path))
    said = caught.value.message
    assert f"'items': 36 objects with {12 + 36 + 9:,} events, 21 of several" in said
    assert f"'orders': 12 objects with {len(EVENTS) - 1} events, {PACKAGES} of several" in said
    assert "12 cases with mixed repetitions" in said
    assert "--object-type 'orders'" in caught.value.hint
    with pytest.raises(Unfit, match="did you mean 'orders'"):
        read(as_json(tmp_path), object_type="order")


def test_the_first_version_of_the_standard_gives_the_same_events(tmp_path):
    old = read(as_old_json(tmp_path), object_type="orders")
    new = read(as_json(tmp_path), object_type="orders")
    for row in new.rows:
        row.pop("qualifier", None)
    assert old.rows == new.rows
    known = {c["case:concept:name"]: c["case:price"] for c in old.cases}
    assert known == {c["case:concept:name"]: c["case:price"] for c in new.cases}


@pytest.mark.parametrize("form", FORMS)
def test_the_usual_names_of_such_files_are_no_surprise(room, form):
    assert "name_and_content" not in [
        f.code for f in room.load(FORMS[form](room.folder), object_type="orders").findings
    ]


def test_it_loads_as_an_event_log(room):
    report = room.load(as_json(room.folder), object_type="orders")
    rows, cases, aside, _ = PLANTED["orders"]
    assert (report.seen, report.loaded, report.set_aside) == (rows + aside, rows, aside)
    assert (report.cases, report.events, report.activities) == (cases, rows, 4)
    assert report.status == "quarantine"
    (kept,) = room.query("select place, reason from set_aside")
    assert kept == (f"event {len(EVENTS)}", "touches no object of the type 'orders'")


def test_other_peoples_writers_are_understood(tmp_path):
    from pm4py.objects.ocel.exporter.jsonocel.variants import ocel20_standard as json_out
    from pm4py.objects.ocel.exporter.sqlite.variants import ocel20 as sqlite_out
    from pm4py.objects.ocel.exporter.xmlocel.variants import ocel20 as xml_out
    from pm4py.objects.ocel.importer.jsonocel.variants import ocel20_standard as json_in

    theirs = json_in.apply(str(as_json(tmp_path)))
    for name, write in (("t.json", json_out), ("t.xml", xml_out), ("t.sqlite", sqlite_out)):
        write.apply(theirs, str(tmp_path / name))
        for kind, (rows, cases, aside, converging) in PLANTED.items():
            found = read(tmp_path / name, object_type=kind)
            assert (len(found.rows), len(found.cases)) == (rows, cases), (name, kind)
            assert len(found.aside) in (aside, aside - 1), "the audit, which touches nothing, they drop"
            assert {f.code: f.count for f in found.findings}.get("convergence", 0) == converging


def edited(tmp_path: Path, change) -> Path:
    path = as_json(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_dangling_reference_sets_the_event_aside(tmp_path):
    found = read(
        edited(tmp_path, lambda d: d["events"][0]["relationships"].append({"objectId": "ghost"})),
        object_type="orders",
    )
    assert [a.reason for a in found.aside][:1] == [
        "refers to the object 'ghost', which the log does not have"
    ]
    assert found.aside[0].code == "dangling_reference"
    assert (len(found.rows), len(found.aside)) == (PLANTED["orders"][0] - 1, 2)
    path = as_sqlite(tmp_path)
    with sqlite3.connect(path) as db:
        db.execute("insert into event_object values ('e-place-0', 'ghost', '')")
        db.execute("insert into event_object values ('e-ghost', 'o1', '')")
    db.close()
    reasons = {a.reason for a in read(path, object_type="orders").aside}
    assert "refers to the object 'ghost', which the log does not have" in reasons
    assert "a relation of the event 'e-ghost', which the log does not have" in reasons


def test_ids_that_occur_twice_are_set_aside(tmp_path):
    def double(document):
        document["events"].append(document["events"][0])
        document["objects"].append({"id": "o1", "type": "items"})

    reasons = [a.reason for a in read(edited(tmp_path, double), object_type="orders").aside]
    assert "the event 'e-place-0' occurs twice" in reasons
    assert "the object 'o1' occurs twice" in reasons
    old = tmp_path / "old.jsonocel"
    event = (
        '"ocel:activity": "a", "ocel:timestamp": "2026-01-01T00:00:00Z", "ocel:omap": ["o"], "ocel:vmap": {}'
    )
    events = f'"ocel:events": {{"1": {{{event}}}, "1": {{{event}}}}}'
    old.write_text(f'{{{events}, "ocel:objects": {{"o": {{"ocel:type": "t"}}}}}}')
    found = read(old)
    assert (len(found.rows), [a.reason for a in found.aside]) == (1, ["the event '1' occurs twice"])


def test_values_that_are_not_of_their_declared_type_stay_as_text(tmp_path):
    def change(document):
        document["objects"][0]["attributes"][0]["value"] = "cheap"
        document["events"][0]["attributes"][1]["value"] = "perhaps"

    found = read(edited(tmp_path, change), object_type="orders")
    mismatches = {f.message for f in found.findings if f.code == "type_mismatch"}
    assert mismatches == {
        "1 values of 'price' are no float; kept as text.",
        "1 values of 'rush' are no boolean; kept as text.",
    }
    assert "undeclared_type" not in found.codes


BROKEN = {
    "cut json": (as_json, lambda data: data[:-40], "truncated"),
    "cut xml": (as_xml, lambda data: data[:-40], "truncated"),
    "cut sqlite": (as_sqlite, lambda data: data[: len(data) // 2], "corrupt"),
    "doctype": (as_xml, lambda data: data.replace(b"<log>", b"<!DOCTYPE log []><log>"), "DTD"),
    "not well-formed": (as_xml, lambda data: data.replace(b"</events>", b"</event>"), "line"),
    "too deep": (as_xml, lambda data: data.replace(b"<events>", b"<events>" * 99), "depth"),
    "deep json": (as_json, lambda data: data[:-1] + b', "x": ' + b"[" * 10**5 + b"]" * 10**5 + b"}", "depth"),
    "other bytes": (as_xml, lambda data: data.replace(b"place", b"pl\xe4ce"), "line"),
    "no events": (as_json, lambda data: data.replace(b'"events"', b'"occurrences"'), "events"),
    "no objects": (as_json, lambda data: data.replace(b'"objects"', b'"things"'), "objects"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_log_is_refused_whole(room, case):
    make, breaking, word = BROKEN[case]
    path = make(room.folder)
    path.write_bytes(breaking(path.read_bytes()))
    assert word in room.rejected(path, object_type="orders").message


def test_old_xml_is_named(room):
    path = room.file(
        "a.xmlocel", '<log><global scope="event"><string key="ocel:version"/></global><events/></log>'
    )
    path.write_text(
        '<log><global scope="log"><string key="ocel:version" value="1.0"/></global></log>'.replace(
            "ocel:version", '"ocel:version'
        ).replace('""', '"')
    )
    assert "OCEL 1 in XML" in room.rejected(path).message
