"""Shaping a log: what each step does, that it is undone to the row, and that it holds ever after."""

from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from home.errors import Refused, UsageError
from ingest.catalog import find_log
from ingest.contracts import LogRequest, Nothing
from ingest.logs import drop_log, list_logs
from ingest.mapping_file import MappingFile
from ingest.shape import added
from ingest.shaping.command import ShapeRequest, shape_log
from ingest.shaping.compiled import compose

TABLES = ("event", "instance", "cv", "variant")
HEAD = "case_id,activity,timestamp,step,status,weight\n"
ROWS = (
    "c1,Order recieved,2026-01-05T08:00:00Z,order,in,1.5\n"
    "c1,Pay,2026-01-05T09:00:00Z,pay,ok,2\n"
    "c1,Heartbeat,2026-01-05T09:30:00Z,,,\n"
    "c2,Order recieved,2026-01-05T10:00:00Z,order,in,1\n"
    "c2,Pay bill,2026-01-05T11:00:00Z,pay,,3\n"
    "c3,Heartbeat,2026-01-05T12:00:00Z,,,\n"
)


def shape(room, log="orders", **asked):
    """`baton shape` with the options as the command line gives them."""
    return shape_log(room.context, ShapeRequest(log=log, **asked))


def tables(room, log="orders"):
    return {name: room.rows(name, log) for name in TABLES}


def activities(room, log="orders"):
    return {row.activity: row.events for row in shape(room, log).activities}


def traces(room, log="orders"):
    found = defaultdict(list)
    for case, activity in room.query("select case_id, activity from shaped order by ts, n", log):
        found[case].append(activity)
    return dict(found)


@pytest.fixture
def orders(room):
    room.load(room.file("a.csv", HEAD + ROWS))
    return room


def test_a_log_that_was_not_shaped_is_as_it_came(orders):
    found = shape(orders)
    assert (found.version, found.steps, found.can_undo, found.can_redo) == (0, (), False, False)
    assert found.message == "orders is as it came."
    assert {a.activity: a.events for a in found.activities} == {
        "Order recieved": 2, "Heartbeat": 2, "Pay": 1, "Pay bill": 1,
    }  # fmt: skip
    assert found.columns == ("step", "status", "weight")


def test_steps_do_what_they_say_and_tell_it(orders):
    renamed = shape(orders, rename=("Order recieved=Order received",))
    assert renamed.changes == (
        "'Order recieved' is now called 'Order received': 2 events",
        "as many activities, variants, events and cases as before",
    )
    merged = shape(orders, merge=("Pay", "Pay bill"), into="Pay")
    assert merged.changes == ("2 activities became 1, 'Pay': 2 events", "4 → 3 activities")
    hidden = shape(orders, hide=("Heartbeat",))
    assert hidden.changes == (
        "1 activity hidden: 2 events",
        "3 → 2 activities; 3 → 1 variants; 6 → 4 events; 3 → 2 cases",
        "1 case had no other event and took part no more",
    )
    assert traces(orders) == {"c1": ["Order received", "Pay"], "c2": ["Order received", "Pay"]}
    assert len(orders.rows("event")) == 6
    (log,) = list_logs(orders.context, Nothing()).rows
    assert (log.cases, log.events) == (2, 4)
    assert [step.what for step in hidden.steps] == [
        "rename 'Order recieved' to 'Order received'",
        "merge 'Pay' and 'Pay bill' into 'Pay'",
        "hide 'Heartbeat'",
    ]


def test_an_activity_is_derived_where_every_column_has_a_value(orders):
    found = shape(orders, derive=("activity={step}: {status}",))
    assert found.changes[0] == "activities are made from '{step}: {status}': 4 became 4"
    assert traces(orders) == {
        "c1": ["order: in", "pay: ok", "Heartbeat"], "c2": ["order: in", "Pay bill"], "c3": ["Heartbeat"],
    }  # fmt: skip


def test_an_activity_is_derived_only_where_it_is_asked(orders):
    shape(orders, derive=("activity={activity} {{{weight}}}",), where=("step=pay",))
    assert activities(orders) == {"Order recieved": 2, "Heartbeat": 2, "Pay {2}": 1, "Pay bill {3}": 1}


