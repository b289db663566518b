"""New events for a log that is there: appending them, against making its derived tables afresh.

python -m benchmarks.ingest_increment [--events 10000000] [--new 10000] [--late 0.3] [--seed 7]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from benchmarks.ingest_files import BEGIN, STEPS, write_parquet
from benchmarks.measuring import Row, measured
from benchmarks.table import show

CASE_OF_EVENTS = 9
"""Events of a case, more or less."""


def write_new(path: Path, events: int, new: int, late: float, seed: int) -> None:
    """Events that came since: the late ones lie in cases that are there, the others make new cases."""
    dice = np.random.default_rng(seed + 1)
    of_old = int(new * late)
    fresh = new - of_old
    old = dice.integers(0, events // CASE_OF_EVENTS, of_old)
    cases = np.concatenate([old, 10**9 + np.arange(fresh) // CASE_OF_EVENTS])
    at = np.concatenate(
        [old * 40_000_000 + dice.integers(0, 10**12, of_old), 10**15 + np.arange(fresh) * 10**7]
    )
    step = dice.integers(0, len(STEPS), new)
    table = pa.table(
        {
            "case_id": pa.array([f"ORD-{case}" for case in cases]),
            "activity": pa.array(STEPS).take(pa.array(step)),
            "timestamp": pa.array(BEGIN + at.astype("timedelta64[us]")),
            "resource": pa.array([f"user{n}" for n in dice.integers(0, 200, new)]),
            "amount": pa.array(np.round(dice.random(new) * 10**5, 2)),
            "region": pa.array([f"region {n}" for n in dice.integers(0, 12, new)]),
        }
    )
    pa.parquet.write_table(table, path)


def _context(folder: str, memory: str) -> Any:
    from home.context import Context, Stores
    from home.settings import configure

    configuration = configure({"home": Path(folder) / "home", "memory_limit": memory}, {})
    return Context(configuration, Stores(configuration.settings), actor="benchmark")


def _request(path: str, **more: Any) -> Any:
    from ingest.contracts import IngestRequest

    return IngestRequest(source=path, log="orders", **more)


def loaded(path: str, folder: str, memory: str) -> Iterator[int]:
    """The log as it was."""
    from ingest.load import ingest

    context = _context(folder, memory)
    yield 0
    report = ingest(context, _request(path))
    context.stores.close()
    yield report.loaded


def appended(path: str, folder: str, memory: str) -> Iterator[int]:
    """`baton ingest --append` of the new events, up to their being committed."""
    from ingest.load import ingest

    context = _context(folder, memory)
    tiny = Path(folder) / "tiny.csv"
    tiny.write_text("case_id,activity,timestamp\nc,a,2026-01-01\n")
    from ingest.contracts import IngestRequest

    ingest(context, IngestRequest(source=str(tiny), log="tiny"))
    yield 0
    report = ingest(context, _request(path, append=True))
    yield report.loaded


def merged(folder: str, memory: str) -> Iterator[int]:
    """Only the derived rows of the cases that the append touched, taken out and made again."""
    from ingest import layout
    from ingest.catalog import find_log

    context = _context(folder, memory)
    schema = find_log(context.events, "orders").schema
    yield 0
    with context.events.writing(schema) as cursor:
        cursor.execute("create temp table came as select distinct case_id from event where source = 1")
        size = layout.merge(cursor, "came")
    yield size.events


def rebuilt(folder: str, memory: str) -> Iterator[int]:
    """Only the derived tables, from the events that are in the store."""
    from ingest import layout
    from ingest.catalog import find_log

    context = _context(folder, memory)
    schema = find_log(context.events, "orders").schema
    yield 0
    with context.events.writing(schema) as cursor:
        size = layout.build(cursor)
    yield size.events


def run(
    events: int = 1_000_000, new: int = 10_000, late: float = 0.3, seed: int = 7, memory: str = "512MB"
) -> list[Row]:
    """The rows of this benchmark: an append against the whole load, and without what is read in both."""
    with tempfile.TemporaryDirectory() as folder:
        path, more = f"{folder}/orders.parquet", f"{folder}/more.parquet"
        write_parquet(Path(path), events, seed)
        write_new(Path(more), events, new, late, seed)
        first = measured(loaded, path, folder, memory)
        added = measured(appended, more, folder, memory)
        again = measured(merged, folder, memory)
        afresh = measured(rebuilt, folder, memory)
        if (added.answer, again.answer, afresh.answer) != (new, events + new, events + new):
            raise ValueError(f"{added.answer:,} events were appended, {afresh.answer:,} laid out afresh")
    aim = 0.05 if events >= 10_000_000 else None
    what = f"append {new:,} events ({late:.0%} late) to {events:,}"
    return [
        Row(what, added, "the whole load", first, at_most=aim),
        Row("derived rows of the touched cases", again, "derived tables afresh", afresh, at_most=aim),
        Row("derived tables afresh", afresh, "the whole load", first, below_mb=1024.0),
    ]


SIZES = (1_000_000, 10_000_000)


def sized(events: int) -> list[Row]:
    """The rows with a log of `events`."""
    return run(events=events)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--late", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--memory", default="512MB")
    show(run(**vars(parser.parse_args())))
