"""One log from many systems: three exports joined by their keys are the log one system would have written."""

import csv
import io
import re
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.generate import generate
from home.command_line import parse
from home.errors import BatonError, Refused
from ingest import layout
from ingest.catalog import find_log
from ingest.commands import COMMANDS
from ingest.contracts import LogRequest, Nothing
from ingest.fold import fold
from ingest.load import ingest
from ingest.logs import drop_log, list_logs
from ingest.shape import apply
from ingest.shaping.command import ShapeRequest, shape_log
from ingest.withdraw import withdraw

ORDER, DELIVERY, INVOICE = "Order No", "Delivery No", "Invoice No"
MAPPED = ("activity=Step", "timestamp=At")
HOW = {
    "orders": {"system": "ERP", "key": "order", "map": (f"case_id={ORDER}", *MAPPED)},
    "deliveries": {
        "system": "WMS", "key": "delivery", "link": (f"order={ORDER}",),
        "map": (f"case_id={DELIVERY}", *MAPPED),
    },
    "invoices": {
        "system": "FI", "key": "invoice", "link": (f"delivery={DELIVERY}",),
        "map": (f"case_id={INVOICE}", *MAPPED),
    },
}  # fmt: skip
COLUMNS = {"orders": (ORDER,), "deliveries": (DELIVERY, ORDER), "invoices": (INVOICE, DELIVERY)}


def at(minute):
    return f"2026-01-{5 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z"


def written(columns, rows, more=()):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([[*columns, "Step", "At", *more], *rows])
    return text.getvalue()


def export(room, name, rows):
    """The export of one system, as a file."""
    return room.file(f"{name}.csv", written(COLUMNS[name], rows))


def join(room, exports, order=("orders", "deliveries", "invoices"), log="joined", **more):
    """Load the exports in an order; the first says which key is the case."""
    reports = []
    for n, name in enumerate(order):
        root = {"root": "order"} if n == 0 else {}
        how = HOW[name] | root | {"append": n > 0} | more.get(name, {})
        reports.append(room.load(export(room, name, exports[name]), log, **how))
    return reports


def codes(report, *wanted):
    return {f.code: f.message for f in report.findings if f.code in wanted}


def read(room, log):
    """What mining reads of a log: instances, cases and variants, without columns of the sources' own."""
    shown = {
        "instance": ("case_id", "pos", "activity", "start_ts", "ts", "next_activity", "nst", "system"),
        "cv": ("case_id", "t0", "t1", "n", "first", "last"),
        "variant": ("n", "acts"),
    }
    return {
        table: sorted(tuple(str(row[name]) for name in names) for row in room.rows(table, log))
        for table, names in shown.items()
    }


def rebuilt(room, log):
    """The same after every table was made afresh."""
    with room.context.events.writing(find_log(room.context.events, log).schema) as cursor:
        layout.build(cursor)
    return read(room, log)


def company():
    """A known process: of each order one to three deliveries, each with its invoice."""
    exports = {"orders": [], "deliveries": [], "invoices": []}
    whole = []

    def happens(name, keys, case, step, minute):
        exports[name].append((*keys, step, at(minute)))
        whole.append((case, step, at(minute), HOW[name]["system"]))

    for n in range(30):
        order, begin = f"O{n}", 37 * n
        happens("orders", (order,), order, "Create order", begin)
        if n % 5:
            happens("orders", (order,), order, "Approve order", begin + 20)
        for k in range(n % 3 + 1):
            delivery, invoice = f"D{n}-{k}", f"I{900 - 3 * n - k}"
            happens("deliveries", (delivery, order), order, "Pack", begin + 60 + 101 * k)
            # only the first row of a delivery names its order
            happens("deliveries", (delivery, ""), order, "Ship", begin + 90 + 101 * k)
            happens("invoices", (invoice, delivery), order, "Bill", begin + 120 + 101 * k)
            if n % 4:
                happens("invoices", (invoice, ""), order, "Receive payment", begin + 1500 + 101 * k)
    return exports, whole


