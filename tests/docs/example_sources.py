"""Makes the sources of the adapters' page that are no text, or no files: one function per section.

A section's function is called before its examples, in the folder where they run. `request` gives it the
fixtures of the tests (`request.getfixturevalue("postgres_database")`), `request.addfinalizer` the end.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

Maker = Callable[[Path, pytest.FixtureRequest], None]
MAKERS: dict[str, Maker] = {}
"""By the section's heading."""

EVENTS = [
    ("1", "Receive order", "2026-03-02T08:00:00Z"),
    ("1", "Ship goods", "2026-03-03T16:00:00Z"),
]


def makes(heading: str) -> Callable[[Maker], Maker]:
    """Registers what makes the sources of a section."""

    def register(maker: Maker) -> Maker:
        MAKERS[heading] = maker
        return maker

    return register


@makes("Parquet")
def parquet(folder: Path, request: pytest.FixtureRequest) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("case_id", "activity", "timestamp")
    columns = {name: pa.array(values) for name, values in zip(names, zip(*EVENTS, strict=True), strict=True)}
    pq.write_table(pa.table(columns), folder / "orders.parquet")


@makes("Excel")
def workbook(folder: Path, request: pytest.FixtureRequest) -> None:
    """Two months; the first with a title, a merged order and a total below."""
    from datetime import datetime

    import openpyxl

    book = openpyxl.Workbook()
    march, april = book["Sheet"], book.create_sheet("April")
    march.title = "March"
    rows = [
        ("Orders of March",),
        (),
        ("Order", "Step", "Done"),
        ("007", "Receive", datetime(2026, 3, 2, 8, 0)),
        (None, "Ship", datetime(2026, 3, 3, 8, 0)),
        ("008", "Receive", datetime(2026, 3, 4, 8, 0)),
        ("Total", "3 steps", None),
    ]
    for row in rows:
        march.append(row)
    march.merge_cells("A4:A5")
    april.append(rows[2])
    book.save(folder / "orders.xlsx")


@makes("Tables that are joined")
def tables(folder: Path, request: pytest.FixtureRequest) -> None:
    from tests.ingest.exports import SAP_P2P, SERVICENOW, as_workbook, as_zip

    as_zip(folder / "sap.zip", SAP_P2P)
    as_workbook(folder / "servicenow.xlsx", SERVICENOW)


@makes("SQL databases")
def databases(folder: Path, request: pytest.FixtureRequest) -> None:
    with sqlite3.connect(folder / "erp.db") as connection:
        connection.execute("create table events(case_id, activity, timestamp)")
        connection.executemany("insert into events values (?, ?, ?)", EVENTS)
    connection.close()
    history(folder, request)


@makes("Sources that keep flowing")
def history(folder: Path, request: pytest.FixtureRequest) -> None:
    """A table of a PostgreSQL whose address is in the environment."""
    import psycopg

    address = request.getfixturevalue("postgres_database")
    with psycopg.connect(address) as connection:
        connection.execute(
            "create table history(order_no text, step text, done_at timestamptz, clerk text,"
            " changed_at timestamptz default now())"
        )
        for row in [*EVENTS, ("2", *EVENTS[0][1:])]:
            connection.execute("insert into history(order_no, step, done_at) values (%s, %s, %s)", row)
    request.getfixturevalue("monkeypatch").setenv("ERP_URL", address)


@makes("Runs of Baton's own plans")
def runs(folder: Path, request: pytest.FixtureRequest) -> None:
    """One run of the plan `orders`, brought to its end by people's decisions."""
    from home.context import Context, Stores
    from home.settings import configure
    from orchestrate.engine.engine import Engine
    from orchestrate.engine.memory import MemoryDriver
    from orchestrate.people.approvals import DecideRequest, decide
    from orchestrate.people.tasks import TasksRequest, tasks
    from orchestrate.plans.publish import publish_plan
    from orchestrate.runs.start_run import StartRequest, start
    from tests.orchestrate.operations.plans import order_plan

    configuration = configure({"home": folder / "home"}, {})
    context = Context(configuration, Stores(configuration.settings), actor="ada")
    publish_plan(context, order_plan())
    start(context, StartRequest(plan="orders", data='{"amount": 120}', key="PO-17"))
    engine = Engine(context.state, {}, driver=MemoryDriver(context.clock), clock=context.clock, worker="docs")
    outcomes = {"Approve": "approved"}
    for _ in range(5):
        engine.run_until_idle(until=context.clock.now())
        for task in tasks(context, TasksRequest()).rows:
            outcome = outcomes.get(task.step, "done")
            decide(context, DecideRequest(task=task.task, outcome=outcome, by="ada"))
    engine.run_until_idle(until=context.clock.now())
    engine.stop()
    context.stores.close()


