"""Runs under another version: moved only where their journal proves it, and then as if begun there."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.clock import SettableClock
from home.context import Context
from home.errors import Refused
from orchestrate.contracts import Plan, Sequence, Sla, Step
from orchestrate.core.machine import next_due, replay
from orchestrate.core.migration import Unsafe, events_of, proven
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import DecideRequest, decide
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.plans.publish import publish_plan
from orchestrate.records.audit import VerifyRequest, verify
from orchestrate.runs.migrate import MigrateRequest, Migration, migrate
from orchestrate.runs.rows import journal_of
from orchestrate.runs.shown import ShowRequest, show
from orchestrate.runs.start_run import StartRequest, start
from tests.orchestrate.engine.schedules import LISTS, Schedule, index, plans

from .plans import approval, plan_of, step


def first() -> Plan:
    return plan_of(Sequence(id="all", children=(step("enter"), approval(due_hours=4), step("ship"))))


def better() -> Plan:
    """The approval is due sooner and says how; a step comes after it."""
    sooner = approval(due_hours=2, instructions="look at the limit", role="manager")
    return plan_of(Sequence(id="all", children=(step("enter"), sooner, step("book"), step("ship"))))


def other() -> Plan:
    """Something new comes before the approval, and it has other outcomes."""
    asked = approval().model_copy(update={"outcomes": ("yes", "no")})
    return plan_of(Sequence(id="all", children=(step("enter"), asked, step("ship"))))


def inserted() -> Plan:
    return plan_of(Sequence(id="all", children=(step("enter"), step("check"), approval(), step("ship"))))


@pytest.fixture
def engine(context: Context, clock: SettableClock) -> Any:
    made = Engine(context.state, {}, driver=MemoryDriver(clock), clock=clock, worker="test")
    yield made
    made.stop()


def settle(engine: Engine, clock: SettableClock) -> None:
    engine.run_until_idle(clock.now())


def at_approval(context: Context, engine: Engine, clock: SettableClock, n: int = 1) -> list[str]:
    """Runs of the newest version that wait for their approval."""
    found = []
    for _ in range(n):
        run = start(context, StartRequest(plan="orders")).run
        decide(context, DecideRequest(task=f"{run}.1", outcome="done", by="ada"))
        found.append(run)
    settle(engine, clock)
    return found


def moved(context: Context, to: int, **fields: Any) -> Migration:
    return migrate(context, MigrateRequest(plan="orders", to=to, by="ada", **fields))


def row(context: Context, run: str) -> dict[str, Any]:
    found = context.state.row("select * from run where id = :run", {"run": run})
    assert found is not None
    return found


def test_a_run_goes_on_under_the_new_version_as_if_it_had_begun_there(
    context: Context, engine: Engine, clock: SettableClock
) -> None:
    publish_plan(context, first())
    [run] = at_approval(context, engine, clock)
    publish_plan(context, better())
    assert moved(context, 2, dry_run=True).migrated[0].run == run
    assert row(context, run)["version"] == 1
    clock.advance(timedelta(hours=1))
    assert [(m.run, m.since) for m in moved(context, 2).migrated] == [(run, 1)]
    settle(engine, clock)
    [task] = tasks(context, TasksRequest(run=run)).rows
    assert (task.task, task.role, task.context["instructions"]) == (
        f"{run}.2",
        "manager",
        "look at the limit",
    )
    assert task.due_in_s == pytest.approx(3600), "the new due time counts from when the task was opened"
    kinds = [(e.kind, e.what) for e in show(context, ShowRequest(run=run)).journal]
    assert kinds[-1] == ("migrated", "goes on under another version: 1 → 2, by ada")
    decide(context, DecideRequest(task=task.task, outcome="approved", by="cy"))
    settle(engine, clock)
    assert [t.step for t in tasks(context, TasksRequest(run=run)).rows] == ["Book"]
    found = row(context, run)
    state = replay(PlanIndex(better(), compile_rule), events_of(journal_of(context.state, run)))
    assert state == json.loads(found["state"]), "its journal replays on the version its row names"
    actions = [r["action"] for r in context.state.rows("select action from audit where action = 'migrate'")]
    assert actions == ["migrate"]
    assert verify(context, VerifyRequest()).ok


def test_what_is_not_proven_safe_stays_and_says_why_and_a_migration_can_be_taken_back(
    context: Context, engine: Engine, clock: SettableClock
) -> None:
    publish_plan(context, first())
    [run] = at_approval(context, engine, clock)
    fresh = start(context, StartRequest(plan="orders")).run
    publish_plan(context, other())
    publish_plan(context, inserted())
    found = moved(context, 2)
    assert [m.run for m in found.migrated] == [fresh]
    [kept] = found.kept
    assert kept.run == run
    assert "'Approve' waits otherwise on the new version: what may be decided is" in kept.why
    found = moved(context, 3)
    assert [m.run for m in found.migrated] == [fresh]
    assert found.kept[0].why == "it is at 'Approve', and on the new version it would not be"
    back = moved(context, 1)
    assert [(m.run, m.since) for m in back.migrated] == [(fresh, 3)]
    assert row(context, fresh)["version"] == 1
    with pytest.raises(Refused, match="is cancelled; only open runs of 'orders' are migrated"):
        context.state.execute("update run set status = 'cancelled' where id = :run", {"run": fresh})
        moved(context, 2, runs=(fresh,))


def test_a_run_that_a_worker_drives_is_left_alone(
    context: Context, engine: Engine, clock: SettableClock
) -> None:
    publish_plan(context, first())
    [run] = at_approval(context, engine, clock)
    publish_plan(context, better())
    context.state.execute("update run set owner = 'w9' where id = :run", {"run": run})
    assert moved(context, 2).kept[0].why == "a worker drives it right now; try again"


def varied(plan: Plan) -> Plan:
    """The same plan with other due times, limits and words, as an owner would improve it."""

    def change(node: Any) -> Any:
        if isinstance(node, Step):
            sla = node.sla and Sla(due=timedelta(hours=3), remind=timedelta(hours=2), escalate=("boss",))
            return node.model_copy(update={"sla": sla, "instructions": "more"})
        fields = {}
        for name in ("children", "body", "redo"):
            if hasattr(node, name):
                value = getattr(node, name)
                fields[name] = tuple(map(change, value)) if isinstance(value, tuple) else change(value)
        if hasattr(node, "branches"):
            fields["branches"] = tuple(b.model_copy(update={"body": change(b.body)}) for b in node.branches)
        return node.model_copy(update=fields)

    return plan.model_copy(update={"body": change(plan.body), "expected": None})


@settings(max_examples=30)
@given(plans(), st.integers(0, 2**32), st.integers(0, 40))
def test_a_migrated_run_continues_as_if_it_had_begun_on_the_new_version(
    plan: Plan, seed: int, begun: int
) -> None:
    old, new = index(plan), index(varied(plan))
    run = Schedule(plan, seed, data=LISTS)
    for _ in range(begun):
        if run.known["status"] != "open":
            break
        events = list(run.possible())
        if not events:
            break
        run.tell(run.random.choice(events))
    try:
        there = proven(old, new, run.journal, run.known)
    except Unsafe as why:
        assert str(why)
        return
    assert there.state == replay(new, run.journal)
    assert {t.get("task", {}).get("id") for t in there.state["open"].values()} == {
        t.get("task", {}).get("id") for t in run.known["open"].values()
    }
    went_on = Schedule(varied(plan), seed + 1, data=LISTS)
    went_on.state, went_on.journal, went_on.now = there.state, list(run.journal), run.now
    if there.state["status"] == "open":
        went_on.run()
    assert replay(new, went_on.journal) == went_on.known
    assert next_due(went_on.known) is None
    again = proven(new, new, went_on.journal, went_on.known)
    assert again.state == went_on.known