@pytest.mark.parametrize("order", list(permutations(("orders", "deliveries", "invoices")))[::3], ids="-".join)
def test_three_exports_come_out_as_the_log_of_one_system(room, order):
    exports, whole = company()
    text = io.StringIO()
    csv.writer(text).writerows([["case_id", "activity", "timestamp", "system"], *whole])
    room.load(room.file("whole.csv", text.getvalue()), "whole")
    reports = join(room, exports, order)
    assert read(room, "joined") == read(room, "whole")
    assert rebuilt(room, "joined") == read(room, "whole")
    assert (reports[-1].cases, reports[-1].events) == (30, len(whole))
    assert not codes(reports[-1], "dangling_links", "shared_keys")
    raw = Counter(len(rows) for rows in exports.values())
    assert sum(n * k for n, k in raw.items()) == len(room.rows("event", "joined"))


def test_what_reaches_no_case_is_kept_counted_and_joins_when_its_link_comes(room):
    exports = {
        "orders": [("O1", "Create", at(0))],
        "invoices": [("I1", "D1", "Bill", at(9)), ("I2", "D2", "Bill", at(10)), ("I2", "", "Pay", at(11))],
        "deliveries": [("D1", "O1", "Ship", at(5))],
    }
    _, second, third = join(room, exports, ("orders", "invoices", "deliveries"))
    assert codes(second, "dangling_links")["dangling_links"] == (
        "3 events of 2 'invoice' keys reach no 'order' yet, such as 'I1', 'I2'."
        " They are kept, and join the log when their link comes."
    )
    assert (second.events, second.loaded, second.cases) == (1, 3, 1)
    assert codes(third, "dangling_links")["dangling_links"].startswith("2 events of 1 'invoice' key ")
    assert [row["activity"] for row in room.rows("instance", "joined")] == ["Create", "Ship", "Bill"]
    # the findings of the log are those that hold now
    kept = room.query("select count from finding where code = 'dangling_links'", "joined")
    assert kept == [(2,)]
    last = room.load(
        export(room, "deliveries", [("D2", "O9", "Ship", at(7))]), "joined", append=True, **HOW["deliveries"]
    )
    assert not codes(last, "dangling_links")
    assert {row["case_id"]: row["n"] for row in room.rows("cv", "joined")} == {"O1": 3, "O9": 3}
    assert rebuilt(room, "joined") == read(room, "joined")


def test_a_log_may_begin_with_events_that_reach_no_case_yet(room):
    exports = {
        "invoices": [("I1", "D1", "Bill", at(9))],
        "deliveries": [("D1", "O1", "Ship", at(5))],
        "orders": [("O1", "Create", at(0))],
    }
    reports = join(room, exports, ("invoices", "deliveries", "orders"))
    assert [(r.loaded, r.events, r.cases) for r in reports] == [(1, 0, 0), (1, 2, 1), (1, 3, 1)]


def test_a_key_of_several_cases_stands_in_each_unless_a_row_names_one(room):
    exports = {
        "orders": [("O1", "Create", at(0)), ("O2", "Create", at(1)), ("O3", "Create", at(2))],
        "deliveries": [
            ("D1", "O1", "Pack", at(10)), ("D1", "O2", "Pack", at(11)), ("D1", "", "Ship", at(12)),
            ("D3", "O3", "Pack", at(10)),
        ],
        "invoices": [("I1", "D1", "Bill", at(20)), ("I3", "D3", "Bill", at(21))],
    }  # fmt: skip
    report = join(room, exports)[-1]
    assert codes(report, "shared_keys", "dangling_links") == {
        "shared_keys": "1 'invoice' key belongs to several cases, such as 'I1' to 'O1', 'O2':"
        " their events stand in each, unless a row names one."
    }
    traces = {}
    for row in room.rows("instance", "joined"):
        traces.setdefault(row["case_id"], []).append(row["activity"])
    one = ["Create", "Pack", "Ship", "Bill"]
    assert traces == {"O1": one, "O2": one, "O3": ["Create", "Pack", "Bill"]}
    assert (report.events, report.seen) == (11, 2)
    shared = [f for f in report.findings if f.code == "shared_keys"]
    assert {f.message.split("'")[1] for f in shared} == {"delivery", "invoice"}


