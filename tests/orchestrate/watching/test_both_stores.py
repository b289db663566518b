"""What is asked of the store is understood by both databases, and every question is one file."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from home.clock import SystemClock
from home.context import Context, Stores
from home.contracts import Nothing
from home.settings import Configuration, Settings
from home.telemetry import doing
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.records.audit_list import AuditListRequest, audit_list
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.triggers.add import AddTriggerRequest, add_trigger
from orchestrate.triggers.fire import Occurrence, Starter
from orchestrate.triggers.store import find_trigger
from orchestrate.watching.doctor import Unwell, doctor
from orchestrate.watching.fleet import Fleet
from orchestrate.watching.metrics import Metrics
from orchestrate.watching.troubles import troubles
from tests.orchestrate.operations.plans import approval, plan_of

from .test_metrics import labels, of
from .test_tracing import INCOMING

QUERIES = {f.name: f.read_text(encoding="utf-8") for f in files("orchestrate").joinpath("sql").iterdir()}


@pytest.fixture
def context(database_url: str, tmp_path: Path) -> Iterator[Context]:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    stores = Stores(settings)
    yield Context(Configuration(settings, {}), stores, clock=SystemClock(), actor="ada")
    stores.close()


def test_every_question_says_what_a_row_is() -> None:
    for name, sql in QUERIES.items():
        assert sql.startswith("-- One row"), name


def test_one_home_answers_every_question(context: Context) -> None:
    with context.state.transaction() as connection:
        add_version(connection, plan_of(approval()), Verdict("no history"), at=context.clock.now(), by="ada")
    run = start(context, StartRequest(plan="orders")).run
    metrics = Metrics()
    metrics.also(Fleet(lambda: context.state, context.clock))
    found = of(metrics)
    assert found["baton_runs_open"] == found["baton_tasks_open"] == {labels(plan="orders"): 1}
    assert found["baton_runs_parked"] == {(): 1} and found["baton_store_up"] == {(): 1}
    with pytest.raises(Unwell) as told:  # nobody drives it
        doctor(context, Nothing())
    report = told.value.report
    assert [check.check for check in report.checks if check.level == "failed"] == ["worker"]
    assert {"baton", "python", "duckdb"} < set(report.versions)
    assert troubles(context.state, "orders").empty
    page = audit_list(context, AuditListRequest(subject=f"{run[:6]}*"))
    assert [(row.action, row.subject) for row in page.rows] == [("start", run)]


def test_a_run_that_an_event_starts_belongs_to_the_trace_of_the_event(context: Context) -> None:
    with context.state.transaction() as connection:
        add_version(connection, plan_of(approval()), Verdict("no history"), at=context.clock.now(), by="ada")
    add_trigger(context, AddTriggerRequest(name="monday", plan="orders", cron="0 9 * * mon"))
    starter, kept = Starter(context.state, context.clock), find_trigger(context.state, "monday")
    sent = {"1": {"traceparent": INCOMING}, "2": {"traceparent": "nonsense"}, "3": {}}
    fired = [starter.fire(kept, Occurrence(id, {}, event)) for id, event in sent.items()]
    with doing(trace=INCOMING):  # as a webhook's request says it, in a header
        fired.append(starter.fire(kept, Occurrence("4", {}, {})))
    states = {row["id"]: json.loads(row["state"]) for row in context.state.rows("select id, state from run")}
    origins = [states[each.run or ""].get("trace") for each in fired]
    assert origins == [{"parent": INCOMING}, None, None, {"parent": INCOMING}]
