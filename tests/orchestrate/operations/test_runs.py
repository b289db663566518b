"""Runs: started once per key, shown with how far they are, listed page by page."""

import json
from datetime import timedelta

import pytest

from home.clock import SettableClock
from home.context import Context
from home.errors import NotFound, Refused, UsageError
from orchestrate.people.approvals import DecideRequest, TooLate, decide
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.plans.publish import publish_plan
from orchestrate.records.audit import VerifyRequest, verify
from orchestrate.runs.shown import RunsRequest, ShowRequest, runs, show
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.runs.steering import CancelRequest, cancel

from .plans import order_plan

ORDER = '{"amount": 120}'


@pytest.fixture
def published(context: Context) -> Context:
    publish_plan(context, order_plan())
    return context


def begin(context: Context, **more: object) -> str:
    fields = {"plan": "orders", "data": ORDER, **more}
    return start(context, StartRequest.model_validate(fields)).run


def test_a_key_starts_one_run(published: Context) -> None:
    first = start(published, StartRequest(plan="orders", data=ORDER, key="PO-17"))
    again = start(published, StartRequest(plan="orders", data='{"amount": 5}', key="PO-17"))
    assert (first.created, again.created) == (True, False)
    assert (again.run, again.version) == (first.run, 1)
    assert start(published, StartRequest(plan="orders", data=ORDER, key="PO-18")).created
    actions = [row["action"] for row in published.state.rows("select action from audit order by seq")]
    assert actions == ["publish", "start", "start"]


def test_data_that_breaks_the_input_contract_starts_nothing(published: Context) -> None:
    with pytest.raises(Refused, match="amount"):
        begin(published, data="{}")
    with pytest.raises(UsageError, match="not JSON"):
        begin(published, data="{amount}")
    with pytest.raises(UsageError, match="JSON object"):
        begin(published, data="[1]")
    with pytest.raises(NotFound, match="has no version 7"):
        begin(published, version=7)
    assert runs(published, RunsRequest()).rows == []


def test_a_run_says_how_far_it_is_and_what_it_waits_for(published: Context) -> None:
    run = begin(published, key="PO-17", by="bob")
    (row,) = runs(published, RunsRequest()).rows
    assert (row.run, row.plan, row.version, row.key, row.state) == (run, "orders", 1, "PO-17", "open")
    assert (row.step, row.steps_done, row.steps_total) == ("Enter", 0, 5)
    assert row.waiting_for == "clerk: Enter"
    found = show(published, ShowRequest(run=run))
    assert found.data == {"amount": 120}
    assert found.started_by == "bob"
    assert [(entry.rev, entry.kind) for entry in found.journal] == [(1, "started")]
    assert found.journal[0].what == "the run began; clerk was asked: Enter"
    words = list(found.lines())
    assert words[1] == "step 1 of 5: Enter"
    assert f"decide with: baton decide {run}.1 done --by YOU" in words


def test_a_decision_is_waiting_in_the_inbox_and_cancel_comes_after_it(published: Context) -> None:
    run = begin(published)
    (task,) = tasks(published, TasksRequest()).rows
    assert (task.run, task.step, task.role, task.context["data"]) == (run, "Enter", "clerk", {"amount": 120})
    decide(published, DecideRequest(task=task.task, outcome="done", by="ada"))
    cancel(published, CancelRequest(run=run, reason="ordered twice", by="cy"))
    inbox = published.state.rows("select seq, kind, payload from inbox order by seq")
    assert [(row["seq"], row["kind"]) for row in inbox] == [(1, "decided"), (2, "cancel")]
    assert json.loads(inbox[1]["payload"]) == {"undo": True, "by": "cy", "reason": "ordered twice"}
    published.state.execute("update run set status = 'cancelled', ended = 1767600000")
    with pytest.raises(TooLate, match="cancelled at 2026-01-05"):
        cancel(published, CancelRequest(run=run))
    assert verify(published, VerifyRequest()).rows == 4


def test_runs_are_listed_the_newest_first_page_by_page(published: Context, clock: SettableClock) -> None:
    made = []
    for number in range(5):
        made.append(begin(published, key=f"K{number}"))
        clock.advance(timedelta(seconds=1))
    listed, after = [], None
    while True:
        page = runs(published, RunsRequest(limit=2, after=after))
        listed += [row.run for row in page.rows]
        after = page.rows[-1].run
        if not page.more:
            break
    assert listed == made[::-1]
    assert [row.run for row in runs(published, RunsRequest(key="K3")).rows] == [made[3]]
    assert runs(published, RunsRequest(state="done")).rows == []
    assert runs(published, RunsRequest(plan="invoices")).rows == []


def test_an_unknown_run_offers_the_nearest(published: Context) -> None:
    run = begin(published)
    with pytest.raises(NotFound) as found:
        show(published, ShowRequest(run=run[:-1]))
    assert run in found.value.hint


def test_versions_run_side_by_side(published: Context) -> None:
    publish_plan(published, order_plan(purpose="ship what was ordered"))
    old, new = begin(published, version=1), begin(published)
    found = {row.run: row.version for row in runs(published, RunsRequest()).rows}
    assert found == {old: 1, new: 2}
