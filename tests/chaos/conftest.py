"""Sites for tests that do damage, and servers that may be damaged."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from home.database import Database
from orchestrate.contracts import Plan
from tests.chaos.site import LOAD, Site

Sites = Callable[..., Site]


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[Sites]:
    """Makes a site on the store behind a URL; its processes end with the test."""
    made: list[Site] = []

    def make(url: str, plan: Plan = LOAD) -> Site:
        made.append(Site(Database(url), tmp_path, plan))
        return made[-1]

    yield make
    for site in made:
        site.close()
        site.database.close()


@pytest.fixture
def site(new_site: Sites, database_url: str) -> Site:
    """A site, once on each database."""
    return new_site(database_url)
