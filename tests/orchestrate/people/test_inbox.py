"""Finding tasks: by whose they are, by what is late, by words anywhere in them, page by page."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from home.clock import SettableClock
from home.context import Context
from orchestrate.people.changes import PersonAddRequest, add
from orchestrate.people.handing import ClaimRequest, CommentRequest, claim, comment
from orchestrate.people.tasks import TasksRequest, tasks
from tests.orchestrate.operations.test_approvals import put


def found(context: Context, **asked: object) -> list[str]:
    return [row.run for row in tasks(context, TasksRequest.model_validate(asked)).rows]


def test_an_inbox_is_what_one_has_and_what_one_may_take(context: Context) -> None:
    add(context, PersonAddRequest(login="ada", role=("clerk",), skill=("law",)))
    add(context, PersonAddRequest(login="bea", role=("boss",)))
    put(context, "run-0-mine", assignee="ada", role="boss")
    put(context, "run-1-role", role="clerk")
    put(context, "run-2-skill", role="clerk", skill="law")
    put(context, "run-3-nobodys", role="nobody")
    put(context, "run-4-kept", assignee="bea", stands_for="ada")
    put(context, "run-5-hers", assignee="bea", role="clerk")
    put(context, "run-6-boss", role="boss")
    put(context, "run-7-french", role="clerk", skill="french")
    put(context, "run-8-by-hand", role="clerk", by_hand=1)
    put(context, "run-9-barred", role="clerk", apart="|!starter|")
    context.state.execute("update run set started_by = 'Ada' where id = 'run-9-barred'")
    offered = ["run-0-mine", "run-1-role", "run-2-skill", "run-3-nobodys", "run-4-kept"]
    assert found(context, inbox="ada") == offered
    assert found(context, inbox="nobody known") == ["run-3-nobodys"]
    for row in tasks(context, TasksRequest(inbox="ada")).rows:
        if row.assignee is None:  # what is offered can be taken
            claim(context, ClaimRequest(task=row.task, by="ada"))


def test_words_are_found_wherever_they_are_and_however_written(context: Context) -> None:
    put(context, "run-1", key="PO-17", reason="Müller & Söhne ask")
    task = put(context, "run-2", key="PO-18", note="100 %")
    comment(context, CommentRequest(task=task, remark="Called MÜLLER twice", by="ada"))
    assert found(context, search="müller") == ["run-1", "run-2"]
    assert found(context, search="SÖHNE müller") == ["run-1"]
    assert found(context, search="po-18 called") == ["run-2"]
    assert found(context, search="100 %") == ["run-2"]
    assert found(context, search="p_-17") == found(context, search="nothing") == []
    assert found(context, search="  ") == ["run-1", "run-2"]
    assert found(context, search="'; drop table task; --") == []


def test_what_is_late_is_found(context: Context, clock: SettableClock) -> None:
    put(context, "run-1", due_hours=1)
    put(context, "run-2", due_hours=3)
    put(context, "run-3", due_hours=None)
    clock.advance(timedelta(hours=2))
    assert found(context, overdue=True) == ["run-1"]
    assert found(context, task="run-3.1") == ["run-3"]


@pytest.mark.parametrize("count", [20_000])
def test_a_page_of_many_is_read_by_its_index(home_context: Context, count: int) -> None:
    """The last page of 20,000 open tasks takes about as long as the first: no page reads them all."""
    columns = "id, run, plan, version, node, visit, kind, name, opened, due, outcomes, context, role"
    insert = text(
        f"insert into task({columns}) values"
        " (:id, :id, 'orders', 1, 'a', 1, 'step', 'A', 0, :due, '[]', '{}', 'clerk')"
    )
    rows = [{"id": f"t{n:06}", "due": float(n // 3) if n % 5 else None} for n in range(count)]
    with home_context.state.transaction() as connection:
        connection.execute(insert, rows)
    plan = home_context.state.rows(
        "explain query plan select * from task where simulated = 0 and status = 'open'"
        " and (coalesce(due, 1e18), id) > (7.0, 't') order by coalesce(due, 1e18), id limit 100"
    )
    assert "task_page" in plan[0]["detail"]
    assert not any("TEMP B-TREE" in row["detail"] for row in plan)
    last = max(rows, key=lambda row: (row["due"] is None, row["due"] or 0, row["id"]))["id"]
    began = time.process_time()
    for after in ("t000001", last):
        tasks(home_context, TasksRequest(after=after))
    assert time.process_time() - began < 1