def test_cases_are_derived_and_take_their_attributes_along(room):
    content = "case_id,activity,timestamp,item,case:region\n"
    content += "o1,a,2026-01-01T00:00:00Z,1,North\no1,b,2026-01-02T00:00:00Z,2,North\n"
    content += "o1,c,2026-01-03T00:00:00Z,,North\no2,a,2026-01-04T00:00:00Z,1,\n"
    room.load(room.file("a.csv", content))
    found = shape(room, derive=("case_id={case_id}/{item}",))
    assert found.changes == (
        "case ids are made from '{case_id}/{item}': 4 cases",
        "2 → 3 variants; 2 → 4 cases",
    )
    regions = {row["case_id"]: row["region"] for row in room.rows("cv")}
    assert regions == {"o1/1": "North", "o1/2": "North", "o1": "North", "o2/1": None}


def test_undo_redo_and_versions_lose_nothing(orders):
    before, hash_before = tables(orders), find_log(orders.context.events, "orders").hash
    shape(orders, hide=("Heartbeat",))
    hidden, hash_hidden = tables(orders), find_log(orders.context.events, "orders").hash
    assert hash_before != hash_hidden
    shape(orders, rename=("Pay=Paid",))
    assert shape(orders, undo=True).version == 1
    assert (tables(orders), find_log(orders.context.events, "orders").hash) == (hidden, hash_hidden)
    assert shape(orders, undo=True).version == 0
    assert (tables(orders), find_log(orders.context.events, "orders").hash) == (before, hash_before)
    with pytest.raises(Refused, match="nothing to undo"):
        shape(orders, undo=True)
    assert [shape(orders, redo=True).version for _ in range(2)] == [1, 2]
    with pytest.raises(Refused, match="nothing to redo"):
        shape(orders, redo=True)
    shape(orders, undo=True)
    assert shape(orders, rename=("Pay=Payment",)).version == 3  # version 2 stays beside it
    found = shape(orders, to=2)
    assert [(v.version, v.parent, v.in_force) for v in found.versions] == [
        (0, None, False), (1, 0, False), (2, 1, True), (3, 1, False),
    ]  # fmt: skip
    assert found.versions[2].note == "rename 'Pay' to 'Paid'"
    assert shape(orders, to=0).message == "orders is as it came."
    with pytest.raises(Refused, match="versions 0 to 3"):
        shape(orders, to=9)
    shape(orders, to=2)
    assert shape(orders, clear=True).version == 4
    assert tables(orders) == before


def test_a_step_is_taken_out_by_number_or_name(orders):
    shape(orders, hide=("Heartbeat",), name="No heartbeats", note="the monitor's")
    shape(orders, rename=("Pay=Paid",))
    assert shape(orders).versions[1].note == "the monitor's"
    found = shape(orders, remove=("No heartbeats",))
    assert [step.name for step in found.steps] == ["rename 'Pay' to 'Paid'"]
    assert shape(orders, remove=("1",)).steps == ()
    with pytest.raises(UsageError, match="no step '5'"):
        shape(orders, remove=("5",))


WRONG = [
    ({"rename": ("Pey=Paid",)}, "no activity 'Pey'; did you mean 'Pay'"),
    ({"rename": ("Pay=Heartbeat",)}, "'Heartbeat' already"),
    ({"rename": ("Pay",)}, "not A=B"),
    ({"hide": ("heartbeat",)}, "did you mean 'Heartbeat'"),
    ({"merge": ("Pay", "Bill"), "into": "Pay"}, "no activity 'Bill'"),
    ({"merge": ("Pay",)}, "--merge needs --into"),
    ({"into": "Pay"}, "--into needs --merge"),
    ({"derive": ("activity={stap}",)}, "no column 'stap'.*did you mean 'step'"),
    ({"derive": ("resource={step}",)}, "derive is 'resource'"),
    ({"derive": ("{step}",)}, "not TARGET=TEMPLATE"),
    ({"derive": ("activity={step",)}, "brace"),
    ({"derive": ("activity=step",)}, "names no column"),
    ({"where": ("step=pay",)}, "--where needs --derive"),
    ({"add": "Call"}, "--add needs --after"),
    ({"after": "Pay"}, "--after needs --add"),
    ({"add": "Call", "after": "Pya"}, "no activity 'Pya'; did you mean 'Pay'"),
    ({"add": "Call", "after": "Pay", "typical": "soon"}, "'soon' is no duration"),
    ({"hide": ("Pay",), "rename": ("Heartbeat=x",), "name": "both"}, "names one step"),
]


