"""Cron lines on real clocks: skipped hours, doubled hours, and what is refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.errors import UsageError
from orchestrate.triggers.cron import Cron


def local(cron: Cron, after: str, count: int) -> list[str]:
    start = datetime.fromisoformat(after).replace(tzinfo=cron.zone)
    return [f"{m.astimezone(cron.zone):%m-%d %H:%M %z}" for m in islice(cron.after(start), count)]


def test_a_time_of_day_is_that_of_the_zone_in_winter_and_in_summer() -> None:
    cron = Cron("0 9 * * mon-fri", "Europe/Paris")
    assert local(cron, "2026-03-26T12:00", 3) == [
        "03-27 09:00 +0100",
        "03-30 09:00 +0200",
        "03-31 09:00 +0200",
    ]


def test_a_skipped_time_is_due_when_the_clock_is_put_forward_and_once() -> None:
    # Paris, 29 March 2026: 02:00 becomes 03:00.
    assert local(Cron("30 2 * * *", "Europe/Paris"), "2026-03-28T12:00", 2) == [
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
    ]
    assert local(Cron("0,15,30 2,3 * * *", "Europe/Paris"), "2026-03-28T12:00", 4) == [
        "03-29 03:00 +0200",
        "03-29 03:15 +0200",
        "03-29 03:30 +0200",
        "03-30 02:00 +0200",
    ]


def test_a_doubled_time_is_due_the_first_time() -> None:
    # Paris, 25 October 2026: 03:00 becomes 02:00.
    cron = Cron("30 2 * * *", "Europe/Paris")
    assert local(cron, "2026-10-24T12:00", 2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]
    between = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, the second time
    assert next(cron.after(between)) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_an_interval_follows_elapsed_time() -> None:
    cron = Cron("*/30 * * * *", "Europe/Paris")
    assert local(cron, "2026-03-29T01:15", 3) == [
        "03-29 01:30 +0100",
        "03-29 03:00 +0200",
        "03-29 03:30 +0200",
    ]
    assert local(cron, "2026-10-25T01:45", 5) == [
        "10-25 02:00 +0200",
        "10-25 02:30 +0200",
        "10-25 02:00 +0100",
        "10-25 02:30 +0100",
        "10-25 03:00 +0100",
    ]


def test_a_yearly_time_in_the_skipped_hour_is_not_lost() -> None:
    cron = Cron("30 2 29 3 *", "Europe/Paris")
    assert local(cron, "2025-06-01T00:00", 2) == ["03-29 03:00 +0200", "03-29 02:30 +0200"]


LINES = st.builds(
    "{} {} * * *".format,
    st.sampled_from(["0", "30", "*/20", "5,50"]),
    st.sampled_from(["*", "2", "1-3", "*/3", "0,2,23"]),
)
ZONES = st.sampled_from(
    ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC"]
)


@settings(max_examples=30)
@given(LINES, ZONES, st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)))
def test_moments_grow_and_do_not_depend_on_where_one_begins(line: str, tz: str, start: datetime) -> None:
    cron, begin = Cron(line, tz), start.replace(tzinfo=UTC)
    found = cron.first(begin, 20)
    assert all(a < b for a, b in pairwise([begin, *found]))
    assert cron.first(found[7], 12) == found[8:]
    assert cron.first(found[7] - timedelta(seconds=1), 13) == found[7:]
    for moment in found:  # each is a time the line names, or the moment at which such a time is skipped
        wall = moment.astimezone(cron.zone)
        skipped = (moment - timedelta(seconds=1)).astimezone(cron.zone).utcoffset() != wall.utcoffset()
        hour = line.split()[1]
        assert skipped or hour in ("*", "*/3", "1-3", "0,2,23") or wall.hour == int(hour)


@settings(max_examples=20)
@given(LINES, ZONES, st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)), st.integers(1, 80_000))
def test_the_newest_are_the_last_of_all(line: str, tz: str, start: datetime, minutes: int) -> None:
    cron, begin = Cron(line, tz), start.replace(tzinfo=UTC)
    end = begin + timedelta(minutes=min(minutes, 5000))
    every = [m for m in cron.first(begin, 300) if m <= end]
    if len(every) < 300:
        assert cron.newest(begin, end, 10) == every[-10:]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "0 0 30 2 *",
        "@reboot",
        "R * * * *",
        "H 1 * * *",
        "a b c d e",
    ],
)
def test_what_is_no_cron_line_is_refused_in_one_sentence(line: str) -> None:
    with pytest.raises(UsageError, match="cron line"):
        Cron(line)


@pytest.mark.parametrize("tz", ["Mars/Olympus", "", "../etc/passwd", "Europe/Pari\0s"])
def test_an_unknown_zone_is_refused(tz: str) -> None:
    with pytest.raises(UsageError, match="no time zone"):
        Cron("@daily", tz)
