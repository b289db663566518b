"""Tasks: listed with what is needed to decide them, and decided exactly once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.clock import SettableClock
from home.context import Context
from home.errors import NotFound, Refused
from orchestrate.people.approvals import AlreadyDecided, DecideRequest, TooLate, decide
from orchestrate.people.handing import (
    ClaimRequest,
    CommentRequest,
    DelegateRequest,
    claim,
    comment,
    delegate,
)
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.records.audit import VerifyRequest, verify
from tests.chaos.form import rounds

RACES = rounds(quick=300, long=1_000)


def put(context: Context, run: str, **more: object) -> str:
    """A run parked at one approval; the id of its task."""
    with context.state.transaction() as connection:
        return put_in(connection, context, run, **more)


def put_in(
    connection: Connection, context: Context, run: str, *, due_hours: float | None = 4, **more: object
) -> str:
    """The same inside a transaction."""
    now = context.clock.now().timestamp()
    row = {
        "id": f"{run}.1",
        "run": run,
        "plan": "orders",
        "version": 1,
        "key": None,
        "simulated": 0,
        "node": "approve",
        "visit": 1,
        "kind": "step",
        "name": "Approve",
        "role": "clerk",
        "assignee": None,
        "status": "open",
        "opened": now,
        "due": None if due_hours is None else now + due_hours * 3600,
        "outcomes": '["approved", "rejected"]',
        "context": '{"instructions": "Look at the amount.", "data": {"amount": 120}}',
        **more,
    }
    insert = (
        "insert into run(id, plan, version, state, started, due) values (:id, 'orders', 1, '{}', 0, 1e12)"
    )
    connection.execute(text(insert), {"id": run})
    names = list(row)
    connection.execute(
        text(f"insert into task({', '.join(names)}) values ({', '.join(':' + n for n in names)})"), row
    )
    return str(row["id"])


def say(task: str, outcome: str = "approved", by: str = "ada", **more: str) -> DecideRequest:
    return DecideRequest(task=task, outcome=outcome, by=by, **more)


def test_a_decision_changes_task_inbox_run_and_audit_together(context: Context) -> None:
    task = put(context, "run-1")
    found = decide(context, say(task, note="fine by me", data='{"limit": 5}'))
    assert (found.run, found.step, found.outcome, found.by) == ("run-1", "Approve", "approved", "ada")
    run = context.state.row("select head, due from run where id = 'run-1'")
    assert run == {"head": 1, "due": 0}
    inbox = context.state.row("select seq, kind, payload from inbox")
    assert inbox is not None
    assert (inbox["seq"], inbox["kind"]) == (1, "decided")
    assert json.loads(inbox["payload"]) == {
        "task": task,
        "outcome": "approved",
        "output": {"limit": 5},
        "by": "ada",
        "note": "fine by me",
    }
    (row,) = tasks(context, TasksRequest(state="done")).rows
    assert (row.outcome, row.decided_by, row.decided_at) == ("approved", "ada", "2026-01-05T09:00:00.000Z")
    assert context.state.row("select action, actor, subject from audit") == {
        "action": "decide",
        "actor": "ada",
        "subject": task,
    }


def test_a_decided_task_says_who_decided_and_when(context: Context, clock: SettableClock) -> None:
    task = put(context, "run-1")
    decide(context, say(task))
    clock.advance(timedelta(hours=1))
    with pytest.raises(AlreadyDecided, match=r"approved by ada at 2026-01-05T09:00:00.000Z") as found:
        decide(context, say(task, "rejected", by="bob"))
    assert found.value.exit_code == 1
    assert verify(context, VerifyRequest()).rows == 1


def test_an_unknown_outcome_lists_those_allowed_and_changes_nothing(context: Context) -> None:
    task = put(context, "run-1")
    with pytest.raises(Refused, match="'maybe'") as found:
        decide(context, say(task, "maybe"))
    assert found.value.hint == "Say one of: approved, rejected."
    other = put(context, "run-2", outcomes="[]")
    with pytest.raises(Refused, match="'approved'"):
        decide(context, say(other, "approved"))
    assert context.state.rows("select * from inbox") == []
    assert decide(context, say(other, "done")).outcome == "done"


def test_a_decision_after_the_end_of_the_run_is_too_late(context: Context) -> None:
    task = put(context, "run-1")
    context.state.execute("update run set status = 'cancelled', ended = 1767600000")
    with pytest.raises(TooLate, match=r"'run-1' ended at 2026-01-05T08:00:00.000Z \(cancelled\)"):
        decide(context, say(task))
    assert context.state.rows("select * from inbox") == []


def test_a_task_that_the_run_went_past_is_too_late(context: Context) -> None:
    task = put(context, "run-1", status="closed")
    with pytest.raises(TooLate, match="no longer needed"):
        decide(context, say(task))


def test_an_unknown_task_offers_the_nearest(context: Context) -> None:
    put(context, "run-12345")
    with pytest.raises(NotFound) as found:
        decide(context, say("run-12346.1"))
    assert "run-12345.1" in found.value.hint


def test_of_two_who_decide_at_once_one_wins_each_time(context: Context) -> None:
    with context.state.transaction() as connection:
        tasks = [put_in(connection, context, f"run-{number:04}") for number in range(RACES)]

    def attempt(task: str, by: str) -> bool:
        try:
            decide(context, say(task, "approved" if by == "p0" else "rejected", by=by))
        except AlreadyDecided:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        races = [[threads.submit(attempt, task, f"p{n}") for n in range(2)] for task in tasks]
        wins = [[done.result() for done in race] for race in races]
    assert all(sum(race) == 1 for race in wins)
    disagree = context.state.rows(
        "select t.id, t.outcome, t.decided_by, i.payload from task t join inbox i on i.run = t.run"
    )
    assert len(disagree) == RACES  # one inbox event each, and none without its task
    for row, race in zip(sorted(disagree, key=lambda r: r["id"]), wins, strict=True):
        payload = json.loads(row["payload"])
        assert (payload["outcome"], payload["by"]) == (row["outcome"], row["decided_by"])
        assert row["decided_by"] == f"p{race.index(True)}"
    assert verify(context, VerifyRequest()).rows == RACES


def test_tasks_are_listed_the_most_urgent_first_and_page_by_page(context: Context) -> None:
    for number, due in enumerate([5, 1, None, 3, 1]):
        put(context, f"run-{number}", due_hours=due)
    put(context, "run-simulated", simulated=1)
    whole = tasks(context, TasksRequest())
    assert [t.run for t in whole.rows] == ["run-1", "run-4", "run-3", "run-0", "run-2"]
    assert [t.due_in_s for t in whole.rows] == [3600, 3600, 3 * 3600, 5 * 3600, None]
    paged, after = [], None
    while True:
        page = tasks(context, TasksRequest(limit=2, after=after))
        paged += page.rows
        after = page.next
        if after is None:
            break
    assert paged == whole.rows


def test_tasks_are_found_by_person_role_and_business_key(context: Context) -> None:
    put(context, "run-1", assignee="ada")
    put(context, "run-2", role="boss", key="PO-17")
    assert [t.run for t in tasks(context, TasksRequest(mine="ada")).rows] == ["run-1"]
    assert [t.run for t in tasks(context, TasksRequest(role="boss")).rows] == ["run-2"]
    assert [t.run for t in tasks(context, TasksRequest(key="PO-17")).rows] == ["run-2"]
    assert tasks(context, TasksRequest(plan="invoices")).rows == []


def test_a_late_task_reads_as_late(context: Context, clock: SettableClock) -> None:
    put(context, "run-1", due_hours=1)
    clock.advance(timedelta(hours=4))
    words = "\n".join(tasks(context, TasksRequest()).lines())
    assert "3.0 h late" in words
    assert "baton decide run-1.1 approved | rejected --by YOU" in words


def test_a_claimed_task_is_handed_over_by_delegation_only(context: Context) -> None:
    task = put(context, "run-1")
    assert claim(context, ClaimRequest(task=task, by="ada")).assignee == "ada"
    assert claim(context, ClaimRequest(task=task, by="ada")).assignee == "ada"
    with pytest.raises(Refused, match="is with ada"):
        claim(context, ClaimRequest(task=task, by="bob"))
    delegate(context, DelegateRequest(task=task, to="bob", by="ada", note="on leave"))
    comment(context, CommentRequest(task=task, remark="amount is right", by="bob"))
    (row,) = tasks(context, TasksRequest(mine="bob")).rows
    assert [(c["who"], c["text"]) for c in row.comments] == [("ada", "on leave"), ("bob", "amount is right")]
    decide(context, say(task))
    for change in (
        lambda: claim(context, ClaimRequest(task=task, by="ada")),
        lambda: delegate(context, DelegateRequest(task=task, to="cy", by="ada")),
        lambda: comment(context, CommentRequest(task=task, remark="?", by="ada")),
    ):
        with pytest.raises(AlreadyDecided):
            change()
    actions = [row["action"] for row in context.state.rows("select action from audit order by seq")]
    assert actions == ["claim", "claim", "delegate", "comment", "decide"]