@makes("REST interfaces")
def rest(folder: Path, request: pytest.FixtureRequest) -> None:
    from tests.ingest.rest_traps import Asked, Service, answer, said

    steps = [("A", "Receive"), ("A", "Check"), ("B", "Receive"), ("A", "Ship"), ("B", "Ship")]
    rows = [
        {
            "seq": n,
            "order": case,
            "step": step,
            "done_at": f"2026-03-0{n}T08:00:00Z",
            "clerk": {"name": "Ann"},
        }
        for n, (case, step) in enumerate(steps, 1)
    ]

    def answering(asked: Asked) -> bytes:
        if asked.headers.get("authorization") != "Bearer s3cret":
            return answer("{}", "401 Unauthorized")
        found = [row for row in rows if row["seq"] >= asked.number("min_seq", 0)]
        at = asked.number("after", 0)
        following = at + 3 if at + 3 < len(found) else None
        return said({"data": found[at : at + 3], "meta": {"next": following, "count": len(found)}})

    service = Service(answering)
    request.addfinalizer(service.close)
    patch = request.getfixturevalue("monkeypatch")
    for name, value in {"SHOP_API": f"{service.url}/v1", "SHOP_TOKEN": "s3cret"}.items():
        patch.setenv(name, value)
    patch.setenv("BATON_HTTP_ALLOW", "127.0.0.1")


@makes("Jira over REST")
def jira(folder: Path, request: pytest.FixtureRequest) -> None:
    from datetime import timedelta

    from tests.ingest.jira_service import Jira
    from tests.ingest.rest_traps import Asked, Service

    stub = Jira("s3cret")
    for number in range(60):
        stub.now += timedelta(minutes=3)
        stub.create(f"SHOP-{number + 1}")
    for state in ("In progress", "Done"):
        stub.now += timedelta(minutes=3)
        stub.change("SHOP-1", "Bob", status=state)
    stub.now += timedelta(minutes=3)
    pages = 2

    def answering(asked: Asked) -> bytes:
        if asked.times == pages:  # between the two pulls somebody works
            stub.change("SHOP-2", "Bob", status="In progress")
            stub.now += timedelta(minutes=3)
        return stub(asked)

    service = Service(answering)
    request.addfinalizer(service.close)
    patch = request.getfixturevalue("monkeypatch")
    for name, value in {"JIRA_SEARCH": f"{service.url}/search", "JIRA_TOKEN": "s3cret"}.items():
        patch.setenv(name, value)
    patch.setenv("BATON_HTTP_ALLOW", "127.0.0.1")


@makes("Pushed events")
def pushed(folder: Path, request: pytest.FixtureRequest) -> None:
    """What the page posts has arrived for the source that the page adds."""
    import re

    from home.clock import SystemClock
    from home.database import Database
    from ingest.arrival_store import receive
    from ingest.cloud_events import events
    from tests.conftest import ROOT

    page = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    block = re.search(r"^```json events.json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert block is not None
    state = Database(f"sqlite:///{folder / 'home' / 'state.sqlite'}")
    found = list(events({}, block[1].encode(), queue="berlin"))
    assert receive(state, "berlin", "orders", found, SystemClock().now()) == 3
    state.close()


@makes("Brokers: RabbitMQ and Kafka")
def rabbit(folder: Path, request: pytest.FixtureRequest) -> None:
    import json

    from tests.ingest.rabbit import Queue

    queue = Queue(request.getfixturevalue("rabbit_url"))
    request.addfinalizer(queue.delete)
    steps = [("A", "Receive"), ("A", "Ship"), ("B", "Receive")]
    rows = [
        {"order": case, "step": step, "at": f"2026-03-0{n}T08:00:00Z"}
        for n, (case, step) in enumerate(steps, 1)
    ]
    queue.publish([json.dumps(row).encode() for row in rows])
    request.getfixturevalue("monkeypatch").setenv("ORDERS_QUEUE", queue.address)
