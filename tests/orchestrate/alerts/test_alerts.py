"""Alerts are listed in words, page by page; settled by people, and by themselves when their cause is over."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.errors import NotFound, UsageError
from orchestrate.alerts.kinds import KINDS
from orchestrate.alerts.listing import AlertsRequest, alerts
from orchestrate.alerts.settle import NotSettled, SettleRequest, settle
from orchestrate.alerts.store import id_of, key_of
from orchestrate.contracts import Binding, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import DecideRequest, decide
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.runs.shown import ShowRequest, show
from orchestrate.triggers import store as triggers
from orchestrate.triggers.add import AddTriggerRequest, add_trigger
from orchestrate.watching.health import runs_well
from orchestrate.watching.systems import ResetRequest, reset
from tests.orchestrate.connectors.smtp import Mail, text_of
from tests.orchestrate.operations.plans import plan_of

from .conftest import Home, later, subjects, worker

WORDS = st.text(max_size=12).filter(lambda text: "\x00" not in text)


@given(run=WORDS, kind=WORDS.filter(bool), node=WORDS, visit=st.integers(0, 10**12))
@settings(max_examples=30)
def test_an_id_names_one_alert_whatever_it_is_about(run: str, kind: str, node: str, visit: int) -> None:
    key = {"run": run, "kind": kind, "node": node, "visit": visit}
    assert key_of(id_of(key)) == key
    assert not set(id_of(key)) & set(" '\"$`\\!;&|<>*?()")  # nothing that a shell would take apart


def test_they_are_listed_newest_first_filtered_and_paged(home: Home) -> None:
    run, other = home.run("C-1"), home.run("C-2")
    home.alert(run, "late", "approve")
    home.clock.advance(timedelta(minutes=1))
    home.alert(other, "contract", "approve")
    home.alert(other, "escalation 2", "approve")
    home.alert("", "trigger", "monday morning", 7)
    add_trigger(home.context, AddTriggerRequest(name="monday-morning", plan="orders", cron="0 9 * * mon"))
    home.context.state.execute(
        "update plan_trigger set name = 'monday morning', failures = 5 where name = 'monday-morning'"
    )
    everything = home.open()
    assert everything == [
        f"{other}/escalation%202/approve/1",
        f"{other}/contract/approve/1",
        "trigger/monday%20morning/7",
        f"{run}/late/approve/1",
    ]
    seen: list[str] = []
    while page := alerts(home.context, AlertsRequest(limit=1, after=seen[-1] if seen else None)):
        seen += [row.alert for row in page.rows]
        home.clock.advance(timedelta(seconds=1))
        home.alert(run, "unassigned", "approve", 50 + len(seen))  # comes meanwhile, and shifts nothing
        if page.next is None:
            break
    assert seen == everything
    assert home.open(kind="escalation") == everything[:1]
    assert home.open(run=run, kind="late") == home.open(plan="orders", kind="late") == everything[3:]
    assert home.open(since="2026-01-05T09:01", kind="late") == home.open(plan="invoices") == []
    assert home.open(kind="trigger", plan="orders") == everything[2:3]
    (late,) = home.rows(kind="late")
    assert (late.step, late.key, late.plan, late.command) == ("Approve", "C-1", "orders", f"baton show {run}")
    assert home.rows(kind="trigger")[0].command == "baton trigger show 'monday morning'"
    counted = alerts(home.context, AlertsRequest(limit=0))
    assert (counted.rows, counted.open, counted.counts["late"]) == ([], 8, 1)
    told = "\n".join(alerts(home.context, AlertsRequest(kind="late")).lines())
    assert "late: C-1 of orders, step 'Approve'" in told and KINDS["late"].do in told
    with pytest.raises(NotFound):
        home.open(after="run-none/late/approve/1")
    with pytest.raises(UsageError):
        home.open(open=True, all=True)


def test_people_settle_them_many_at_once_and_take_it_back(home: Home) -> None:
    run = home.run()
    for visit in (1, 2, 3):
        home.alert(run, visit=visit)
    one, *two = home.open()
    done = settle(home.context, SettleRequest(alert=(*two, "nonsense"), by="bob", note="called them"))
    assert (done.done, done.refused) == (2, 1) and "nonsense" in "\n".join(done.lines())
    assert home.open() == [one]
    assert len(show(home.context, ShowRequest(run=run)).alerts) == 1
    rows = {row.alert: row for row in home.rows(all=True)}
    assert {rows[alert].state for alert in two} == {"settled"}
    assert (rows[two[0]].settled_by, rows[two[0]].note) == ("bob", "called them")
    with pytest.raises(NotSettled, match="was settled by bob"):
        settle(home.context, SettleRequest(alert=(two[0],)))
    settle(home.context, SettleRequest(alert=(two[0],), reopen=True))
    assert set(home.open()) == {one, two[0]}
    with pytest.raises(NotSettled, match="is open"):
        settle(home.context, SettleRequest(alert=(one,), reopen=True))
    audit = home.context.state.rows("select action, actor, subject from audit order by seq")
    assert [(r["action"], r["actor"]) for r in audit if r["subject"] == two[0]] == [
        ("settle alert", "bob"),
        ("reopen alert", "ada"),
    ]
    with pytest.raises(ValueError, match="at least 1"):
        SettleRequest(alert=())


TASK = (
    "insert into task(id, run, plan, version, node, visit, kind, name, status, opened, outcomes, context,"
    " assignee) values (:id, :run, 'orders', 1, :node, :visit, 'manual', 'Approve', 'open', :at, '[]', '{}',"
    " null)"
)


def open_task(home: Home, run: str, node: str = "approve", visit: int = 1) -> str:
    n = len(home.context.state.rows("select 1 from task"))
    values = {"id": f"{run}.x{n}", "run": run, "node": node, "visit": visit}
    home.context.state.execute(TASK, values | {"at": home.clock.now().timestamp()})
    return str(values["id"])


def end_task(home: Home, task: str, status: str = "done") -> None:
    sql = "update task set status = :status, decided_at = :at where id = :id"
    at = home.clock.now().timestamp() if status == "done" else None
    home.context.state.execute(sql, {"status": status, "at": at, "id": task})


@pytest.mark.parametrize("status", ["done", "closed"])
def test_it_is_over_when_its_task_has_ended_and_opens_again_when_its_cause_comes_back(
    home: Home, status: str
) -> None:
    run = home.run()
    task = open_task(home, run, "check")
    home.alert(run, "manual", "check")
    home.alert(run, "manual", "other")
    alert = f"{run}/manual/check/1"
    assert alert in home.open()
    end_task(home, task, status)
    assert home.open() == [f"{run}/manual/other/1"]
    (over,) = (row for row in home.rows(all=True) if row.alert == alert)
    assert over.state == "over" and over.over == "2026-01-05T09:00:00.000Z"
    with pytest.raises(NotSettled, match="its cause is no more"):
        settle(home.context, SettleRequest(alert=(alert,)))
    home.clock.advance(timedelta(hours=1))
    task = open_task(home, run, "check")
    home.alert(run, "manual", "check")  # whoever decided it had it tried again, and it failed again
    assert home.open()[0] == alert
    assert home.rows()[0].raised == "2026-01-05T10:00:00.000Z"
    home.clock.advance(timedelta(seconds=1))
    end_task(home, task)
    assert alert not in home.open()


def test_one_that_nobody_could_have_is_over_when_somebody_has_it(home: Home) -> None:
    run = home.run()
    task = open_task(home, run)
    home.alert(run, "unassigned")
    home.alert(run, "escalation 1")
    home.alert(run, "late")
    assert len(home.open()) == 3
    home.context.state.execute("update task set assignee = 'bob' where id = :id", {"id": task})
    assert home.open() == [f"{run}/late/approve/1"]


def ended(home: Home, run: str, status: str) -> None:
    home.context.state.execute(
        "update run set status = :status where id = :run", {"status": status, "run": run}
    )


def test_a_runs_alerts_end_with_it_but_for_what_only_people_can_have_seen(home: Home) -> None:
    done, cancelled = home.run(), home.run()
    for run in (done, cancelled):
        for kind, node in (("late", ""), ("stuck", ""), ("deadline", ""), ("refused", "approve")):
            home.alert(run, kind, node)
    home.context.state.execute("update run set stuck = 'broke' where id = :run", {"run": done})
    assert f"{done}/stuck//1" in home.open() and f"{cancelled}/stuck//1" not in home.open()
    home.context.state.execute("update run set stuck = null")
    assert f"{done}/stuck//1" not in home.open()
    ended(home, done, "done")
    ended(home, cancelled, "cancelled")
    left = {f"{done}/refused/approve/1", f"{cancelled}/refused/approve/1", f"{cancelled}/deadline//1"}
    assert set(home.open()) == left


def test_a_step_that_was_late_is_no_more_when_it_is_done(home: Home) -> None:
    run = home.run()
    home.alert(run, "late", "approve", 1)
    home.alert(run, "late", "approve", 2)
    sql = (
        "insert into journal(run, rev, at, kind, event, node, visit, completes, fence)"
        " values (:run, 99, :at, 'succeeded', '{}', 'approve', 1, 1, 1)"
    )
    home.context.state.execute(sql, {"run": run, "at": home.clock.now().timestamp() + 5})
    assert home.open() == [f"{run}/late/approve/2"]


def test_those_of_systems_and_triggers_end_when_these_work_again(home: Home) -> None:
    state = home.context.state
    add_trigger(home.context, AddTriggerRequest(name="monday", plan="orders", cron="0 9 * * mon"))
    kept = triggers.find_trigger(state, "monday")
    with state.transaction() as connection:
        for _ in range(triggers.FAILING):
            triggers.fail(connection, kept, "no such plan", home.clock.now().timestamp())
    sql = "insert into system_state(name, breaker, openings) values ('ERP', 'open', 3)"
    state.execute(sql)
    for opening in (2, 3):
        home.alert("", "breaker", "ERP", opening)
    assert {alert.rpartition("/")[0] for alert in home.open()} == {"breaker/ERP", "trigger/monday"}
    assert home.open(kind="breaker") == ["breaker/ERP/3"]  # the second outage is over
    triggers.well(state, kept)
    assert home.open() == ["breaker/ERP/3"]
    reset(home.context, ResetRequest(system="ERP"))
    assert home.open() == []
    news = [row for row in home.rows(all=True) if row.message == "system 'ERP' answers again"]
    assert [(row.kind, row.state) for row in news] == [("breaker", "over")]


def test_a_models_alert_lasts_until_it_is_trusted_again(home: Home) -> None:
    run, state = home.run(), home.context.state
    state.execute(
        "insert into model_score(key, model, version, run, node, visit, plan, at, label, confidence, answer,"
        " band, went) values ('k', 'risk', '1', :run, 'approve', 1, 'orders@1', 0, 'x', 1, '{}', 'ask',"
        " 'ask')",
        {"run": run},
    )
    state.execute("insert into model_trust values ('risk', '1', 0, 0, 'drift', 'baton')")
    home.alert(run, "model")
    ended(home, run, "done")
    assert home.open() == [f"{run}/model/approve/1"]
    state.execute("update model_trust set trusted = 1")
    assert home.open() == []


def test_what_the_sandbox_played_alerts_nobody(home: Home) -> None:
    run = home.run()
    home.alert(run)
    home.context.state.execute("update run set simulated = 1 where id = :run", {"run": run})
    assert alerts(home.context, AlertsRequest(limit=0)).open == 0
    assert home.open() == home.open(all=True) == []


def test_doctor_says_how_many_are_open(home: Home) -> None:
    def said() -> Any:
        return next(check for check in runs_well(home.context) if check.check == "alerts")

    assert said().found.startswith("none is open; nobody is told")
    home.alert(home.run())
    assert said().found.startswith("1 open, which `baton alerts` lists")


def test_one_message_for_each_run_with_what_to_do_and_only_once(home: Home, mail: Mail) -> None:
    first, second = worker(home), worker(home)
    run = home.run("C-1")
    home.alert(run, "late")
    later(home, seconds=1)
    home.alert(run, "contract")
    home.alert(home.run("C-2"), "late")
    for _ in range(2):
        first.beat()
        second.beat()
    assert subjects(mail) == [
        "Baton: late, and 1 more: run C-1 of orders",
        "Baton: late: run C-2 of orders",
    ]
    said = text_of(mail.mails[0])
    assert "contract at approve" in said and f"baton show {run}" in said and "All open alerts" in said
    assert {row.sent for row in home.rows()} == {True}


def test_a_step_that_a_person_has_tried_again_and_that_fails_again_is_an_alert_again(home: Home) -> None:
    """As the engine does it: the visit is the same, so it is the same alert."""
    lost = Step(id="post", name="Post", does="service", binding=Binding(connector="gone"))
    plan, clock = plan_of(lost, name="lost"), home.clock
    with home.context.state.transaction() as connection:
        add_version(connection, plan, Verdict("no history"), at=clock.now(), by="ada")
    engine = Engine(home.context.state, {}, driver=MemoryDriver(clock), clock=clock)
    run, _ = engine.start("lost")
    for n in (1, 2):
        engine.run_until_idle(clock.now())
        assert home.open() == [f"{run}/manual/post/1"]
        clock.advance(timedelta(minutes=1))
        decide(home.context, DecideRequest(task=f"{run}.{n}", outcome="retry", by="ada"))
        assert home.open() == []
    engine.stop()
