"""The simulation's own account of waiting: each second has the one cause that was arranged."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from random import Random

from data.company.calendars import duty, hours, moment
from data.company.causes import causes
from data.company.process import Staff, simulate
from data.company.simulation import Case, Collect, Instance, Message, Pool, Steps, Work

MONDAY, TUESDAY = date(2026, 1, 12), date(2026, 1, 13)
HOUR = 3600


def played(way: Callable[[Case], Steps], *arrivals: int) -> list[Case]:
    """Cases that went the same way, each from its arrival on."""
    cases = [Case(f"C{number}", at, Random(number), {}) for number, at in enumerate(arrivals)]
    simulate(cases, way)
    return cases


def office(*names: str, first: int = 9, last: int = 17) -> Pool:
    return Staff(Random(1)).hire("Clerk", 40, hours(first, last), *names)


def causes_of(case: Case, activity: str) -> dict[str, int]:
    (found,) = (done for done in case.instances if done.activity == activity)
    assert sum(causes(found).values()) == found.start - found.enabled
    return {cause: seconds for cause, seconds in causes(found).items() if seconds}


def test_work_for_an_absent_person_waits_for_unavailability() -> None:
    early, late = office("Early", first=7), office("Late", first=13)

    def way(_: Case) -> Steps:
        yield Work("first", early, HOUR)
        yield Work("second", late, HOUR)

    (case,) = played(way, moment(MONDAY, 8))
    assert set(causes_of(case, "second")) == {"unavailability"}
    assert causes_of(case, "second")["unavailability"] >= 4 * HOUR


def test_work_behind_earlier_work_waits_for_contention() -> None:
    first, second = office("Many", "Hands"), office("Bottleneck")

    def way(_: Case) -> Steps:
        yield Work("first", first, HOUR)
        yield Work("second", second, 2 * HOUR)

    one, other = played(way, moment(MONDAY, 10), moment(MONDAY, 10.25))
    assert set(causes_of(one, "second")) == {"extraneous"}  # the seconds until it was noticed
    found = causes_of(other, "second")
    assert 1.7 * HOUR < found.pop("contention") < 1.8 * HOUR
    assert set(found) <= {"extraneous"}


def test_being_overtaken_is_prioritisation() -> None:
    first, second = office("A", "B", "C"), office("Bottleneck")

    def way(case: Case) -> Steps:
        yield Work("first", first, HOUR)
        yield Work("second", second, 2 * HOUR, priority=0 if case.id == "C2" else 1)

    _, overtaken, urgent = played(way, moment(MONDAY, 10), moment(MONDAY, 10.25), moment(MONDAY, 10.5))
    assert urgent.instances[1].start < overtaken.instances[1].start
    assert causes_of(overtaken, "second")["prioritisation"] == 2 * HOUR
    assert "prioritisation" not in causes_of(urgent, "second")


def test_a_run_collects_what_is_ready_and_all_waiting_for_it_is_batching() -> None:
    clerks = office("A", "B", "C")
    runs = [moment(MONDAY, 15), moment(TUESDAY, 15)]

    def way(_: Case) -> Steps:
        yield Work("first", clerks, HOUR)
        yield Collect("pay", "bank", runs, 60)

    cases = played(way, moment(MONDAY, 10), moment(MONDAY, 11), moment(MONDAY, 14.5))
    paid = [case.instances[1] for case in cases]
    assert [done.start for done in paid] == [runs[0], runs[0], runs[1]]
    assert [done.batch for done in paid] == ["bank-001", "bank-001", "bank-002"]
    assert all(set(causes_of(case, "pay")) == {"batching"} for case in cases)


def test_the_world_outside_is_extraneous() -> None:
    clerks = office("A")

    def way(_: Case) -> Steps:
        now = yield Work("ask", clerks, HOUR)
        yield Message("answer", "Client", now + 5 * HOUR)

    (case,) = played(way, moment(MONDAY, 10))
    assert causes_of(case, "answer") == {"extraneous": 5 * HOUR}


def test_people_do_one_thing_at_a_time_and_start_only_on_duty() -> None:
    clerks = office("A", "B")

    def way(_: Case) -> Steps:
        yield Work("first", clerks, HOUR)
        yield Work("second", clerks, HOUR)

    cases = played(way, *(moment(MONDAY, 9 + number / 7) for number in range(40)))
    assert all(len(case.instances) == 2 for case in cases)
    for worker in clerks.workers:
        assert all(worker.duty.on(done.start) for done in worker.done)
        ends: list[Instance] = sorted(worker.done, key=lambda done: done.start)
        assert all(one.end <= other.start for one, other in pairwise(ends))


def test_hours_are_wall_clock_hours_in_summer_too() -> None:
    week = duty(hours(9, 17), Random(1))
    for day in (date(2026, 3, 27), date(2026, 3, 30)):
        assert not week.on(moment(day, 8.9))
        assert week.on(moment(day, 9.5))
    assert moment(date(2026, 3, 30), 9) - moment(date(2026, 3, 27), 9) == 3 * 24 * HOUR - HOUR


def test_holidays_and_absences_are_off_duty() -> None:
    easter_monday = date(2026, 4, 6)
    week = duty(hours(9, 17), Random(1), absent=[TUESDAY])
    assert week.on(moment(MONDAY, 12))
    assert not week.on(moment(TUESDAY, 12))
    assert not week.on(moment(easter_monday, 12))
    assert week.off_between(moment(TUESDAY, 0), moment(TUESDAY, 24)) == 24 * HOUR
