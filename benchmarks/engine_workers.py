"""A second worker on PostgreSQL, on two cores, against one.

python -m benchmarks.engine_workers [--runs 3000]
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.five_steps import STEPS, check, engine, prepare, wait_until_done
from benchmarks.measuring import ROOT, Figure, Row, measured
from benchmarks.stores import store
from benchmarks.table import show

HELD = "update run set due = due + 1e6, since = since + 1e6"
RELEASE = "update run set due = 0, since = since - 1e6"
WAKE = "select pg_notify('baton', 'run-000000')"


def work(url: str, name: str) -> None:
    """One worker in a process of its own, until its stdin ends."""
    from home.database import Database

    database = Database(url)
    worker = engine(database, "table", name)
    worker.serve()
    print("ready", flush=True)
    sys.stdin.read()
    worker.stop()
    database.close()


def driven(workers: int, runs: int) -> Iterator[int]:
    """Runs that all become due at once, driven by several workers."""
    from home.database import Database

    with store("PostgreSQL") as url:
        database = Database(url)
        prepare(database, runs)
        database.execute(HELD)
        command = [sys.executable, "-m", "benchmarks.engine_workers", "--work", url, "--name"]
        pipe = subprocess.PIPE
        processes = [
            subprocess.Popen([*command, f"w{n}"], cwd=ROOT, stdin=pipe, stdout=pipe) for n in range(workers)
        ]
        for process in processes:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield 0
        try:
            database.execute(RELEASE)
            database.rows(WAKE)
            wait_until_done(database)
            check(database, runs)
            yield runs * STEPS
        finally:
            for process in processes:
                process.communicate()
            database.close()


def sized(runs: int) -> list[Row]:
    """The row of this benchmark."""
    one, two = measured(driven, 1, runs), measured(driven, 2, runs)
    figures = (
        Figure(runs * STEPS / two.wall_s, "steps/s"),
        Figure(one.wall_s / two.wall_s, "times the steps/s of one", at_least=1.0),
    )
    return [Row(f"{runs:,} runs by two workers on PostgreSQL", two, "one worker", one, figures=figures)]


def run() -> list[Row]:
    """The row of this benchmark at its usual size."""
    return sized(3000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=3000)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.name)
    else:
        show(sized(given.runs))
