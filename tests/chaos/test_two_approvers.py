"""Two people in processes of their own decide the same tasks at the same moment: one decision counts."""

import subprocess
import sys
from pathlib import Path

import pytest

from home.clock import SystemClock
from home.database import Database
from orchestrate.contracts import Sequence
from orchestrate.engine.engine import Engine
from orchestrate.engine.start import start_in
from orchestrate.engine.table import TableDriver
from tests.chaos.form import rounds, tell, wait
from tests.chaos.site import ROOT
from tests.chaos.test_lost_answers import Once
from tests.orchestrate.engine.schedules import a_plan, human, index, service

pytestmark = pytest.mark.chaos
RUNS = rounds(100, 1000)
PEOPLE = ("approve", "reject")
PLAN = index(a_plan(Sequence(id="s", children=(human("h", outcomes=PEOPLE), service("pay")))))


@pytest.mark.parametrize(
    "store",
    [pytest.param("sqlite", marks=pytest.mark.long), pytest.param("postgres", marks=pytest.mark.postgres)],
)
def test_one_of_two_decisions_counts_and_the_run_follows_it(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = f"sqlite:///{tmp_path / 'state.sqlite'}"
    database_url = file if store == "sqlite" else request.getfixturevalue("postgres_database")
    database = Database(database_url)
    at = SystemClock().now().timestamp()
    with database.transaction() as connection:
        for n in range(RUNS):
            start_in(connection, PLAN, 1, run=f"r{n:04}", data={}, at=at)
    system = Once()
    load = lambda name, version: (PLAN.plan, 1)  # noqa: E731
    engine = Engine(database, {"stub": system}, driver=TableDriver(), load=load)
    engine.serve()
    told = race(database, [f"r{n:04}.1" for n in range(RUNS)])
    wait(lambda: not database.rows("select 1 from run where status = 'open' limit 1"), "every run ends")
    engine.stop()
    tell(f"two approvers on {database.engine.dialect.name}", tasks=RUNS, **{w: len(told[w]) for w in PEOPLE})
    said = {task: who for who in PEOPLE for task in told[who]}
    assert len(said) == sum(map(len, told.values())) == RUNS
    stored = database.rows("select id, outcome from task where kind = 'step'")
    assert {row["id"]: row["outcome"] for row in stored} == said
    journal = database.rows("select run, outcome from journal where kind = 'decided'")
    assert {f"{row['run']}.1": row["outcome"] for row in journal} == said
    assert len(system.calls) == len(set(system.calls)) == RUNS
    database.close()


def race(database: Database, tasks: list[str]) -> dict[str, list[str]]:
    """Let both decide all tasks; which of them each was told to have decided."""
    url = database.url.render_as_string(hide_password=False)
    people = {who: Person(url, who) for who in PEOPLE}
    assert {person.answer() for person in people.values()} == {"ready"}
    told: dict[str, list[str]] = {who: [] for who in PEOPLE}
    for n, task in enumerate(tasks):
        for who in PEOPLE if n % 2 else reversed(PEOPLE):
            people[who].ask(task)
        for who, person in people.items():
            if person.answer() == "counts":
                told[who].append(task)
    for person in people.values():
        person.leave()
    return told


class Person:
    """Somebody who decides whatever task they are told, in a process of their own."""

    def __init__(self, url: str, who: str) -> None:
        command = [sys.executable, "-m", "tests.chaos.deciders", url, who]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self, task: str) -> None:
        """Have them decide a task."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{task}\n")

    def answer(self) -> str:
        """What they were told."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Nothing more is to be decided."""
        self.process.communicate(timeout=30)
