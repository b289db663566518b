"""Models in steps: three bands, every score kept, drift planted and found, trust given back by a person."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from home.clock import SettableClock
from home.context import Context
from home.contracts import Nothing
from home.errors import Refused
from orchestrate.connectors.model.connector import BLIND, ModelConnector
from orchestrate.connectors.options import BadSettings
from orchestrate.connectors.port import Ask, CallFailed
from orchestrate.contracts import Binding, Owner, Plan, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.models import scores
from orchestrate.models.agreement import drifted, wilson
from orchestrate.models.commands import ModelRequest, ResetRequest, list_models, reset, show
from orchestrate.plans.bindings import settled_step

from .attempts import call, work
from .cases import FUNCTIONS

STEP = Step(id="check", name="Check", does="model", outcomes=("yes", "no"))


def name_model(context: Context, function: str, name: str = "check") -> None:
    """Swap the model, as an operator would."""
    context.home.mkdir(exist_ok=True)
    text = f'[models.{name}]\nconnector = "python"\nfunction = "{FUNCTIONS}:{function}"\n'
    Path(context.home / "baton.toml").write_text(text + "#" * len(function))


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    made = make_context(python_allow=(f"{FUNCTIONS}:*",))
    name_model(made, "judge")
    return made


def judge(context: Context, key: str, label: str = "yes", confidence: float = 0.99, **options: Any) -> Any:
    given = {"label": label, "confidence": confidence}
    settings = {"model": "check", "shadow": 1e-9, **options}
    return call(ModelConnector(context), work(key, given, step=STEP, **settings))


def settle(context: Context, times: int = 5) -> None:
    """Get past a new version's first checks, which are many."""
    sql = (
        "insert into model_score(key, model, version, run, node, visit, plan, at, label, confidence, answer,"
        " band, went) values (:key, 'check', 'v1', :key, 'check', 1, 'p@1', 1, 'yes', 1, '{}',"
        " 'accept', 'blind')"
    )
    with context.state.transaction() as connection:
        connection.execute(text(sql), [{"key": f"early-{number}"} for number in range(times)])


def checked(context: Context, key: str, decided: str) -> None:
    """A person decides the task of a blind check."""
    context.state.execute(
        "insert into task(id, run, plan, version, node, visit, kind, name, opened, outcomes, context, status,"
        " outcome, decided_by, decided_at) values (:task, :key, 'p', 1, 'check', 1, 'step', 'Check', 0, '[]',"
        " '{}', 'done', :decided, 'ada', 1)",
        {"task": f"{key}.1", "key": key, "decided": decided},
    )


def test_the_first_score_of_a_version_is_always_checked_by_somebody_who_is_not_told(context: Context) -> None:
    answer = judge(context, "r:check:1")
    assert answer == Ask(BLIND)
    (row,) = context.state.rows("select * from model_score")
    assert (row["label"], row["band"], row["went"], row["version"]) == ("yes", "accept", "blind", "v1")


def test_three_bands(context: Context) -> None:
    settle(context, 1000)
    bands = {"sure": 0.95, "unsure": 0.7, "lost": 0.2}
    found = {band: judge(context, f"{band}:check:1", confidence=c) for band, c in bands.items()}
    sure = found["sure"]
    assert sure["outcome"] == "yes"
    assert sure["scored"] == {"model": "check", "version": "v1", "confidence": 0.95}
    assert found["unsure"].context["suggestion"]["outcome"] == "yes"
    assert "70 % sure" in found["unsure"].reason
    assert "suggestion" not in found["lost"].context
    assert judge(context, "r200:check:1", confidence=0.2, reject="no")["outcome"] == "no"


def test_a_repeated_attempt_gets_the_same_answer_and_is_one_score(context: Context) -> None:
    settle(context)
    first = judge(context, "r:check:1", confidence=0.7)
    name_model(context, "judge_anew")
    assert judge(context, "r:check:1", confidence=0.1) == first
    assert context.state.rows("select count(*) as n from model_score where run = 'r'")[0]["n"] == 1


def test_a_label_that_is_no_outcome_goes_to_a_person(context: Context) -> None:
    settle(context)
    assert isinstance(judge(context, "r:check:1", label="perhaps"), Ask)


@pytest.mark.parametrize(
    "said",
    [
        {"confidence": 1.5},
        {"confidence": "high"},
        {"confidence": True},
        {"label": ["yes"]},
        {"confidence": float("nan")},
    ],
)
def test_an_answer_that_is_no_judgement_fails_for_good(context: Context, said: dict[str, Any]) -> None:
    with pytest.raises(CallFailed, match="the model 'check' says no") as failed:
        call(ModelConnector(context), work("r:check:1", said, step=STEP, model="check"))
    assert not failed.value.can_retry


@pytest.mark.parametrize(
    ("options", "step", "said"),
    [
        ({"model": "m", "accept": 0.5, "ask": 0.9}, STEP, "ask must not be above"),
        ({"model": "m", "reject": "maybe"}, STEP, "no outcome of the step"),
        ({"model": "m"}, Step(id="a", name="A"), "no outcomes"),
    ],
)
def test_bands_that_make_no_sense_are_refused_when_they_are_bound(
    context: Context, options: dict[str, Any], step: Step, said: str
) -> None:
    bound = step.model_copy(update={"binding": Binding(connector="model", settings=options)})
    with pytest.raises(BadSettings, match=said):
        settled_step(context, bound)


