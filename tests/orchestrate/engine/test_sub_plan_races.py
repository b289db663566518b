"""Two workers, runs that call others, and cancels that meet the ends of what was called."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from home.database import Database
from home.errors import Refused
from orchestrate.contracts import Each, Plan, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.table import TableDriver
from tests.orchestrate.engine.conftest import Stub
from tests.orchestrate.engine.schedules import a_plan, service

RUNS, LINES = 12, [1, 2, 3, 4, 5]
CALL = Step(id="call", name="Call", does="plan", plan="child", each=Each(of="lines", at_once=5))
PLANS: dict[str, Plan] = {
    "parent": a_plan(Sequence(id="s", children=(CALL, service("end")))).model_copy(update={"name": "parent"}),
    "child": a_plan(service("a")).model_copy(update={"name": "child"}),
}


def test_callers_and_called_never_lock_each_other_out(
    database: Database, until: Callable[[Callable[[], Any]], Any]
) -> None:
    stub = Stub()
    engines = [
        Engine(database, {"stub": stub}, driver=TableDriver(), worker=name, load=lambda n, _: (PLANS[n], 1))
        for name in ("w1", "w2")
    ]

    def cancelled(run: str) -> bool:
        try:
            engines[1].post(run, "cancel", {"undo": True})
        except Refused:  # it had ended already
            return False
        return True

    for engine in engines:
        engine.serve()
    try:
        runs = [engines[0].start("parent", data={"lines": LINES})[0] for _ in range(RUNS)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(cancelled, runs[::2]))
        until(lambda: not database.rows("select 1 from run where status = 'open' limit 1"))
    finally:
        for engine in engines:
            engine.stop()
    found = {row["id"]: row for row in database.rows("select * from run")}
    assert {found[run]["status"] for run in runs[1::2]} == {"done"}
    called = database.rows("select run, visit from journal where kind = 'called'")
    children = [row for row in found.values() if row["parent"]]
    assert sorted((c["parent"], c["parent_visit"]) for c in children) == sorted(
        (row["run"], row["visit"]) for row in called
    )
    told = database.rows("select run from inbox where kind in ('succeeded', 'failed')")
    assert len(told) <= len(children)
    assert len(stub.calls) == len(set(stub.calls))
