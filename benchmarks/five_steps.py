"""A plan of five steps that answer at once, and runs of it in a store: what all engines are measured on."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

STEPS = 5
IN_FLIGHT = 16
PORTION = 500


class Instant:
    """A system that answers at once."""

    summary = "Answers at once."
    options: Mapping[str, str] = {}

    async def call(self, work: Any) -> Mapping[str, Any]:
        """What every step is answered."""
        return {"ok": True}


def plan() -> Any:
    """Five steps, one after the other."""
    from orchestrate.contracts import Binding, Owner, Plan, Sequence, Step

    binding = Binding(connector="instant")
    steps = tuple(Step(id=f"s{n}", name=f"Step {n}", does="service", binding=binding) for n in range(STEPS))
    return Plan(name="bench", owner=Owner(name="bench"), body=Sequence(id="body", children=steps))


def prepare(database: Any, runs: int) -> None:
    """Put runs into the store, ready to be taken, each with its line in the audit."""
    from orchestrate.core.plan_index import PlanIndex
    from orchestrate.engine.start import start_in
    from orchestrate.records.audit import record

    index, now = PlanIndex(plan(), lambda _: lambda _: True), datetime.now(UTC)
    for first in range(0, runs, PORTION):
        with database.transaction() as connection:
            for n in range(first, min(first + PORTION, runs)):
                run = f"run-{n:06}"
                start_in(connection, index, 1, run=run, data={"amount": n}, at=now.timestamp())
            record(connection, at=now, actor="bench", action="start", subject=f"from {first}")


def engine(database: Any, driver: str, worker: str = "bench") -> Any:
    """An engine that drives them, not yet serving."""
    from orchestrate.engine.driver import make_driver
    from orchestrate.engine.engine import Engine

    made = make_driver(driver, database, worker, IN_FLIGHT)
    return Engine(
        database,
        {"instant": Instant()},
        driver=made,
        worker=worker,
        concurrency=IN_FLIGHT,
        load=lambda name, version: (plan(), 1),
    )


def wait_until_done(database: Any) -> None:
    """Until no run is open; looking costs as little as it can, since it counts as well."""
    connection = database.raw()
    while connection.execute("select 1 from run where status = 'open' limit 1").fetchone():
        time.sleep(0.05)
    connection.close()


def check(database: Any, runs: int) -> None:
    """Every step is in the journal once."""
    done = database.row("select count(*) as n from journal where completes = 1")["n"]
    assert done == runs * STEPS, f"{done} steps in the journal, {runs * STEPS} were to be done"
