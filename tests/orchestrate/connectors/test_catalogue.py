"""The catalogue: found by meaning, with what it takes to use it; components that come with Baton."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.clock import SettableClock
from home.context import Context
from home.errors import NotFound, UsageError
from orchestrate.catalogue.command import CatalogueRequest, catalogue
from orchestrate.catalogue.entries import components, entries
from orchestrate.catalogue.search import ranked
from orchestrate.catalogue.words import stems
from orchestrate.components.add import AddComponentRequest, add_component
from orchestrate.connectors.registry import installed
from orchestrate.contracts import Owner, Plan, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.plans.bind import BindRequest, bind
from orchestrate.plans.check import check_plan
from orchestrate.plans.publish import publish_plan
from orchestrate.plans.versions import find_version

from .test_openapi import ORDERS


@pytest.fixture
def context(make_context: Callable[..., Context], tmp_path: Path) -> Context:
    made = make_context()
    made.home.mkdir(exist_ok=True)
    (tmp_path / "orders.yaml").write_text(ORDERS)
    (made.home / "baton.toml").write_text(
        f'[apis.orders]\nopenapi = "{tmp_path}/orders.yaml"\n[apis.gone]\nopenapi = "{tmp_path}/no.yaml"\n'
        '[models.fraud]\nconnector = "http"\nurl = "https://m.example"\n'
        'purpose = "Says whether a claim is fraud."\n'
    )
    return made


def names(context: Context, *words: str, **more: Any) -> list[str]:
    return [row.name for row in catalogue(context, CatalogueRequest(words=list(words), **more)).rows]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("tell the customer by email", "notify"),
        ("send a mial", "notify"),
        ("run our SAP robot", "script"),
        ("look the address up in Postgres", "sql"),
        ("store a record in the database", "sql"),
        ("emit an event to kafka", "publish"),
        ("await payment event from RabbitMQ", "consume"),
        ("predict whether a claim is fraudulent", "fraud"),
        ("change an order", "changeOrder"),
        ("call a REST service", "http"),
        ("calculate something in Python", "python"),
        ("somebody authorises a request", "approval"),
        ("two colleagues must sign", "two-person-approval"),
        ("mend missing data of a case", "correct-data"),
    ],
)
def test_what_people_look_for_is_among_the_first(context: Context, words: str, first: str) -> None:
    assert first in names(context, *words.split())[:3]


def test_everything_is_listed_and_described(context: Context) -> None:
    found = entries(context)
    kinds = {entry.kind for entry in found}
    assert kinds == {"connector", "operation", "model", "component"}
    assert {e.name for e in found if e.kind == "connector"} == set(installed())
    for entry in found:
        assert entry.purpose and entry.use and entry.cost and entry.idempotent and entry.verbs, entry
    (change,) = [e for e in found if e.name == "changeOrder"]
    assert {"id*", "amount*", "note"} <= set(change.inputs)
    assert change.outputs == ["id*", "state*", "parent"]
    assert change.use == "baton bind PLAN STEP http --set openapi=orders --set operation=changeOrder"
    assert names(context, kind="model") == ["fraud"]
    assert names(context, "xyzzy") == []


def test_an_api_is_bound_by_its_name_and_stays_in_the_catalogue(context: Context) -> None:
    plan = Plan(
        name="p",
        owner=Owner(name="ada"),
        body=Sequence(id="s", children=(Step(id="a", name="Change order"),)),
    )
    publish_plan(context, plan)
    request = BindRequest(
        plan="p", step="a", connector="http", set=["openapi=orders", "operation=changeOrder"]
    )
    done = bind(context, request)
    assert done.operation == "changeOrder = PUT https://eu.example.org/v1/orders/{id}: Change an order"
    assert done.takes == ["X-Team", "amount", "example", "id", "note", "notify", "tag"]
    assert done.gives == ["id", "parent", "state"]
    assert any("calls changeOrder" in line for line in done.lines())
    back = bind(context, BindRequest(plan="p", step="a", connector="python", set=["function=m:f"]))
    assert (back.takes, back.gives) == ([], [])  # contracts that came with the operation go with it
    (context.home / "baton.toml").unlink()
    bind(
        context,
        request.model_copy(update={"set": [f"openapi={context.home.parent}/orders.yaml", request.set[1]]}),
    )
    assert "changeOrder" in names(context, kind="operation")


def test_a_step_without_a_connector_is_told_what_fits(context: Context) -> None:
    steps = (
        Step(id="tell", name="Send Notifications", does="notify"),
        Step(id="file", name="Archive invoice", system="PostgreSQL"),
    )
    publish_plan(context, Plan(name="p", owner=Owner(name="ada"), body=Sequence(id="s", children=steps)))
    told = bind(context, BindRequest(plan="p", step="tell"))
    assert (told.created, told.version, told.fits[0].name) == (False, 1, "notify")
    assert "baton bind p tell notify" in "\n".join(told.lines())
    assert "sql" in [entry.name for entry in bind(context, BindRequest(plan="p", step="file")).fits]


def test_every_component_can_be_published_and_called(context: Context) -> None:
    for name, plan in components().items():
        assert plan.name == name
        assert plan.purpose.endswith(".")
        assert plan.input["required"]
        assert not check_plan(plan).problems
        done = add_component(context, AddComponentRequest(name=name, by="ada"))
        assert (done.version, done.created) == (1, True)
        assert find_version(context.state, name).plan.owner == Owner(name="ada", confirmed=True)
    assert names(context, kind="component") == []
    assert set(components()) <= set(names(context, kind="plan"))


def test_a_component_fits_this_system(context: Context) -> None:
    add_component(context, AddComponentRequest(name="two-person-approval", plan="signing", role="partner"))
    roles = {step.role for step in _steps(find_version(context.state, "signing").plan)}
    assert roles == {"partner"}
    add_component(context, AddComponentRequest(name="notification", set=["to=env:TEAM_CHAT"]))
    (send,) = _steps(find_version(context.state, "notification").plan)
    assert send.binding is not None and send.binding.settings["to"] == "env:TEAM_CHAT"
    again = add_component(context, AddComponentRequest(name="notification", set=["to=env:TEAM_CHAT"]))
    assert not again.created
    with pytest.raises(NotFound, match="No component called 'aproval'"):
        add_component(context, AddComponentRequest(name="aproval"))
    with pytest.raises(UsageError, match="no connector"):
        add_component(context, AddComponentRequest(name="approval", set=["to=env:X"]))
    with pytest.raises(UsageError, match="no step for a person"):
        add_component(context, AddComponentRequest(name="notification", role="boss"))


def _steps(plan: Plan) -> list[Step]:
    from orchestrate.plans.bind import steps_of

    return list(steps_of(plan.body))


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4))
@settings(max_examples=30)
def test_whatever_is_asked_the_ranking_is_total_and_only_of_what_answers(
    question: str, texts: list[str]
) -> None:
    found = ranked(question, [{2.0: text, 1.0: text} for text in texts])
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert all(score > 0 for _, score in found)
    known = {stem for text in texts for stem in stems(text)}
    if not known:
        assert found == []


def test_one_stem_for_the_forms_of_a_word() -> None:
    for forms in (
        "notify notifies notified",
        "approve approved approving",
        "publish published publishes",
        "order orders",
    ):
        assert len(set(stems(forms))) == 1, stems(forms)
    assert stems("OrderShipped") == stems("order shipped")


def test_a_component_is_called_like_any_plan(context: Context, clock: SettableClock) -> None:
    add_component(context, AddComponentRequest(name="approval", role="boss"))
    calls = Step(id="ask", name="Ask for approval", does="plan", plan="approval")
    publish_plan(context, Plan(name="purchase", owner=Owner(name="ada"), body=calls))
    engine = Engine(context.state, {}, driver=MemoryDriver(clock), clock=clock)
    engine.start("purchase", data={"subject": "a desk"})
    engine.run_until_idle(clock.now())
    (task,) = context.state.rows("select * from task where status = 'open'")
    assert (task["plan"], task["role"], task["name"]) == ("approval", "boss", "Approve")
    engine.post(task["run"], "decided", {"task": task["id"], "outcome": "approved", "by": "bob"})
    engine.run_until_idle(clock.now())
    engine.stop()
    states = {row["plan"]: row["status"] for row in context.state.rows("select plan, status from run")}
    assert states == {"purchase": "done", "approval": "done"}
