"""Runs that start when others end: each end once, in bounds, and never round and round unasked."""

from datetime import timedelta

import pytest

from home.errors import NotFound, Refused
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.triggers.add import AddTriggerRequest, add_trigger
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.store import find_trigger
from orchestrate.triggers.try_out import FireTriggerRequest, TryTriggerRequest, fire_trigger, try_trigger
from tests.orchestrate.triggers.conftest import Desk

SECOND = timedelta(seconds=1)


def order(desk: Desk, amount: float, key: str | None = None) -> str:
    """Start a run of orders."""
    begun = start(desk.context, StartRequest(plan="orders", data=f'{{"amount": {amount}}}', key=key))
    return begun.run


def test_each_end_starts_one_run(desk: Desk) -> None:
    before = order(desk, 1)
    desk.end(before)
    desk.clock.advance(SECOND)
    desk.add(
        "thanks",
        after="orders",
        when="data.amount > 5.0",
        key="event.run",
        set=("of=event.key", "a=data.amount"),
    )
    ids = [order(desk, amount, f"O-{amount}") for amount in (4, 10, 20)]
    desk.beat()
    assert desk.runs("notes") == []  # none has ended
    desk.end(ids[0])
    desk.end(ids[1])
    desk.end(ids[2], "cancelled")
    first, second = desk.loop(), desk.loop()
    for look in (*first.beat(), *second.beat()):
        look.result(timeout=60)
    desk.beat()
    (run,) = desk.runs("notes")
    assert (run["data"], run["key"], run["started_by"]) == ({"of": "O-10", "a": 10}, ids[1], "trigger:thanks")
    row = desk.show("thanks").trigger
    assert (row.started, row.skipped) == (1, 1)
    with pytest.raises(Refused, match="ended"):
        try_trigger(desk.context, TryTriggerRequest(name="thanks", id=order(desk, 8)))


def test_an_end_that_is_committed_late_is_found(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("thanks", after="orders", outcome="any")
    slow, quick = order(desk, 1), order(desk, 2)
    at = desk.clock.now()
    desk.clock.advance(timedelta(minutes=10))
    desk.end(quick)
    desk.beat()
    # The other ended ten minutes before, and its commit was held up until now.
    desk.state.execute(
        "update run set status = 'cancelled', ended = :at where id = :run",
        {"at": at.timestamp(), "run": slow},
    )
    desk.clock.advance(timedelta(minutes=1))
    desk.beat()
    assert len(desk.runs("notes")) == 2
    assert desk.show("thanks").trigger.started == 2


def test_simulated_runs_are_none(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("thanks", after="orders")
    run = order(desk, 1)
    desk.state.execute("update run set simulated = 1 where id = :run", {"run": run})
    desk.end(run)
    desk.beat()
    assert desk.runs("notes") == []


def test_a_circle_in_which_nothing_is_asked_is_refused(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    with pytest.raises(Refused, match="notes would start notes, for ever"):
        desk.add("self", "notes", after="notes")
    desk.add("one", "letters", after="notes")
    with pytest.raises(Refused, match=r"letters would start notes would start letters"):
        desk.add("two", "notes", after="letters")
    desk.add("two", "notes", after="letters", when="data.again")
    with pytest.raises(Refused, match="for ever"):
        desk.add("two", "notes", after="letters", replace=True)
    with pytest.raises(NotFound, match="No plan called"):
        desk.add("three", "notes", after="nothing")


def test_a_chain_is_bounded(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("again", "notes", after="notes", when="true", deepest=3)
    begun = start(desk.context, StartRequest(plan="notes"))
    desk.end(begun.run)
    for _ in range(8):
        desk.clock.advance(SECOND)
        desk.beat()
        for run in desk.runs("notes"):
            if run["status"] == "open":
                desk.end(run["id"])
    assert len(desk.runs("notes")) == 4
    assert "3 runs in a row" in (desk.show("again").trigger.error or "")


def test_a_run_that_ended_can_be_given_by_hand(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    old = order(desk, 7, "O-7")
    desk.end(old)
    desk.clock.advance(SECOND)
    desk.add("thanks", after="orders", set=("of=event.key",))
    tried = try_trigger(desk.context, TryTriggerRequest(name="thanks"))
    assert (tried.outcome, tried.data) == ("started", {"of": "O-7"})
    fired = fire_trigger(desk.context, FireTriggerRequest(name="thanks", id=old, by="bob"))
    assert fired.outcome == "started"
    assert fire_trigger(desk.context, FireTriggerRequest(name="thanks", id=old)).run == fired.run
    assert [run["started_by"] for run in desk.runs("notes")] == ["bob"]
    with pytest.raises(NotFound):
        fire_trigger(desk.context, FireTriggerRequest(name="thanks", id="run-nothing"))


def test_what_was_changed_meanwhile_fires_nothing(sqlite_desk: Desk) -> None:
    from orchestrate.triggers.fire import Occurrence
    from orchestrate.triggers.store import Moved

    desk = sqlite_desk
    desk.add("daily", cron="@daily")
    stale = find_trigger(desk.state, "daily")
    add_trigger(desk.context, AddTriggerRequest(name="daily", plan="letters", cron="@daily", replace=True))
    with pytest.raises(Moved):
        Starter(desk.state, desk.clock).fire(stale, Occurrence("x", {}))
    assert desk.runs() == []