def test_a_later_row_may_lead_a_key_to_another_case(room):
    exports = {
        "orders": [("O1", "Create", at(0)), ("O2", "Create", at(1))],
        "deliveries": [("D1", "O1", "Ship", at(5))],
        "invoices": [("I1", "D1", "Bill", at(9))],
    }
    join(room, exports)
    room.load(
        export(room, "deliveries", [("D1", "O2", "Return", at(7))]),
        "joined",
        append=True,
        **HOW["deliveries"],
    )
    traces = {}
    for row in room.rows("instance", "joined"):
        traces.setdefault(row["case_id"], []).append(row["activity"])
    assert traces == {"O1": ["Create", "Ship", "Bill"], "O2": ["Create", "Return", "Bill"]}
    assert rebuilt(room, "joined") == read(room, "joined")


def test_orders_with_a_parent_are_part_of_its_case(room):
    how = {"key": "order", "link": ("order=Parent",), "map": (f"case_id={ORDER}", *MAPPED)}
    head = f"{ORDER},Parent,Step,At\n"
    room.load(
        room.file("a.csv", f"{head}O1,O1,Create,{at(0)}\nO2,O1,Split,{at(1)}\nO3,O2,Split,{at(2)}\n"),
        "l",
        **how,
    )
    assert {row["case_id"]: row["n"] for row in room.rows("cv", "l")} == {"O1": 3}
    # a case that turns out to have a parent is a case no more
    room.load(room.file("b.csv", f"{head}O1,O0,Found,{at(3)}\nO9,,Create,{at(4)}\n"), "l", append=True, **how)
    assert {row["case_id"]: row["n"] for row in room.rows("cv", "l")} == {"O0": 4, "O9": 1}
    assert rebuilt(room, "l") == read(room, "l")


def test_links_in_a_circle_are_an_error_and_leave_the_log_as_it_was(room):
    how = {"key": "order", "link": ("order=Parent",), "map": (f"case_id={ORDER}", *MAPPED)}
    head = f"{ORDER},Parent,Step,At\n"
    room.load(
        room.file("a.csv", f"{head}O1,,Create,{at(0)}\nO2,O1,Create,{at(1)}\nO3,O2,Create,{at(1)}\n"),
        "l",
        **how,
    )
    before = read(room, "l")
    with pytest.raises(Refused, match=r"in a circle.*order 'O1' → order 'O3' → order 'O2' → order 'O1'"):
        room.load(room.file("b.csv", f"{head}O1,O3,Create,{at(2)}\n"), "l", append=True, **how)
    assert read(room, "l") == before


def test_systems_that_point_at_each_other_are_joined_or_refused_never_hung(room):
    room.load(
        room.file("o.csv", f"{ORDER},Step,At\nO1,Create,{at(0)}\n"),
        "l",
        key="order",
        map=(f"case_id={ORDER}", *MAPPED),
    )
    both = f"D,{ORDER},P,Step,At\n"
    how = {"append": True, "map": ("case_id=D", *MAPPED)}
    room.load(
        room.file("d.csv", both + f"D1,O1,P1,Ship,{at(1)}\n"),
        "l",
        key="delivery",
        link=(f"order={ORDER}", "payment=P"),
        **how,
    )
    with pytest.raises(Refused, match="circle"):
        room.load(
            room.file("p.csv", both + f"P1,O1,D1,Pay,{at(2)}\n"),
            "l",
            key="payment",
            link=(f"order={ORDER}", "delivery=P"),
            **how,
        )
    room.load(
        room.file("p.csv", both + f"P1,,,Pay,{at(2)}\n"), "l", key="payment", link=(f"order={ORDER}",), **how
    )
    assert [row["activity"] for row in room.rows("instance", "l")] == ["Create", "Ship", "Pay"]


WRONG = [
    ({"link": ("order=Order No",)}, "--key"),
    ({"key": "delivery", "link": ("order=Ordr No",)}, "'Ordr No'.*did you mean 'Order No'"),
    ({"key": "delivery", "link": ("Order No",)}, "not KEY=COLUMN"),
    ({"key": "delivery", "link": ("order=Order No",)}, "--root order"),
]


@pytest.mark.parametrize(("how", "words"), WRONG)
def test_keys_that_cannot_be_joined_are_told(room, how, words):
    room.load(
        room.file("o.csv", f"{ORDER},Step,At\nO1,Create,{at(0)}\n"), "l", map=(f"case_id={ORDER}", *MAPPED)
    )
    path = export(room, "deliveries", [("D1", "O1", "Ship", at(1))])
    with pytest.raises(BatonError) as caught:
        room.load(path, "l", append=True, **({"map": HOW["deliveries"]["map"]} | how))
    assert re.search(words, f"{caught.value.message} {caught.value.hint}")
    assert len(room.rows("event", "l")) == 1


