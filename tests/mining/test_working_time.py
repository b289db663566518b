"""Working time: planted office hours are mined, and durations are what such a person would count."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from home.errors import NotFound, UsageError
from mining.calendars import Calendar
from mining.contracts import MapRequest, VariantsRequest
from mining.directly_follows import process_map
from mining.performance import PerformanceRequest, performance
from mining.variants import variants
from mining.working_time import said, tidied

MONDAY = datetime(2026, 1, 5)


@pytest.fixture(scope="module")
def office(shelf) -> str:
    """Cases begun at any minute from 9 to 17 on weekdays, decided exactly one working day (8 h) later."""
    draw = np.random.default_rng(1)
    cases = {}
    day = MONDAY
    for number in range(130):
        day = MONDAY + timedelta(days=number // 5 * 7 + number % 5)
        following = MONDAY + timedelta(days=(number + 1) // 5 * 7 + (number + 1) % 5)
        for each in range(12):
            minute = timedelta(minutes=int(draw.integers(9 * 60, 17 * 60)))
            cases[f"{number}-{each}"] = [
                {"activity": "Ask", "end": day + minute, "resource": f"p{each % 4}"},
                {"activity": "Decide", "end": following + minute, "resource": f"p{(each + 1) % 4}"},
            ]
    return shelf.log(cases, "office")


@pytest.fixture
def nine_to_five(tmp_path) -> str:
    file = tmp_path / "hours.json"
    file.write_text('{"office": [{"days": ["MON","TUE","WED","THU","FRI"], "from": "09:00", "to": "17:00"}]}')
    return str(file)


def test_a_given_calendar_counts_its_hours_only(shelf, office, nine_to_five):
    found = process_map(shelf.context, MapRequest(log=office, time="working", calendar=nine_to_five))
    (flow,) = found.flows
    assert flow.median_s == pytest.approx(8 * 3600) and flow.p90_s == pytest.approx(8 * 3600)
    assert flow.mean_s == pytest.approx(8 * 3600) and flow.events == 1560
    assert "MON-FRI 09:00-17:00" in found.measured_in and "MON-FRI" in "\n".join(found.lines())
    plain = process_map(shelf.context, MapRequest(log=office))
    assert plain.flows[0].mean_s == pytest.approx((4 * 24 + 72) / 5 * 3600, rel=0.01)
    assert plain.measured_in == "calendar time"


def test_mined_hours_are_those_that_were_planted(shelf, office):
    found = process_map(shelf.context, MapRequest(log=office, time="working"))
    assert found.flows[0].median_s == pytest.approx(8 * 3600, rel=0.03)
    assert "SAT" not in found.measured_in


def test_frequencies_and_weeks_are_those_of_the_calendar(shelf, office, nine_to_five):
    request = {"log": office, "calendar": nine_to_five}
    working = performance(shelf.context, PerformanceRequest(**request, time="working"))
    calendar = performance(shelf.context, PerformanceRequest(log=office))
    assert working.weeks == calendar.weeks
    assert working.cycle.median_s == pytest.approx(8 * 3600)
    assert calendar.cycle.median_s == 24 * 3600
    listed = variants(shelf.context, VariantsRequest(**request, time="working"))
    assert listed.variants[0].cases == 1560 and listed.variants[0].median_s == pytest.approx(8 * 3600)


def test_a_filter_keeps_its_meaning_in_calendar_time(shelf, office, nine_to_five):
    where = "duration_s > 172800"
    found = process_map(
        shelf.context, MapRequest(log=office, time="working", calendar=nine_to_five, where=where)
    )
    assert found.cases == 1560 / 5 and found.flows[0].median_s == pytest.approx(8 * 3600)


def test_a_calendar_that_cannot_be_read_says_why(shelf, office, tmp_path):
    with pytest.raises(NotFound):
        process_map(shelf.context, MapRequest(log=office, time="working", calendar=str(tmp_path / "no")))
    two = tmp_path / "two.json"
    hours = '[{"days": ["MON"], "from": "09:00", "to": "17:00"}]'
    two.write_text(f'{{"a": {hours}, "b": {hours}}}')
    with pytest.raises(UsageError, match="2 calendars"):
        process_map(shelf.context, MapRequest(log=office, time="working", calendar=str(two)))


def test_night_owls_and_weekends_make_no_office_hours():
    hours = [(d, 9 * 3600, 12 * 3600) for d in range(6)] + [(d, 13 * 3600, 17 * 3600) for d in range(5)]
    mined = Calendar(tuple(sorted([*hours, (1, 3 * 3600, 3 * 3600 + 900)])))
    found = tidied(mined, np.array([100, 90, 110, 100, 80, 10, 0]))
    assert found.hours == tuple((day, 9 * 3600, 17 * 3600) for day in range(5))
    assert said(found).startswith("working time (MON-FRI 09:00-17:00)")
