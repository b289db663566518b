"""Metrics: what was planted is what a scrape counts, on every worker by itself and on all together."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from home.clock import SettableClock
from home.context import Context, Stores
from home.database import Database
from home.errors import Refused, Unreachable
from home.settings import Configuration, Settings
from orchestrate.engine.heartbeat import SQLITE_CLOCK
from orchestrate.engine.observer import Observer, Observers
from orchestrate.records.retention import RetentionRequest, retention
from orchestrate.watching.fleet import Fleet
from orchestrate.watching.metrics import MOST_SERIES, OTHER, Metrics, serve_metrics

from .conftest import Stub, person, plan, service

Sample = dict[tuple[tuple[str, str], ...], float]


def scrape(text: str) -> dict[str, Sample]:
    """Samples by name and labels, read as Prometheus reads them."""
    found: dict[str, Sample] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def of(metrics: Metrics) -> dict[str, Sample]:
    return scrape(metrics.text().decode())


def labels(**given: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(given.items()))


def test_a_scrape_counts_what_was_planted(
    engine_of: Callable[..., Any], stub: Stub, state: Database, clock: SettableClock
) -> None:
    metrics = Metrics()
    metrics.also(Fleet(lambda: state, clock, lambda: {"orders": 90.0}))
    made = plan(service("check"), person("approve"), service("ship"))
    engine = engine_of(made, metrics)
    stub.failures["check"] = 2
    runs = [engine.start("orders", key=f"K{n}")[0] for n in range(4)]
    engine.run_until_idle(clock.now() + timedelta(minutes=2))
    for run in runs[:3]:
        clock.advance(timedelta(hours=1))
        engine.post(run, "decided", {"node": "approve", "by": "ada"})
        engine.run_until_idle(clock.now())
    engine.post(runs[3], "cancel", {"by": "ada"})
    engine.run_until_idle(clock.now())
    engine.start("orders", key="K9")  # due, and nobody drives it
    engine.journal.flush()
    clock.advance(timedelta(seconds=30))

    found = of(metrics)
    check, ship = {"plan": "orders", "step": "check"}, {"plan": "orders", "step": "ship"}
    attempts = found["baton_attempts_total"]
    assert attempts[labels(**check, outcome="failed")] == 2
    assert attempts[labels(**check, outcome="succeeded")] == 4
    assert attempts[labels(**ship, outcome="succeeded")] == 3
    assert found["baton_retries_total"] == {labels(**check): 2}
    steps = found["baton_steps_total"]
    assert steps[labels(plan="orders", step="approve", by="person")] == 3
    assert steps[labels(**check, by="system")] == 4
    took = found["baton_step_duration_seconds_bucket"]
    within = [took[labels(plan="orders", step="approve", le=le)] for le in ("1800.0", "14400.0")]
    assert within == [0, 3]
    assert found["baton_step_duration_seconds_count"][labels(plan="orders", step="approve")] == 3
    assert found["baton_journal_commit_seconds_count"][()] >= 12
    assert found["baton_runs_started_total"] == {labels(plan="orders"): 5}
    assert found["baton_runs_ended_total"][labels(plan="orders", state="done")] == 3
    assert found["baton_runs_ended_total"][labels(plan="orders", state="cancelled")] == 1
    assert found["baton_runs_open"] == {labels(plan="orders"): 1}
    assert found["baton_queue_depth"][()] == 1
    assert found["baton_queue_lag_seconds"][()] == pytest.approx(30, abs=1)
    assert found["baton_runs_parked"][()] == 0
    assert found["baton_log_age_seconds"] == {labels(log="orders"): 90.0}
    assert found["baton_store_up"][()] == 1
    assert len(found["baton_build_info"]) == 1


def test_tasks_are_counted_open_and_overdue(
    engine_of: Callable[..., Any], state: Database, clock: SettableClock
) -> None:
    from orchestrate.contracts import Sla

    engine = engine_of(plan(person("approve", sla=Sla(due=timedelta(hours=1)))))
    engine.start("orders", key="A")
    engine.run_until_idle(clock.now())
    clock.advance(timedelta(hours=2))
    engine.start("orders", key="B")
    engine.journal.flush()
    metrics = Metrics()
    metrics.also(Fleet(lambda: state, clock))
    found = of(metrics)
    assert found["baton_tasks_open"] == {labels(plan="orders"): 2}
    assert found["baton_tasks_overdue"] == {labels(plan="orders"): 1}


def test_purged_runs_still_count(
    engine_of: Callable[..., Any], state: Database, clock: SettableClock, tmp_path: Path
) -> None:
    engine = engine_of(plan(service("ship")))
    for _ in range(3):
        engine.start("orders")
    engine.run_until_idle()
    engine.stop()
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{state.url.database}")
    context = Context(Configuration(settings, {}), Stores(settings), clock=clock, actor="ada")
    clock.advance(timedelta(days=30))
    for days in (60, 10):  # none is that old; all are
        retention(context, RetentionRequest(days=days))
        metrics = Metrics()
        metrics.also(Fleet(lambda: state, clock))
        found = of(metrics)
        assert found["baton_runs_started_total"] == {labels(plan="orders"): 3}
        assert found["baton_runs_ended_total"][labels(plan="orders", state="done")] == 3
    context.stores.close()
    assert state.rows("select * from run") == []


def test_two_workers_count_what_each_did(engine_of: Callable[..., Any], clock: SettableClock) -> None:
    made = plan(service("check"), person("approve"), service("ship"))
    one, two = Metrics(), Metrics()
    first = engine_of(made, one, "w1")
    run, _ = first.start("orders")
    first.run_until_idle(clock.now())
    first.stop()
    second = engine_of(made, two, "w2")
    second.post(run, "decided", {"node": "approve", "by": "ada"})
    second.run_until_idle(clock.now())
    counts = [of(m)["baton_steps_total"] for m in (one, two)]
    by_step = [{dict(key)["step"]: n for key, n in count.items()} for count in counts]
    assert by_step == [{"check": 1}, {"approve": 1, "ship": 1}]


def test_label_values_are_bounded(engine_of: Callable[..., Any], clock: SettableClock) -> None:
    metrics = Metrics()
    for n in range(MOST_SERIES + 50):
        metrics._step("plan", f"step {n}")
    assert metrics._step("plan", "one more") == (OTHER, OTHER)
    assert metrics._step("plan", "step 3") == ("plan", "step 3")


def test_plans_beyond_the_hundredth_are_counted_together(state: Database, clock: SettableClock) -> None:
    for n in range(130):
        state.execute("insert into run_tally(plan, status, n) values (:p, 'done', 1)", {"p": f"plan {n:03}"})
    metrics = Metrics()
    metrics.also(Fleet(lambda: state, clock))
    started = of(metrics)["baton_runs_started_total"]
    assert len(started) == 101 and started[labels(plan=OTHER)] == 30


def test_a_store_that_is_away_is_a_figure_not_a_failure(clock: SettableClock) -> None:
    def away() -> Database:
        raise Unreachable("it is away")

    metrics = Metrics()
    metrics.also(Fleet(away, clock))
    assert of(metrics)["baton_store_up"] == {(): 0.0}


def test_a_worker_answers_scrapes_on_loopback_only() -> None:
    metrics = Metrics()
    metrics.beat(0.002)
    port, _ = serve_metrics(metrics, 0)
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert scrape(answer.text)["baton_heartbeat_seconds_count"] == {(): 1.0}
    with pytest.raises(Refused, match=f"127.0.0.1:{port}"):
        serve_metrics(metrics, port)


def test_a_scrape_of_many_runs_is_quick(state: Database, clock: SettableClock) -> None:
    values: Mapping[str, Any] = {"at": clock.now().timestamp()}
    state.execute(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)"
        " insert into run(id, plan, version, status, state, due, started)"
        " select 'run-' || i, 'plan ' || i % 7, 1, case when i % 3 then 'open' else 'done' end, '{}',"
        " :at + 1000, :at from n",
        values,
    )
    metrics = Metrics()
    metrics.also(Fleet(lambda: state, clock))
    begun = time.perf_counter()
    found = of(metrics)
    assert time.perf_counter() - begun < 2
    assert sum(found["baton_runs_started_total"].values()) == 20_000


def test_breakers_workers_and_take_overs_are_told(state: Database, clock: SettableClock) -> None:
    for name, breaker in (("CRM", "closed"), ("ERP", "open")):
        state.execute("insert into system_state(name, breaker) values (:n, :b)", {"n": name, "b": breaker})
    state.execute(
        f"insert into worker(id, beat, since) values ('w1', {SQLITE_CLOCK} - 7, 0), ('w2', {SQLITE_CLOCK}, 0)"
    )
    metrics = Metrics()
    metrics.also(Fleet(lambda: state, clock))
    metrics.took_over("w3")
    found = of(metrics)
    breakers = {
        dict(key)["system"]: dict(key)["state"] for key, on in found["baton_breaker_state"].items() if on
    }
    assert breakers == {"CRM": "closed", "ERP": "open"}
    assert found["baton_workers"] == {(): 2}
    assert found["baton_worker_beat_age_seconds"][labels(worker="w1")] == pytest.approx(7, abs=2)
    assert found["baton_takeovers_total"] == {(): 1}


def test_an_observer_that_fails_stops_no_run(
    engine_of: Callable[..., Any], state: Database, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Observer):
        def committed(self, done: Any) -> None:
            raise ZeroDivisionError

        trace_of = committed  # type: ignore[assignment]

    metrics = Metrics()
    engine = engine_of(plan(service("ship")), Observers(Broken(), metrics))
    engine.start("orders")
    engine.run_until_idle()
    assert state.rows("select status from run") == [{"status": "done"}]
    assert of(metrics)["baton_steps_total"]
    assert "Broken failed; runs go on without it" in caplog.text
