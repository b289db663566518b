"""The plan of five steps beside Temporal's dev server, which keeps its history in a SQLite file, too.

    pip install --target DIR -r requirements-bench.txt
    PYTHONPATH=DIR python -m benchmarks.engine_temporal [--runs 500]

CPU is that of worker and server together; Baton's worker needs no server beside it.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.engine_steps import baton
from benchmarks.five_steps import IN_FLIGHT, STEPS
from benchmarks.measuring import Figure, Row, measured
from benchmarks.table import show


def program() -> str | None:
    """Temporal's one program: on the path, or where it was installed beside its library."""
    import temporalio

    library = Path(temporalio.__file__).parent.parent
    beside = [library / "bin" / "temporal", library.parents[2] / "bin" / "temporal"]
    return shutil.which("temporal") or next((str(path) for path in beside if path.exists()), None)


def temporal(runs: int) -> Iterator[int]:
    """Workflows of five activities, sixteen in flight, one worker."""
    from temporalio.testing import WorkflowEnvironment
    from temporalio.worker import UnsandboxedWorkflowRunner, Worker

    from benchmarks.temporal_steps import Five, step

    async def up(folder: str) -> Any:
        return await WorkflowEnvironment.start_local(
            dev_server_existing_path=program(),
            dev_server_database_filename=str(Path(folder) / "temporal.sqlite"),
        )

    async def all_of_them(client: Any) -> None:
        room = asyncio.Semaphore(IN_FLIGHT)

        async def one(n: int) -> None:
            async with room:
                await client.execute_workflow(Five.run, n, id=f"run-{n}", task_queue="bench")

        runner = UnsandboxedWorkflowRunner()
        given = {"task_queue": "bench", "workflows": [Five], "activities": [step]}
        async with Worker(client, **given, workflow_runner=runner):
            await asyncio.gather(*map(one, range(runs)))

    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        server = runner.run(up(folder))
        yield 0
        try:
            runner.run(all_of_them(server.client))
            yield runs * STEPS
        finally:
            runner.run(server.shutdown())


def sized(runs: int) -> list[Row]:
    """The rows of this benchmark; none where Temporal is not installed."""
    try:
        import temporalio  # noqa: F401
    except ImportError:
        print("Temporal is not installed: see requirements-bench.txt", file=sys.stderr)
        return []
    other = measured(temporal, runs)
    rows = []
    for driver in ("table", "dbos"):
        cost = measured(baton, "SQLite", driver, runs)
        figures = (
            Figure(runs / cost.wall_s, "runs/s"),
            Figure(other.wall_s / cost.wall_s, "times its runs/s", at_least=1.0),
        )
        what = f"{runs:,} runs of five steps on SQLite by `{driver}`"
        rows.append(Row(what, cost, "Temporal's dev server", other, faster=1.0, figures=figures))
    return rows


def run() -> list[Row]:
    """The rows of this benchmark at its usual size."""
    return sized(500)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    show(sized(parser.parse_args().runs))
