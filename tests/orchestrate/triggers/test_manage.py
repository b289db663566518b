"""Triggers as they are listed, changed, removed and audited; what goes wrong in one stays in one."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from home.contracts import Nothing
from home.errors import NotFound, Refused, UsageError
from orchestrate.engine.statements import PRIORITIES
from orchestrate.plans.versions import find_version
from orchestrate.records import audit
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.triggers import schedule
from orchestrate.triggers.manage import (
    NamedTrigger,
    list_triggers,
    make_secret,
    pause_trigger,
    remove_trigger,
    resume_trigger,
)
from orchestrate.triggers.try_out import FireTriggerRequest, TryTriggerRequest, fire_trigger, try_trigger
from tests.conftest import Answer
from tests.orchestrate.triggers.conftest import ORDERS, Desk, plan

NAME = NamedTrigger(name="daily")


def test_a_thousand_starts_of_one_key_are_one_run(desk: Desk) -> None:
    asked = StartRequest(plan="orders", data='{"amount": 1}', key="O-1")
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda _: start(desk.context, asked), range(1000)))
    assert len({one.run for one in begun}) == 1
    assert sum(one.created for one in begun) == 1
    assert len(desk.runs()) == 1


def test_every_change_is_audited_with_what_it_was(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("daily", cron="@daily")
    desk.add("daily", cron="@hourly", replace=True, by="bob")
    pause_trigger(desk.context, NAME)
    resume_trigger(desk.context, NAME)
    fire_trigger(desk.context, FireTriggerRequest(name="daily", by="carol"))
    remove_trigger(desk.context, NAME)
    rows = desk.state.rows("select action, actor, subject, detail from audit order by seq")
    assert [(row["action"], row["actor"]) for row in rows] == [
        ("add trigger", "ada"),
        ("change trigger", "bob"),
        ("pause trigger", "ada"),
        ("resume trigger", "ada"),
        ("start", "carol"),
        ("remove trigger", "ada"),
    ]
    changed = json.loads(rows[1]["detail"])
    assert (changed["revision"], changed["trigger"]["on"]["cron"]) == (2, "@hourly")
    assert audit.verify(desk.context, audit.VerifyRequest()).ok
    assert list_triggers(desk.context, Nothing()).rows == ()
    with pytest.raises(NotFound, match="No trigger called 'daily'"):
        pause_trigger(desk.context, NAME)


def test_its_runs_have_its_priority_or_the_plans(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    for name, asked in (("usual", {}), ("first", {"priority": "urgent"})):
        shown = desk.add(name, cron="@daily", **asked)
        fire_trigger(desk.context, FireTriggerRequest(name=name, by="carol"))
        assert shown.priority == asked.get("priority")
    rows = desk.state.rows("select priority from run order by priority")
    assert [PRIORITIES[row["priority"]] for row in rows] == ["normal", "urgent"]


def test_checking_stores_nothing(sqlite_desk: Desk) -> None:
    shown = sqlite_desk.add("daily", cron="0 9 * * *", tz="Asia/Tokyo", dry_run=True, preview=2)
    assert [f"{m:%d %H:%M}" for m in shown.next] == ["06 00:00", "07 00:00"]
    assert not shown.stored
    assert list_triggers(sqlite_desk.context, Nothing()).rows == ()
    assert sqlite_desk.audited("add trigger") == []


def test_a_name_is_taken_once_and_means_nothing_else(sqlite_desk: Desk) -> None:
    sqlite_desk.add("daily", cron="@daily")
    with pytest.raises(Refused, match="already"):
        sqlite_desk.add("daily", cron="@daily")
    for name in ("../x", "A", "", "a b", "a/b", "x" * 64, "a\0", "é", "-a", "a\n"):
        with pytest.raises(ValueError, match="pattern"):
            sqlite_desk.add(name, cron="@daily")
    with pytest.raises(NotFound, match="No plan called"):
        sqlite_desk.add("other", "nothing", cron="@daily")


def test_expressions_are_checked_when_a_trigger_is_added(sqlite_desk: Desk) -> None:
    for rule in ("data.", "nope", "open('/etc/passwd')", "x" * 5000):
        with pytest.raises(Refused, match="rule"):
            sqlite_desk.add("daily", cron="@daily", when=rule)


def test_what_breaks_one_trigger_stops_no_other(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, whole = sqlite_desk, schedule.look
    desk.add("bad", cron="* * * * *")
    desk.add("good", cron="* * * * *")

    def look(starter: object, kept: object, on: object) -> object:
        if getattr(kept, "name", "") == "bad":
            raise ZeroDivisionError("a fault of ours")
        return whole(starter, kept, on)  # type: ignore[arg-type]

    monkeypatch.setattr(schedule, "look", look)
    for _ in range(30):
        desk.clock.advance(timedelta(minutes=1))
        desk.beat()
    bad, good = list_triggers(desk.context, Nothing()).rows
    assert good.started == 30
    assert (bad.state, bad.error) == ("failing", "ZeroDivisionError: a fault of ours")
    assert bad.failures < 12  # it is looked at less and less often
    assert len(desk.state.rows("select * from alert where kind = 'trigger'")) == 1
    monkeypatch.undo()
    desk.clock.advance(timedelta(hours=2))
    desk.beat()
    row = desk.show("bad").trigger
    assert (row.state, row.started, row.failures) == ("active", 1, 0)


def test_firing_by_hand_starts_the_same_run_once(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add(
        "shop", "orders", webhook=True, secret=("env:NOT_HERE",), set=("amount=data.total",), key="data.id"
    )
    pause_trigger(desk.context, NamedTrigger(name="shop"))
    asked = FireTriggerRequest(name="shop", data='{"total": 5, "id": "C-1"}', id="msg_1")
    tried = try_trigger(desk.context, TryTriggerRequest(name="shop", data=asked.data, id="msg_1"))
    assert (tried.outcome, tried.data, tried.key, tried.run) == ("started", {"amount": 5}, "C-1", None)
    assert "NOT_HERE" in tried.warning
    first, again = (fire_trigger(desk.context, asked) for _ in range(2))
    assert first == again
    other = fire_trigger(desk.context, asked.model_copy(update={"id": None}))
    assert (other.outcome, other.run) == ("known", first.run)
    tried = try_trigger(desk.context, TryTriggerRequest(name="shop", data=asked.data))
    assert (tried.outcome, tried.run) == ("known", first.run)
    with pytest.raises(Refused, match="total"):
        fire_trigger(desk.context, FireTriggerRequest(name="shop", data="{}"))


def test_the_newest_version_is_taken_unless_one_is_named(sqlite_desk: Desk) -> None:
    from orchestrate.plans.versions import Verdict, add_version

    desk = sqlite_desk
    desk.add("newest", cron="* * * * *")
    desk.add("first", cron="* * * * *", version=1)
    with desk.state.transaction() as connection:
        add_version(connection, plan("notes", input=ORDERS), Verdict("pass"), at=desk.clock.now(), by="ada")
    assert find_version(desk.state, "notes").version == 2
    desk.clock.advance(timedelta(minutes=1))
    desk.beat()
    assert desk.show("first").trigger.started == 1
    assert "amount" in (desk.show("newest").trigger.error or "")  # the new version wants more


def test_old_occurrences_are_forgotten(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("yearly", cron="@yearly", missed="all")
    fire_trigger(desk.context, FireTriggerRequest(name="yearly", id="old"))
    desk.clock.advance(timedelta(days=91))
    desk.beat()
    assert desk.show("yearly").occurrences == ()
    assert len(desk.runs()) == 1


def test_a_secret_is_made_and_kept_nowhere(sqlite_desk: Desk) -> None:
    from standardwebhooks.webhooks import Webhook

    made = make_secret(sqlite_desk.context, Nothing()).secret
    assert made.startswith("whsec_")
    Webhook(made)
    assert made != make_secret(sqlite_desk.context, Nothing()).secret


def test_the_command_line(sqlite_desk: Desk, baton: Callable[..., Answer]) -> None:
    desk = sqlite_desk
    home = desk.context.home
    added = baton(
        "trigger",
        "add",
        "nightly",
        "notes",
        "--cron",
        "30 2 * * *",
        "--tz",
        "Europe/Paris",
        "--set",
        "day=event.date",
        "--preview",
        "2",
        home=home,
    )
    assert (
        added.out.splitlines()[0] == "nightly starts notes: schedule 30 2 * * * (Europe/Paris). It is active."
    )
    assert sum(line.startswith("next: ") for line in added.out.splitlines()) == 2
    wrong = baton("trigger", "add", "x", "notes", "--cron", "99 * * * *", "--json", home=home, check=2)
    assert wrong.json["error"]["code"] == "usage"
    (row,) = list_triggers(desk.context, Nothing()).rows
    assert (row.trigger, row.state, row.started) == ("nightly", "active", 0)


def test_a_queue_of_a_trigger_is_no_source(sqlite_desk: Desk) -> None:
    from ingest.named_sources import AddSourceRequest, add_source

    with pytest.raises(UsageError, match="triggers are"):
        add_source(sqlite_desk.context, AddSourceRequest(name="trigger:x", log="l", source="push:x"))


def test_forgetting_a_case_and_a_person_takes_them_out_of_triggers_too(sqlite_desk: Desk) -> None:
    from home.erasure import Replacement
    from orchestrate.records.forgotten import erase_case, erase_person, runs_of

    desk, at = sqlite_desk, sqlite_desk.clock.now()
    desk.add("shop", webhook=True, secret=("env:NOT_HERE",), key="data.id", by="Ada Lovelace")
    fire_trigger(desk.context, FireTriggerRequest(name="shop", data='{"id": "C-1"}'))
    erase_case(desk.state, "C-1", runs_of(desk.state, "C-1"), None, at=at, actor="bob")
    erase_person(desk.state, Replacement("Ada Lovelace", "person-1"), at=at, actor="bob")
    shown = desk.show("shop")
    assert (shown.occurrences, shown.added_by) == ((), "person-1")
    assert desk.runs() == []
    assert audit.verify(desk.context, audit.VerifyRequest()).ok
