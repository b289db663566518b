"""CSV and Parquet files to a queryable layout, against DuckDB's bare reading of the same file into a table.

python -m benchmarks.ingest_files [--csv 1000000] [--parquet 10000000] [--seed 7] [--memory 512MB]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv
import pyarrow.parquet

from benchmarks.measuring import Row, measured, typical
from benchmarks.table import show

STEPS = (
    *("Create order", "Check credit", "Approve order", "Change order", "Pick goods", "Pack goods"),
    *("Ship order", "Send invoice", "Receive payment", "Close order", "Cancel order"),
)
PORTION = 1_000_000
BEGIN = np.datetime64("2024-01-01T00:00:00", "us")


def orders(events: int, seed: int) -> Iterator[pa.Table]:
    """Orders with 300 variants of very different frequency, portion by portion, each in the order of time."""
    dice = np.random.default_rng(seed)
    lengths = dice.integers(5, 14, 300)
    variants = [dice.integers(0, len(STEPS), n) for n in lengths]
    share = 1 / np.arange(1, 301)
    done = cases = 0
    while done < events:
        picked = dice.choice(300, PORTION // 8, p=share / share.sum())
        of_case = np.repeat(np.arange(len(picked)), lengths[picked])
        step = np.concatenate([variants[v] for v in picked])
        begins = (cases + np.arange(len(picked))) * 40_000_000
        pause = dice.integers(30, 200_000, len(step)) * 1_000_000
        walked = np.cumsum(pause)
        first = np.concatenate([[0], np.cumsum(lengths[picked])[:-1]])
        ts = begins[of_case] + walked - walked[first][of_case]
        order = np.argsort(ts, kind="stable")[: events - done]
        yield pa.table(
            {
                "case_id": _named("ORD-", of_case[order] + cases),
                "activity": pa.array(STEPS).take(pa.array(step[order])),
                "timestamp": pa.array(BEGIN + (ts[order] // 1_000_000 * 1_000_000).astype("timedelta64[us]")),
                "resource": _named("user", dice.integers(0, 200, len(order))),
                "amount": pa.array(dice.integers(0, 10**7, len(picked))[of_case[order]] / 100),
                "region": _named("region ", dice.integers(0, 12, len(picked))[of_case[order]]),
            }
        )
        done += len(order)
        cases += len(picked)


def _named(prefix: str, numbers: np.ndarray) -> pa.Array:
    return compute.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def write_csv(path: Path, events: int, seed: int) -> None:
    """The orders as CSV, times without an offset."""
    writer = None
    for table in orders(events, seed):
        text = compute.utf8_slice_codeunits(table["timestamp"].cast(pa.string()), 0, 19)
        table = table.set_column(2, "timestamp", text)
        writer = writer or pa.csv.CSVWriter(
            path, table.schema, write_options=pa.csv.WriteOptions(quoting_style="none", quoting_header="none")
        )
        writer.write_table(table)
    writer.close()


def write_parquet(path: Path, events: int, seed: int) -> None:
    """The orders as Parquet, every column of its own type."""
    writer = None
    for table in orders(events, seed):
        writer = writer or pa.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=PORTION // 8)
    writer.close()


def bare(path: str, folder: str, memory: str, reader: str) -> Iterator[int]:
    """DuckDB reads the file into a table of a new file, and closes it."""
    import duckdb

    own = tempfile.mkdtemp(dir=folder)
    store = duckdb.connect(f"{own}/bare.duckdb", config={"memory_limit": memory})
    yield 0
    store.execute(f"create table bare as select * from {reader}('{path}')")
    store.close()
    yield 0


def ingested(path: str, folder: str, memory: str, log: str = "orders") -> Iterator[int]:
    """`baton ingest` of the file into a new home, up to its closing; what starts once has started."""
    from home.context import Context, Stores
    from home.settings import configure
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    own = Path(tempfile.mkdtemp(dir=folder))
    configuration = configure({"home": own / "home", "memory_limit": memory}, {})
    context = Context(configuration, Stores(configuration.settings), actor="benchmark")
    tiny = own / "tiny.csv"
    tiny.write_text("case_id,activity,timestamp\nc,a,2026-01-01\n")
    ingest(context, IngestRequest(source=str(tiny), log="tiny"))
    yield 0
    report = ingest(context, IngestRequest(source=path, log=log))
    context.stores.close()
    yield report.loaded


CSV = 1_000_000
"""Events up to which CSV has an aim; such files are read three times, and the median counts."""


def run(csv: int = 1_000_000, parquet: int = 1_000_000, seed: int = 7, memory: str = "512MB") -> list[Row]:
    """The rows of this benchmark; `csv` and `parquet` are numbers of events, 0 leaves one out."""
    rows = []
    for kind, events, write in (("csv", csv, write_csv), ("parquet", parquet, write_parquet)):
        if not events:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/orders.{kind}"
            write(Path(path), events, seed)
            take = typical if events <= CSV else measured
            cost = take(ingested, path, folder, memory)
            if cost.answer != events:
                raise ValueError(f"{cost.answer:,} of {events:,} events were loaded")
            against = take(bare, path, folder, memory, f"read_{kind}")
        limits = {"below_mb": 1024.0} if kind == "parquet" else {"at_most": 4.0 if events <= CSV else None}
        rows.append(Row(f"{kind}, {events:,} events", cost, f"read_{kind} into a table", against, **limits))
    return rows


SIZES = (1_000_000, 10_000_000)


def sized(events: int) -> list[Row]:
    """The rows with files of so many events."""
    return run(events, events)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=int, default=1_000_000)
    parser.add_argument("--parquet", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--memory", default="512MB")
    show(run(**vars(parser.parse_args())))
