"""Each way of writing a time is read as what it says, and nothing is read two ways."""

from datetime import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dates import reading
from ingest.errors import Unfit

NOON = datetime(2026, 4, 13, 14, 30, 5)


@pytest.fixture(scope="module")
def cursor():
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def read(cursor, *values, zone="UTC", dates=None):
    cursor.execute("create or replace temp table stage(n integer, s0 varchar)")
    cursor.executemany("insert into stage values (?, ?)", list(enumerate(values)))
    found = reading(cursor, "stage", "s0", label="when", zone=zone, dates=dates)
    rows = cursor.execute(f"select {found.expression} from stage order by n").fetchall()
    return [moment for (moment,) in rows], found


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-13 14:30:05",
        "2026-04-13T14:30:05",
        "2026-04-13T14:30:05Z",
        "2026-04-13T14:30:05.000+00:00",
        "2026-04-13T16:30:05+0200",
        "2026-04-13 16:30:05+02",
        "2026-04-13 14:30:05,000",
        "2026/04/13 14:30:05",
        " 2026-04-13 14:30:05 ",
        "2026-04-13 14:30:05 UTC",
        "2026-04-13 16:30:05 +0200",
        "2026-04-13 09:30:05 -05:00",
        "2026-04-13 14:30:05 Z",
        "2026-04-13 16:30:05 Europe/Paris",
        "2026-04-13 09:30:05 EST",
        "2026-04-13 2:30:05 PM",
        "2026-04-13 02:30:05pm",
        "2026.04.13 14:30:05",
        "13-04-2026 14:30:05",
        "13.04.2026 14:30:05",
        "13.4.2026, 14:30:05",
        "13/04/2026 2:30:05 PM",
        "04/13/2026 14:30:05",
        "4/13/2026 02:30:05 pm",
        "13/04/26 14:30:05",
        "13 Apr 2026 14:30:05",
        "13-Apr-2026 14:30:05",
        "13-APR-26 14:30:05",
        "Apr 13, 2026 14:30:05",
        "April 13, 2026 2:30:05 PM",
        "20260413143005",
        "20260413T143005Z",
        "20260413 143005",
        "1776090605",
        "1776090605.0",
        "1776090605000",
        "1776090605000000",
        "46125.60422453704",
    ],
)
def test_a_moment_however_it_is_written(cursor, text):
    assert read(cursor, text)[0] == [NOON]


def test_minutes_and_days_are_enough(cursor):
    day, minute = datetime(2026, 4, 13), datetime(2026, 4, 13, 14, 30)
    assert read(cursor, "2026-04-13", "2026-04-13 14:30")[0] == [day, minute]
    assert read(cursor, "20260413", "202604131430")[0] == [day, minute]
    assert read(cursor, "13.04.2026", "13.04.2026 14:30")[0] == [day, minute]


def test_one_day_beyond_twelve_settles_the_order_of_all(cursor):
    assert read(cursor, "03/04/2026", "13/04/2026")[0] == [datetime(2026, 4, 3), datetime(2026, 4, 13)]
    assert read(cursor, "03/04/2026", "04/13/2026")[0] == [datetime(2026, 3, 4), datetime(2026, 4, 13)]


@pytest.mark.parametrize(
    "values", [("03/04/2026", "05/06/2026"), ("13/04/2026", "04/13/2026"), ("03/04/26",)]
)
def test_two_orders_are_ambiguous_until_the_user_says(cursor, values):
    with pytest.raises(Unfit, match="ambiguous") as caught:
        read(cursor, *values)
    assert "--dates" in caught.value.hint
    assert read(cursor, "03/04/2026", dates="dmy")[0] == [datetime(2026, 4, 3)]
    assert read(cursor, "03/04/2026", dates="mdy")[0] == [datetime(2026, 3, 4)]


def test_what_is_not_like_the_others_is_no_time(cursor):
    values = (
        "2026-04-13",
        "13.04.2026",
        "2026-02-30",
        "infinity",
        "epoch",
        "now",
        "20260413",
        "2026-13-01",
        "",
    )
    assert read(cursor, *values)[0] == [datetime(2026, 4, 13), *[None] * 8]


def test_a_format_is_taken_by_the_letter(cursor):
    assert read(cursor, "05.30.14 13/04/2026", "x", dates="%S.%M.%H %d/%m/%Y")[0] == [NOON, None]
    assert read(cursor, "2026-04-13 16:30:05 +0200", dates="%Y-%m-%d %H:%M:%S %z")[0] == [NOON]


def test_local_times_follow_the_clocks_of_the_zone(cursor):
    moments, found = read(cursor, "2026-01-13 12:00", "2026-07-13 12:00", zone="America/New_York")
    assert moments == [datetime(2026, 1, 13, 17), datetime(2026, 7, 13, 16)]
    assert found.naive
    moments, _ = read(cursor, "2026-01-13 12:00", "2026-01-13T12:00:00Z", zone="America/New_York")
    assert moments == [datetime(2026, 1, 13, 17), datetime(2026, 1, 13, 12)]


MOMENTS = st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2068, 1, 1)), min_size=1, max_size=6)
FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y %H:%M:%S",
    "%Y%m%dT%H%M%SZ",
)


@settings(max_examples=30, deadline=None)
@given(moments=MOMENTS, form=st.sampled_from(FORMATS))
def test_written_times_are_read_back_or_called_ambiguous(cursor, moments, form):
    moments = [moment.replace(microsecond=0) for moment in moments]
    try:
        found = read(cursor, *[moment.strftime(form) for moment in moments])[0]
    except Unfit as error:
        assert error.word == "ambiguous"
        assert all(moment.day <= 12 for moment in moments)
    else:
        assert found == moments


def test_the_name_of_a_zone_counts_as_an_offset(cursor):
    """A plain cast would drop it, and be hours wrong."""
    values, found = read(
        cursor, "2026-04-13 09:30:05 EST", "2026-04-13 16:30:05", "2026-04-13T14:30:05Z", zone="Europe/Paris"
    )
    assert values == [NOON] * 3
    assert [f.code for f in found.findings] == ["mixed_offsets"]
    assert read(cursor, "2026-04-13 09:30:05 Foo", "2026-04-13 14:30:05")[0] == [None, NOON]


def test_a_clock_of_twelve_hours_among_others_is_not_read_as_one_of_twenty_four(cursor):
    assert read(cursor, "2026-04-13 14:30:05", "2026-04-13 2:30:05 PM")[0] == [NOON] * 2
    assert read(cursor, "2026-04-13 14:30:05 PM", "2026-04-13 14:30:05")[0] == [None, NOON]
