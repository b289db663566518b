"""The sandbox: as it was planted, labelled as simulated, and back as a log that says so."""

import asyncio
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from home.context import Context
from home.duck import rows
from home.errors import Refused
from ingest.catalog import find_log
from orchestrate.connectors.port import Work
from orchestrate.connectors.sandbox import SandboxConnector
from orchestrate.contracts import Branch, Choice, Loop, Node, Observed, Sequence, Skip, Sla, Step
from orchestrate.core.events import parse_event
from orchestrate.core.machine import replay
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.plans.bind import BindRequest, bind
from orchestrate.plans.publish import publish_plan
from orchestrate.proving.played import Case, PlayedRun, play_runs
from orchestrate.proving.sandbox import SandboxRequest, sandbox
from orchestrate.proving.twin import Model, play
from orchestrate.proving.world import World, drawn
from orchestrate.runs.shown import RunsRequest, ShowRequest, runs, show

from .plans import HOUR, order_plan, plan_of, step

LONG_WAITS = tuple(np.quantile(np.random.default_rng(0).lognormal(2, 1, 5000) * HOUR, np.linspace(0, 1, 21)))


def played(
    body: Node, count: int = 400, seed: int = 1, data: dict[str, object] | None = None
) -> list[PlayedRun]:
    plan = plan_of(body)
    cases = [Case(f"case-{n}", 0.0, data or {}) for n in range(count)]
    return list(play_runs(PlanIndex(plan, compile_rule), World(plan, seed), cases))


def hours(found: list[PlayedRun]) -> np.ndarray:
    return np.array([run.state["ended"] for run in found]) / HOUR


def slow_approval(**more: object) -> Step:
    observed = Observed(n=400, processing_s=(HOUR,) * 21, waiting_s=LONG_WAITS)
    return Step.model_validate({"id": "approve", "name": "Approve", "observed": observed, **more})


def test_steps_take_what_the_log_showed() -> None:
    found = hours(played(Sequence(id="s", children=(step("a", work=2, wait=3), step("b", work=5)))))
    assert np.median(found) == pytest.approx(10, rel=0.02)
    assert found.min() >= 9 and found.max() <= 11


def test_outcomes_choices_and_loops_come_as_often_as_in_the_log() -> None:
    body = Sequence(
        id="s",
        children=(
            step("check", outcomes=("good", "bad")),
            Choice(
                id="c",
                by="outcome",
                of="check",
                branches=(
                    Branch(name="good", share=0.7, body=Skip(id="none")),
                    Branch(name="bad", share=0.3, body=step("repair")),
                ),
            ),
            Loop(id="l", body=step("test"), redo=Skip(id="r"), by="person", share_again=0.5, max_visits=50),
        ),
    )
    found = played(body, 1000)
    done = Counter(entry["activity"] for run in found for entry in run.entries if entry["completes"])
    assert done["Check"] == 1000
    assert done["Repair"] == pytest.approx(300, abs=45)
    assert done["Test"] == pytest.approx(2000, rel=0.1)


def test_what_a_connector_says_comes_as_often_as_what_a_person_says() -> None:
    judged = step("judge", outcomes=("good", "bad"), does="model", binding={"connector": "model"})
    ways = (
        Branch(name="good", share=0.7, body=Skip(id="none")),
        Branch(name="bad", share=0.3, body=step("repair")),
    )
    choice = Choice(id="c", by="outcome", of="judge", branches=ways)
    found = played(Sequence(id="s", children=(judged, choice)), 500)
    repaired = sum(entry["activity"] == "Repair" for run in found for entry in run.entries)
    assert repaired == pytest.approx(150, abs=35)
    assert not any(run.manual for run in found)


def test_a_rule_decides_by_the_data_of_the_case() -> None:
    branches = (
        Branch(name="large", share=0.1, when="data.amount > 1000", body=step("audit")),
        Branch(name="small", share=0.9, body=Skip(id="none")),
    )
    body = Choice(id="c", by="rule", otherwise="small", branches=branches)
    large = played(body, 5, data={"amount": 5000})
    assert all(run.entries[-1]["activity"] == "Audit" for run in large)
    assert all(run.state["ended"] == 0 for run in played(body, 5, data={"amount": 50}))


def test_an_escalation_shortens_the_longest_waits_only() -> None:
    plain = hours(played(slow_approval(), 1500))
    sla = Sla(due=timedelta(hours=8), escalate=("boss", "director"))
    escalated = hours(played(slow_approval(sla=sla), 1500))
    assert (escalated <= plain + 1e-9).all()  # the same luck case by case
    assert np.quantile(escalated, 0.9) < 0.85 * np.quantile(plain, 0.9)
    assert np.quantile(escalated, 0.25) == pytest.approx(np.quantile(plain, 0.25))


@pytest.mark.parametrize("chain", [(), ("boss",), ("boss", "director")])
def test_the_engine_and_the_prediction_play_the_same_model(chain: tuple[str, ...]) -> None:
    body = Sequence(
        id="s",
        children=(
            step("enter", work=1, wait=2),
            slow_approval(sla=Sla(due=timedelta(hours=8), escalate=chain)),
            Loop(id="l", body=step("test"), redo=step("fix"), by="person", share_again=0.3, max_visits=20),
        ),
    )
    engine, model = hours(played(body, 3000)), play(body, Model((0,), 30_000)).end / HOUR
    for level, error in ((0.25, 0.03), (0.5, 0.03), (0.9, 0.1)):  # three standard errors of 3,000 cases
        assert np.quantile(engine, level) == pytest.approx(np.quantile(model, level), rel=error)


