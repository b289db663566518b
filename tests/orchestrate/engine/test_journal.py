"""The five statements under attack, on both databases: two owners, lost answers, unseen events."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from home.database import Database
from orchestrate.core.events import Succeeded
from orchestrate.core.machine import advance
from orchestrate.engine.entry import entry_of
from orchestrate.engine.journal import Journal, post_in
from orchestrate.engine.operations import Claim, Park, Verdict, apply
from orchestrate.engine.start import start_in
from orchestrate.engine.statements import Claimed, Commit, Execute, on_driver
from tests.orchestrate.engine.schedules import START, a_plan, human, index, service

PLAN = index(a_plan(service("a")))
SLOW = index(a_plan(human("h")))


@pytest.fixture
def journal(database: Database) -> Iterator[Journal]:
    found = Journal(database, "w1")
    yield found
    found.close()


def started(database: Database, name: str = "r1", plan: Any = PLAN) -> str:
    with database.transaction() as connection:
        run, _ = start_in(connection, plan, 1, run=name, data={}, at=START)
    return run


def commit_of(claimed: Claimed, **fields: Any) -> Commit:
    """The commit that ends step `a`."""
    before = json.loads(claimed.state)
    event = Succeeded(node="a", visit=1, attempt=1)
    state, effects = advance(PLAN, before, event, START + 1)
    commit = Commit(
        run=claimed.run,
        fence=claimed.fence,
        rev=claimed.rev,
        state=json.dumps(state),
        seen=claimed.seen,
        entry=entry_of(PLAN, before, event, effects, START + 1),
        status=state["status"],
        ended=state["ended"],
        park=True,
    )
    return replace(commit, **fields)


def does(work: Any) -> Any:
    return asyncio.run(work)


def entries(database: Database, run: str = "r1") -> list[str]:
    rows = database.rows("select kind from journal where run = :run order by rev", {"run": run})
    return [row["kind"] for row in rows]


def test_a_run_has_one_owner(database: Database, journal: Journal) -> None:
    run = started(database)
    other = Journal(database, "w2")
    claimed = does(journal.claim(run))
    assert (claimed.run, claimed.fence, claimed.rev) == (run, 1, 1)
    assert does(other.claim(run)) is None
    assert does(other.take(START + 9, 10)) == []
    other.close()


def test_due_runs_are_taken_longest_due_first_and_only_once(database: Database, journal: Journal) -> None:
    for n in range(5):
        started(database, f"r{n}")
        database.execute(
            "update run set due = :due, since = :due where id = :run", {"due": START - n, "run": f"r{n}"}
        )
    taken = does(journal.take(START - 1, 3))
    assert {claimed.run for claimed in taken} == {"r4", "r3", "r2"}
    assert [claimed.run for claimed in does(journal.take(START - 1, 3))] == ["r1"]


def test_a_zombie_is_fenced_off(database: Database, journal: Journal) -> None:
    run = started(database)
    zombie = does(journal.claim(run))
    database.execute("update run set owner = null, fence = fence + 1, due = 0")
    other = Journal(database, "w2")
    claimed = does(other.claim(run))
    assert does(journal.commit(commit_of(zombie))) is Verdict.FENCED
    assert does(journal.park(Park(run, zombie.fence, 1, None))) is Verdict.FENCED
    assert does(other.commit(commit_of(claimed))) is Verdict.DONE
    assert entries(database) == ["started", "succeeded"]
    other.close()


def test_a_commit_whose_acknowledgement_was_lost_is_recognised(database: Database, journal: Journal) -> None:
    claimed = does(journal.claim(started(database)))
    commit = commit_of(claimed)
    assert does(journal.commit(commit)) is Verdict.DONE
    assert does(journal.commit(commit)) is Verdict.DONE
    assert entries(database) == ["started", "succeeded"]


def test_a_lost_acknowledgement_on_the_wire_is_retried_and_recognised(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction commits, then the connection breaks before the writer hears of it."""
    import sqlite3

    import psycopg

    lost = [psycopg.OperationalError("connection lost"), sqlite3.OperationalError("database is locked")]
    really, answers = Journal._try, iter([lost[not database.is_postgres]])

    def losing(self: Journal, operations: Any) -> Any:
        found = really(self, operations)
        for error in answers:
            raise error
        return found

    claimed = does(journal.claim(started(database)))
    monkeypatch.setattr(Journal, "_try", losing)
    assert does(journal.commit(commit_of(claimed))) is Verdict.DONE
    assert entries(database) == ["started", "succeeded"]