@pytest.mark.parametrize(("asked", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_wrong_in_a_step_is_told_and_nothing_is_changed(orders, asked, words):
    before = tables(orders)
    with pytest.raises(UsageError, match=words):
        shape(orders, **asked)
    assert (tables(orders), len(shape(orders).versions)) == (before, 1)


def test_ways_that_exclude_each_other_are_refused():
    for asked in ({"undo": True, "redo": True}, {"undo": True, "to": 0}, {"clear": True, "hide": ("a",)}):
        with pytest.raises(ValueError, match="exclude each other"):
            ShapeRequest(log="x", **asked)


def test_a_log_is_never_left_without_events(orders):
    before = tables(orders)
    with pytest.raises(Refused, match="No event of 'orders' would be left"):
        shape(orders, hide=("Order recieved", "Pay", "Pay bill", "Heartbeat"))
    assert (tables(orders), shape(orders).version) == (before, 0)


def test_names_with_an_equals_sign_are_cut_where_a_name_ends(room):
    content = "case_id,activity,timestamp\nc,a=b,2026-01-01\nc,'x, y',2026-01-02\n".replace("'", '"')
    content += "c,p,2026-01-03\nc,p=q,2026-01-04\n"
    room.load(room.file("a.csv", content))
    shape(room, rename=("a=b=c=d",))
    assert "c=d" in activities(room)
    shape(room, merge=("x, y", "c=d"), into="one, two")
    assert activities(room) == {"one, two": 2, "p": 1, "p=q": 1}
    with pytest.raises(UsageError, match="'p' or 'p=q'"):
        shape(room, rename=("p=q=r",))


def test_steps_hold_for_what_comes_later_and_tell_what_is_gone(orders):
    shape(orders, rename=("Pay=Paid",), hide=("Heartbeat",))
    later = HEAD + "c9,Pay,2026-02-01T00:00:00Z,,,\nc9,Heartbeat,2026-02-02T00:00:00Z,,,\n"
    report = orders.load(orders.file("b.csv", later), append=True)
    assert (report.events, report.cases, report.loaded) == (5, 3, 2)
    assert traces(orders)["c9"] == ["Paid"]
    extra = HEAD + "c9,Paid,2026-02-03T00:00:00Z,,,\n"
    report = orders.load(orders.file("c.csv", extra), append=True)
    assert [(f.code, f.severity) for f in report.findings if f.code.startswith("shape")] == [
        ("shape_merges", "warning")
    ]
    report = orders.load(orders.file("d.csv", HEAD + "z,Other,2026-02-03,,,\n"), "orders", append=True)
    assert [f.code for f in shape(orders).findings] == ["shape_merges"]


MAPPING = """
[map]
resource = "step"
[[shape]]
rename = "Order recieved"
to = "Order received"
[[shape]]
hide = "Nothing"
"""


def test_a_mapping_file_shapes_the_log_it_is_loaded_with(room):
    mapping = room.file("m.toml", MAPPING)
    report = room.load(room.file("a.csv", HEAD + ROWS), mapping=str(mapping))
    (finding,) = [f for f in report.findings if f.code == "shape_unknown"]
    assert finding.message == "Step 2 (hide 'Nothing'): there is no activity 'Nothing'."
    found = shape(room)
    assert (found.version, found.versions[1].note) == (1, "from the mapping of a.csv")
    # what people change is not undone by the next load with the same file
    shape(room, undo=True)
    room.load(
        room.file("b.csv", HEAD + "c4,Order recieved,2026-03-01,,,\n"), mapping=str(mapping), append=True
    )
    assert activities(room)["Order recieved"] == 3


def test_the_steps_of_a_second_mapping_come_after_those_there_are(orders):
    shape(orders, rename=("Pay=Paid",))
    mapping = orders.file("m.toml", MAPPING.replace('resource = "step"', ""))
    report = orders.load(
        orders.file("b.csv", HEAD + "c4,Pay,2026-03-01,,,\n"), mapping=str(mapping), append=True
    )
    assert [f.message for f in report.findings if f.code == "shape_taken"] == [
        "The mapping of b.csv added 2 steps to the 1 that shaped the log."
    ]
    whats = [step.what for step in shape(orders).steps]
    assert (whats[0], len(whats)) == ("rename 'Pay' to 'Paid'", 3)


def test_a_shape_is_written_to_a_mapping_file_and_taken_from_one(room):
    room.load(room.file("a.csv", HEAD + ROWS), map=("resource=step",), system="ERP")
    shape(room, merge=("Pay", "Pay bill"), into="Pay", name="One spelling")
    shape(room, add="Call", after="Pay", typical="20min", role="Clerk")
    written = shape(room, output="-").content
    file = MappingFile.parse(written, "mapping.toml")
    assert (file.map, file.system, len(file.shape)) == ({"resource": "step"}, "ERP", 2)
    before = tables(room)
    room.load(room.folder / "a.csv", "copy", mapping=str(room.file("m.toml", written)))
    assert tables(room, "copy") == before
    shape(room, clear=True)
    assert shape(room, mapping=str(room.folder / "m.toml")).version == 4
    assert tables(room) == before


def test_an_added_step_makes_no_event_and_keeps_its_place(orders):
    before = tables(orders)
    found = shape(orders, add="Call", after="Pay", before="Heartbeat", typical="20min", role="Clerk")
    assert found.steps[0].by == "tester"
    assert found.changes[0] == "'Call' is noted there; no event has it"
    assert tables(orders) == before
    shape(orders, merge=("Pay", "Pay bill"), into="Payment")
    schema = find_log(orders.context.events, "orders").schema
    with orders.context.events.cursor(schema) as cursor:
        (step,) = added(cursor)
    assert (step.name, step.after, step.before, step.role, step.lost) == (
        "Call", "Payment", "Heartbeat", "Clerk", (),
    )  # fmt: skip
    assert step.evidence.startswith("added by hand by tester on 20")
    assert step.evidence.endswith(", not observed")
    shape(orders, hide=("Heartbeat",))
    with orders.context.events.cursor(schema) as cursor:
        assert added(cursor)[0].lost == ("Heartbeat",)


@pytest.mark.long
def test_thousands_of_renames_are_one_pass(room):
    rows = "".join(f"c{n},a{n},2026-01-01T00:00:{n % 60:02d}Z,,,\n" for n in range(3_000))
    room.load(room.file("a.csv", HEAD + rows))
    file = MappingFile(shape=tuple({"rename": f"a{n}", "to": f"b{n}"} for n in range(3_000)))
    shape(room, mapping=str(room.file("m.toml", file.to_toml())))
    assert sorted(activities(room)) == sorted(f"b{n}" for n in range(3_000))
    assert (
        len(room.query("select sql from duckdb_views() where view_name = 'shaped'")[0][0].split(" JOIN "))
        == 2
    )


NAMES = st.sampled_from(["a", "b", "c", "d", "e'", 'f"', "g;--", "{h}"])
EVENTS = st.lists(st.tuples(st.sampled_from("pqr"), NAMES, st.integers(0, 50)), min_size=1, max_size=25)
CHANGE = st.one_of(
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("merge"), st.lists(NAMES, min_size=1, max_size=3), NAMES),
    st.tuples(st.just("hide"), st.lists(NAMES, min_size=1, max_size=2), st.none()),
)
SLOW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def csv_of(rows):
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["case_id", "activity", "timestamp"])
    writer.writerows((c, a, f"2026-01-05T08:{m:02d}:00Z") for c, a, m in rows)
    return text.getvalue()


