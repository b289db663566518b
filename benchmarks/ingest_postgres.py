"""A table of PostgreSQL to a spool and to a queryable layout, against a bare ADBC fetch of the same table.

    python -m benchmarks.ingest_postgres [--rows 1000000] [--memory 512MB]

Half of the rows per second of a bare fetch is a ratio of 2. The bare fetch takes every row in the
database's own types and drops it; a load also turns them into text, keeps them on disk, casts them and
lays them out. What the server itself computes counts in the wall time only.
"""

import argparse
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measuring import Cost, Row, measured
from benchmarks.table import show

SERVER = os.environ.get("BATON_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
TABLE = """
create table orders as select
  'order-' || i / 8 as case_id, 'step ' || (i * 7919) % 11 as activity,
  timestamptz '2024-01-01 00:00+00' + i * interval '40.25 s' as timestamp,
  'clerk ' || (i * 104729) % 40 as resource, (i % 9000)::numeric / 8 as amount, i as id
from generate_series(0::bigint, {rows} - 1) i"""


@contextmanager
def database(rows: int) -> Iterator[str]:
    """The address of a new database with the table `orders`."""
    import psycopg

    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    address = f"{SERVER.rsplit('/', 1)[0]}/{name}"
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(TABLE.format(rows=rows))
            connection.execute("vacuum analyze orders")
        yield address
    finally:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')


def bare(address: str) -> Iterator[int]:
    """Every row as Arrow batches, counted and dropped."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(address) as connection, connection.cursor() as cursor:
        yield 0
        cursor.execute("select * from orders")
        yield sum(batch.num_rows for batch in cursor.fetch_record_batch())


def as_text(address: str) -> Iterator[int]:
    """What the adapter hands on, counted and dropped."""
    from ingest.adapter import Content, Options
    from ingest.adapters.sql_database import SqlDatabaseAdapter

    reading = SqlDatabaseAdapter().read(Content(name="orders", address=address), Options(table="orders"))
    yield 0
    yield sum(chunk.events.num_rows for chunk in reading.chunks if chunk.events is not None)


def spooled(address: str, folder: str) -> Iterator[int]:
    """What the adapter hands on, kept on disk as a load keeps it; what starts once has started."""
    from ingest.mapping import Wish
    from ingest.reading import Order, read

    def order(name: str, **chosen: str) -> Order:
        spool = Path(folder) / name
        spool.mkdir()
        return Order(found=address, folder=spool, adapter=None, chosen=chosen, wish=Wish(), how={"map": {}})

    read(order("tiny", query="select * from orders limit 10"))
    whole = order("spool", table="orders")
    yield 0
    yield read(whole).events


def ingested(address: str, folder: str, memory: str) -> Iterator[int]:
    """`baton ingest` of the table into a new home, up to its closing; what starts once has started."""
    from home.context import Context, Stores
    from home.settings import configure
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    configuration = configure({"home": Path(folder) / "home", "memory_limit": memory}, {})
    context = Context(configuration, Stores(configuration.settings), actor="benchmark")
    tiny = "select * from orders limit 10"
    ingest(context, IngestRequest(source=address, query=tiny, log="tiny"))
    yield 0
    report = ingest(context, IngestRequest(source=address, table="orders", log="orders"))
    context.stores.close()
    yield report.loaded


def run(rows: int = 1_000_000, memory: str = "512MB") -> list[Row]:
    """The rows of this benchmark."""
    with database(rows) as address, tempfile.TemporaryDirectory() as folder:
        base = measured(bare, address)
        costs = {
            "as text": measured(as_text, address),
            "to the spool": measured(spooled, address, folder),
            "whole baton ingest": measured(ingested, address, folder, memory),
        }
    for what, cost in costs.items():
        if cost.answer != rows:
            raise ValueError(f"{what}: {cost.answer:,} of {rows:,} rows")
    aims = {"as text": 2.0, "to the spool": 2.0, "whole baton ingest": None}
    return [
        Row(f"postgresql {what}, {rows:,} rows", cost, _told(base), base, at_most=aims[what], below_mb=1024.0)
        for what, cost in costs.items()
    ]


def _told(base: Cost) -> str:
    return f"bare ADBC fetch ({base.wall_s:.2f} s wall)"


def sized(rows: int) -> list[Row]:
    """The rows of this benchmark, for so many rows of the table."""
    return run(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory", default="512MB")
    show(run(**vars(parser.parse_args())))
