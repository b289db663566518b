"""A worker is cut off from the store: others go on with its runs, and when it is back it takes part again."""

import time
from typing import Any

import pytest

from home.database import Database
from orchestrate.engine.heartbeat import Heartbeat
from tests.chaos.conftest import Sites
from tests.chaos.form import LONG, rounds, tell, wait
from tests.chaos.network import cable
from tests.chaos.postgres import own_postgres
from tests.chaos.site import NONE, SWIFT

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]
ROUNDS = rounds(1, 5)
CUT_S = 45.0 if LONG else 0.0
"""How long the last cut lasts at least: by then TCP's own patience is longer than ours."""
BACK_WITHIN_S = 20.0


@pytest.mark.long
def test_a_worker_that_is_cut_off_does_no_harm_and_comes_back(new_site: Sites) -> None:
    with cable() as wire, own_postgres(wire.here) as server:
        site = new_site(server.url)
        here = site.worker("table", "here", **SWIFT).ready()
        away = site.worker("table", "away", within=wire.within, **SWIFT).ready()
        for n in range(ROUNDS):
            wait(lambda: site.feed() and len(site.owned(away)) >= 3, "work")
            wire.pull()
            until = time.monotonic() + (CUT_S if n == ROUNDS - 1 else 0.0)
            held = site.owned(away)
            wait(lambda h=held: site.feed() and site.moved(h), "its runs go on elsewhere")
            wait(lambda: site.feed() and not site.owned(away), "it owns nothing any more")
            wait(lambda u=until: time.monotonic() > u, "the cut has lasted")
            wire.plug_in()
            wait(lambda: site.feed() and site.owned(away), "it takes part again", patience_s=BACK_WITHIN_S)
        wait(site.all_done, "every run ends")
        toll = site.toll()
        tell("cut off from the network", rounds=ROUNDS, runs=site.runs, toll=toll)
        assert toll == NONE
        assert [here.end(), away.end()] == [0, 0]


def test_a_beat_that_is_cut_off_halfway_does_not_keep_others_from_taking_over(postgres_database: str) -> None:
    database, buried = Database(postgres_database), list[str]()
    database.execute("insert into worker(id, beat, since) values ('cut', 0, 0)")
    given: dict[str, Any] = {"every_s": 60.0, "limit_s": 1.0, "driven": list, "freed": lambda: None}
    cut = Heartbeat(database, "cut", "table", buried=lambda _: None, **given)
    half = cut._open()
    half.execute("begin")
    half.execute("update worker set pid = 1 where id = 'cut'")  # and nothing more comes from there
    other = Heartbeat(database, "other", "table", buried=buried.append, **given)
    wait(lambda: other._beat() or buried, "the silent worker is buried", patience_s=20.0)
    assert buried == ["cut"]
    other._disconnect()
    half.close()
    database.close()
