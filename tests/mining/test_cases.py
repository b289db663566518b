"""Cases listed in the order asked for, and one case step by step."""

from datetime import datetime, timedelta

import pytest

from mining.cases import CaseRequest, CasesRequest, case, cases
from mining.errors import NothingLeft

START = datetime(2026, 3, 2, 9)
HOSTILE = 'a"b\\c\n)'


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


@pytest.fixture(scope="module")
def log(shelf):
    def step(activity, start, end, resource=None):
        at = {"start": START + timedelta(hours=start), "end": START + timedelta(hours=end)}
        return {"activity": activity, "resource": resource, **at}

    return shelf.log(
        {
            "short": [step("A", 0, 1, "Ann"), step("B", 3, 4)],
            "long": [step("A", 1, 2), step("B", 2, 9), step("C", 4, 5), step("D", 10, 11)],
            HOSTILE: [step("A", 2, 3)],
        },
        case_attributes={"short": {"amount": 12}, "long": {"amount": 900}},
    )


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("first", ["short", "long", HOSTILE]),
        ("newest", [HOSTILE, "long", "short"]),
        ("longest", ["long", "short", HOSTILE]),
        ("events", ["long", "short", HOSTILE]),
    ],
)
def test_cases_come_in_the_order_asked_for(context, log, sort, expected):
    assert [c.case for c in cases(context, CasesRequest(log=log, sort=sort)).cases] == expected


def test_a_filter_narrows_and_the_total_counts_what_is_not_listed(context, log):
    found = cases(context, CasesRequest(log=log, where='contains("B")', top=1))
    assert (found.total, [c.case for c in found.cases]) == (2, ["short"])
    assert found.cases[0].attributes == {"amount": 12}
    assert (found.cases[0].first, found.cases[0].last, found.cases[0].duration_s) == ("A", "B", 4 * 3600)


def test_a_case_tells_what_each_step_waited_and_took(context, log):
    found = case(context, CaseRequest(log=log, case="long"))
    hours = [(e.activity, e.waited_s / 3600, e.took_s / 3600) for e in found.events]
    # C runs while B does, so nothing waits for it; D waits for the end of B, not of C.
    assert hours == [("A", 0, 1), ("B", 0, 7), ("C", 0, 1), ("D", 1, 1)]


def test_a_case_is_found_whatever_its_name(context, log):
    assert case(context, CaseRequest(log=log, case=HOSTILE)).case == HOSTILE


def test_an_unknown_case_is_one_clear_line(context, log):
    with pytest.raises(NothingLeft, match="no case 'nobody'"):
        case(context, CaseRequest(log=log, case="nobody"))
