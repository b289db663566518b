"""kill -9 of workers under load, again and again: nothing is lost, done again or doubled."""

import math
import random
import time

import pytest

from tests.chaos.form import rounds, tell, wait
from tests.chaos.site import NONE, Site, Worker

pytestmark = pytest.mark.chaos
ROUNDS = rounds(1, 100)
WITHIN_S = 10.0
"""99 of 100 recoveries take no longer, from the kill until every run that was hit got further."""


def test_kill_9_of_workers_loses_nothing_repeats_nothing_and_doubles_nothing(site: Site) -> None:
    workers = [site.worker(driver, home).ready() for driver, home in places(site)]
    took, starting = [], []
    for n in range(ROUNDS):
        wait(lambda: site.feed() and any(len(site.owned(worker)) >= 3 for worker in workers), "work")
        victim = max(workers, key=lambda worker: len(site.owned(worker)))
        time.sleep(random.random() * 0.05)  # any moment of a step may be the one
        victim.kill()
        hit, began = site.owned(victim), time.monotonic()
        driver, home = places(site, n)[workers.index(victim)]
        fresh = workers[workers.index(victim)] = site.worker(driver, home)
        if not site.database.is_postgres:  # nobody else can take them over
            fresh.ready()
            starting.append(time.monotonic() - began)
        wait(lambda hit=hit: site.feed() and site.moved(hit), "the runs of a killed worker go on")
        took.append(time.monotonic() - began)
        fresh.ready()
    wait(site.all_done, "every run ends")
    toll = site.toll()
    retried = len(site.calls()) - len({call.key for call in site.calls()})
    took.sort()
    p99 = took[math.ceil(len(took) * 0.99) - 1]
    longest_start = round(max(starting, default=0.0), 2)
    name = f"kill -9 of workers on {site.database.engine.dialect.name}"
    figures = {"rounds": ROUNDS, "runs": site.runs, "calls made again": retried}
    tell(
        name,
        **figures,
        median_s=round(took[len(took) // 2], 2),
        p99_s=round(p99, 2),
        longest_start_s=longest_start,
        toll=toll,
    )
    assert toll == NONE
    assert p99 <= WITHIN_S
    assert ends(workers)


def places(site: Site, n: int = 0) -> list[tuple[str, str]]:
    """Driver and home folder of each worker: a SQLite file has one worker, PostgreSQL here two."""
    if site.database.is_postgres:
        return [("table", "one"), ("dbos", "two")]
    return [(("table", "dbos")[n % 2], "home")]


def ends(workers: list[Worker]) -> bool:
    """Whether all of them end as they are told."""
    return [worker.end() for worker in workers] == [0] * len(workers)
