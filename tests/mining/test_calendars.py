"""Calendars: planted working hours are mined, files are read, a working day survives a clock change."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from home.errors import UsageError
from mining.calendars import ALWAYS, Calendar, mine_calendars, read_calendars


def starts(days: int, hours: tuple[float, float], weekdays: range, per_day: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for day in pd.date_range("2024-01-01", periods=days):
        if day.weekday() in weekdays:
            for hour in rng.uniform(*hours, per_day):
                rows.append(day + pd.Timedelta(hours=hour).round("s"))
    return pd.DataFrame({"resource": "ann", "activity": "do", "start": rows})


def test_office_hours_are_mined_to_five_minutes() -> None:
    found = mine_calendars(starts(180, (9, 17), range(5)), "UTC")["ann"]
    assert {day for day, _, _ in found.hours} == set(range(5))
    for _, opening, closing in found.hours:
        assert abs(opening - 9 * 3600) <= 600 and abs(closing - 17 * 3600) <= 600


def test_hours_are_those_of_the_zone() -> None:
    log = starts(180, (9, 17), range(5))
    log["start"] = log["start"].dt.tz_localize("America/New_York").dt.tz_convert("UTC").dt.tz_localize(None)
    found = mine_calendars(log, "America/New_York")["ann"]
    assert min(opening for _, opening, _ in found.hours) == pytest.approx(9 * 3600, abs=600)


def test_round_the_clock_is_no_calendar_at_all() -> None:
    assert mine_calendars(starts(60, (0, 24), range(7)), "UTC")["ann"] == ALWAYS


def test_too_little_to_tell_means_always() -> None:
    assert mine_calendars(starts(2, (10, 12), range(7), 3), "UTC")["ann"].always


def test_days_off_are_mined_for_given_hours_too() -> None:
    log = starts(120, (9, 17), range(5))
    log = log[log["start"].dt.normalize() != pd.Timestamp("2024-02-05")]
    given = {"ann": Calendar(tuple((day, 28_800, 64_800) for day in range(5)))}
    found = mine_calendars(log, "UTC", given)["ann"]
    assert found == Calendar(given["ann"].hours, frozenset({date(2024, 2, 5)}))


def test_nine_to_five_stays_so_over_a_clock_change() -> None:
    calendar = Calendar(tuple((day, 9 * 3600, 17 * 3600) for day in range(7)), frozenset({date(2024, 4, 1)}))
    duty = calendar.duty(pd.Timestamp("2024-03-30"), pd.Timestamp("2024-04-03"), "Europe/Berlin")
    opened = pd.to_datetime(duty.starts, unit="s").strftime("%d %H:%M").tolist()
    assert opened == ["30 08:00", "31 07:00", "02 07:00"]
    assert (duty.ends - duty.starts == 8 * 3600).all()


def test_a_night_shift_goes_over_midnight() -> None:
    text = '{"Bo": [{"days": ["SUN"], "from": "22:00", "to": "06:00"}]}'
    assert read_calendars(text)["Bo"].hours == ((0, 0, 21600), (6, 79200, 86400))


@pytest.mark.parametrize(
    "text", ["[", "[]", '{"Bo": [{"days": ["XYZ"], "from": "9:00", "to": "17:00"}]}', '{"Bo": [3]}',
             '{"Bo": [{"days": ["MON"], "from": "nine", "to": "17:00"}]}']
)  # fmt: skip
def test_a_calendar_that_cannot_be_read_says_why(text: str) -> None:
    with pytest.raises(UsageError, match="alendar"):
        read_calendars(text)
