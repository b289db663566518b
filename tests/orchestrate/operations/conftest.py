"""A command's context on an empty home and an empty transactional store, with a settable clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from home.clock import SettableClock
from home.context import Context, Stores
from home.settings import Configuration, Settings


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
