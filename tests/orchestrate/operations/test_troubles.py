"""KPIs that only runs record: planted failures, alerts and recoveries come out of the journal as planted."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from home.clock import SettableClock
from home.context import Context, Stores
from home.settings import Configuration, Settings
from mining.kpis import Kpi, kpi_table
from orchestrate.connectors.port import CallFailed, Work
from orchestrate.contracts import Binding, Owner, Plan, Retry, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.proving.kpis import KpisRequest, kpis
from orchestrate.watching.troubles import troubles, with_troubles

PAUSE = timedelta(minutes=2)
WEEK = timedelta(days=7)


class Planted:
    """A system that fails the attempts it is told to: by run, how many in a row, and whether for good."""

    summary = "Planted failures."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self.hopeless: set[str] = set()

    async def call(self, work: Work) -> Mapping[str, Any]:
        key = str(work.input.get("case"))
        if key in self.hopeless:
            raise CallFailed("gone", retryable=False)
        if self.failures.get(key, 0) > 0:
            self.failures[key] -= 1
            raise CallFailed("busy")
        return {}


def a_plan(name: str = "orders") -> Plan:
    retry = Retry(attempts=3, wait_initial=PAUSE, wait_max=PAUSE, wait_jitter=timedelta(0))
    book = Step(id="book", name="Book", does="service", binding=Binding(connector="stub"), retry=retry)
    steps = (Step(id="enter", name="Enter", role="clerk"), book)
    return Plan(name=name, owner=Owner(name="ada"), body=Sequence(id="all", children=steps))


@pytest.fixture
def home(tmp_path: Path, clock: SettableClock) -> Iterator[Context]:
    settings = Settings(home=tmp_path / "home")
    stores = Stores(settings)
    yield Context(Configuration(settings, {}), stores, clock=clock, actor="ada")
    stores.close()


@pytest.fixture
def run_some(home: Context, clock: SettableClock) -> Iterator[Callable[..., list[str]]]:
    """Runs a plan for cases, each with its planted failures; hopeless ones are done by hand 3 h later."""
    engines = []

    def go(name: str, failures: list[int], *, each: timedelta = timedelta(0)) -> list[str]:
        with home.state.transaction() as connection:
            add_version(connection, a_plan(name), Verdict("no history"), at=clock.now(), by="ada")
        stub, runs = Planted(), []
        engine = Engine(home.state, {"stub": stub}, driver=MemoryDriver(clock), clock=clock, worker="w")
        engines.append(engine)
        for number, planted in enumerate(failures):
            case = f"{name}-{number}"
            stub.failures[case] = planted
            if planted < 0:
                stub.hopeless.add(case)
            run, _ = engine.start(name, data={"case": case}, key=case)
            engine.run_until_idle(clock.now())
            clock.advance(timedelta(hours=1))
            engine.post(run, "decided", {"node": "enter", "by": "ada"})
            engine.run_until_idle(clock.now() + timedelta(minutes=10))
            if planted < 0:
                clock.advance(timedelta(hours=3))
                engine.post(run, "decided", {"node": "book", "outcome": "done", "by": "ada"})
                engine.run_until_idle(clock.now())
            clock.advance(each)
            runs.append(run)
        engine.journal.flush()
        return runs

    yield go
    for engine in engines:
        engine.stop()


def test_every_planted_failure_is_counted_and_timed(
    home: Context, run_some: Callable[..., list[str]]
) -> None:
    well, healed, hopeless = run_some("orders", [0, 2, -1])
    found = troubles(home.state, "orders")
    assert found.loc[well].fillna(-1).to_dict() == {
        "automated": 0.5, "failed": 0, "retried": 0, "detect_s": -1, "recover_s": -1,
    }  # fmt: skip
    assert found.loc[healed, ["automated", "failed", "retried"]].tolist() == [0.5, 1, 1]
    # healed by itself after two pauses, and nobody was told
    assert found.loc[healed, "recover_s"] == pytest.approx(2 * PAUSE.total_seconds(), abs=1)
    assert pd.isna(found.loc[healed, "detect_s"])
    # in the manual queue at once, done by a person three hours later: no step of it ran by itself
    assert found.loc[hopeless, ["automated", "failed", "retried"]].tolist() == [0, 1, 0]
    assert found.loc[hopeless, "detect_s"] == pytest.approx(0, abs=1)
    assert found.loc[hopeless, "recover_s"] == pytest.approx(3 * 3600, rel=0.1)


def test_fewer_failures_than_before_are_an_improvement(
    home: Context, run_some: Callable[..., list[str]]
) -> None:
    run_some("old", [-1, 1, 0] * 14, each=timedelta(days=1))
    run_some("orders", [0] * 40 + [1, 0], each=timedelta(days=1))
    before = _loaded(home, "old")
    found = {kpi.kpi: kpi for kpi in kpis(home, KpisRequest(plan="orders", before=before)).kpis}
    failed, automated = found["failed_steps"], found["automated"]
    assert (failed.before, failed.verdict) == (pytest.approx(2 / 3), "improved")
    assert failed.after == pytest.approx(1 / 42, abs=1e-5)
    assert (automated.verdict, automated.before) == ("improved", pytest.approx(1 / 3))
    assert found["retried_steps"].before == pytest.approx(1 / 3)
    assert found["time_to_recover"].verdict == "not enough data"


def _loaded(home: Context, plan: str) -> str:
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    request = IngestRequest(source="state", log=f"{plan}.runs", adapter="engine_runs", table=f"{plan}.runs")
    return ingest(home, request).log


def test_what_a_log_cannot_say_is_told_of_the_runs_alone(
    home: Context, run_some: Callable[..., list[str]]
) -> None:
    runs = run_some("orders", [0, 1, 0, -1] * 9, each=timedelta(days=1))
    from mining.kpis import Cases

    start = pd.Timestamp("2026-01-05") + pd.to_timedelta(range(len(runs)), unit="D")
    table = pd.DataFrame({"case_id": runs, "start": start, "cycle_s": 3600.0, "censored": False})
    log = Cases(table.drop(columns=[]), {"failed": "only runs of a plan record it"})
    after = with_troubles(Cases(table, dict(log.omitted)), troubles(home.state, "orders"))
    found: dict[str, Kpi] = {kpi.kpi: kpi for kpi in kpi_table(log, after, simulated=False)}
    failed = found["failed_steps"]
    assert (failed.before, failed.after, failed.n) == (None, 0.5, 36)
    assert failed.verdict == "nothing to compare" and "only runs" in failed.reason
    assert "50.0 % now" in failed.words and "improved" not in failed.words
    assert found["time_to_recover"].n == 18
