"""kill -9 of PostgreSQL under load: the workers go on by themselves when it is back."""

import time

import pytest

from tests.chaos.conftest import Sites
from tests.chaos.form import LONG, rounds, tell, wait
from tests.chaos.postgres import own_postgres
from tests.chaos.site import NONE

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]
ROUNDS = rounds(1, 20)
DRIVERS = ("table", "dbos") if LONG else ("table",)
ON_THE_WAY = 20
"""Journal entries that show that work goes on."""
WITHIN_S = 10.0


def test_workers_recover_by_themselves_when_postgresql_was_killed(new_site: Sites) -> None:
    took = []
    with own_postgres() as server:
        site = new_site(server.url)
        workers = [site.worker(driver, driver) for driver in DRIVERS]
        for worker in workers:
            worker.ready()
        entries = "select count(*) as n from journal"
        for _ in range(ROUNDS):
            before = site.count(entries)
            wait(lambda b=before: site.feed() and site.count(entries) > b + ON_THE_WAY, "work is under way")
            server.kill()
            server.start()
            site.database.engine.dispose()  # this process too has lost its connections
            began, before = time.monotonic(), site.count(entries)
            wait(lambda b=before: site.feed() and site.count(entries) > b + ON_THE_WAY, "work goes on")
            took.append(time.monotonic() - began)
        wait(site.all_done, "every run ends")
        toll = site.toll()
        took.sort()
        figures = {"rounds": ROUNDS, "runs": site.runs, "median_s": round(took[len(took) // 2], 2)}
        tell("kill -9 of PostgreSQL", **figures, longest_s=round(took[-1], 2), toll=toll)
        assert toll == NONE
        assert took[-1] <= WITHIN_S
        assert [worker.end() for worker in workers] == [0] * len(DRIVERS)
