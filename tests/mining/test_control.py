"""Weekly figures with limits: calm weeks signal nothing, a planted change does."""

from datetime import date, datetime, timedelta

import pytest

from mining.control import ControlRequest, control

MONDAY = datetime(2026, 1, 5, 9)


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


def weekly(hours_of_week):
    """Three cases per week, each as long as the week's number of hours says."""
    cases = {}
    for week, hours in enumerate(hours_of_week):
        for n in range(3):
            start = MONDAY + timedelta(weeks=week, days=n)
            cases[f"{week}.{n}"] = [
                {"activity": "A", "end": start},
                {"activity": "B", "end": start + timedelta(hours=hours)},
            ]
    return cases


def test_calm_weeks_signal_nothing(context, shelf):
    log = shelf.log(weekly([10 + week % 2 for week in range(26)]))
    found = control(context, ControlRequest(log=log))
    assert len(found.weeks) == 24  # the first and the last may be cut
    assert found.limits is not None and found.limits.signals == []
    assert found.weeks[0].week == date(2026, 1, 12)
    assert found.weeks[0].value == 11 * 3600


def test_a_planted_change_signals(context, shelf):
    log = shelf.log(weekly([10 + week % 2 for week in range(20)] + [30, 31, 30, 31]))
    found = control(context, ControlRequest(log=log))
    first = next(w.week for w in found.weeks if w.signal == "outside")
    assert first == date(2026, 1, 5) + timedelta(weeks=20)


def test_a_week_without_cases_counts_as_none_for_throughput_only(context, shelf):
    cases = {k: v for k, v in weekly([10] * 26).items() if not k.startswith("7.")}
    log = shelf.log(cases)
    counted = control(context, ControlRequest(log=log, of="throughput"))
    assert [w.value for w in counted.weeks][6] == 0
    assert len(control(context, ControlRequest(log=log)).weeks) == len(counted.weeks) - 1


def test_few_weeks_have_no_limits_and_say_so(context, shelf):
    found = control(context, ControlRequest(log=shelf.log(weekly([10] * 8))))
    assert found.limits is None
    assert "6 whole weeks are too few" in found.reason


def test_weeks_are_those_of_the_logs_zone(context, shelf):
    sunday_night = datetime(2026, 1, 18, 23, 30)  # Monday 00:30 in Berlin
    cases = {f"c{n}": [{"activity": "A", "end": sunday_night + timedelta(weeks=n)}] for n in range(4)}
    found = control(context, ControlRequest(log=shelf.log(cases, tz="Europe/Berlin"), of="throughput"))
    assert [w.week for w in found.weeks] == [date(2026, 1, 26), date(2026, 2, 2)]
