"""Ids, text, logs: small things that others lean on."""

import logging
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from home.clock import SettableClock
from home.ids import ALPHABET, encode, new_id, slug
from home.log import JsonFormatter, redact
from home.text import duration, plain, table


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)), st.integers(1, 10**10))
def test_ids_sort_by_time(moment: datetime, later_ms: int) -> None:
    early = new_id("run", moment.replace(tzinfo=UTC))
    late = new_id("run", (moment + timedelta(milliseconds=later_ms)).replace(tzinfo=UTC))
    assert early < late


@given(st.integers(0, 32**6 - 1))
def test_base_32_keeps_numbers_apart_and_in_order(number: int) -> None:
    text = encode(number, 6)
    assert sum(ALPHABET.index(c) * 32**i for i, c in enumerate(reversed(text))) == number


@given(st.text())
def test_a_slug_is_always_a_safe_name(text: str) -> None:
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(text)


def test_a_settable_clock_stands_still_until_moved() -> None:
    clock = SettableClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    assert clock.advance(timedelta(days=365)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_durations_are_said_as_people_say_them() -> None:
    said = [duration(s) for s in (45, 720, 12_240, 450_000, None)]
    assert said == [
        "45 s",
        "12 min",
        "3.4 h",
        "5.2 d",
        "–",
    ]


def test_a_hostile_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in plain("\x1b[2Jgone")
    assert "\x1b" not in "".join(table([{"name": "\x1b[31mred"}]))


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    assert list(table([{"name": "a", "cases": 5}, {"name": "long", "cases": 1234}])) == [
        "name  cases",
        "a         5",
        "long  1,234",
    ]


def test_secrets_are_redacted_from_logs() -> None:
    record = logging.makeLogRecord(
        {"msg": "postgresql://me:hunter2@db/x token=abc Authorization: Bearer abc.def"}
    )
    line = JsonFormatter().format(record)
    assert "hunter2" not in line
    assert "abc" not in line
    assert redact("nothing here") == "nothing here"