def test_a_first_source_without_a_key_is_of_the_root(room):
    room.load(
        room.file("o.csv", f"{ORDER},Step,At\nO1,Create,{at(0)}\n"), "l", map=(f"case_id={ORDER}", *MAPPED)
    )
    path = export(room, "deliveries", [("D1", "O1", "Ship", at(1))])
    report = room.load(path, "l", append=True, root="order", **HOW["deliveries"])
    assert (report.cases, report.events) == (1, 2)


def test_keys_that_look_like_numbers_are_texts(room):
    exports = {
        "orders": [("007", "Create", at(0)), ("7", "Create", at(1)), ("1.50", "Create", at(2))],
        "deliveries": [("1", "007", "Ship", at(3)), ("01", "7", "Ship", at(4)), ("2", "1.50", "Ship", at(5))],
        "invoices": [("5", "01", "Bill", at(6))],
    }
    join(room, exports)
    assert {row["case_id"]: row["n"] for row in room.rows("cv", "joined")} == {"007": 2, "7": 3, "1.50": 2}


def test_links_are_followed_before_the_steps_that_shape_the_log(room):
    exports, _ = company()
    join(room, exports)
    before = read(room, "joined")
    shape_log(room.context, ShapeRequest(log="joined", hide=("Ship",), rename=("Pack=Packed",)))
    names = {row["activity"] for row in room.rows("instance", "joined")}
    assert names == {"Create order", "Approve order", "Packed", "Bill", "Receive payment"}
    shape_log(room.context, ShapeRequest(log="joined", undo=True))
    assert read(room, "joined") == before
    shape_log(room.context, ShapeRequest(log="joined", derive=("case_id={system}/{case_id}",)))
    assert {row["case_id"] for row in room.rows("cv", "joined")} >= {"ERP/O1", "WMS/O1", "FI/O1"}


def test_case_attributes_follow_the_keys(room):
    orders = f"{ORDER},Step,At,Region\nO1,Create,{at(0)},North\n"
    room.load(
        room.file("o.csv", orders), "l", key="order", map=(f"case_id={ORDER}", "case:region=Region", *MAPPED)
    )
    deliveries = f"D,{ORDER},Step,At,Carrier\nD1,O1,Ship,{at(1)},\nD2,O1,Ship,{at(2)},Post\n"
    room.load(
        room.file("d.csv", deliveries), "l", append=True, key="delivery", link=(f"order={ORDER}",),
        map=("case_id=D", "case:carrier=Carrier", *MAPPED),
    )  # fmt: skip
    (case,) = room.rows("cv", "l")
    assert (case["region"], case["carrier"], case["n"]) == ("North", "Post", 3)


KEYS = st.integers(0, 3)
MAYBE = st.none() | KEYS
MINUTE = st.integers(0, 30)
ROWS = st.fixed_dictionaries(
    {
        "orders": st.lists(st.tuples(KEYS, st.sampled_from("ab"), MINUTE), min_size=1, max_size=5),
        "deliveries": st.lists(st.tuples(KEYS, MAYBE, st.sampled_from("ab"), MINUTE), min_size=1, max_size=6),
        "invoices": st.lists(st.tuples(KEYS, MAYBE, st.sampled_from("ab"), MINUTE), min_size=1, max_size=6),
    }
)


def expected(rows):
    """The definition: a row goes where the key it carries leads, else where its own case id leads."""
    orders_of, deliveries_of = {}, {}
    for delivery, order, *_ in rows["deliveries"]:
        orders_of.setdefault(delivery, set()).update({order} - {None})
    for invoice, delivery, *_ in rows["invoices"]:
        deliveries_of.setdefault(invoice, set()).update({delivery} - {None})
    found = [(f"O{order}", step, minute) for order, step, minute in rows["orders"]]
    for delivery, order, step, minute in rows["deliveries"]:
        cases = orders_of[delivery] if order is None else {order}
        found += [(f"O{case}", step, minute) for case in cases]
    for invoice, delivery, step, minute in rows["invoices"]:
        ways = deliveries_of[invoice] if delivery is None else {delivery}
        cases = set().union(*(orders_of.get(way, set()) for way in ways))
        found += [(f"O{case}", step, minute) for case in cases]
    return Counter(found)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, order=st.permutations(("orders", "deliveries", "invoices")), cut=st.integers(0, 6))