def test_a_run_with_an_unseen_event_cannot_be_parked(database: Database, journal: Journal) -> None:
    run = started(database, plan=SLOW)
    claimed = does(journal.claim(run))
    with database.transaction() as connection:
        assert post_in(connection, run, "decided", {"node": "h"}, START) == 1
    park = Park(run, claimed.fence, claimed.rev, START + 60)
    assert does(journal.park(park)) is Verdict.NOT_PARKED
    assert does(journal.unseen(run, 0)) == [(1, "decided", '{"node": "h"}')]
    database.execute("update run set seen = 1")
    assert does(journal.park(park)) is Verdict.DONE
    assert does(journal.park(park)) is Verdict.DONE, "asked again after a lost answer"


def test_a_strict_commit_waits_for_unseen_events(database: Database, journal: Journal) -> None:
    run = started(database)
    claimed = does(journal.claim(run))
    with database.transaction() as connection:
        post_in(connection, run, "pause", {}, START)
    assert does(journal.commit(commit_of(claimed, strict=True))) is Verdict.UNSEEN
    assert entries(database) == ["started"]
    assert does(journal.commit(commit_of(claimed, strict=True, seen=1))) is Verdict.DONE


def test_an_event_for_a_run_that_has_ended_is_refused(database: Database, journal: Journal) -> None:
    run = started(database)
    does(journal.commit(commit_of(does(journal.claim(run)))))
    with database.transaction() as connection:
        assert post_in(connection, run, "cancel", {}, START) is None
    assert database.rows("select * from inbox") == []


def test_posting_numbers_events_without_gaps_and_makes_a_parked_run_due(database: Database) -> None:
    run = started(database, plan=SLOW)
    assert database.row("select due from run") == {"due": None}
    for n in (1, 2, 3):
        with database.transaction() as connection:
            assert post_in(connection, run, "decided", {"node": "h"}, START) == n
    assert database.row("select head, seen, due from run") == {"head": 3, "seen": 0, "due": 0.0}


def test_many_commits_share_a_transaction_and_each_gets_its_own_verdict(
    database: Database, journal: Journal
) -> None:
    claims = [does(journal.claim(started(database, f"r{n}"))) for n in range(6)]
    commits = [commit_of(claimed) for claimed in claims]
    commits[2] = replace(commits[2], fence=99)
    commits[4] = replace(commits[4], writes=[("update task set nonsense = 1", {})])
    whole = [c for i, c in enumerate(commits) if i != 4]

    async def together() -> list[Any]:
        return await asyncio.gather(*map(journal.commit, commits), return_exceptions=True)

    verdicts = does(together())
    assert [v for i, v in enumerate(verdicts) if i not in (2, 4)] == [Verdict.DONE] * 4
    assert verdicts[2] is Verdict.FENCED
    assert isinstance(verdicts[4], Exception), "one broken write fails alone"
    assert sum(len(entries(database, c.run)) for c in whole) == 5 + 4
    assert entries(database, "r4") == ["started"]


def test_one_statement_for_all_or_one_by_one_writes_the_same(database: Database, journal: Journal) -> None:
    """The batched statement of PostgreSQL and the loop that SQLite takes are one contract."""
    claims = [does(journal.claim(started(database, f"r{n}"))) for n in range(2)]
    commits = [commit_of(claims[0]), commit_of(claims[1], park=False, status="open", ended=None)]
    connection = database.raw()
    for way, commit in zip((True, False), commits, strict=True):
        execute: Execute = on_driver(connection, postgres=database.is_postgres)
        batched = way and database.is_postgres
        assert apply(execute, [commit], "w1", postgres=batched) == [Verdict.DONE]
    connection.close()
    rows = database.rows("select * from journal where rev = 2 order by run")
    first, second = ({k: v for k, v in row.items() if k != "run"} for row in rows)
    assert first == second
    owners = database.rows("select owner, status, rev from run order by id")
    assert [tuple(row.values()) for row in owners] == [(None, "done", 2), ("w1", "open", 2)]


def test_a_business_key_is_taken_once_even_when_two_start_at_the_same_time(database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def start(n: int) -> tuple[str, bool]:
        with database.transaction() as connection:
            return start_in(connection, PLAN, 1, run=f"r{n}", data={}, at=START, key="INV-7")

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(start, range(24)))
    assert len({run for run, _ in found}) == 1
    assert sum(created for _, created in found) == 1
    assert len(database.rows("select * from journal")) == 1


def test_a_task_is_opened_in_the_transaction_that_journals_why(
    database: Database, until: Callable[..., Any]
) -> None:
    started(database, plan=SLOW)
    [task] = database.rows("select id, run, node, visit, status, role, opened, outcomes from task")
    assert task == {
        "id": "r1.1",
        "run": "r1",
        "node": "h",
        "visit": 1,
        "status": "open",
        "role": "operator",
        "opened": START,
        "outcomes": "[]",
    }


