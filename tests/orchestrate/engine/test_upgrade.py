"""What an older Baton left goes on under this one: its files of journal and run are kept here and read."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection, make_url

from home.clock import SettableClock
from home.context import Context, Stores
from home.database import Database
from home.settings import Configuration, Settings
from home.sql import migrations
from orchestrate.connectors.port import Work
from orchestrate.contracts import Plan
from orchestrate.core.machine import replay
from orchestrate.core.migration import events_of
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.driver import make_driver
from orchestrate.engine.engine import Engine
from orchestrate.engine.task_table import writes
from orchestrate.people.approvals import DecideRequest, decide
from orchestrate.runs.shown import RunsRequest, ShowRequest, runs, show

FORMATS = Path(__file__).parent / "formats"
PARKED = 100
ORPHANED = 3
"""Of them, runs whose worker was killed for the upgrade."""


def kept(name: str) -> Any:
    """A file that an older Baton wrote."""
    return json.loads((FORMATS / name).read_text(encoding="utf-8"))


RUN, JOURNAL = kept("run_format_1.json"), kept("journal_format_1.json")


def insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    places = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"insert into {table}({', '.join(row)}) values ({places})"), dict(row))


def older_store(url: str) -> None:
    """A store as the older Baton left it: its schema, one plan, a hundred runs at their approval."""
    made = make_url(url)
    if made.get_backend_name() == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
    else:
        Path(str(made.database)).parent.mkdir(parents=True)
    engine = create_engine(made)
    with engine.begin() as connection:
        for number, sql in sorted(migrations("orchestrate", "schema/state")):
            if number <= 5:
                for statement in filter(str.strip, sql.split(";\n")):
                    connection.exec_driver_sql(statement)
        connection.execute(text("create table schema_version(version integer not null)"))
        connection.execute(text("insert into schema_version values (:v)"), {"v": 5})
        insert(connection, "plan", RUN["plan"])
        insert(connection, "plan_version", RUN["plan_version"])
        for n in range(PARKED):
            parked(connection, n)
    engine.dispose()


def parked(connection: Connection, n: int) -> None:
    """One more run like the kept one, with an id and a key of its own."""
    first, name = RUN["run"]["id"], f"run-{n:03}"

    def own(row: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v.replace(first, name) if isinstance(v, str) else v for k, v in row.items()}

    owner = {"owner": "killed", "due": None} if n < ORPHANED else {}
    insert(connection, "run", own(RUN["run"]) | {"key": f"PO-{n}"} | owner)
    for table, rows in (("journal", JOURNAL), *((t, RUN[t]) for t in ("task", "inbox", "alert"))):
        for row in rows:
            insert(connection, table, own(row))


class Shipping:
    """Does whatever it is asked."""

    summary = "Ships."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.keys.append(work.key)
        return {"shipped": True}


def test_todays_core_reads_a_kept_journal_and_its_tables_take_what_it_wants() -> None:
    plan = Plan.model_validate_json(RUN["plan_version"]["content"])
    state = replay(PlanIndex(plan, compile_rule), events_of(JOURNAL))
    before = json.loads(RUN["run"]["state"])
    same = ("status", "data", "done", "outcome", "visits", "took", "tasks", "started", "run")
    assert {name: state[name] for name in same} == {name: before[name] for name in same}
    assert state["open"]["approve"]["task"]["id"] == before["open"]["approve"]["task"]["id"]
    assert {row["format"] for row in JOURNAL} == {1}
    assert before["format"] == state["format"] == 1
    assert writes((), RUN["run"], 0.0) == []


@pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("postgres", marks=(pytest.mark.postgres, pytest.mark.long))]
)
def test_a_hundred_parked_approvals_of_an_older_baton_all_continue(
    store: str, tmp_path: Path, until: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    file = f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}"
    database_url = file if store == "sqlite" else request.getfixturevalue("postgres_database")
    older_store(database_url)
    clock = SettableClock()
    clock.advance(timedelta(hours=5))
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    context = Context(Configuration(settings, {}), Stores(settings), clock=clock, actor="ada")
    assert isinstance(context.state, Database)
    shown = show(context, ShowRequest(run="run-007"))
    assert (shown.step, shown.state, shown.priority) == ("Approve", "open", "normal")
    assert [entry.kind for entry in shown.journal] == [row["kind"] for row in JOURNAL]
    shipping = Shipping()
    engine = Engine(
        context.state,
        {"stub": shipping},
        driver=make_driver("dbos", context.state, "new", 16),
        clock=clock,
        worker="new",
    )
    engine.serve()
    [approval] = [row["id"] for row in RUN["task"] if row["node"] == "approve"]
    number = approval.rpartition(".")[2]
    for n in range(PARKED):
        request = DecideRequest(task=f"run-{n:03}.{number}", outcome="approved", by="ada")
        decide(context, request)
    until(lambda: not context.state.rows("select 1 from run where status = 'open' limit 1"))
    engine.stop()
    assert sorted(shipping.keys) == [f"run-{n:03}:ship:1" for n in range(PARKED)]
    assert len(runs(context, RunsRequest(state="done", limit=PARKED + 1)).rows) == PARKED
    last = show(context, ShowRequest(run="run-042"))
    words = "Ship done by stub; Call was no longer needed; the run is done"
    assert last.journal[-1].what == words
    context.stores.close()
