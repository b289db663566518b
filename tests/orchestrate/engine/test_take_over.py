"""Workers in processes of their own are killed, stopped and woken: nothing is lost, nothing done twice."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from home.clock import SystemClock
from home.database import Database
from home.ids import new_id
from orchestrate.contracts import Binding, Sequence, Step
from orchestrate.plan_index import PlanIndex
from orchestrate.rules import compile_rule
from orchestrate.start import start_in
from orchestrate.versions import Verdict, add_version
from tests.orchestrate.engine.effects import FOLDER
from tests.orchestrate.engine.schedules import a_plan

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[3]
MODULE = "tests.orchestrate.engine.effects"


def step(name: str, function: str) -> Step:
    binding = Binding(connector="python", settings={"function": f"{MODULE}:{function}"})
    return Step(id=name, name=name, does="service", binding=binding)


PLAN = a_plan(Sequence(id="s", children=(step("a", "keep"), step("b", "hold"), step("c", "keep"))))


class Site:
    """A store, a folder of effects, and workers."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.workers: list[subprocess.Popen[str]] = []
        with database.transaction() as connection:
            at = SystemClock().now()
            add_version(connection, PLAN, Verdict("no history"), at=at, by="ada")

    def start(self) -> str:
        """A run of the plan."""
        now = SystemClock().now()
        index = PlanIndex(PLAN, compile_rule)
        with self.database.transaction() as connection:
            run = new_id("run", now)
            start_in(connection, index, 1, run=run, data={}, at=now.timestamp())
        return run

    def worker(self, driver: str, home: str = "home") -> subprocess.Popen[str]:
        """A worker that is ready."""
        environment = {
            **os.environ,
            FOLDER: str(self.folder),
            "BATON_DATABASE_URL": self.database.url.render_as_string(hide_password=False),
            "BATON_PYTHON_ALLOW": f"{MODULE}:*",
            "BATON_HEARTBEAT_S": "0.2",
            "BATON_TAKEOVER_S": "1.0",
        }
        command = [sys.executable, "-m", "baton", "--home", str(self.folder / home), "worker"]
        worker = subprocess.Popen(
            [*command, "--driver", driver],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        assert worker.stderr is not None
        ready = worker.stderr.readline()
        assert "drives runs" in ready, ready
        return worker

    def effects(self) -> list[tuple[str, int]]:
        """`(key, process)` of everything that was really done."""
        file = self.folder / "effects"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(key, int(pid)) for key, pid in map(str.split, lines)]

    def open_gate(self) -> None:
        """Let the step in the middle end."""
        (self.folder / "gate").touch()

    def status(self, run: str) -> str:
        found = self.database.row("select status from run where id = :run", {"run": run})
        return str(found and found["status"])

    def done(self, run: str) -> list[str]:
        """Steps in the journal that were completed."""
        query = "select node from journal where run = :run and completes = 1 order by rev"
        return [row["node"] for row in self.database.rows(query, {"run": run})]


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    found = Site(database, tmp_path)
    yield found
    for worker in found.workers:
        if worker.poll() is None:
            worker.kill()
        worker.communicate()


@pytest.mark.parametrize("driver", ["dbos", "table"])
def test_kill_9_in_the_middle_of_a_step_repeats_nothing_that_was_journaled(
    site: Site, driver: str, until: Callable[..., Any]
) -> None:
    first = site.worker(driver)
    run = site.start()
    until(lambda: f"{run}:b:1" in dict(site.effects()))
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert site.done(run) == ["a"]
    second = site.worker(driver)
    until(lambda: len(site.effects()) == 3)
    site.open_gate()
    until(lambda: site.status(run) == "done")
    assert site.done(run) == ["a", "b", "c"]
    keys = Counter(key for key, _ in site.effects())
    assert keys == {f"{run}:a:1": 1, f"{run}:b:1": 2, f"{run}:c:1": 1}
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=20) == 0


@pytest.mark.postgres
def test_a_worker_that_was_stopped_and_wakes_after_take_over_changes_nothing(
    postgres_database: str, tmp_path: Path, until: Callable[..., Any]
) -> None:
    database = Database(postgres_database)
    site = Site(database, tmp_path)
    zombie = site.worker("table", "one")
    run = site.start()
    until(lambda: f"{run}:b:1" in dict(site.effects()))
    other = site.worker("dbos", "two")
    zombie.send_signal(signal.SIGSTOP)
    until(lambda: len(site.effects()) == 3)
    site.open_gate()
    until(lambda: site.status(run) == "done")
    before = database.rows("select * from journal where run = :run", {"run": run})
    zombie.send_signal(signal.SIGCONT)
    zombie.send_signal(signal.SIGTERM)
    assert zombie.wait(timeout=20) == 0
    assert database.rows("select * from journal where run = :run", {"run": run}) == before
    assert site.done(run) == ["a", "b", "c"]
    workers = {pid for key, pid in site.effects() if key == f"{run}:b:1"}
    assert workers == {zombie.pid, other.pid}
    other.send_signal(signal.SIGTERM)
    assert other.wait(timeout=20) == 0
    database.close()


def test_a_second_worker_on_one_sqlite_file_is_refused_and_the_first_goes_on(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}")
    site = Site(database, tmp_path)
    site.worker("table")
    with pytest.raises(AssertionError, match="in use by `baton worker`"):
        site.worker("table")
    run = site.start()
    site.open_gate()
    until(lambda: site.status(run) == "done")
    site.workers[0].send_signal(signal.SIGTERM)
    assert site.workers[0].wait(timeout=20) == 0
    for worker in site.workers:
        worker.communicate()
    database.close()
