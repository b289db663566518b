"""One run whose worker is killed, or stopped and woken, in the middle of a step, followed closely."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from orchestrate.contracts import Sequence
from tests.chaos.conftest import Sites
from tests.chaos.form import wait
from tests.chaos.site import SWIFT, Site, step
from tests.orchestrate.engine.schedules import a_plan

pytestmark = pytest.mark.chaos
PLAN = a_plan(Sequence(id="s", children=(step("a", "keep"), step("b", "hold"), step("c", "keep"))))


def asked(site: Site, key: str) -> list[int]:
    """The processes that asked for what the key stands for."""
    return [call.pid for call in site.calls() if call.key == key]


@pytest.mark.parametrize(
    ("store", "driver"),
    [
        pytest.param("sqlite", "dbos"),
        pytest.param("sqlite", "table", marks=pytest.mark.long),
        pytest.param("postgres", "dbos", marks=[pytest.mark.long, pytest.mark.postgres]),
        pytest.param("postgres", "table", marks=pytest.mark.postgres),
    ],
)
def test_kill_9_in_the_middle_of_a_step_repeats_nothing_that_was_journaled(
    new_site: Sites, store: str, driver: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}"
    site = new_site(file if store == "sqlite" else request.getfixturevalue("postgres_database"), PLAN)
    first = site.worker(driver, **SWIFT).ready()
    (run,) = site.start()
    wait(lambda: asked(site, f"{run}:b:1"), "the step in the middle is called")
    first.kill()
    assert site.done(run) == ["a"]
    second = site.worker(driver, **SWIFT).ready()
    wait(lambda: len(site.calls()) == 3, "it is called again")
    site.open_gate()
    wait(lambda: site.status(run) == "done", "the run ends")
    assert site.done(run) == ["a", "b", "c"]
    keys = Counter(call.key for call in site.calls())
    assert keys == {f"{run}:a:1": 1, f"{run}:b:1": 2, f"{run}:c:1": 1}
    assert second.end() == 0


@pytest.mark.postgres
def test_a_worker_that_was_stopped_and_wakes_after_take_over_changes_nothing(
    new_site: Sites, postgres_database: str
) -> None:
    site = new_site(postgres_database, PLAN)
    zombie = site.worker("table", "one", **SWIFT).ready()
    (run,) = site.start()
    wait(lambda: asked(site, f"{run}:b:1"), "the step in the middle is called")
    other = site.worker("dbos", "two", **SWIFT).ready()
    zombie.send(signal.SIGSTOP)
    wait(lambda: len(site.calls()) == 3, "it is called again")
    site.open_gate()
    wait(lambda: site.status(run) == "done", "the run ends")
    journal = "select * from journal where run = :run"
    before = site.database.rows(journal, {"run": run})
    zombie.send(signal.SIGCONT)
    assert zombie.end() == 0
    assert site.database.rows(journal, {"run": run}) == before
    assert site.done(run) == ["a", "b", "c"]
    assert asked(site, f"{run}:b:1") == [zombie.pid, other.pid]
    assert other.end() == 0


def test_a_second_worker_on_one_sqlite_file_is_refused_and_the_first_goes_on(
    new_site: Sites, tmp_path: Path
) -> None:
    site = new_site(f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}", PLAN)
    first = site.worker("table", **SWIFT).ready()
    with pytest.raises(AssertionError, match="in use by `baton worker`"):
        site.worker("table", **SWIFT).ready()
    (run,) = site.start()
    site.open_gate()
    wait(lambda: site.status(run) == "done", "the run ends")
    assert first.end() == 0