def test_any_links_in_any_order_and_any_portions_follow_their_definition(room, rows, order, cut):
    for log in list_logs(room.context, Nothing()).rows:
        drop_log(room.context, LogRequest(log=log.log))
    marks = {"orders": "O", "deliveries": "DO", "invoices": "ID"}

    def line(name, n, row):
        keys = zip(marks[name], row[:-2], strict=True)
        return (*(f"{mark}{key}" if key is not None else "" for mark, key in keys), row[-2], at(row[-1]), n)

    lines = {name: [line(name, n, row) for n, row in enumerate(rows[name])] for name in rows}
    for part in (slice(None, cut), slice(cut, None)):
        for name in order:
            if portion := lines[name][part]:
                content = written(COLUMNS[name], portion, more=("Line",))
                path = room.file(f"{name}.csv", content)
                room.load(path, "joined", append=True, root="order", **HOW[name])
    found = room.query(
        "select case_id, activity, epoch(ts - timestamp '2026-01-05')::int // 60 from shaped", "joined"
    )
    assert Counter(found) == expected(rows)
    read_now = read(room, "joined")
    assert Counter((c, a, s) for c, _, a, s, *_ in read_now["instance"]) == Counter(
        {(c, a, f"2026-01-05 00:{m:02d}:00"): n for (c, a, m), n in expected(rows).items()}
    )
    assert rebuilt(room, "joined") == read_now


def test_what_a_flow_renews_or_folds_stays_joined(room):
    exports, _ = company()
    join(room, exports | {"invoices": exports["invoices"][:40]})
    room.load(export(room, "invoices", exports["invoices"][40:]), "joined", append=True, **HOW["invoices"])
    before = read(room, "joined")
    schema = find_log(room.context.events, "joined").schema
    with room.context.events.writing(schema) as cursor:
        fold(cursor, 3, 2)
        apply(cursor)
        layout.build(cursor)
    assert read(room, "joined") == before
    # the first source comes again whole: its new content takes the place of the old, the case stays the order
    with room.context.events.writing(schema) as cursor:
        withdraw(cursor, 0)
        layout.build(cursor)
    room.load(export(room, "orders", exports["orders"][:-1]), "joined", append=True, **HOW["orders"])
    room.load(export(room, "orders", exports["orders"][-1:]), "joined", append=True, **HOW["orders"])
    assert read(room, "joined") == before
    # links that are gone lead nowhere any more
    with room.context.events.writing(schema) as cursor:
        withdraw(cursor, 1)
        layout.build(cursor)
    last = room.load(
        export(room, "deliveries", exports["deliveries"][:1]), "joined", append=True, **HOW["deliveries"]
    )
    assert "dangling_links" in codes(last, "dangling_links")
    assert {case for case, *_ in read(room, "joined")["instance"] if case == "O0"}
    assert rebuilt(room, "joined") == read(room, "joined")


def test_the_sample_company_joined_by_its_own_numbers_is_the_log_joined_by_order(room):
    made = generate(room.folder / "company", scale=0.03)
    ingest_command = next(command for command in COMMANDS if command.name == "ingest")
    own = {
        "supplier_mail.csv": ("mail", "PO Number", "Message ID"),
        "payments.json": ("payment", "purchase_order", "id"),
    }
    for number, source in enumerate(s for s in made.sources if s.log == "p2p"):
        wanted = parse(ingest_command, source.arguments_in(made.folder)[1:])
        ingest(room.context, wanted)
        how = {"log": "joined", "key": "order"}
        if source.file in own:
            key, order, identity = own[source.file]
            mapped = tuple(f"case_id={identity}" if m == f"case_id={order}" else m for m in wanted.map)
            how |= {"key": key, "map": mapped, "link": (f"order={order}",)}
        ingest(room.context, wanted.model_copy(update=how))
        assert number < 3
    assert read(room, "joined") == read(room, "p2p")
    assert {system for *_, system in read(room, "joined")["instance"]} == {"ERP", "Supplier mail", "Payments"}
