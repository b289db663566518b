"""Filters with a name: they stand for what was saved, in any other filter, and never for themselves."""

from pathlib import Path

import pytest

from home.errors import NotFound, Refused
from mining.contracts import MapRequest
from mining.directly_follows import process_map
from mining.errors import FilterError
from mining.lens import lens
from mining.saved_filters import (
    ListFiltersRequest,
    RemoveFilterRequest,
    SaveFilterRequest,
    list_filters,
    remove_filter,
    save_filter,
)


@pytest.fixture
def orders(make_log) -> str:
    return make_log(
        {
            "small": ["Take", "Pay"],
            "large": ["Take", "Approve", "Pay"],
            "huge": ["Take", "Approve", "Reject"],
        },
        "orders",
        case_attributes={
            "small": {"amount": 10.0, "region": "North"},
            "large": {"amount": 2000.0, "region": "North"},
            "huge": {"amount": 9000.0, "region": "South"},
        },
    )


@pytest.fixture
def save(context, orders):
    return lambda name, where: save_filter(context, SaveFilterRequest(name=name, log=orders, where=where))


def kept(context, log: str, where: str) -> set[str]:
    with lens(context, log, where=where) as view:
        return {case for (case,) in view.cursor.execute("select case_id from cv").fetchall()}


def test_a_name_stands_for_its_filter_alone_and_in_others(context, orders, save):
    said = save("large orders", "case.amount > 1000")
    assert said.cases == 2 and "2 of 3 cases" in said.message
    assert kept(context, orders, 'saved("large orders")') == {"large", "huge"}
    # Values of both sides keep their places.
    assert kept(context, orders, 'saved("large orders") && case.region == "North"') == {"large"}
    assert kept(context, orders, 'case.region == "South" || !saved("large orders")') == {"small", "huge"}
    save("rejected", 'saved("large orders") && last == "Reject"')
    assert kept(context, orders, 'saved("rejected")') == {"huge"}
    assert process_map(context, MapRequest(log=orders, where='saved("rejected")')).cases == 1


def test_what_is_saved_anew_is_what_is_meant_everywhere(context, orders, save):
    save("large", "case.amount > 1000")
    save("north", 'saved("large") && case.region == "North"')
    assert "stood for case.amount > 1000" in save("large", "case.amount > 5").message
    assert kept(context, orders, 'saved("north")') == {"small", "large"}
    listed = list_filters(context, ListFiltersRequest(log=orders)).rows
    assert [(r.filter, r.where) for r in listed] == [
        ("large", "case.amount > 5"),
        ("north", 'saved("large") && case.region == "North"'),
    ]
    assert list_filters(context, ListFiltersRequest()).rows == listed


def test_no_filter_calls_itself(context, orders, save):
    with pytest.raises(FilterError, match="cannot call itself: a → a"):
        save("a", 'saved("a")')
    save("a", "events > 1")
    save("b", 'saved("a")')
    with pytest.raises(FilterError, match="cannot call itself: a → b → a") as caught:
        save("a", 'events > 2 || saved("b")')
    assert caught.value.column == len("events > 2 || saved(") + 1
    assert kept(context, orders, 'saved("b")') == {"small", "large", "huge"}


@pytest.mark.parametrize(
    ("where", "column", "reason", "hint"),
    [
        ('saved("lagre")', 7, "no saved filter 'lagre'", "'large'"),
        ('events > 1 && saved("zzz")', 21, "no saved filter 'zzz'", "There are large."),
        ("saved(case_id)", 7, "in quotes", ""),
        ('saved("large", 1)', 6, 'saved("NAME")', ""),
        ('saved("large") > 1', 16, "cannot be compared", ""),
    ],
)
def test_a_wrong_call_names_its_column(context, orders, save, where, column, reason, hint):
    save("large", "case.amount > 1000")
    with pytest.raises(FilterError) as caught:
        kept(context, orders, where)
    assert reason in caught.value.message and hint in caught.value.hint
    assert caught.value.column == column
    assert caught.value.message.splitlines()[-1] == " " * (column + 1) + "^"


def test_one_that_others_call_is_not_removed(context, orders, save):
    save("a", "events > 1")
    save("b", '!saved("a")')
    with pytest.raises(Refused, match="called by 'b'"):
        remove_filter(context, RemoveFilterRequest(name="a", log=orders))
    remove_filter(context, RemoveFilterRequest(name="b", log=orders))
    assert "events > 1" in remove_filter(context, RemoveFilterRequest(name="a", log=orders)).message
    assert list_filters(context, ListFiltersRequest(log=orders)).rows == []
    with pytest.raises(NotFound, match="'a'"):
        remove_filter(context, RemoveFilterRequest(name="a", log=orders))
    with pytest.raises(FilterError, match="column 5"):
        save("c", "case.amuont > 1")


def test_filters_stay_when_a_log_is_replaced_and_say_when_they_no_longer_fit(baton, tmp_path: Path):
    file = tmp_path / "orders.csv"
    head = "case_id,activity,timestamp,case:amount\n"
    file.write_text(head + "1,A,2026-01-05T09:00:00Z,5\n2,A,2026-01-05T10:00:00Z,50\n")
    baton("ingest", file, "--log", "orders")
    baton("filter", "save", "large", "--log", "orders", "--where", "case.amount > 10")
    file.write_text(head + "3,A,2026-01-05T09:00:00Z,70\n4,A,2026-01-05T10:00:00Z,80\n")
    baton("ingest", file, "--log", "orders", "--replace")
    assert baton("map", "orders", "--where", 'saved("large")', "--json").json["cases"] == 2
    assert [r["filter"] for r in baton("filter", "list", "orders", "--json").json["rows"]] == ["large"]
    file.write_text("case_id,activity,timestamp\n3,A,2026-01-05T09:00:00Z\n")
    baton("ingest", file, "--log", "orders", "--replace")
    error = baton("map", "orders", "--where", 'saved("large")', "--json", check=2).json["error"]
    assert "'large' does not fit: there is no case attribute 'amount'" in error["message"]
