"""KPIs of a plan: planted changes come out, a sandbox only predicts, few runs are not enough."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from home.clock import SettableClock
from home.context import Context, Stores
from home.errors import NotFound, Refused
from home.settings import Configuration, Settings
from ingest.contracts import IngestRequest
from ingest.load import ingest
from mining.kpis import Kpi
from orchestrate.contracts import Observed, Parallel, Plan, Provenance, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import DecideRequest, decide
from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.proving.kpis import Kpis, KpisRequest, kpis
from orchestrate.proving.sandbox import SandboxRequest, sandbox
from orchestrate.runs.start_run import StartRequest, start

from .plans import HOUR, plan_of, step

WEEKS = 16
START = datetime(2025, 1, 6, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, clock: SettableClock) -> Iterator[Context]:
    """A context on SQLite; how KPIs are told does not depend on the transactional store."""
    settings = Settings(home=tmp_path / "home")
    stores = Stores(settings)
    yield Context(Configuration(settings, {}), stores, clock=clock, actor="ada")
    stores.close()


def load(context: Context, name: str, factor: float, *, weeks: int = WEEKS, first: int = 0) -> list[float]:
    """A log of cases with two checks one after the other, about 10 h each with 20 h before the second."""
    chance = np.random.default_rng(first)
    path = context.home / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    cycles = []
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["case_id", "activity", "start", "timestamp", "resource"])
        for number in range(weeks * 20):
            begin = START + timedelta(weeks=first) + timedelta(hours=8.4 * number)
            work = 10 * factor * chance.lognormal(0, 0.3, 2)
            wait = 20 * factor * chance.lognormal(0, 0.3)
            one = begin + timedelta(hours=work[0])
            two = one + timedelta(hours=wait)
            end = two + timedelta(hours=work[1])
            for row in (("Check stock", begin, one), ("Check credit", two, end)):
                out.writerow([number, row[0], row[1].isoformat(), row[2].isoformat(), "ada"])
            cycles.append((end - begin).total_seconds())
    ingest(context, IngestRequest(source=str(path), log=name))
    return cycles


def checks() -> tuple[Step, Step]:
    chance = np.random.default_rng(5)

    def seen(wait: float) -> Observed:
        levels = np.linspace(0, 1, 21)
        work = tuple(np.quantile(10 * HOUR * chance.lognormal(0, 0.3, 320), levels))
        waits = tuple(np.quantile(wait * HOUR * chance.lognormal(0, 0.3, 320), levels)) if wait else ()
        return Observed(n=320, processing_s=work, waiting_s=waits)

    stock = step("stock").model_copy(update={"name": "Check stock", "observed": seen(0)})
    credit = step("credit").model_copy(update={"name": "Check credit", "observed": seen(20)})
    return stock, credit


def publish(context: Context, **more: object) -> Plan:
    provenance = Provenance(log="orders", log_hash="", candidate="orders")
    as_is = Sequence(id="both", children=checks())
    body = Parallel(id="both", children=checks())
    plan = plan_of(body, provenance=provenance, as_is=as_is, **more)
    with context.state.transaction() as connection:
        add_version(connection, plan, Verdict("pass"), at=context.clock.now(), by="ada")
    return plan


def named(found: Kpis, name: str) -> Kpi:
    return next(kpi for kpi in found.kpis if kpi.kpi == name)


def test_a_sandbox_predicts_what_was_planted_and_claims_nothing(home: Context) -> None:
    load(home, "orders", 1.0)
    publish(home)
    sandbox(home, SandboxRequest(plan="orders", cases=300))
    found = kpis(home, KpisRequest(plan="orders"))
    assert (found.simulated, found.before, found.after) == (True, "orders", "orders.sandbox")
    median = named(found, "cycle_time_median")
    assert median.verdict == "predicted better"
    # as planted: 10 + 20 + 10 hours become the longer of 10 and 20 + 10
    assert median.change == pytest.approx(-0.25, abs=0.05)
    assert median.interval is not None and median.interval[0] < -0.25 < median.interval[1] + 0.05
    assert found.model_s == pytest.approx(median.before, rel=0.1)
    waiting = named(found, "waiting")
    assert (waiting.verdict, waiting.change) == ("predicted unchanged", 0.0)
    words = "\n".join(found.lines())
    assert "predicted" in words and "improved" not in words
    assert "improved" not in found.model_dump_json()
    assert "proves nothing" in words


def test_playing_more_cases_makes_no_prediction_surer(home: Context) -> None:
    load(home, "orders", 1.0)
    publish(home)
    widths = []
    for cases in (100, 1000):
        sandbox(home, SandboxRequest(plan="orders", cases=cases))
        interval = named(kpis(home, KpisRequest(plan="orders")), "cycle_time_median").interval
        assert interval is not None
        widths.append(interval[1] - interval[0])
    assert widths[0] == pytest.approx(widths[1], rel=0.01)


def test_a_log_of_how_it_is_shows_what_was_planted(home: Context) -> None:
    load(home, "orders", 1.0)
    load(home, "later", 0.6, first=20)
    publish(home)
    found = kpis(home, KpisRequest(plan="orders", after="later"))
    assert found.simulated is False
    median = named(found, "cycle_time_median")
    assert median.verdict == "improved"
    assert median.change == pytest.approx(-0.4, abs=0.05)
    back = kpis(home, KpisRequest(plan="orders", before="later", after="orders"))
    assert named(back, "cycle_time_median").verdict == "worse"


def test_a_few_runs_are_not_enough_and_come_before_the_sandbox(home: Context, clock: SettableClock) -> None:
    load(home, "orders", 1.0)
    publish(home)
    with pytest.raises(Refused, match="No run of plan 'orders' has ended") as nothing:
        kpis(home, KpisRequest(plan="orders"))
    assert "baton sandbox orders" in nothing.value.hint
    sandbox(home, SandboxRequest(plan="orders", cases=50))
    engine = Engine(home.state, {}, driver=MemoryDriver(clock), clock=clock, worker="test")
    for _ in range(2):
        run = start(home, StartRequest(plan="orders")).run
        engine.run_until_idle(until=clock.now())
        for task in tasks(home, TasksRequest(run=run)).rows:
            clock.advance(timedelta(hours=3))
            decide(home, DecideRequest(task=task.task, outcome="done", by="ada"))
            engine.run_until_idle(until=clock.now())
    engine.stop()
    found = kpis(home, KpisRequest(plan="orders"))
    assert (found.simulated, found.after) == (False, "orders.runs")
    median = named(found, "cycle_time_median")
    assert (median.verdict, median.n) == ("not enough data", 2)
    assert kpis(home, KpisRequest(plan="orders", after="orders.sandbox")).simulated


def test_what_is_missing_is_said(home: Context) -> None:
    with pytest.raises(NotFound, match="No plan called 'orders'"):
        kpis(home, KpisRequest(plan="orders"))
    load(home, "orders", 1.0)
    publish(home)
    with pytest.raises(NotFound, match="No log called 'later'"):
        kpis(home, KpisRequest(plan="orders", after="later"))
    by_hand = plan_of(step("enter"), name="by-hand")
    with home.state.transaction() as connection:
        add_version(connection, by_hand, Verdict("no history"), at=home.clock.now(), by="ada")
    with pytest.raises(Refused, match="written by hand") as found:
        kpis(home, KpisRequest(plan="by-hand"))
    assert "--before LOG" in found.value.hint
