"""A thousand decisions at the very moment of their time limit, by two people each: one outcome each."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from home.clock import SettableClock
from home.context import Context, Stores
from home.database import Database
from home.settings import Configuration, Settings
from orchestrate.approvals import AlreadyDecided, DecideRequest, TooLate, decide
from orchestrate.contracts import Sequence
from orchestrate.engine import Engine
from orchestrate.start import start_in
from orchestrate.table import TableDriver
from tests.orchestrate.engine.schedules import a_plan, human, index, service

RUNS = 1000
LIMIT = timedelta(hours=1)
PLAN = a_plan(
    Sequence(id="s", children=(human("h", outcomes=("approve", "reject"), timeout=LIMIT), service("pay")))
)


def test_decision_and_time_limit_in_the_same_millisecond_have_one_outcome(
    database_url: str, tmp_path: Path, until: Callable[..., Any]
) -> None:
    clock = SettableClock()
    settings = Settings(home=tmp_path, database_url=database_url)
    context = Context(Configuration(settings, {}), Stores(settings), clock=clock, actor="ada")
    with context.state.transaction() as connection:
        for n in range(RUNS):
            at = clock.now().timestamp()
            start_in(connection, index(PLAN), 1, run=f"run-{n:04}", data={}, at=at)
    paid: list[str] = []
    engine = Engine(
        context.state,
        {"stub": Paying(paid)},
        driver=TableDriver(),
        clock=clock,
        load=lambda name, version: (PLAN, 1),
    )
    engine.serve()
    clock.advance(LIMIT)  # from here on every task is past its limit and every decision is on its way
    accepted = decide_all(context)
    engine._arrived(None)
    until(lambda: not context.state.rows("select 1 from run where owner is not null or due = 0 limit 1"))
    engine.stop()
    check(context.state, accepted, paid)
    context.stores.close()


class Paying:
    """Counts what was paid, by key."""

    summary = "Pays."
    options: dict[str, str] = {}

    def __init__(self, paid: list[str]) -> None:
        self.paid = paid

    async def call(self, work: Any) -> dict[str, Any]:
        self.paid.append(work.key)
        return {}


def decide_all(context: Context) -> dict[str, str]:
    """Two people decide every task, in an order of their own; who was told that their word counts."""
    accepted: list[tuple[str, str]] = []

    def person(outcome: str) -> None:
        order = list(range(RUNS))
        random.Random(outcome).shuffle(order)
        for n in order:
            request = DecideRequest(task=f"run-{n:04}.1", outcome=outcome, by=outcome)
            try:
                accepted.append((decide(context, request).run, outcome))
            except (AlreadyDecided, TooLate):
                continue

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(person, ("approve", "reject")))
    assert len(accepted) == len({run for run, _ in accepted}), "two people were told that theirs counts"
    return dict(accepted)


def check(database: Database, accepted: dict[str, str], paid: list[str]) -> None:
    """What people were told, what the journal says, what the tasks say and what was paid agree."""
    journal: dict[str, list[str]] = {}
    query = "select run, kind, outcome from journal where kind in ('decided', 'tick', 'refused') order by rev"
    for row in database.rows(query):
        journal.setdefault(row["run"], []).append(row["outcome"] or row["kind"])
    tasks = {row["run"]: row for row in database.rows("select * from task where kind = 'step'")}
    for n in range(RUNS):
        run = f"run-{n:04}"
        assert journal[run] == [accepted.get(run, "tick")]
        said = "done" if run in accepted else "closed"
        assert (tasks[run]["status"], tasks[run]["outcome"]) == (said, accepted.get(run))
    assert Counter(paid) == Counter(f"{run}:pay:1" for run in accepted)
    assert 0 < len(accepted) < RUNS, "a race that only one side ever wins is none"
