"""Empty transactional stores to measure on: a SQLite file, or a database on a PostgreSQL."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER = os.environ.get("BATON_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
KINDS = ("SQLite", "PostgreSQL")


@contextmanager
def store(kind: str) -> Iterator[str]:
    """The URL of a new store of a kind, gone afterwards."""
    if kind == "SQLite":
        with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'state.sqlite'}"
        return
    import psycopg

    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    try:
        yield f"{SERVER.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')
