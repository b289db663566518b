"""Another program keeps the SQLite file locked: work waits for it and goes on."""

import sqlite3
import time
from pathlib import Path

import pytest

import home.database
from orchestrate.engine.engine import Engine
from orchestrate.engine.table import TableDriver
from tests.chaos.conftest import Sites
from tests.chaos.form import LONG, tell, wait
from tests.chaos.test_lost_answers import Once

pytestmark = pytest.mark.chaos
LOCKED_S = 35.0 if LONG else 1.0
"""Longer than anybody waits for the lock, which is 30 s unless a test says otherwise."""
WITHIN_S = 10.0
ENTRIES = "select count(*) as n from journal"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the quick form nobody waits longer than 0.2 s for a lock."""
    patient = home.database._pragmas

    def pragmas(connection: object) -> None:
        patient(connection)
        connection.execute("pragma busy_timeout = 200")  # type: ignore[attr-defined]

    if not LONG:
        monkeypatch.setattr(home.database, "_pragmas", pragmas)


def test_a_locked_sqlite_file_delays_and_does_nothing_else(
    impatient: None, new_site: Sites, tmp_path: Path
) -> None:
    path = tmp_path / "state.sqlite"
    site = new_site(f"sqlite:///{path}")
    system = Once()
    engine = Engine(site.database, {"python": system}, driver=TableDriver(), heartbeat_s=0.2, takeover_s=1.0)
    site.start(200)
    engine.serve()
    wait(lambda: site.count(ENTRIES) > 300, "work is under way")
    other = sqlite3.connect(path, isolation_level=None, timeout=60)
    other.execute("begin immediate")
    before, until = site.count(ENTRIES), time.monotonic() + LOCKED_S
    wait(lambda: time.monotonic() > until, "it stays locked")
    assert site.count(ENTRIES) == before
    other.execute("rollback")
    other.close()
    wait(lambda: site.count(ENTRIES) > before, "work goes on by itself", patience_s=WITHIN_S)
    wait(site.all_done, "every run ends")
    engine.stop()
    tell("SQLite locked by another program", locked_s=LOCKED_S, runs=site.runs, calls=len(system.calls))
    assert len(set(system.calls)) == 200 * 4
    assert not site.count("select count(*) as n from run where status <> 'done'")
