"""Workload: who was planted to do what is found, with its share, its weeks and its role."""

from datetime import date, datetime, timedelta

import pytest

from mining.errors import NothingLeft
from mining.roles import between, roles
from mining.workload import WorkloadRequest, workload

MONDAY = datetime(2026, 1, 5, 9)
CLERKS, BOSSES = ("Ann", "Bob"), ("Cleo", "Dan")


def office() -> dict:
    """Three weeks: clerks register (1 h) and file (2 h); bosses approve (30 min) an hour after registering.

    Ann does two of three cases, Cleo all but the last; five cases start a week, and ten in the second one.
    """
    cases = {}
    for week, number in [(w, n) for w, size in enumerate((5, 10, 5)) for n in range(size)]:
        at = MONDAY + timedelta(weeks=week, hours=4 * number)
        clerk = CLERKS[number % 3 == 2]
        boss = BOSSES[(week, number) == (2, 4)]
        events = []
        for name, who, hours in (("Register", clerk, 1), ("Approve", boss, 0.5), ("File", clerk, 2)):
            end = at + timedelta(hours=hours)
            events.append({"activity": name, "start": at, "end": end, "resource": who})
            at = end + timedelta(hours=1)
        cases[f"{week}-{number}"] = events
    return cases


@pytest.fixture(scope="module")
def found(shelf):
    log = shelf.log(office(), "office", tz="Europe/Berlin")
    return workload(shelf.context, WorkloadRequest(log=log))


def test_each_resource_has_what_it_was_given(found):
    load = {r.resource: r for r in found.resources}
    assert [r.resource for r in found.resources] == ["Ann", "Cleo", "Bob", "Dan"]
    bobs = sum(number % 3 == 2 for size in (5, 10, 5) for number in range(size))
    assert (load["Bob"].instances, load["Bob"].cases, load["Bob"].activities) == (2 * bobs, bobs, 2)
    assert load["Bob"].processing_h == pytest.approx(3 * bobs)
    assert (load["Cleo"].instances, load["Cleo"].processing_h) == (19, pytest.approx(9.5))
    assert load["Cleo"].share == pytest.approx(19 / 60)
    assert (load["Cleo"].busiest_week, load["Cleo"].busiest_instances) == (date(2026, 1, 12), 10)
    assert load["Cleo"].first_at == "2026-01-05T11:30:00.000Z" and load["Dan"].first_at == load["Dan"].last_at
    assert sum(r.share for r in found.resources) == pytest.approx(1) and found.unassigned == 0
    assert list(found.lines())


def test_each_activity_says_on_whom_it_hangs(found):
    by = {a.activity: a for a in found.activities}
    assert (by["Approve"].resources, by["Approve"].busiest) == (2, "Cleo")
    assert by["Approve"].busiest_share == pytest.approx(0.95)
    assert by["Register"].instances == 20 and by["Register"].per_week == pytest.approx(20 / 3)


def test_roles_are_those_that_were_planted(found):
    assert [(set(r.resources), set(r.does)) for r in found.roles] == [
        (set(CLERKS), {"Register", "File"}),
        (set(BOSSES), {"Approve"}),
    ]
    assert [(h.source, h.target, h.events, h.mean_s) for h in found.handovers] == [
        (1, 2, 20, 3600.0),
        (2, 1, 20, 3600.0),
    ]


def test_roles_part_where_profiles_are_less_alike_than_said():
    # cos((1, 0), (x, y)) = x / sqrt(x² + y²): 0.8 for (4, 3).
    alike, apart = {"A": 41, "B": 30}, {"A": 39, "B": 30}
    assert [r.resources for r in roles({"x": {"A": 50}, "y": alike})] == [["y", "x"]]
    assert [r.resources for r in roles({"x": {"A": 50}, "y": apart})] == [["y"], ["x"]]
    assert roles({}) == [] and between([], []) == []
    (only,) = roles({"x": {"A": 1}})
    assert (only.does, only.share) == (["A"], 1.0)


def test_of_too_many_resources_the_busiest_are_grouped(shelf, monkeypatch):
    for room in ("roles", "workload"):
        monkeypatch.setattr(f"mining.{room}.MOST_RESOURCES", 3)
    many = {
        str(i): [{"activity": "A", "end": MONDAY, "resource": f"r{j}"} for j in range(i + 1)]
        for i in range(5)
    }
    found = workload(shelf.context, WorkloadRequest(log=shelf.log(many, "many")))
    assert [r.resources for r in found.roles] == [["r0", "r1", "r2"]] and len(found.resources) == 5
    assert "3 busiest of 5 resources" in found.message and found.message in list(found.lines())


def test_a_log_that_does_not_say_who_or_when_work_began(shelf):
    log = shelf.log(
        {
            "1": ["A", "B"],
            "2": [
                {"activity": "A", "end": MONDAY, "resource": "Ann"},
            ],
        },
        "silent",
    )
    found = workload(shelf.context, WorkloadRequest(log=log))
    assert found.unassigned == pytest.approx(2 / 3) and found.resources[0].processing_h is None
    nobody = {a.activity: a for a in found.activities}["B"]
    assert (nobody.resources, nobody.busiest, nobody.busiest_share) == (0, None, None)
    none = workload(shelf.context, WorkloadRequest(log=log, where='case_id == "1"'))
    assert none.resources == [] and list(none.lines()) == ["'silent' does not say who did what."]
    with pytest.raises(NothingLeft):
        workload(shelf.context, WorkloadRequest(log=log, where="events > 9"))
