"""Decisions at the very moment of their time limit, by two people each: one outcome each."""

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
from orchestrate.contracts import Sequence
from orchestrate.engine.engine import Engine
from orchestrate.engine.start import start_in
from orchestrate.engine.table import TableDriver
from orchestrate.people.approvals import AlreadyDecided, DecideRequest, TooLate, decide
from tests.chaos.form import rounds
from tests.orchestrate.engine.schedules import a_plan, human, index, service

RUNS, BLOCK = rounds(300, 1000), 50
LIMIT = timedelta(hours=1)
PLAN = a_plan(
    Sequence(id="s", children=(human("h", outcomes=("approve", "reject"), timeout=LIMIT), service("pay")))
)
TICKS = "select count(*) as n from journal where kind = 'tick' and run >= :first and run < :last"
Wait = Callable[[Callable[[], Any]], Any]


def test_decision_and_time_limit_in_the_same_millisecond_have_one_outcome(
    database_url: str, tmp_path: Path, until: Wait
) -> None:
    clock = SettableClock()
    settings = Settings(home=tmp_path, database_url=database_url)
    context = Context(Configuration(settings, {}), Stores(settings), clock=clock, actor="ada")
    with context.state.transaction() as connection:
        for n in range(RUNS):  # every block one minute after the one before
            at = clock.now().timestamp() + 60 * (n // BLOCK)
            start_in(connection, index(PLAN), 1, run=name(n), data={}, at=at)
    paid: list[str] = []
    engine = Engine(
        context.state,
        {"stub": Paying(paid)},
        driver=TableDriver(),
        clock=clock,
        load=lambda name, version: (PLAN, 1),
    )
    engine.serve()
    clock.advance(LIMIT)
    accepted: dict[str, str] = {}
    for first in range(0, RUNS, BLOCK):
        engine._arrived(None)  # from here on the block is past its limit, and decisions are on their way
        accepted |= decide_block(context, first, until)
        clock.advance(timedelta(minutes=1))
    engine._arrived(None)
    until(lambda: not context.state.rows("select 1 from run where owner is not null or due = 0 limit 1"))
    engine.stop()
    check(context.state, accepted, paid)
    context.stores.close()


def name(number: int) -> str:
    return f"run-{number:04}"


class Paying:
    """Counts what was paid, by key."""

    summary = "Pays."
    options: dict[str, str] = {}

    def __init__(self, paid: list[str]) -> None:
        self.paid = paid

    async def call(self, work: Any) -> dict[str, Any]:
        self.paid.append(work.key)
        return {}


def decide_block(context: Context, first: int, until: Wait) -> dict[str, str]:
    """Two people decide the tasks of a block, each in an order of their own; who was told that theirs counts.

    The first begins at once and pauses until the clock has won once, when the second joins: however the
    machine is used otherwise, neither side wins all.
    """
    accepted: list[tuple[str, str]] = []
    block = {"first": name(first), "last": name(first + BLOCK)}

    def clock_has_won() -> bool:
        left = "select 1 from task where status = 'open' and run >= :first and run < :last limit 1"
        return context.state.row(TICKS, block) != {"n": 0} or not context.state.rows(left, block)

    def person(outcome: str) -> None:
        order = list(range(first, first + BLOCK))
        random.Random(f"{outcome} {first}").shuffle(order)
        pause = BLOCK // 4 if outcome == "approve" else 0
        for turn, n in enumerate(order):
            if turn == pause:
                until(clock_has_won)
            request = DecideRequest(task=f"{name(n)}.1", outcome=outcome, by=outcome)
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
        run = name(n)
        assert journal[run] == [accepted.get(run, "tick")]
        said = "done" if run in accepted else "closed"
        assert (tasks[run]["status"], tasks[run]["outcome"]) == (said, accepted.get(run))
    assert Counter(paid) == Counter(f"{run}:pay:1" for run in accepted)
    assert 0 < len(accepted) < RUNS, "a race that only one side ever wins is none"
