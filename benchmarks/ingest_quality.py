"""Every finding about the quality of a log, and its gate, against making its derived tables afresh.

python -m benchmarks.ingest_quality [--events 10000000] [--seed 7]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ingest_files import write_parquet
from benchmarks.ingest_increment import _context, loaded, rebuilt
from benchmarks.measuring import Row, measured
from benchmarks.table import show


def judged(folder: str, memory: str) -> Iterator[int]:
    """`baton quality`, with nothing kept from before."""
    from ingest.quality.command import quality
    from ingest.quality.contracts import QualityRequest

    context = _context(folder, memory)
    with context.events.cursor() as cursor:
        cursor.execute("select count(*) from log").fetchone()
    yield 0
    found = quality(context, QualityRequest(log="orders"))
    context.stores.close()
    yield len(found.findings)


def run(events: int = 1_000_000, seed: int = 7, memory: str = "1GB") -> list[Row]:
    """The row of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/orders.parquet"
        write_parquet(Path(path), events, seed)
        measured(loaded, path, folder, memory)
        cost = measured(judged, folder, memory)
        afresh = measured(rebuilt, folder, memory)
    return [Row(f"quality of {events:,} events", cost, "derived tables afresh", afresh, at_most=1.0)]


def sized(events: int) -> list[Row]:
    """The row with a log of `events`."""
    return run(events=events)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=7)
    show(run(**vars(parser.parse_args())))
