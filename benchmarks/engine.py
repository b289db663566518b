"""Steps per second of the engine: a plan of five steps, sixteen runs in flight, journal on, full sync.

    python benchmarks/engine.py [--runs 2000] [--driver table|dbos|both] [--postgres URL]

Each step is a connector that answers at once, so what is measured is the engine and its store.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from home.database import Database
from orchestrate.connectors.port import Work
from orchestrate.contracts import Binding, Owner, Plan, Sequence, Step
from orchestrate.driver import make_driver
from orchestrate.engine import Engine
from orchestrate.plan_index import PlanIndex
from orchestrate.start import start_in

STEPS = 5
IN_FLIGHT = 16
PORTION = 500


class Instant:
    """A system that answers at once."""

    summary = "Answers at once."
    options: Mapping[str, str] = {}

    async def call(self, work: Work) -> Mapping[str, Any]:
        return {"ok": True}


def plan() -> Plan:
    binding = Binding(connector="instant")
    steps = tuple(Step(id=f"s{n}", name=f"Step {n}", does="service", binding=binding) for n in range(STEPS))
    return Plan(name="bench", owner=Owner(name="bench"), body=Sequence(id="body", children=steps))


def prepare(database: Database, runs: int) -> None:
    """Put runs into the store, ready to be taken."""
    index = PlanIndex(plan(), lambda _: lambda _: True)
    now = datetime.now(UTC).timestamp()
    for first in range(0, runs, PORTION):
        with database.transaction() as connection:
            for n in range(first, min(first + PORTION, runs)):
                start_in(connection, index, 1, run=f"run-{n:06}", data={"amount": n}, at=now)


def measure(url: str, driver: str, runs: int) -> None:
    database = Database(url)
    for table in ("run", "journal", "task", "inbox", "alert"):
        database.execute(f"delete from {table}")
    prepare(database, runs)
    engine = Engine(
        database,
        {"instant": Instant()},
        driver=make_driver(driver, database, "bench", IN_FLIGHT),
        worker="bench",
        concurrency=IN_FLIGHT,
        load=lambda name, version: (plan(), 1),
    )
    before, began = cpu(), time.perf_counter()
    engine.serve()
    while (database.row("select count(*) as n from run where status = 'open'") or {"n": 0})["n"]:
        time.sleep(0.05)
    took, used = time.perf_counter() - began, cpu() - before
    engine.stop()
    done = (database.row("select count(*) as n from journal where completes = 1") or {"n": 0})["n"]
    assert done == runs * STEPS, f"{done} steps in the journal, {runs * STEPS} were to be done"
    store = "PostgreSQL" if database.is_postgres else "SQLite"
    print(
        f"{store:<10} {driver:<5} {done:>6} steps  {done / took:>7.0f} steps/s"
        f"  {used / done * 1000:.2f} ms CPU of this process per step"
    )
    database.close()


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=2000)
    options.add_argument("--driver", choices=["table", "dbos", "both"], default="both")
    options.add_argument("--postgres", default="", help="URL of an empty PostgreSQL database")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder) / 'state.sqlite'}", *filter(None, [given.postgres])]
        for url in urls:
            for driver in ("table", "dbos") if given.driver == "both" else (given.driver,):
                measure(url, driver, given.runs)


if __name__ == "__main__":
    main()
