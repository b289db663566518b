"""Published versions never change; binding a step makes a new one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from home.context import Context
from home.contracts import Nothing
from home.errors import NotFound, Refused, UsageError
from orchestrate.contracts import Plan, Step
from orchestrate.plans.bind import BindRequest, bind
from orchestrate.plans.versions import (
    Verdict,
    add_version,
    content_of,
    find_version,
    list_plans,
    sha256_of,
)
from orchestrate.records.audit import VerifyRequest, verify

from .plans import approval, order_plan, plan_of, step


def add(context: Context, plan: Plan) -> tuple[int, bool]:
    with context.state.transaction() as connection:
        return add_version(connection, plan, Verdict("no history"), at=context.clock.now(), by="ada")


def test_the_same_content_is_the_same_version(context: Context) -> None:
    first, second = order_plan(), order_plan(purpose="ship what was ordered")
    assert add(context, first) == (1, True)
    assert add(context, Plan.model_validate_json(first.model_dump_json())) == (1, False)
    assert add(context, second) == (2, True)
    assert add(context, first) == (3, True)  # going back is a version of its own
    assert [find_version(context.state, "orders", v).plan for v in (1, 2, 3)] == [first, second, first]
    assert find_version(context.state, "orders").version == 3


def test_what_was_stored_is_what_was_hashed(context: Context) -> None:
    import hashlib

    plan = order_plan()
    add(context, plan)
    row = context.state.row("select content, sha256 from plan_version")
    assert row is not None
    assert hashlib.sha256(row["content"].encode()).hexdigest() == row["sha256"] == sha256_of(plan)
    assert row["content"] == content_of(plan)


def test_publishers_at_once_get_versions_without_gaps(context: Context) -> None:
    plans = [plan_of(step("enter"), purpose=str(number)) for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda plan: add(context, plan), plans))
    assert sorted(version for version, _ in found) == list(range(1, 17))
    for plan, (version, _) in zip(plans, found, strict=True):
        assert find_version(context.state, "orders", version).plan == plan


def test_an_unknown_plan_or_version_says_what_there_is(context: Context) -> None:
    add(context, order_plan())
    with pytest.raises(NotFound, match=r"No plan called 'order'") as unknown:
        find_version(context.state, "order")
    assert "'orders'" in unknown.value.hint
    with pytest.raises(NotFound, match="its versions are 1 to 1"):
        find_version(context.state, "orders", 2)


def test_plans_are_listed_with_their_newest_version(context: Context) -> None:
    assert "No plan is published yet" in "".join(list_plans(context, Nothing()).lines())
    add(context, order_plan())
    add(context, order_plan(purpose="again"))
    (row,) = list_plans(context, Nothing()).rows
    assert (row.plan, row.version, row.owner, row.owner_confirmed) == ("orders", 2, "ada", False)


def test_binding_a_step_makes_a_version_and_leaves_the_old_one(context: Context) -> None:
    plan = order_plan()
    add(context, plan)
    request = BindRequest(
        plan="orders", step="Credit", connector="http", set=["url=https://credit", "method=PUT"], by="bob"
    )
    found = bind(context, request)
    assert (found.version, found.step, found.created) == (2, "credit", True)
    assert find_version(context.state, "orders", 1).plan == plan
    changed = find_version(context.state, "orders", 2)
    assert changed.gate == "unchanged"
    (credit,) = [s for s in _steps(changed.plan) if s.id == "credit"]
    assert (credit.does, credit.binding and credit.binding.settings) == (
        "service",
        {"url": "https://credit", "method": "PUT"},
    )
    assert [s for s in _steps(changed.plan) if s.id != "credit"] == [
        s for s in _steps(plan) if s.id != "credit"
    ]
    assert bind(context, request).created is False
    back = bind(context, BindRequest(plan="orders", step="credit", connector="human"))
    assert find_version(context.state, "orders", back.version).plan == plan
    rows = context.state.rows("select action, actor, subject from audit order by seq")
    assert [tuple(r.values()) for r in rows] == [
        ("bind", "bob", "orders@2"),
        ("bind", "ada", "orders@3"),
    ]
    assert verify(context, VerifyRequest()).rows == 2


def _steps(plan: Plan) -> list[Step]:
    from orchestrate.plans.bind import steps_of

    return list(steps_of(plan.body))


@pytest.mark.parametrize(
    "setting",
    [
        "password=hunter2",
        'headers={"Authorization": "Bearer abc"}',
        "url=https://ada:hunter2@example.org/",
        "bearer=abc",
    ],
)
def test_a_secret_in_a_setting_is_refused_without_being_repeated(context: Context, setting: str) -> None:
    add(context, order_plan())
    with pytest.raises(Refused) as found:
        bind(context, BindRequest(plan="orders", step="credit", connector="http", set=[setting]))
    assert "hunter2" not in found.value.message + found.value.hint
    assert "abc" not in found.value.message + found.value.hint


def test_a_secret_by_reference_is_kept_as_the_reference(context: Context) -> None:
    add(context, order_plan())
    request = BindRequest(
        plan="orders",
        step="credit",
        connector="http",
        set=["url=https://credit.example", "bearer=env:CREDIT_TOKEN"],
    )
    bind(context, request)
    (credit,) = [s for s in _steps(find_version(context.state, "orders").plan) if s.id == "credit"]
    assert credit.binding is not None
    assert credit.binding.settings["bearer"] == "env:CREDIT_TOKEN"


def test_a_connector_or_setting_that_nobody_knows_is_refused(context: Context) -> None:
    add(context, order_plan())
    with pytest.raises(NotFound, match="No connector called 'htp'") as found:
        bind(context, BindRequest(plan="orders", step="credit", connector="htp"))
    assert "'http'" in found.value.hint
    with pytest.raises(UsageError, match=r"takes url, .*not 'uri'"):
        bind(context, BindRequest(plan="orders", step="credit", connector="http", set=["uri=https://x"]))
    with pytest.raises(UsageError, match="takes no settings"):
        bind(context, BindRequest(plan="orders", step="credit", connector="human", set=["url=https://x"]))


def test_a_step_is_named_by_id_or_by_a_name_that_is_its_own(context: Context) -> None:
    twice = plan_of(Step.model_validate(approval("first").model_dump() | {"name": "Approve"}))
    add(context, twice)
    with pytest.raises(NotFound, match="has no step called 'aprove'"):
        bind(context, BindRequest(plan="orders", step="aprove", connector="http"))
    with pytest.raises(UsageError, match="KEY=VALUE"):
        bind(context, BindRequest(plan="orders", step="first", connector="http", set=["url"]))