def test_a_hundred_thousand_parked_runs_are_not_read_to_find_those_that_are_due(tmp_path: Any) -> None:
    from orchestrate.engine import engine, heartbeat, statements, watch

    database = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    values = {"worker": "w", "now": START, "limit": 1, "run": "r", "oldest": 0, "poison": 5, "why": ""}
    queries = {
        engine.NEXT: "run_due",
        watch.WAITING: "run_due",
        watch.ARRIVED: "run_owner",
        heartbeat.ORPHANS: "run_owner",
    }
    for query, expected in queries.items():
        rows = database.rows(f"explain query plan {query}", values)
        assert any(f"INDEX {expected} " in row["detail"] for row in rows), (query, rows)
    rows = database.rows(f"explain query plan {statements.TAKE}", values)
    looks = [row["detail"] for row in rows if row["detail"].startswith(("SEARCH", "SCAN"))]
    turns = [look for look in looks if "INDEX run_turn (priority=? AND since<?)" in look]
    assert len(turns) == len(statements.PRIORITIES), looks
    assert any("INDEX run_due (due=? AND since>?)" in look for look in looks), looks
    assert not [look for look in looks if "SCAN run" in look], looks
    database.close()


LOW, NORMAL, HIGH = 0, 1, 2


def crowd(database: Database, size: int) -> None:
    """Many low-priority runs that have waited for their turn since long ago."""
    started(database, "mould")
    columns = "plan, version, status, state, fence, head, seen, started, started_by, rev, due"
    with database.transaction() as connection:
        connection.exec_driver_sql(
            f"insert into run(id, priority, since, {columns}) with recursive n(i) as"
            f" (select 1 union all select i + 1 from n where i < {size})"
            f" select 'low-' || i, {LOW}, {START} - 1000000 + i, {columns} from n, run where id = 'mould'"
        )
        connection.exec_driver_sql("delete from run where id = 'mould'")


def test_ten_thousand_waiting_low_runs_do_not_delay_a_high_one_and_none_waits_for_ever(
    database: Database, journal: Journal
) -> None:
    crowd(database, 10_000)
    for name, priority in (("high", HIGH), ("normal", NORMAL)):
        started(database, name)
        database.execute("update run set priority = :p where id = :run", {"p": priority, "run": name})
    assert [c.run for c in does(journal.take(START + 1, 1))] == ["high"]
    assert [c.run for c in does(journal.take(START + 1, 1, oldest=True))] == ["low-1"]
    assert {c.run for c in does(journal.take(START + 1, 3))} == {"normal", "low-2", "low-3"}


def test_a_postgres_look_for_due_runs_reads_no_more_than_it_may_take(postgres_database: str) -> None:
    from orchestrate.engine import statements

    database = Database(postgres_database)
    crowd(database, 10_000)
    connection = database.raw()
    connection.execute("analyze run")
    execute = on_driver(connection, postgres=True)
    values = {"worker": "w", "now": START + 1, "limit": 3, "oldest": 0}
    plan = "\n".join(row[0] for row in execute(f"explain (analyze) {statements.TAKE_POSTGRES}", values))
    assert plan.count("run_turn") == len(statements.PRIORITIES), plan
    assert "Seq Scan on run" not in plan, plan
    connection.close()
    database.close()


def test_a_run_is_driven_at_once_though_the_clock_of_who_posted_is_ahead(
    database: Database, journal: Journal
) -> None:
    run = started(database, plan=SLOW)
    with database.transaction() as connection:
        assert post_in(connection, run, "decided", {"task": f"{run}.1"}, START + 3600) == 1
    assert [c.run for c in does(journal.take(START, 1))] == [run]


def test_workers_that_claim_the_same_runs_in_other_orders_do_not_wait_for_each_other(
    postgres_store: str,
) -> None:
    database = Database(postgres_store)
    runs = [started(database, f"r{number}") for number in (1, 2)]
    ours, theirs = database.raw(), database.raw()
    theirs.execute("set lock_timeout = '2s'")
    for connection in (ours, theirs):
        connection.execute("begin")
    (first,) = apply(on_driver(ours, postgres=True), [Claim(runs[0])], "w1", postgres=True)
    got = apply(on_driver(theirs, postgres=True), [Claim(run) for run in reversed(runs)], "w2", postgres=True)
    assert first.run == "r1" and got[0].run == "r2" and got[1] is None
    assert apply(on_driver(ours, postgres=True), [Claim(runs[1])], "w1", postgres=True) == [None]
    for connection in (ours, theirs):
        connection.execute("commit")
        connection.close()
    owners = {row["id"]: row["owner"] for row in database.rows("select id, owner from run")}
    assert owners == {"r1": "w1", "r2": "w2"}
    database.close()
