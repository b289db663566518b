"""Deciding many: each task once and for itself, found by name or filter, tried before by a dry run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from home.context import Context
from home.errors import Refused, UsageError
from orchestrate.people.bulk import Bulk, DecideManyRequest, decide_many
from tests.orchestrate.operations.test_approvals import put

from .conftest import MakeOffice, human


def many(context: Context, outcome: str = "approved", by: str = "ada", **more: object) -> Bulk:
    return decide_many(context, DecideManyRequest.model_validate({"outcome": outcome, "by": by, **more}))


def codes(found: Bulk) -> list[str | None]:
    return [row.code for row in found.rows]


def test_each_says_what_became_of_it_and_the_others_go_on(context: Context) -> None:
    tasks = [put(context, f"run-{n}") for n in range(4)]
    odd = put(context, "run-5", outcomes='["yes", "no"]')
    many(context, by="bob", outcome="rejected", task=[tasks[1]])
    found = many(context, task=[*tasks, odd, "run-9.1", tasks[0]], note="all fine")
    assert (found.decided, found.refused) == (3, 3)
    assert codes(found) == [None, "already_decided", None, None, "refused", "not_found"]
    assert "rejected by bob at 2026-01-05T09:00:00.000Z" in found.rows[1].message
    assert context.state.row("select count(*) as n from inbox") == {"n": 4}
    assert {
        row["note"] for row in context.state.rows("select note from task where outcome = 'approved'")
    } == {"all fine"}
    with pytest.raises(Refused, match=r"None of 1 tasks .* The first: Task 'run-0.1' was decided already"):
        many(context, task=[tasks[0]])


def test_a_filter_finds_open_tasks_most_urgent_first_up_to_the_limit(context: Context) -> None:
    for n, hours in enumerate((3, 1, 2)):
        put(context, f"run-{n}", due_hours=hours, role="clerk")
    put(context, "run-other", role="boss")
    found = many(context, role="clerk", limit=2)
    assert [row.run for row in found.rows] == ["run-1", "run-2"]
    assert found.more
    assert [row.run for row in many(context, role="clerk").rows] == ["run-0"]
    with pytest.raises(Refused, match="No open task fits"):
        many(context, role="clerk")


def test_a_dry_run_says_the_same_and_changes_nothing(office: MakeOffice) -> None:
    here = office(human("enter"), human("approve", four_eyes={"steps": ("enter",)}))
    here.start(3)
    first, *rest = (row.task for row in here.tasks())
    here.decide(first, "ada")
    for task in rest:
        here.decide(task, "bob")
    asked = {"step": "Approve", "data": "{}"}
    tried = many(here.context, dry_run=True, **asked)
    assert (tried.decided, tried.refused, Counter(codes(tried))) == (2, 1, {None: 2, "four_eyes": 1})
    assert len(here.tasks()) == 3
    done = many(here.context, **asked)
    assert [(row.task, row.code) for row in done.rows] == [(row.task, row.code) for row in tried.rows]
    assert len(here.tasks()) == 1


def test_what_is_not_said_clearly_is_refused(context: Context) -> None:
    task = put(context, "run-1")
    unclear: tuple[dict[str, object], ...] = (
        {},
        {"task": [task], "role": "clerk"},
        {"role": "clerk", "state": "done"},
        {"task": [task], "data": "["},
    )
    for asked in unclear:
        with pytest.raises(UsageError):
            many(context, **asked)
    assert context.state.rows("select * from inbox") == []


def test_two_who_decide_the_same_tasks_at_once_decide_each_once(context: Context) -> None:
    tasks = [put(context, f"run-{n:03}") for n in range(40)]
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda by: tried(context, tasks, by), ("ada", "bob")))
    assert both[0] | both[1] == set(tasks)
    assert not both[0] & both[1]
    rows = context.state.rows("select id, decided_by from task")
    assert {row["id"] for row in rows if row["decided_by"] == "ada"} == both[0]
    assert context.state.row("select count(*) as n from inbox") == {"n": 40}


def tried(context: Context, tasks: list[str], by: str) -> set[str]:
    try:
        return {row.task for row in many(context, task=tasks, by=by).rows if row.decided}
    except Refused:
        return set()
