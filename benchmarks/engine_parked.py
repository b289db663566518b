"""A hundred thousand runs that wait for people: memory, start, idling, and how fast a decision is acted on.

    python -m benchmarks.engine_parked [--runs 100000] [--decisions 300]

The worker is `baton worker` as anybody runs it. A decision is posted in the worker's own process, or by
another process; its latency ends where the next step is called.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measuring import ROOT, Cost, Figure, Row, measured
from benchmarks.stores import KINDS, store
from benchmarks.table import show

BELOW_MB, UP_S, IDLE_SHARE = 120, 3.0, 3.0
HERE_MS, ELSEWHERE_MS = 50, 100
"""Of 99 in 100 decisions, from being posted until the next step is called."""
LOOKED_S = 10.0
APART_S = 0.02
"""Decisions come one after the other: what is measured is latency, not throughput."""
FILE = "BATON_BENCH_ACTED"
FIRST = 100_000


def run_id(number: int) -> str:
    """Ids of one length, so that they sort."""
    return f"run-{FIRST + number}"


def acted(data: dict[str, Any]) -> dict[str, Any]:
    """The step after the decision: writes down how long it took to come here, in seconds."""
    line = os.open(os.environ[FILE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, f"{time.time() - data['posted']!r}\n".encode())
    os.close(line)
    return {}


def plan() -> Any:
    """Somebody approves, then a step is called."""
    from orchestrate.contracts import Binding, Owner, Plan, Sequence, Step

    binding = Binding(connector="python", settings={"function": "benchmarks.engine_parked:acted"})
    approve = Step(id="approve", name="Approve", role="clerk", outcomes=("yes", "no"))
    then = Step(id="then", name="Then", does="service", binding=binding)
    return Plan(name="parked", owner=Owner(name="bench"), body=Sequence(id="s", children=(approve, then)))


def park(database: Any, runs: int) -> None:
    """Publish the plan and start one run of it; the others are its copies, row by row."""
    from datetime import UTC, datetime

    from orchestrate.core.plan_index import PlanIndex
    from orchestrate.core.rules import compile_rule
    from orchestrate.engine.start import start_in
    from orchestrate.plans.versions import Verdict, add_version

    now = datetime.now(UTC)
    with database.transaction() as connection:
        add_version(connection, plan(), Verdict("no history"), at=now, by="bench")
        index = PlanIndex(plan(), compile_rule)
        start_in(connection, index, 1, run=run_id(0), data={}, at=now.timestamp())
    last = FIRST + runs - 1
    numbers = f"with recursive g(n) as (select {FIRST + 1} union all select n + 1 from g where n < {last})"
    for table, own in (("run", ("id", "state")), ("journal", ("run", "event")), ("task", ("id", "run"))):
        columns = list(database.row(f"select * from {table} limit 1"))
        copied = ", ".join(
            f"replace(t.{name}, '{run_id(0)}', 'run-' || cast(g.n as text))" if name in own else f"t.{name}"
            for name in columns
        )
        with database.transaction() as connection:
            connection.exec_driver_sql(
                f"insert into {table}({', '.join(columns)}) {numbers} select {copied} from {table} t, g"
            )
    if database.is_postgres:
        for table in ("run", "journal", "task"):
            database.execute(f"analyze {table}")


def waiting(kind: str, runs: int, decisions: int) -> Iterator[dict[str, float]]:
    """A worker over so many parked runs; it is started, left alone, and woken from this process."""
    from home.database import Database
    from orchestrate.engine.journal import post_in

    with store(kind) as url, tempfile.TemporaryDirectory() as folder:
        database = Database(url)
        park(database, runs)
        file = Path(folder) / "acted"
        environment = {
            **os.environ,
            FILE: str(file),
            "BATON_DATABASE_URL": url,
            "BATON_PYTHON_ALLOW": "benchmarks.engine_parked:*",
            "BATON_LOG_LEVEL": "error",
        }
        command = [sys.executable, "-m", "baton", "--home", folder, "worker", "--driver", "table"]
        yield {}
        began = time.perf_counter()
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        assert worker.stderr is not None and "drives runs" in worker.stderr.readline()
        up, seen = time.perf_counter() - began, psutil.Process(worker.pid)
        start_cpu = _cpu(seen)
        time.sleep(2.0)
        before = _cpu(seen)
        time.sleep(LOOKED_S)
        idle = (_cpu(seen) - before) / LOOKED_S * 100
        for n in range(decisions):
            with database.transaction() as connection:
                output = {"posted": time.time()}
                decided = {"task": f"{run_id(n)}.1", "outcome": "yes", "by": "bench", "output": output}
                assert post_in(connection, run_id(n), "decided", decided, time.time())
            time.sleep(APART_S)
        p99 = _latency(file, decisions)
        held = seen.memory_info().rss / 2**20
        worker.terminate()
        worker.wait()
        database.close()
        yield {
            "up_s": up,
            "start_cpu_s": start_cpu,
            "idle": idle,
            "mb": held,
            "p99_ms": p99,
            "cpu_s": before,
        }


def served(kind: str, runs: int) -> Iterator[float]:
    """`baton serve` over so many parked runs: seconds until it says that it can work."""
    import httpx

    from home.database import Database

    with store(kind) as url, tempfile.TemporaryDirectory() as folder:
        database = Database(url)
        park(database, runs)
        database.close()
        environment = {**os.environ, "BATON_DATABASE_URL": url}
        command = [sys.executable, "-m", "baton", "--home", folder, "serve", "--port", "0"]
        yield 0.0
        began = time.perf_counter()
        service = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        hint, ready = Path(folder) / "service.json", False
        while not ready:
            assert service.poll() is None
            time.sleep(0.01)
            with suppress(OSError, ValueError, httpx.HTTPError):
                address = json.loads(hint.read_text())["address"]
                ready = httpx.get(f"{address}/api/ready", timeout=5, trust_env=False).is_success
        took = time.perf_counter() - began
        service.terminate()
        service.wait()
        yield took


def in_process(kind: str, runs: int, decisions: int) -> Iterator[float]:
    """The same with the engine in this process: the 99th percentile of the latency, in milliseconds."""
    from home.database import Database
    from orchestrate.engine.engine import Engine
    from orchestrate.engine.table import TableDriver

    with store(kind) as url:
        database, took = Database(url), list[float]()
        park(database, runs)

        class Acted:
            summary = "Writes down how long it took."
            options: Mapping[str, str] = {}

            async def call(self, work: Any) -> Mapping[str, Any]:
                took.append(time.time() - work.input["posted"])
                return {}

        engine = Engine(database, {"python": Acted()}, driver=TableDriver(), worker="bench")
        engine.serve()
        yield 0.0
        for n in range(decisions):
            run = run_id(n)
            decided = {"task": f"{run}.1", "outcome": "yes", "by": "bench", "output": {"posted": time.time()}}
            engine.post(run, "decided", decided)
            time.sleep(APART_S)
        while len(took) < decisions:
            time.sleep(0.01)
        engine.stop()
        yield _p99(took)


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def _latency(file: Path, count: int) -> float:
    while not file.exists() or len(lines := file.read_text().splitlines()) < count:
        time.sleep(0.01)
    return _p99([float(line) for line in lines])


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, -(-len(seconds) * 99 // 100) - 1)] * 1000


def sized(runs: int, decisions: int = 300) -> list[Row]:
    """The rows of this benchmark: one per store."""
    rows = []
    for kind in KINDS:
        told = measured(waiting, kind, runs, decisions).answer
        here = measured(in_process, kind, runs, decisions).answer
        service = measured(served, kind, runs).answer
        cost = Cost(told["cpu_s"], told["up_s"], told["mb"], told["mb"])
        figures = (
            Figure(told["up_s"], "s until the worker drives runs", at_most=UP_S),
            Figure(service, "s until the service is ready", at_most=UP_S),
            Figure(told["start_cpu_s"], "s CPU of that"),
            Figure(told["idle"], "% of a core idling", at_most=IDLE_SHARE),
            Figure(here, "ms from decision to step (p99)", at_most=HERE_MS),
            Figure(told["p99_ms"], "ms from another process (p99)", at_most=ELSEWHERE_MS),
        )
        rows.append(Row(f"{runs:,} parked runs on {kind}", cost, figures=figures, below_mb=BELOW_MB))
    return rows


def run() -> list[Row]:
    """The rows of this benchmark at its usual size."""
    return sized(100_000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=300)
    given = parser.parse_args()
    show(sized(given.runs, given.decisions))