def expected(rows, changes):
    """The definition, step by step: what each event is called at the end, `None` where it is hidden."""
    names = [activity for _, activity, _ in rows]
    for kind, what, to in changes:
        told = [what] if kind == "rename" else what
        names = [(None if kind == "hide" else to) if name in told else name for name in names]
    return Counter((c, name, m) for (c, _, m), name in zip(rows, names, strict=True) if name is not None)


def as_steps(changes):
    made = []
    for kind, what, to in changes:
        step = {kind: what}
        made.append(step | ({"to": to} if to is not None else {}))
    return MappingFile.of({"shape": made}, "m.toml").to_toml()


@SLOW
@given(rows=EVENTS, more=EVENTS, changes=st.lists(CHANGE, max_size=5))
def test_shaping_follows_its_definition_whenever_it_is_done(room, rows, more, changes):
    rows, more = [("k", "keep", 0), *rows], [("k", "keep too", 1), *more]
    mapping = str(room.file("m.toml", as_steps(changes)))
    first, second = room.file("a.csv", csv_of(rows)), room.file("b.csv", csv_of(more))
    for log in list_logs(room.context, Nothing()).rows:
        drop_log(room.context, LogRequest(log=log.log))
    room.load(first, "after")
    before = tables(room, "after")
    shape(room, "after", mapping=mapping)
    found = room.query("select case_id, activity, minute(ts) from shaped", "after")
    assert Counter(found) == expected(rows, changes)
    room.load(first, "with", mapping=mapping)
    assert tables(room, "with") == tables(room, "after")
    # what comes later is shaped alike, whether the log was shaped before or is shaped after
    room.load(second, "after", append=True)
    room.load(first, "late")
    room.load(second, "late", append=True)
    shape(room, "late", mapping=mapping)
    for table in ("event", "instance", "variant"):
        assert in_order(room.rows(table, "late")) == in_order(room.rows(table, "after")), table
    found = room.query("select case_id, activity, minute(ts) from shaped", "late")
    assert Counter(found) == expected([*rows, *more], changes)
    # and undone it is as if nothing had been
    room.load(first, "undone")
    if changes:
        shape(room, "undone", mapping=mapping)
        shape(room, "undone", undo=True)
    assert tables(room, "undone") == before


