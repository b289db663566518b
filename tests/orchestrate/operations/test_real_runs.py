"""Runs that the engine drives: decided by command, told in words, and back as a log."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from home.clock import SettableClock
from home.context import Context
from home.duck import rows
from ingest.catalog import find_log
from ingest.contracts import IngestRequest
from ingest.errors import Rejected
from ingest.load import ingest
from orchestrate.contracts import Sequence, Sla
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import DecideRequest, TooLate, decide
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.plans.publish import publish_plan
from orchestrate.proving.played import Case, play_runs
from orchestrate.proving.world import World
from orchestrate.records.audit import VerifyRequest, verify
from orchestrate.runs.shown import RunsRequest, ShowRequest, runs, show
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.runs.steering import CancelRequest, cancel

from .plans import approval, order_plan, plan_of, step

ORDER = '{"amount": 120}'
Go = Callable[..., None]


@pytest.fixture
def go(context: Context, clock: SettableClock) -> Iterator[Go]:
    """Lets the engine do all that can be done by now, or by a later moment."""
    engine = Engine(context.state, {}, driver=MemoryDriver(clock), clock=clock, worker="test")
    yield lambda until=None: engine.run_until_idle(until=until or clock.now())
    engine.stop()


def settle(context: Context, run: str, step_name: str, outcome: str = "done", by: str = "ada") -> None:
    (task,) = [t for t in tasks(context, TasksRequest(run=run)).rows if t.step == step_name]
    decide(context, DecideRequest(task=task.task, outcome=outcome, by=by))


def test_a_run_goes_from_start_to_end_by_decisions(context: Context, clock: SettableClock, go: Go) -> None:
    publish_plan(context, order_plan())
    run = start(context, StartRequest(plan="orders", data=ORDER, key="PO-17")).run
    go()
    for name in ("Enter", "Stock", "Credit"):
        clock.advance(timedelta(hours=1))
        settle(context, run, name)
        go()
    (row,) = runs(context, RunsRequest()).rows
    assert (row.step, row.steps_done, row.steps_total) == ("Approve", 3, 5)
    assert (row.waiting_for, row.due) == ("clerk: Approve", "2026-01-05T16:00:00.000Z")
    clock.advance(timedelta(hours=5))
    go()
    (row,) = runs(context, RunsRequest()).rows
    assert row.waiting_for == "boss: Approve"
    settle(context, run, "Approve", "approved", by="bob")
    go()
    settle(context, run, "Ship")
    go()
    found = show(context, ShowRequest(run=run))
    assert (found.state, found.steps_done, found.steps_total, found.waiting_for) == ("done", 5, 5, None)
    words = [entry.what for entry in found.journal]
    assert any("Approve went on to boss" in said for said in words)
    assert any(said.startswith("Approve: approved, by bob") for said in words)
    assert words[-1].endswith("the run is done")
    with pytest.raises(TooLate):
        cancel(context, CancelRequest(run=run))
    assert verify(context, VerifyRequest()).rows == 2 + 5


def test_a_cancelled_run_closes_its_tasks(context: Context, go: Go) -> None:
    publish_plan(context, order_plan())
    run = start(context, StartRequest(plan="orders", data=ORDER)).run
    go()
    (task,) = tasks(context, TasksRequest(run=run)).rows
    cancel(context, CancelRequest(run=run, reason="ordered twice", by="cy"))
    go()
    assert show(context, ShowRequest(run=run)).state == "cancelled"
    with pytest.raises(TooLate, match="cancelled"):
        decide(context, DecideRequest(task=task.task, outcome="done", by="ada"))


def test_runs_come_back_as_a_log(context: Context, clock: SettableClock, go: Go) -> None:
    publish_plan(context, order_plan())
    request = IngestRequest(source="state", log="orders.runs", adapter="engine_runs", table="orders.runs")
    with pytest.raises(Rejected):
        ingest(context, request)
    ends = []
    for number in range(3):
        run = start(context, StartRequest(plan="orders", data=ORDER, key=f"PO-{number}")).run
        go()
        for name, outcome in (
            ("Enter", "done"),
            ("Stock", "done"),
            ("Credit", "done"),
            ("Approve", "rejected"),
        ):
            clock.advance(timedelta(hours=1))
            settle(context, run, name, outcome)
            go()
        ends.append(clock.now().replace(tzinfo=None))
    report = ingest(context, request)
    assert (report.cases, report.events, report.seen, report.set_aside) == (3, 12, 12, 0)
    log = find_log(context.events, "orders.runs")
    assert (log.simulated, log.plan, log.last_at) == (False, "orders", ends[-1])
    with context.events.cursor(log.schema) as cursor:
        events = rows(cursor.execute("select activity, resource from event order by case_id, ts"))
        keys = cursor.execute("select col from attribute where name = 'business_key'").fetchone()
        assert keys is not None
        named = cursor.execute(f"select {keys[0]} from cv order by cid").fetchall()
    assert [e["activity"] for e in events[:4]] == ["Enter", "Stock", "Credit", "Approve"]
    assert {e["resource"] for e in events} == {"ada"}
    assert named == [("PO-0",), ("PO-1",), ("PO-2",)]
    request = request.model_copy(update={"replace": True})
    again = ingest(context, request)
    assert again.message.endswith("nothing changed.")
    run = start(context, StartRequest(plan="orders", data=ORDER)).run
    go()
    settle(context, run, "Enter")
    go()
    more = ingest(context, request)
    assert (more.cases, more.events) == (4, 13)


def test_what_the_sandbox_played_is_what_the_engine_does(
    context: Context, clock: SettableClock, go: Go
) -> None:
    sla = Sla(due=timedelta(hours=2), remind=timedelta(hours=1), escalate=("boss", "director"))
    steps = (step("enter", wait=1), approval("approve").model_copy(update={"sla": sla}), step("ship", wait=9))
    wait = steps[2].observed
    late = steps[1].model_copy(update={"observed": wait})
    plan = plan_of(Sequence(id="s", children=(steps[0], late, steps[2])))
    publish_plan(context, plan)
    index = PlanIndex(plan, compile_rule)
    begins = clock.now().timestamp()
    (played,) = play_runs(index, World(plan, 3), [Case("case-1", begins, {})])
    run = start(context, StartRequest(plan="orders")).run
    go()
    for entry in [e for e in played.entries if e["kind"] == "decided"]:
        at = datetime.fromtimestamp(entry["at"], UTC)
        go(at - timedelta(microseconds=1))
        clock.set(at)
        settle(context, run, entry["activity"], entry["outcome"], by=entry["resource"])
        go()
    journal = context.state.rows("select * from journal where run = :run order by rev", {"run": run})
    compared = ("kind", "node", "visit", "outcome", "completes", "resource", "enabled")
    assert [[row[c] for c in compared] for row in journal] == [
        [e[c] for c in compared] for e in played.entries
    ]
    assert [row["at"] for row in journal] == pytest.approx([e["at"] for e in played.entries], abs=2e-6)
    assert "tick" in [row["kind"] for row in journal]