def test_a_model_is_swapped_by_a_setting_and_checked_anew(context: Context) -> None:
    settle(context)
    name_model(context, "judge_anew")
    assert judge(context, "r:check:1") == Ask(BLIND)
    rows = list_models(context, Nothing()).rows
    assert [(row.version, row.blind) for row in rows if row.last] == [("v2", 1), ("v1", 5)]


def test_a_model_that_people_no_longer_agree_with_hands_everything_to_people(context: Context) -> None:
    settle(context, 30)
    for number in range(30):
        checked(context, f"early-{number}", "no" if number % 2 else "yes")
    assert judge(context, "r:check:1") == Ask(BLIND)
    (alert,) = context.state.rows("select * from alert")
    assert alert["kind"] == "model" and "no longer trusted" in alert["message"]
    (row,) = list_models(context, Nothing()).rows
    assert not row.trusted and "blind checks" in row.reason
    assert judge(context, "r2:check:1", confidence=0.7) == Ask(BLIND)  # nobody is shown its word now
    assert len(context.state.rows("select * from alert")) == 1
    after = reset(context, ResetRequest(model="check", reason="trained anew", by="ada"))
    assert after.rows[0].trusted and after.rows[0].reason == "trained anew (ada)"
    assert after.rows[0].checks == 0  # what was checked before counts no more
    with pytest.raises(Refused, match="is trusted"):
        reset(context, ResetRequest(model="check", reason="again"))
    audit = context.state.rows("select action from audit")
    assert [entry["action"] for entry in audit] == ["model reset"]


def test_agreement_counts_blind_checks_of_what_would_be_accepted_only(context: Context) -> None:
    settle(context, 3)
    checked(context, "early-0", "yes")
    checked(context, "early-1", "no")
    judge(context, "shown:check:1", confidence=0.7)
    checked(context, "shown", "yes")
    found = show(context, ModelRequest(model="check"))
    assert (found.rows[0].checks, found.rows[0].agreement) == (2, 0.5)
    shown = [band for band in found.bands if band.went == "ask"]
    assert (shown[0].decided, shown[0].agreed) == (1, 1)


def test_wilson_is_wilson() -> None:
    """Wilson (1927), as in Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def _looks(agreement: Callable[[int], float], checks: int, seed: int) -> int | None:
    """At which check a model is given up whose people agree as planted; every new check looks again."""
    random, agreed = Random(seed), list[bool]()
    for number in range(checks):
        agreed.append(random.random() < agreement(number))
        if drifted(agreed[-200:], 0.9):
            return number
    return None


def test_planted_drift_is_found_soon_and_a_good_model_is_left_alone() -> None:
    """A drop from 96 to 60 % after 300 checks is found within 40; 95 % is kept through 2,000 checks."""
    delays = [_looks(lambda n: 0.96 if n < 300 else 0.6, 400, seed) for seed in range(60)]
    found = sorted(d - 300 for d in delays if d is not None)
    assert len(found) == 60
    assert found[0] >= 0
    assert found[30] <= 40
    alarms = [_looks(lambda n: 0.95, 2000, seed) for seed in range(25)]
    assert sum(a is not None for a in alarms) <= 1


def test_a_person_gets_the_suggestion_and_the_score_meets_the_decision(
    context: Context, clock: SettableClock
) -> None:
    """Through the engine: asked, decided, kept side by side."""
    settle(context)
    settings = {"model": "check", "shadow": 1e-9}
    plan = Plan(
        name="checks",
        owner=Owner(name="ada"),
        body=STEP.model_copy(
            update={"role": "clerk", "binding": Binding(connector="model", settings=settings)}
        ),
    )
    engine = Engine(
        context.state,
        {"model": ModelConnector(context)},
        driver=MemoryDriver(clock),
        clock=clock,
        load=lambda name, version: (plan, 1),
    )
    run, _ = engine.start("checks", data={"label": "yes", "confidence": 0.8})
    engine.run_until_idle(clock.now())
    (task,) = context.state.rows("select * from task where status = 'open'")
    assert (task["role"], task["kind"]) == ("clerk", "step")
    assert '"suggestion"' in task["context"] and "80 % sure" in task["reason"]
    engine.post(run, "decided", {"task": task["id"], "outcome": "no", "by": "ada"})
    engine.run_until_idle(clock.now())
    engine.stop()
    (kept,) = context.state.rows("select * from model_judgement where run = :run", {"run": run})
    assert (kept["label"], kept["decided"], kept["decided_by"], kept["went"]) == ("yes", "no", "ada", "ask")


def test_a_share_is_checked_for_ever(context: Context) -> None:
    """After a version's first scores about `shadow` of what it would decide is checked blind."""
    options = {"model": "check", "shadow": 0.2}
    from orchestrate.connectors.model.connector import ModelOptions, _way
    from orchestrate.models.scores import Trust

    read = ModelOptions.model_validate(options)
    late, new = Trust(True, 0.0, 1000, ()), Trust(True, 0.0, 0, ())
    ways = [_way("accept", "yes", late, read, work(f"r{n}:check:1", step=STEP)) for n in range(2000)]
    assert 0.17 < ways.count("blind") / len(ways) < 0.23
    assert {_way("accept", "yes", new, read, work(f"r{n}:c:1", step=STEP)) for n in range(20)} == {"blind"}
    assert scores.trust_in(context.state, "check", "v1").trusted