def in_order(rows):
    return sorted(rows, key=str)


@given(first=st.lists(CHANGE, max_size=4), name=NAMES)
def test_one_dictionary_does_what_its_steps_do(first, name):
    composed = {}
    told = name
    for kind, what, to in first:
        keys = [what] if kind == "rename" else what
        composed = compose(composed, dict.fromkeys(keys, None if kind == "hide" else to))
        told = (None if kind == "hide" else to) if told in keys else told
    assert composed.get(name, name) == told


def test_a_mapping_with_new_steps_shapes_what_is_loaded_already(orders):
    mapping = orders.file("m.toml", '[[shape]]\nhide = "Heartbeat"')
    report = orders.load(orders.folder / "a.csv", mapping=str(mapping))
    assert report.message == "orders already holds a.csv; its mapping's steps shape it now."
    assert (report.events, report.seen, report.loaded) == (4, 6, 6)
    again = orders.load(orders.folder / "a.csv", mapping=str(mapping))
    assert "nothing changed" in again.message


def test_a_log_that_is_replaced_keeps_its_shape(orders):
    shape(orders, hide=("Heartbeat",))
    shape(orders, rename=("Pay=Paid",))
    shape(orders, undo=True)
    report = orders.load(orders.file("b.csv", HEAD + ROWS.replace("c1", "x1")), replace=True)
    assert (report.events, report.cases) == (4, 2)
    found = shape(orders)
    assert (found.version, found.can_redo, len(found.versions)) == (1, True, 3)


def test_a_log_whose_every_event_is_hidden_by_its_mapping_is_empty_and_says_so(room):
    mapping = room.file("m.toml", '[[shape]]\nhide = ["Order recieved", "Pay", "Pay bill", "Heartbeat"]')
    report = room.load(room.file("a.csv", HEAD + ROWS), mapping=str(mapping))
    assert (report.loaded, report.events, report.cases, report.first) == (6, 0, 0, None)
    assert shape(room, undo=True).changes == ("0 → 4 activities; 0 → 3 variants; 0 → 6 events; 0 → 3 cases",)
