"""A store, workers in processes of their own that may be killed and stopped, and what became of the runs."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from home.clock import SystemClock
from home.database import Database
from home.ids import new_id
from orchestrate.contracts import Binding, Parallel, Plan, Sequence, Step
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.start import start_in
from orchestrate.plans.versions import Verdict, add_version
from tests.chaos.form import wait
from tests.chaos.systems import FOLDER, Call, calls
from tests.orchestrate.engine.schedules import a_plan

ROOT = Path(__file__).parents[2]
MODULE = "tests.chaos.systems"
READY = re.compile(r"^Worker (\S+) drives runs", re.MULTILINE)
SWIFT = {"heartbeat_s": 0.2, "takeover_s": 1.0}
"""Settings of tests that need not wait for the usual three seconds."""


def step(name: str, function: str = "work", **fields: Any) -> Step:
    """A step that calls a function of `systems`."""
    binding = Binding(connector="python", settings={"function": f"{MODULE}:{function}"})
    return Step(id=name, name=name, does="service", binding=binding, **fields)


LOAD = a_plan(
    Sequence(id="s", children=(step("a"), Parallel(id="p", children=(step("b"), step("c"))), step("d")))
)
STEPS = 4


@dataclass(frozen=True)
class Toll:
    """What went wrong, counted over all runs of a site."""

    lost: int
    """Runs that did not end, or whose journal lacks a step or a number."""
    repeated: int
    """Calls that came in after the journal had the step's success."""
    doubled: int
    """Pieces of work that a keyed system did twice: under two keys, or twice in the journal."""


NONE = Toll(0, 0, 0)


class Worker:
    """`baton worker` in a process of its own; what it says goes to a file, so that it never blocks."""

    def __init__(self, command: Many[str], environment: dict[str, str], said: Path) -> None:
        self.said = said
        with said.open("ab") as file:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=file
            )
        self.pid = self.process.pid
        self.name = ""

    def ready(self) -> "Worker":
        """Once it drives runs; fails with what it said where it ended instead."""

        def found() -> re.Match[str] | None:
            assert self.process.poll() is None, self.said.read_text()
            return READY.search(self.said.read_text())

        self.name = wait(found, "a worker that drives runs")[1]
        return self

    def send(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and see it gone."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Tell it to end; its exit code."""
        self.send(signal.SIGTERM)
        return self.process.wait(timeout=30)


class Site:
    """One store with a published plan, and the workers on it."""

    def __init__(self, database: Database, folder: Path, plan: Plan = LOAD) -> None:
        self.database, self.folder, self.plan = database, folder, plan
        self.index = PlanIndex(plan, compile_rule)
        self.workers: list[Worker] = []
        self.runs = 0
        with database.transaction() as connection:
            at = SystemClock().now()
            add_version(connection, plan, Verdict("no history"), at=at, by="ada")

    def start(self, count: int = 1) -> list[str]:
        """Runs of the plan, in one transaction."""
        now, begun = SystemClock().now(), []
        with self.database.transaction() as connection:
            for n in range(self.runs, self.runs + count):
                begun.append(new_id("run", now))
                data = {"order": n}
                start_in(connection, self.index, 1, run=begun[-1], data=data, at=now.timestamp())
        self.runs += count
        return begun

    def feed(self, least: int = 60) -> bool:
        """Keep so many runs open, so that there is always work; always true."""
        lacking = least - self.count("select count(*) as n from run where status = 'open'")
        if lacking > least // 3:
            self.start(lacking)
        return True

    def worker(
        self,
        driver: str = "table",
        home: str = "home",
        *,
        url: str | None = None,
        within: Many[str] = (),
        **settings: Any,
    ) -> Worker:
        """A worker that is on its way; `.ready()` waits for it. `within` is a command it is run by."""
        environment = {
            **os.environ,
            FOLDER: str(self.folder),
            "BATON_DATABASE_URL": url or self.database.url.render_as_string(hide_password=False),
            "BATON_PYTHON_ALLOW": f"{MODULE}:*",
            **{f"BATON_{name.upper()}": str(value) for name, value in settings.items()},
        }
        command = [*within, sys.executable, "-m", "baton", "--home", str(self.folder / home)]
        said = self.folder / f"worker-{len(self.workers)}.log"
        worker = Worker([*command, "worker", "--driver", driver], environment, said)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Kill whatever still runs."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()

    def count(self, query: str, **values: Any) -> int:
        """The column `n` of a query's one row."""
        found = self.database.row(query, values)
        assert found is not None
        return int(found["n"])

    def owned(self, worker: Worker) -> dict[str, int]:
        """The runs a worker owns, with their revisions."""
        rows = self.database.rows("select id, rev from run where owner = :w", {"w": worker.name})
        return {row["id"]: row["rev"] for row in rows}

    def moved(self, runs: dict[str, int]) -> bool:
        """Whether every one of these runs has got further than it was, or has ended."""
        rows = self.database.rows("select id, rev from run where status = 'open'")
        return not any(runs.get(row["id"]) == row["rev"] for row in rows)

    def all_done(self) -> bool:
        """Whether no run is open."""
        return not self.database.rows("select 1 from run where status = 'open' limit 1")

    def calls(self) -> list[Call]:
        """Everything that was really done."""
        return calls(self.folder)

    def open_gate(self) -> None:
        """Let steps that hold end."""
        (self.folder / "gate").touch()

    def status(self, run: str) -> str:
        """`open`, `done` or `cancelled`."""
        found = self.database.row("select status from run where id = :run", {"run": run})
        return str(found and found["status"])

    def done(self, run: str) -> list[str]:
        """Steps in the journal that were completed, in order."""
        query = "select node from journal where run = :run and completes = 1 order by rev"
        return [row["node"] for row in self.database.rows(query, {"run": run})]

    def toll(self) -> Toll:
        """What became of the runs of `LOAD`: compares what systems saw with what the journal says."""
        query = "select run, rev, node, visit, at from journal where completes = 1"
        rows = self.database.rows(query)
        journaled = {f"{r['run']}:{r['node']}:{r['visit']}": float(r["at"]) for r in rows}
        made = self.calls()
        work = {call.key: (call.order, call.key.split(":")[1]) for call in made}
        gaps = "select run from journal group by run having count(*) <> max(rev)"
        unended = self.count("select count(*) as n from run where status <> 'done'")
        return Toll(
            lost=unended
            + len(self.database.rows(gaps))
            + self.runs * STEPS
            - len(journaled.keys() & work.keys()),
            repeated=sum(call.at > journaled.get(call.key, call.at) for call in made),
            doubled=len(work) - len(set(work.values())) + len(rows) - len(journaled),
        )
