"""Plans that call plans, on both databases: published, started, shown, steered and cancelled together."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from home.clock import SettableClock
from home.context import Context
from home.errors import NotFound, Refused, UsageError
from orchestrate.contracts import Each, Parallel, Plan, Sequence, Step
from orchestrate.core.events import parse_event
from orchestrate.core.machine import replay
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.export.bpmn import plan_bpmn
from orchestrate.export.mermaid import plan_mermaid
from orchestrate.people.approvals import DecideRequest, TooLate, decide
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.plans.check import PlanRefused, check_plan
from orchestrate.plans.plan_file import parse_plan, plan_text
from orchestrate.plans.publish import publish_plan
from orchestrate.proving.played import Case, play_runs
from orchestrate.proving.predict import predict
from orchestrate.proving.world import World
from orchestrate.runs.shown import RunsRequest, ShowRequest, runs, show
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.runs.steered import Steered
from orchestrate.runs.steering import (
    CancelRequest,
    PauseRequest,
    RescheduleRequest,
    ResumeRequest,
    RetryRequest,
    cancel,
    pause,
    reschedule,
    resume,
    retry,
)

from .plans import plan_of, step

Settle = Callable[[], None]


def calling(name: str, plan: str, **more: object) -> Step:
    return Step.model_validate({"id": name, "name": name.capitalize(), "does": "plan", "plan": plan, **more})


def approval() -> Plan:
    """A generic approval: a component that other plans call."""
    body = step("ask", outcomes=("approved", "rejected"), sla={"due": "PT4H"})
    return plan_of(body, name="approval", input={"required": ["amount"], "properties": {"amount": {}}})


def orders(**more: object) -> Plan:
    """Approve every line of an order by the component, then ship."""
    each, given = Each(of="lines", item="amount"), {"properties": {"amount": {}}}
    lines = calling("approve", "approval", outcomes=("approved", "rejected"), each=each, input=given)
    return plan_of(Sequence(id="all", children=(lines, step("ship"))), **more)


@pytest.fixture
def settle(context: Context, clock: SettableClock) -> Iterator[Settle]:
    """Lets everything happen that can now."""
    engine = Engine(context.state, {}, driver=MemoryDriver(clock), clock=clock)

    def run() -> None:
        engine.run_until_idle(clock.now())

    yield run
    engine.stop()


def begin(context: Context, settle: Settle, key: str = "PO-17") -> str:
    publish_plan(context, approval())
    publish_plan(context, orders())
    asked = StartRequest(plan="orders", data='{"lines": [5, 7]}', key=key, priority="high")
    run = start(context, asked).run
    settle()
    return run


def test_called_runs_do_the_step_and_both_ways_are_shown(context: Context, settle: Settle) -> None:
    run = begin(context, settle)
    shown = show(context, ShowRequest(run=run))
    assert [child["run"] for child in shown.children] == [f"{run}-1", f"{run}-2"]
    assert shown.waits_on == ["run"]
    child = show(context, ShowRequest(run=f"{run}-1"))
    assert (child.parent, child.key, child.data) == (run, "PO-17", {"amount": 5})
    assert child.priority == "high"
    for task in tasks(context, TasksRequest(key="PO-17")).rows:
        outcome = "approved" if task.run.endswith("-1") else "rejected"
        decide(context, DecideRequest(task=task.task, outcome=outcome, by="ada", data='{"why": "ok"}'))
    settle()
    shown = show(context, ShowRequest(run=run))
    said = [
        {"amount": 5, "why": "ok", "outcome": "approved"},
        {"amount": 7, "why": "ok", "outcome": "rejected"},
    ]
    assert (shown.step, shown.data) == ("Ship", {"lines": [5, 7], "approve": said})
    journal = context.state.rows("select * from journal where run = :run order by rev", {"run": run})
    state = json.loads(context.state.rows("select state from run where id = :run", {"run": run})[0]["state"])
    from orchestrate.runs.rows import Reader

    index = Reader(context.state).index({"plan": "orders", "version": 1})
    assert replay(index, [(parse_event(row["event"]), row["at"]) for row in journal]) == state


def test_cancelling_a_run_cancels_what_it_called_and_a_cancelled_one_is_asked_about(
    context: Context, settle: Settle
) -> None:
    run = begin(context, settle)
    cancel(context, CancelRequest(run=f"{run}-2", reason="twice", by="bob"))
    settle()
    (manual,) = tasks(context, TasksRequest(run=run)).rows
    assert manual.reason == f"failed: its run {run}-2 was cancelled: twice"
    cancel(context, CancelRequest(run=run, by="bob"))
    settle()
    states = {row.run: row.state for row in runs(context, RunsRequest(key="PO-17")).rows}
    assert states == {run: "cancelled", f"{run}-1": "cancelled", f"{run}-2": "cancelled"}
    assert tasks(context, TasksRequest()).rows == []


def test_a_call_that_cannot_be_made_comes_to_the_manual_queue(context: Context, settle: Settle) -> None:
    publish_plan(context, approval())
    publish_plan(context, plan_of(calling("approve", "approval")))
    run = start(context, StartRequest(plan="orders", data='{"sum": 5}')).run
    settle()
    (manual,) = tasks(context, TasksRequest(run=run)).rows
    wrong = "'amount' is a required property"
    assert manual.reason == f"failed: plan 'approval' cannot be called: {wrong}"
    decide(context, DecideRequest(task=manual.task, outcome="retry", by="ada", data='{"amount": 5}'))
    settle()
    assert show(context, ShowRequest(run=run)).waits_on == ["run"]


def test_a_plan_that_would_call_itself_is_refused_and_the_circle_named(context: Context) -> None:
    with pytest.raises(PlanRefused, match="No plan called 'approval'"):
        publish_plan(context, orders())
    with pytest.raises(PlanRefused, match="the plan would call itself: a → a"):
        publish_plan(context, plan_of(calling("x", "a"), name="a"))
    publish_plan(context, plan_of(step("x"), name="a"))
    publish_plan(context, plan_of(calling("x", "a"), name="b"))
    publish_plan(context, plan_of(calling("x", "b"), name="c"))
    with pytest.raises(PlanRefused, match="the plan would call itself: a → c → b → a"):
        publish_plan(context, plan_of(calling("x", "c"), name="a"))
    publish_plan(context, plan_of(calling("x", "a", version=1), name="a"))  # an older version is no circle
    with pytest.raises(PlanRefused, match="has no version 7"):
        publish_plan(context, plan_of(calling("x", "a", version=7), name="d"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"does": "plan"}, "must name its `plan`"),
        ({"plan": "other"}, "never calls one"),
        ({"each": {"of": "y", "item": "y"}}, "like the list it is from"),
        ({"each": {"of": "amount"}}, "which the plan's input says is number"),
        ({"each": "lines", "input": {"properties": {"amount": {}}}}, "leaves out 'item'"),
        ({"each": {"of": "lines", "into": "lines"}}, "would take the place of the list"),
        ({"deadline": timedelta(0)}, "the deadline is no time at all"),
    ],
)
def test_what_is_wrong_with_a_step_is_said(wrong: dict[str, object], said: str) -> None:
    found = check_plan(plan_of(step("x", **wrong), input={"properties": {"amount": {"type": "number"}}}))
    assert len(found.problems) == 1
    assert said in found.problems[0].message


def results(answer: Steered) -> list[tuple[str, str]]:
    return [(row.result, row.why) for row in answer.rows]


def test_runs_are_paused_and_resumed_one_by_one_or_all_at_once(
    context: Context, settle: Settle, clock: SettableClock
) -> None:
    run = begin(context, settle)
    other = start(context, StartRequest(plan="orders", data='{"lines": []}', key="PO-18")).run
    settle()
    before = context.state.rows("select count(*) as n from audit")[0]["n"]
    dry = pause(context, PauseRequest(plan="orders", dry_run=True))
    assert (dry.done, results(dry)) == (2, [("would", "")] * 2)
    assert context.state.rows("select count(*) as n from audit")[0]["n"] == before
    pause(context, PauseRequest(run=other))  # nobody drives it yet, and it is paused all the same
    done = pause(context, PauseRequest(plan="orders", by="bob"))
    assert sorted(results(done)) == [
        ("done", ""),
        ("refused", f"Run {other!r} does not take it: the run is paused already."),
    ]
    settle()
    assert {row.state for row in runs(context, RunsRequest(waits_on="resume")).rows} == {"open"}
    assert len(runs(context, RunsRequest(waits_on="resume")).rows) == 4  # sub-plans pause as well
    clock.advance(timedelta(hours=10))
    assert resume(context, ResumeRequest(state="paused", by="bob")).done == 2
    settle()
    assert tasks(context, TasksRequest(run=f"{run}-1")).rows[0].level == 0
    audit = context.state.rows(
        "select action, actor from audit where subject = :run order by seq", {"run": run}
    )
    assert [tuple(row.values()) for row in audit[1:]] == [("pause", "bob"), ("resume", "bob")]


def test_a_run_is_sent_back_and_its_tasks_and_deadline_are_moved(
    context: Context, settle: Settle, clock: SettableClock
) -> None:
    two = Parallel(id="both", children=(step("b"), step("c")))
    publish_plan(context, plan_of(Sequence(id="all", children=(step("a"), two)), deadline=timedelta(days=3)))
    run = start(context, StartRequest(plan="orders")).run
    decide(context, DecideRequest(task=f"{run}.1", outcome="done", by="ada"))
    settle()
    due = (clock.now() + timedelta(hours=4)).timestamp()
    reschedule(context, RescheduleRequest(run=(f"{run}.2", run), due="+4h"))
    settle()
    assert [
        row["due"] for row in context.state.rows("select due from task where id = :t", {"t": f"{run}.2"})
    ] == [due]
    assert show(context, ShowRequest(run=run)).due == "2026-01-05T13:00:00.000Z"
    reschedule(context, RescheduleRequest(run=f"{run}.2", never=True))
    retry(context, RetryRequest(run=run, node="a", data='{"amount": 3}', reason="wrong"))
    settle()
    assert [task.step for task in tasks(context, TasksRequest(run=run)).rows] == ["A"]
    assert show(context, ShowRequest(run=run)).data == {"amount": 3}
    with pytest.raises(Refused, match="'both' has not been reached"):
        retry(context, RetryRequest(run=run, node="b"))


def test_what_cannot_be_steered_is_said_in_one_line(context: Context, settle: Settle) -> None:
    run = begin(context, settle)
    with pytest.raises(UsageError, match="Which runs"):
        pause(context, PauseRequest())
    with pytest.raises(UsageError, match="When is it due"):
        reschedule(context, RescheduleRequest(run=run))
    with pytest.raises(Refused, match="has passed already"):
        reschedule(context, RescheduleRequest(run=run, due="2020-01-01"))
    with pytest.raises(NotFound, match="No run called 'run-nothing'"):
        pause(context, PauseRequest(run="run-nothing"))
    several = pause(context, PauseRequest(run=(run, "run-nothing")))
    assert [row.result for row in several.rows] == ["done", "refused"]
    assert list(several.lines())[-1] == "1 were told, 1 refused."
    cancel(context, CancelRequest(run=run, keep=True))
    settle()
    with pytest.raises(TooLate, match="is over: cancelled at 2026-01-05"):
        resume(context, ResumeRequest(run=run))
    assert list(resume(context, ResumeRequest(plan="orders")).lines()) == [
        "No run is like that; nothing was changed."
    ]


def test_a_sandbox_plays_calls_and_lists_and_exports_name_them() -> None:
    plan = orders(as_is=orders().body)
    cases = [Case(f"case-{n}", 0.0, {"lines": [1, 2]} if n % 2 else {}) for n in range(4)]
    played = list(play_runs(PlanIndex(plan, compile_rule), World(plan, 1), cases))
    assert [(run.state["status"], len(run.state["data"]["approve"])) for run in played] == [
        ("done", 1),  # no list is known: somebody makes one
        ("done", 2),
    ] * 2
    found = predict(plan, cases=20, draws=2)
    assert found is not None
    assert abs(found.changes["cycle_time_median"].change) < 1e-9
    assert "for each of lines" in plan_mermaid(plan)
    assert "Once for each of lines. Calls approval." in plan_bpmn(plan)
    assert parse_plan(plan_text(plan)) == plan
