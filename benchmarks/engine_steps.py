"""Steps per second and CPU per step, beside the same five steps written by hand as a DBOS workflow.

    python -m benchmarks.engine_steps [--runs 2000]

Sixteen runs in flight, every step journaled with full sync; each step answers at once, so what is
measured is the engine and its store. CPU is the worker's; what PostgreSQL itself computes shows in the
wall time only.
"""

import argparse
import asyncio
from collections.abc import Iterator

from benchmarks.five_steps import IN_FLIGHT, STEPS, check, engine, prepare, wait_until_done
from benchmarks.measuring import Cost, Figure, Row, measured
from benchmarks.stores import KINDS, store
from benchmarks.table import show

STEPS_PER_S = {"SQLite": 1000, "PostgreSQL": 1200}
"""Aimed at, per worker of the usual driver on a quiet machine."""
CPU_MS = 0.8
"""Aimed at, per step."""
TIMES = 2.0
"""Less CPU than the workflow written by hand."""


def baton(kind: str, driver: str, runs: int) -> Iterator[int]:
    """Runs of a plan, started and driven by a worker that is up."""
    from home.database import Database

    with store(kind) as url:
        database = Database(url)
        worker = engine(database, driver)
        worker.serve()
        yield 0
        try:
            prepare(database, runs)
            wait_until_done(database)
            check(database, runs)
            yield runs * STEPS
        finally:
            worker.stop()
            database.close()


def dbos(kind: str, runs: int) -> Iterator[int]:
    """The same as one would write it with DBOS: a workflow of five of its steps."""
    from dbos import DBOS

    with store(kind) as url:
        address = url.replace("postgresql://", "postgresql+psycopg://")
        DBOS(
            config={
                "name": "bench",
                "system_database_url": address,
                "log_level": "ERROR",
                "sys_db_pool_size": 1 if kind == "SQLite" else IN_FLIGHT,
            }
        )

        @DBOS.step()
        async def step(amount: int) -> dict[str, bool]:
            return {"ok": True}

        @DBOS.workflow()
        async def five(amount: int) -> None:
            for _ in range(STEPS):
                await step(amount)

        async def all_of_them() -> None:
            room = asyncio.Semaphore(IN_FLIGHT)

            async def one(n: int) -> None:
                async with room:
                    await five(n)

            await asyncio.gather(*map(one, range(runs)))

        if kind == "SQLite":
            wal(url)
        DBOS.launch()
        yield 0
        try:
            asyncio.run(all_of_them())
            yield runs * STEPS
        finally:
            DBOS.destroy()


def wal(url: str) -> None:
    """Give the other side the journal mode that costs least, too."""
    import sqlite3

    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("pragma journal_mode = wal")
    connection.close()


def row(kind: str, driver: str, runs: int, baseline: Cost) -> Row:
    """One worker on one store."""
    cost = measured(baton, kind, driver, runs)
    steps = runs * STEPS
    aims = driver == "table"  # what works where nothing else is said; the other is there to compare
    figures = (
        Figure(steps / cost.wall_s, "steps/s", at_least=STEPS_PER_S[kind] if aims else None),
        Figure(cost.cpu_s / steps * 1000, "ms CPU per step", at_most=CPU_MS if aims else None),
        Figure(baseline.wall_s / cost.wall_s, "times its steps/s", at_least=TIMES if aims else None),
    )
    what = f"{runs:,} runs of five steps on {kind} by `{driver}`"
    return Row(what, cost, "DBOS steps", baseline, faster=TIMES if aims else None, figures=figures)


def sized(runs: int) -> list[Row]:
    """The rows of this benchmark."""
    rows = []
    for kind in KINDS:
        baseline = measured(dbos, kind, runs)
        rows += [row(kind, driver, runs, baseline) for driver in ("table", "dbos")]
    return rows


def run() -> list[Row]:
    """The rows of this benchmark at its usual size."""
    return sized(2000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    show(sized(parser.parse_args().runs))