def test_a_step_that_cannot_fill_in_its_contract_is_named() -> None:
    schema = {"properties": {"code": {"type": "string", "pattern": "^[A-Z]{3}$"}}, "required": ["code"]}
    with pytest.raises(Refused, match=r"goes round in circles.*'classify'"):
        played(step("classify", output=schema), 1)


def test_what_the_contract_asks_for_is_filled_in() -> None:
    seen = Observed(n=9, outputs={"grade": {"1": 0.25, "2": 0.75}})
    schema = {
        "properties": {
            "grade": {"type": "integer"},
            "paid": {"type": "boolean"},
            "way": {"enum": ["x", "y"]},
        },
        "required": ["grade", "paid", "way"],
    }
    found = played(Step(id="a", name="A", observed=seen, output=schema), 400)
    assert Counter(run.state["data"]["grade"] for run in found)[2] == pytest.approx(300, abs=40)
    assert {(run.state["data"]["paid"], run.state["data"]["way"]) for run in found} == {(False, "x")}


def test_the_sandbox_comes_back_as_a_log_that_says_it_is_simulated(context: Context) -> None:
    publish_plan(context, order_plan())
    found = sandbox(context, SandboxRequest(plan="orders", cases=60, seed=4))
    assert (found.runs, found.log, found.simulated, found.stuck) == (60, "orders.sandbox", True, 0)
    log = find_log(context.events, "orders.sandbox")
    assert (log.simulated, log.plan, log.cases, log.timed) == (True, "orders", 60, True)
    with context.events.cursor(log.schema) as cursor:
        events = rows(cursor.execute("select * from event"))
        names = {row["name"] for row in rows(cursor.execute("select name from attribute"))}
    assert {"outcome", "step", "plan_version", "amount"} <= names
    assert Counter(event["activity"] for event in events)["Enter"] == 60
    assert {event["resource"] for event in events} == {"clerk"}
    cycle = (log.last_at - log.first_at).total_seconds() if log.first_at and log.last_at else 0
    assert cycle > 59 * HOUR  # one an hour where there is no log to learn from


def test_the_same_seed_plays_the_same_runs_and_another_replaces_them(context: Context) -> None:
    publish_plan(context, order_plan())
    request = SandboxRequest(plan="orders", cases=20, seed=4)
    first = sandbox(context, request)
    hashed = find_log(context.events, "orders.sandbox").hash
    assert sandbox(context, request) == first
    assert find_log(context.events, "orders.sandbox").hash == hashed
    assert sandbox(context, request.model_copy(update={"seed": 5})).median_s != first.median_s
    assert find_log(context.events, "orders.sandbox").cases == 20
    assert context.state.row("select count(*) as n from run") == {"n": 20}


def test_simulated_runs_never_mix_with_real_ones(context: Context) -> None:
    publish_plan(context, order_plan())
    sandbox(context, SandboxRequest(plan="orders", cases=5))
    assert runs(context, RunsRequest()).rows == []
    assert tasks(context, TasksRequest(state="all")).rows == []
    (row, *_) = runs(context, RunsRequest(simulated=True)).rows
    assert row.simulated
    words = [entry.what for entry in show(context, ShowRequest(run=row.run)).journal]
    assert words[0] == "the run began; clerk was asked: Enter"
    assert words[-1].endswith("the run is done")


def test_the_journal_of_a_sandbox_replays_to_the_state_it_left(context: Context) -> None:
    publish_plan(context, order_plan())
    sandbox(context, SandboxRequest(plan="orders", cases=8))
    import json

    index = PlanIndex(order_plan(), compile_rule)
    for run in context.state.rows("select id, state, rev from run"):
        journal = context.state.rows(
            "select rev, event, at from journal where run = :run order by rev", {"run": run["id"]}
        )
        assert [row["rev"] for row in journal] == list(range(1, run["rev"] + 1))
        events = [(parse_event(row["event"]), row["at"]) for row in journal]
        assert replay(index, events) == json.loads(run["state"])


def test_a_bound_step_is_played_without_calling_anybody(context: Context) -> None:
    publish_plan(context, order_plan())
    bind(context, BindRequest(plan="orders", step="credit", connector="http", set=["url=http://127.0.0.1:9"]))
    found = sandbox(context, SandboxRequest(plan="orders", cases=5))
    assert any("Credit" in assumption for assumption in found.assumptions)


def test_shares_are_drawn_as_given() -> None:
    luck = np.random.default_rng(0).random(10_000)
    found = Counter(drawn({"a": 1, "b": 3, "never": 0}, value) for value in luck)
    assert found["a"] == pytest.approx(2500, rel=0.1)
    assert set(found) == {"a", "b"}


def test_a_step_bound_to_the_sandbox_says_its_outcomes_as_often_as_the_log_and_the_same_for_a_key(
    context: Context,
) -> None:
    seen = Observed(n=400, outputs={"outcome": {"good": 0.75, "bad": 0.25}})
    judged = step("judge", outcomes=("good", "bad", "new"), observed=seen)
    stands_in = SandboxConnector(context)

    def said(key: str) -> str:
        work = Work(step=judged, settings={}, input={}, key=key, timeout_s=1)
        return str(asyncio.run(stands_in.call(work))["outcome"])

    counted = Counter(said(f"r{n}:judge:1") for n in range(200))
    assert counted.keys() == {"good", "bad"} and counted["good"] == pytest.approx(150, abs=25)
    assert said("r1:judge:1") == said("r1:judge:1")
