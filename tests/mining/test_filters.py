"""Filters keep exactly the cases they describe, and say where they are wrong."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.catalog import find_log
from mining.errors import FilterError
from mining.filters import condition
from mining.lens import lens


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour)


def step(activity: str, end: datetime, resource: str | None = None, **more: object) -> dict[str, object]:
    return {"activity": activity, "end": end, "resource": resource, **more}


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


@pytest.fixture(scope="module")
def make_log(shelf):
    return shelf.log


@pytest.fixture(scope="module")
def orders(make_log) -> str:
    """Three orders: a cheap one, a dear one with rework, and one that lacks its attributes."""
    return make_log(
        {
            "cheap": [step("Register", at(5), "Ann"), step("Pay", at(6), "Bob", system="erp")],
            "dear": [
                step("Register", at(7), "Ann"),
                step("Check", at(8), "Cleo"),
                step("Register", at(9), "Ann"),
                step("Reject", at(12), "Cleo"),
            ],
            "bare": [step("Check", at(20)), step("Pay", at(20, 6))],
        },
        "orders",
        case_attributes={
            "cheap": {"amount": 10.0, "Kind of order": "rush", "vip": True, "due": at(6)},
            "dear": {"amount": 2000.0, "Kind of order": 'it\'s "normal"', "vip": False, "due": at(30)},
            "bare": {},
        },
        tz="Europe/Berlin",
    )


def kept(context, name: str, where: str) -> set[str]:
    with lens(context, name, where=where) as view:
        found = {case for (case,) in view.cursor.execute("select case_id from cv").fetchall()}
        assert view.cases == len(found)
        return found


ALL = {"cheap", "dear", "bare"}
EXAMPLES = {
    "case.amount > 1000": {"dear"},
    "case.amount > -5": {"cheap", "dear"},
    "case.amount / 2 + 1 >= 6.0 && case.amount <= 10": {"cheap"},
    "-case.amount < -10": {"dear"},
    "!(case.amount > 1000)": {"cheap", "bare"},
    "case.amount != 10": {"dear", "bare"},
    "case.amount == null": {"bare"},
    "has(case.amount)": {"cheap", "dear"},
    'case["Kind of order"] == "rush"': {"cheap"},
    'case["Kind of order"] == \'it\\\'s "normal"\'': {"dear"},
    'case["Kind of order"].contains("normal")': {"dear"},
    "case.vip": {"cheap"},
    "case.vip == false": {"dear"},
    'case.due < "2026-01-07"': {"cheap"},
    "case.due > end": {"dear"},
    'case_id == "bare" || case_id.startsWith("d")': {"bare", "dear"},
    'contains("Check")': {"dear", "bare"},
    '"Check" in activities && !contains("Pay")': {"dear"},
    '"Ann" in resources': {"cheap", "dear"},
    '"erp" in systems': {"cheap"},
    'follows("Register", "Reject")': {"dear"},
    'follows("Register", "Register")': {"dear"},
    'follows("Pay", "Check")': set(),
    'directly_follows("Register", "Pay")': {"cheap"},
    'directly_follows("Register", "Reject")': {"dear"},
    'directly_follows("Check", "Reject")': set(),
    'first == "Register"': {"cheap", "dear"},
    'last in ["Reject", "Register"]': {"dear"},
    'last.matches("^Re.*t$")': {"dear"},
    "last in []": set(),
    'start >= "2026-01-07"': {"dear", "bare"},
    'start >= "2026-01-07 01:00"': {"dear", "bare"},
    'start >= "2026-01-07T01:00:00Z"': {"bare"},
    'end <= timestamp("2026-01-06T00:00:00Z")': {"cheap"},
    "duration_s > 86400": {"dear"},
    "duration_s == 21600": {"bare"},
    "events > 2": {"dear"},
    "variant <= 3": ALL,
    "variant == 0": set(),
    "true": ALL,
}


@pytest.mark.parametrize(("where", "expected"), EXAMPLES.items())
def test_a_filter_keeps_the_cases_it_describes(context, orders, where, expected):
    assert kept(context, orders, where) == expected


ERRORS = {
    "case.amont > 5": (5, "no case attribute 'amont'", "'amount'"),
    "case.amount > 'x'": (13, "a number cannot be compared with text", ""),
    "amount > 5": (1, "written case.amount", ""),
    "casse.amount > 5": (6, "only `case` has attributes", ""),
    "case.amount >> 5": (14, "extraneous input '>'", "&&"),
    "case.amount > 5 and true": (17, "'and'", ""),
    "case.amount": (5, "yes or no is needed here, and this is a number", ""),
    'contains("Chek")': (10, "no activity 'Chek'", "'Check'"),
    '"Anne" in resources': (1, "no resource 'Anne'", "'Ann'"),
    'follows("Check")': (8, 'write it as follows("ACTIVITY"', ""),
    "contains(first)": (10, "in quotes", ""),
    'start > "soon"': (9, "'soon' is not a moment", "2024-01-31"),
    "start > 5": (7, "a time cannot be compared with a number", ""),
    'starts == "x"': (1, "there is no 'starts'", "'start'"),
    "activities == 3": (1, "is a list", ""),
    "containz('a')": (9, "no function 'containz'", "'contains'"),
    "[1].exists(x, x > 0)": (11, "macro", ""),
    'last.matches("(")': (14, "regular expression", ""),
    "case.vip > true": (10, "only compared with", ""),
    "first + 1 == 2": (1, "needs numbers", ""),
    "": (1, "", ""),
    "[1, 2]": (1, "only stands after `in`", ""),
    "case[first] == 1": (6, "in quotes", ""),
    'first in "x"': (10, "needs a list", ""),
    'b"x" == first': (1, "bytes", ""),
}


@pytest.mark.parametrize(("where", "expected"), ERRORS.items())
def test_a_wrong_filter_names_its_column(context, orders, where, expected):
    column, reason, hint = expected
    log = find_log(context.events, orders)
    with context.events.cursor(log.schema) as cursor, pytest.raises(FilterError) as caught:
        condition(cursor, where)
    assert reason in caught.value.message and hint in caught.value.hint
    assert caught.value.column == column
    last = caught.value.message.splitlines()[-1]
    assert last == " " * (column + 1) + "^"
    assert caught.value.exit_code == 2


def test_values_never_become_sql(context, orders):
    hostile = '"\'; drop table cv; --"'
    assert kept(context, orders, f"case_id == {hostile}") == set()
    assert kept(context, orders, "true") == ALL


TRACES = st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=6), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(traces=TRACES)
def test_sequences_agree_with_a_plain_reading(context, make_log, traces):
    cases = {str(i): trace for i, trace in enumerate([*traces, ["A", "B", "C"]])}
    name = make_log(cases)
    for a, b in ("AA", "AB", "CA"):
        eventually = {c for c, t in cases.items() if any(x == a and b in t[i + 1 :] for i, x in enumerate(t))}
        directly = {c for c, t in cases.items() if (a, b) in pairwise(t)}
        assert kept(context, name, f'follows("{a}", "{b}")') == eventually
        assert kept(context, name, f'directly_follows("{a}", "{b}")') == directly


def test_a_lens_narrows_every_table(context, make_log):
    cases = {"1": ["A", "B"], "2": ["A", "B"], "3": ["A", "C", "B"]}
    name = make_log(cases, case_attributes={"1": {"x": 1.0}, "2": {"x": 2.0}, "3": {"x": 1.0}})
    with lens(context, name, where="case.x == 1") as view:
        assert view.cursor.execute("select n from variant order by len(acts)").fetchall() == [(1,), (1,)]
        assert view.cursor.execute("select count(*) from instance").fetchall() == [(5,)]
        hours = view.cursor.execute("select sum(n), sum(s) from edge").fetchall()
        assert hours == [(3, 3 * timedelta(hours=1) / timedelta(microseconds=1))]
    with lens(context, name) as view:
        assert view.cursor.execute("select count(*) from instance").fetchall() == [(7,)]
