"""Schedules: each moment once whoever looks, what was missed, jitter, pauses, changes."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from home.errors import UsageError
from orchestrate.triggers import schedule
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.manage import NamedTrigger, pause_trigger, resume_trigger
from orchestrate.triggers.store import Moved, find_trigger
from tests.orchestrate.triggers.conftest import Desk

DAY = timedelta(days=1)


def test_a_moment_starts_one_run_whichever_workers_look(desk: Desk) -> None:
    added = desk.add("daily", cron="0 10 * * *", tz="Europe/Paris", set=("day=event.date", "at=event.local"))
    assert [m.isoformat() for m in added.next[:2]] == [
        "2026-01-06T09:00:00+00:00",
        "2026-01-07T09:00:00+00:00",
    ]
    first, second = desk.loop(), desk.loop()
    desk.beat(first)
    assert desk.runs() == []
    desk.clock.advance(DAY)
    stale = find_trigger(desk.state, "daily")
    for look in (*first.beat(), *second.beat()):  # at the same time
        look.result(timeout=60)
    desk.beat(first)
    assert desk.data() == [{"day": "2026-01-06", "at": "2026-01-06T10:00:00+01:00"}]
    shown = desk.show("daily")
    assert (shown.trigger.started, shown.trigger.state) == (1, "active")
    assert [o.occurrence for o in shown.occurrences] == ["2026-01-06T09:00:00.000Z"]
    assert shown.next[0] == datetime(2026, 1, 7, 9, tzinfo=UTC)
    with pytest.raises(Moved):  # a worker that had read it before
        schedule.look(Starter(desk.state, desk.clock), stale, stale.trigger.on)  # type: ignore[arg-type]
    (audited,) = desk.audited("start")
    assert audited["actor"] == "trigger:daily"
    assert audited["subject"] == shown.occurrences[0].run == desk.runs()[0]["id"]


@pytest.mark.parametrize(("missed", "started", "left"), [("one", 1, 2), ("all", 3, 0), ("none", 0, 3)])
def test_what_was_missed_is_made_up_for_as_asked(
    sqlite_desk: Desk, missed: Literal["one", "all", "none"], started: int, left: int
) -> None:
    desk = sqlite_desk
    desk.add("daily", cron="0 8 * * *", missed=missed, set=("day=event.date",))
    desk.clock.advance(3 * DAY)  # 8 January, 09:00: three were an hour late or more
    desk.beat()
    row = desk.show("daily").trigger
    assert (row.started, row.missed) == (started, left)
    assert sorted(d["day"] for d in desk.data()) == ["2026-01-06", "2026-01-07", "2026-01-08"][3 - started :]
    desk.beat()
    assert len(desk.runs()) == started
    desk.clock.set(datetime(2026, 1, 9, 8, 0, 5, tzinfo=UTC))
    desk.beat()
    assert desk.data()[-1] == {"day": "2026-01-09"}


def test_after_a_year_away_looking_back_is_bounded(sqlite_desk: Desk) -> None:
    sqlite_desk.add("busy", cron="* * * * *", missed="all")
    sqlite_desk.clock.advance(365 * DAY)
    sqlite_desk.beat()
    row = sqlite_desk.show("busy").trigger
    assert row.started == 100
    assert len(sqlite_desk.runs()) == 100


def test_jitter_comes_late_by_the_same_each_time_and_overtakes_nobody(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    next_ones = desk.add("spread", cron="0 * * * *", jitter="30m", preview=50).next
    late = [m - m.replace(minute=0, second=0, microsecond=0) for m in next_ones]
    assert all(timedelta(0) <= by < timedelta(minutes=30) for by in late)
    assert len(set(late)) > 40
    assert desk.show("spread").next == next_ones[:5]
    desk.clock.set(next_ones[0] - timedelta(seconds=1))
    desk.beat()
    assert desk.runs() == []
    desk.clock.set(next_ones[0] + timedelta(seconds=1))
    desk.beat()
    assert len(desk.runs()) == 1


def test_what_falls_into_a_pause_is_not_made_up_for(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("daily", cron="0 8 * * *", missed="all")
    assert pause_trigger(desk.context, NamedTrigger(name="daily")).state == "paused"
    assert "paused already" in pause_trigger(desk.context, NamedTrigger(name="daily")).message
    desk.clock.advance(5 * DAY)
    desk.beat()
    assert desk.show("daily").next == ()
    resume_trigger(desk.context, NamedTrigger(name="daily", by="bob"))
    desk.beat()
    assert desk.runs() == []
    desk.clock.advance(DAY)
    desk.beat()
    assert len(desk.runs()) == 1
    assert [row["actor"] for row in desk.audited("resume trigger")] == ["bob"]


def test_a_run_that_cannot_be_started_is_refused_and_the_next_one_tried(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("daily", "orders", cron="0 8 * * *", set=("amount='many'",))
    for day in range(1, 7):
        desk.clock.set(datetime(2026, 1, 5 + day, 8, 0, 1, tzinfo=UTC))
        desk.beat()
    row = desk.show("daily").trigger
    assert (row.refused, row.failures, row.state) == (6, 6, "failing")
    assert "amount" in (row.error or "")
    alerts = desk.state.rows("select * from alert where kind = 'trigger'")
    assert [(a["node"], a["run"]) for a in alerts] == [("daily", "")]  # once
    desk.add("daily", "orders", cron="0 8 * * *", set=("amount=12",), replace=True)
    desk.clock.advance(DAY)
    desk.beat()
    row = desk.show("daily").trigger
    assert (row.started, row.failures, row.state) == (1, 0, "active")
    assert len(desk.audited("change trigger")) == 1


def test_the_condition_decides(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("fridays", cron="0 8 * * *", when="timestamp(event.at).getDayOfWeek() == 5")
    for _ in range(7):
        desk.clock.advance(DAY)
        desk.beat()
    row = desk.show("fridays").trigger
    assert (row.started, row.skipped) == (1, 6)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cron": "99 * * * *"}, "no cron line"),
        ({"cron": "@daily", "tz": "Mars/Olympus"}, "no time zone"),
        ({"cron": "@daily", "secret": ("env:X",)}, "--secret belongs to --webhook"),
        ({"cron": "@daily", "webhook": True}, "one thing, not for cron and webhook"),
        ({}, "waits for one thing"),
        ({"cron": "@daily", "set": ("amount",)}, "not FIELD=CEL"),
        ({"cron": "@daily"}, "starts with 'amount', and nothing gives that"),
    ],
)
def test_what_is_wrong_is_said_when_it_is_added(
    sqlite_desk: Desk, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        sqlite_desk.add("x", "orders", **asked)
    assert sqlite_desk.state.rows("select * from plan_trigger") == []
