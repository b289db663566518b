"""The ERP: a SQLite database with normalised tables; `p2p.sql` makes an event log of them."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from ..company.calendars import local
from ..company.process import Process
from ..company.purchase_to_pay import SUPPLIERS
from ..company.simulation import Instance

APPROVALS = {"Approve order": 1, "Approve large order": 2}
RECEIPT = "Receive goods"

Rows = list[tuple[object, ...]]


def write_erp(process: Process, path: Path) -> None:
    """Write what people of the company did for orders; a database already at `path` is replaced."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(files(__package__).joinpath("erp_schema.sql").read_text(encoding="utf-8"))
        for table, rows in _tables(process).items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                database.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608


def _tables(process: Process) -> dict[str, Rows]:
    """Every table with its rows, in an order that respects the references."""
    steps = [done for done in process.recorded() if done.worker]
    steps.sort(key=lambda done: (done.start, done.case.id))
    cases = sorted({done.case for done in steps}, key=lambda case: case.id)
    order, user = _ids(case.id for case in cases), _ids(worker.name for worker in process.workers)
    supplier, centre = _ids(SUPPLIERS), _ids(sorted(process.planted["approvers"]))
    history = [done for done in steps if done.activity not in APPROVALS and done.activity != RECEIPT]
    status = _ids(sorted({done.activity for done in history}))
    tables: dict[str, Rows] = {
        "users": [(user[who.name], who.name, who.role, who.rate) for who in process.workers],
        "suppliers": [(number, name) for name, number in supplier.items()],
        "cost_centres": [
            (number, name, user[process.planted["approvers"][name]]) for name, number in centre.items()
        ],
        "orders": [
            (
                order[case.id],
                case.id,
                supplier[case.attributes["supplier"]],
                centre[case.attributes["cost_centre"]],
                case.attributes["category"],
                case.attributes["amount"],
                "EUR",
            )
            for case in cases
        ],
        "statuses": [(number, label) for label, number in status.items()],
    }
    return tables | {
        "order_status_history": _numbered(
            (order[done.case.id], status[done.activity], user[done.resource], *_span(done), _outcome(done))
            for done in history
        ),
        "approvals": _numbered(
            (
                order[done.case.id],
                APPROVALS[done.activity],
                user[done.resource],
                _time(done.enabled),
                *_span(done),
                _outcome(done),
            )
            for done in steps
            if done.activity in APPROVALS
        ),
        "goods_receipts": _numbered(
            (order[done.case.id], user[done.resource], *_span(done), _outcome(done))
            for done in steps
            if done.activity == RECEIPT
        ),
    }


def _ids(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, start=1)}


def _numbered(rows: Iterable[tuple[object, ...]]) -> Rows:
    return [(number, *row) for number, row in enumerate(rows, start=1)]


def _time(at: int) -> str:
    return local(at).strftime("%Y-%m-%d %H:%M:%S")


def _span(done: Instance) -> tuple[str, str]:
    return _time(done.start), _time(done.end)


def _outcome(done: Instance) -> object:
    return done.data.get("outcome")
