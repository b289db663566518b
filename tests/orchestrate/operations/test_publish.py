"""Publishing: sound plans with an owner, borne out by history or overridden by name."""

import json

import pytest

from home.context import Context
from home.errors import Refused, UsageError
from orchestrate.contracts import Owner, Plan, Provenance, Sequence
from orchestrate.plans.check import PlanRefused
from orchestrate.plans.publish import GateClosed, publish_plan
from orchestrate.plans.versions import find_version
from orchestrate.proving import backtest
from orchestrate.proving.backtest import Backtest

from .plans import order_plan, plan_of, step


def mined(**more: object) -> Plan:
    provenance = Provenance(log="orders", log_hash="0" * 64, candidate="orders:process")
    return order_plan(provenance=provenance, **more)


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> list[Backtest]:
    """What the backtest answers, in turn."""
    answers: list[Backtest] = []
    monkeypatch.setattr(backtest, "backtest_plan", lambda context, plan: answers.pop(0))
    return answers


def audit(context: Context) -> list[tuple[str, str, str]]:
    rows = context.state.rows("select action, actor, subject from audit order by seq")
    return [(row["action"], row["actor"], row["subject"]) for row in rows]


def test_a_plan_written_by_hand_is_published_as_untried(context: Context) -> None:
    found = publish_plan(context, order_plan())
    assert (found.version, found.created, found.gate) == (1, True, "no history")
    assert found.reasons == ["written by hand: no history was replayed"]
    again = publish_plan(context, order_plan())
    assert (again.version, again.created, again.sha256) == (1, False, found.sha256)
    assert audit(context) == [("publish", "ada", "orders@1")]


def test_a_plan_that_history_bears_out_is_published(context: Context, history: list[Backtest]) -> None:
    history.append(Backtest(log="orders", cases=900, coverage=0.93, manual_share=0.07, gate="pass"))
    found = publish_plan(context, mined(), by="bob")
    assert (found.gate, found.version) == ("pass", 1)
    assert found.reasons == ["900 finished cases of 'orders' replayed: coverage 93.0 %, manual queue 7.0 %"]
    assert audit(context) == [("publish", "bob", "orders@1")]


@pytest.mark.parametrize("gate", ["fail", "no history"])
def test_a_failed_gate_refuses_until_it_is_overridden_by_name(
    context: Context, history: list[Backtest], gate: str
) -> None:
    answer = Backtest.model_validate({"gate": gate, "reasons": ("coverage 41 %",)})
    history += [answer, answer]
    with pytest.raises(GateClosed, match="coverage 41 %") as found:
        publish_plan(context, mined())
    assert "--override REASON --by WHO" in found.value.hint
    with pytest.raises(UsageError):
        publish_plan(context, mined(), override="pilot in one region")
    assert audit(context) == []
    assert publish_plan(context, mined(), override="pilot in one region", by="cy").gate == gate
    assert audit(context) == [("publish", "cy", "orders@1"), ("override", "cy", "orders@1")]
    row = context.state.row("select detail from audit where action = 'override'")
    assert row is not None
    assert json.loads(row["detail"]) == {"reason": "pilot in one region"}
    kept = context.state.row("select override_reason, override_by from plan_version")
    assert kept == {"override_reason": "pilot in one region", "override_by": "cy"}


def test_an_override_is_not_kept_where_the_gate_passes(context: Context, history: list[Backtest]) -> None:
    history.append(Backtest(gate="pass"))
    publish_plan(context, mined(), override="to be safe", by="cy")
    assert audit(context) == [("publish", "cy", "orders@1")]


def test_an_unsound_plan_or_one_without_an_owner_is_refused_whatever_is_overridden(context: Context) -> None:
    twice = plan_of(Sequence(id="s", children=(step("a"), step("a"))))
    with pytest.raises(PlanRefused, match="used 2 times"):
        publish_plan(context, twice, override="never mind", by="ada")
    nobody = order_plan().model_copy(update={"owner": Owner(name=" ")})
    with pytest.raises(Refused, match="no owner"):
        publish_plan(context, nobody)
    assert context.state.rows("select * from plan") == []


def test_what_the_gate_said_stays_with_the_version(context: Context, history: list[Backtest]) -> None:
    history.append(Backtest(gate="pass", reasons=("12 cases short of a full quarter",)))
    publish_plan(context, mined())
    found = find_version(context.state, "orders")
    assert found.gate == "pass"
    assert found.reasons[-1] == "12 cases short of a full quarter"
