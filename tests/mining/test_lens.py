"""Raw events in place of instances: the lens rebuilds what the layout would have built of them."""

from datetime import datetime
from pathlib import Path

import pytest

from ingest.contracts import IngestRequest
from ingest.load import ingest
from mining.contracts import MapRequest, VariantsRequest
from mining.directly_follows import process_map
from mining.lens import lens
from mining.variants import variants

PAIRED = """case_id,activity,timestamp,lifecycle,resource,case:kind,note
1,A,2026-01-05T09:00:00Z,start,Ann,x,one
1,A,2026-01-05T10:00:00Z,complete,Ann,x,two
1,B,2026-01-05T09:30:00Z,start,Bob,x,three
1,B,2026-01-05T12:00:00Z,complete,Bob,x,four
2,A,2026-01-04T09:00:00Z,start,Ann,y,five
2,A,2026-01-04T10:00:00Z,complete,Ann,y,six
2,B,2026-01-04T11:00:00Z,start,Bob,y,seven
2,B,2026-01-04T12:00:00Z,complete,Bob,y,eight
3,A,2026-01-06T09:00:00Z,start,Ann,y,nine
3,A,2026-01-06T10:00:00Z,complete,Ann,y,ten
3,B,2026-01-06T11:00:00Z,start,,y,eleven
3,B,2026-01-06T12:00:00Z,complete,,y,twelve
"""


@pytest.fixture(scope="module")
def context(shelf, tmp_path_factory):
    file: Path = tmp_path_factory.mktemp("source") / "paired.csv"
    file.write_text(PAIRED)
    ingest(shelf.context, IngestRequest(source=str(file), log="paired"))
    return shelf.context


def test_instances_are_paired_and_events_are_not(context):
    instances = process_map(context, MapRequest(log="paired"))
    events = process_map(context, MapRequest(log="paired", view="events"))
    assert {a.activity: a.events for a in instances.activities} == {"A": 3, "B": 3}
    assert {a.activity: a.events for a in events.activities} == {"A": 6, "B": 6}
    assert instances.activities[0].median_s == 3600 and events.activities[0].median_s is None
    flows = {(f.source, f.target): f.events for f in events.flows}
    assert flows == {("A", "B"): 4, ("A", "A"): 2, ("B", "B"): 2, ("B", "A"): 1}


def test_variants_of_events_are_numbered_by_frequency(context):
    found = variants(context, VariantsRequest(log="paired", view="events"))
    assert [(v.variant, v.cases, "".join(v.activities)) for v in found.variants] == [
        (1, 2, "AABB"),
        (2, 1, "ABAB"),
    ]
    only = variants(context, VariantsRequest(log="paired", view="events", where="variant == 2"))
    assert (only.cases, [v.variant for v in only.variants]) == (1, [2])


def test_filters_see_the_events_in_view(context):
    def cases(where: str, view: str = "events") -> set[str]:
        with lens(context, "paired", view, where) as found:
            return {case for (case,) in found.cursor.execute("select case_id from cv").fetchall()}

    assert cases("events == 4") == {"1", "2", "3"} and cases("events == 4", "instances") == set()
    assert cases('case.kind == "y"') == {"2", "3"}
    assert cases('directly_follows("B", "A")') == {"1"}
    assert cases('"Bob" in resources') == {"1", "2"}


def test_rebuilt_tables_have_the_columns_of_the_layout(context):
    def columns(view: str, table: str) -> list[str]:
        with lens(context, "paired", view, "true") as found:
            return [c[0] for c in found.cursor.execute(f"select * from {table} limit 0").description]

    for table in ("cv", "instance", "variant", "edge", "activity"):
        assert set(columns("events", table)) == set(columns("instances", table)), table


def test_a_filter_leaves_the_log_as_it_is(context):
    before = process_map(context, MapRequest(log="paired"))
    process_map(context, MapRequest(log="paired", view="events", where="variant == 2"))
    assert process_map(context, MapRequest(log="paired")) == before


def test_events_stand_in_the_order_of_their_end(context, shelf):
    def event(activity: str, start: int, end: int) -> dict[str, object]:
        return {"activity": activity, "start": datetime(2026, 1, 5, start), "end": datetime(2026, 1, 5, end)}

    name = shelf.log({"1": [event("long", 8, 12), event("short", 9, 10)]})
    by_start = variants(context, VariantsRequest(log=name)).variants
    by_end = variants(context, VariantsRequest(log=name, view="events")).variants
    assert by_start[0].activities == ["long", "short"] and by_end[0].activities == ["short", "long"]
