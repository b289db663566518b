"""Forgetting: the case or name is gone from every answer and every byte, and the audit is still whole."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from home.clock import SettableClock
from home.context import Context
from home.errors import NotFound, Refused, UsageError
from ingest import layout
from ingest.catalog import find_log
from ingest.contracts import IngestRequest
from ingest.load import ingest
from mining.lens import lens
from mining.saved_filters import SaveFilterRequest, save_filter
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import DecideRequest, decide
from orchestrate.people.handing import CommentRequest, comment
from orchestrate.plans.publish import publish_plan
from orchestrate.records.audit import VerifyRequest, verify
from orchestrate.records.forget import ForgetRequest, Forgotten, forget
from orchestrate.records.forgotten import StillOpen
from orchestrate.runs.shown import ShowRequest, show
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.runs.steering import CancelRequest, cancel

from .plans import order_plan

ANN = "Änn O'Marple"
HEAD = "case_id,activity,timestamp,resource,Remark,case:customer\n"
ROWS = (
    f"o-4711,Create,2026-01-05T08:00:00Z,{ANN},asked {ANN} twice,Hercule\n"
    f"o-4711,Approve,2026-01-05T09:00:00Z,Bob,,Hercule\n"
    f"o-4712,Create,2026-01-06T08:00:00Z,{ANN},,{ANN}\n"
    "o-4713,Create,2026-01-06T09:00:00Z,Bob,see o-4712,Jane\n"
    "o-4714,Create,2026-01-07T09:00:00Z,Bob,,Jane\n"
    f"o-4712,Create,no day,{ANN},,Jane\n"
)


@pytest.fixture
def log(context: Context, tmp_path: Path) -> str:
    path = tmp_path / "orders.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    ingest(context, IngestRequest(source=str(path), log="orders"))
    return "orders"


def said(context: Context, **asked: object) -> Forgotten:
    return forget(context, ForgetRequest.model_validate(asked))


def holding(context: Context, name: str) -> list[str]:
    """Files of the home folder with the name in them, in any way that text is written."""
    spelled = {name.encode(), json.dumps(name)[1:-1].encode(), name.replace("'", "''").encode()}
    files = [path for path in context.home.rglob("*") if path.is_file()]
    return [path.name for path in files if any(each in path.read_bytes() for each in spelled)]


def column(context: Context, sql: str) -> list[object]:
    with context.events.cursor(find_log(context.events, "orders").schema) as cursor:
        return [row[0] for row in cursor.execute(sql).fetchall()]


def layout_of(context: Context) -> list[object]:
    with context.events.cursor(find_log(context.events, "orders").schema) as cursor:
        return [
            cursor.execute(f"select {columns} from {table} order by all").fetchall()
            for columns, table in (
                ("case_id, t0, t1, n, n0, vid, c0", "cv"),
                ("n, pos, start_ts, e0", "instance"),
                ("vid, n", "variant"),
                ("name", "resource"),
                ("name", "activity"),
                ("b, n, s", "edge"),
            )
        ]


def rebuilt(context: Context) -> list[object]:
    with context.events.writing(find_log(context.events, "orders").schema) as cursor:
        layout.build(cursor)
    return layout_of(context)


def test_a_person_is_gone_from_a_log_and_from_its_bytes(context: Context, log: str) -> None:
    assert holding(context, ANN) == ["events.duckdb.wal"] or "events.duckdb" in holding(context, ANN)
    found = said(context, person=ANN)
    assert {(p.where, p.rows) for p in found.places if p.log} == {
        ("resource", 2), ("Remark", 1), ("customer", 1), ("set_aside row", 1),
    }  # fmt: skip
    assert holding(context, ANN) == []
    tokens = {name for name in column(context, "select name from resource") if name != "Bob"}
    assert len(tokens) == 1
    assert tokens == {*column(context, "select c0 from cv where case_id = 'o-4712'")}
    assert column(context, "select e0 from event where e0 like 'asked%'") == [f"asked {tokens.pop()} twice"]
    assert layout_of(context) == rebuilt(context)
    assert verify(context, VerifyRequest()).ok
    with pytest.raises(NotFound):
        said(context, person=ANN)


def test_a_case_is_gone_and_only_it(context: Context, log: str) -> None:
    found = said(context, case="o-4712")
    assert {(p.log, p.where, p.rows) for p in found.places} == {
        ("orders", "events", 1),
        ("orders", "set_aside", 1),
    }
    assert column(context, "select case_id from cv order by all") == ["o-4711", "o-4713", "o-4714"]
    assert (find_log(context.events, "orders").cases, find_log(context.events, "orders").events) == (3, 4)
    assert column(context, "select count(*) from set_aside") == [1]
    assert "no day" not in str(column(context, 'select "row"::varchar from set_aside'))
    assert layout_of(context) == rebuilt(context)
    assert verify(context, VerifyRequest()).ok
    # What another case says of it is that case's own; the answer names the file.
    assert [Path(each).name for each in found.remains] == ["events.duckdb"]


def test_saved_filters_name_nobody_who_is_forgotten(context: Context, log: str) -> None:
    for name, where in (("hers", f'"{ANN}" in resources'), ("that one", 'case_id != "o-4712"')):
        save_filter(context, SaveFilterRequest(name=name, log=log, where=where))
    said(context, person=ANN)
    said(context, case="o-4712")
    kept = " ".join(map(str, column(context, "select expression from saved_filter")))
    assert ANN not in kept and "o-4712" not in kept
    # What it means stays: the cases of the person whose name was replaced.
    with lens(context, log, where='saved("hers")') as view:
        assert view.cursor.execute("select case_id from cv").fetchall() == [("o-4711",)]


def test_the_last_case_may_go_too(context: Context, log: str) -> None:
    for case in ("o-4711", "o-4712", "o-4713", "o-4714"):
        said(context, case=case)
    assert find_log(context.events, "orders").cases == 0
    assert column(context, "select name from activity") == []


def test_a_dry_run_changes_nothing(context: Context, log: str) -> None:
    before = layout_of(context)
    found = said(context, what=ANN, dry_run=True)
    assert (found.kind, found.erased) == ("person", False)
    assert sum(place.rows for place in found.places) == 5
    assert layout_of(context) == before
    assert verify(context, VerifyRequest()).rows == 0
    assert "Nothing was changed" in "\n".join(found.lines())


def test_what_could_be_either_is_asked_back(context: Context, log: str, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("case_id,activity,timestamp,resource\nBob,Call,2026-01-05T08:00:00Z,Ann\n")
    ingest(context, IngestRequest(source=str(path), log="calls"))
    with pytest.raises(UsageError, match="case and stands where people do"):
        said(context, what="Bob")
    with pytest.raises(UsageError):
        said(context, what="Bob", case="Bob")
    with pytest.raises(NotFound, match="No case and no person"):
        said(context, what="Nobody at all")
    assert said(context, what="o-4711").kind == "case"


def test_a_case_of_several_logs_must_be_said_of_which(context: Context, log: str, tmp_path: Path) -> None:
    ingest(context, IngestRequest(source=str(tmp_path / "orders.csv"), log="copy"))
    with pytest.raises(Refused, match="copy, orders"):
        said(context, case="o-4711")
    said(context, case="o-4711", log="copy")
    assert (find_log(context.events, "copy").cases, find_log(context.events, "orders").cases) == (3, 4)


def test_a_name_that_is_a_number_is_only_replaced_as_a_whole_value(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "case_id,activity,timestamp,resource,Remark\n112,Create,2026-01-05T08:00:00Z,112,call 112 now\n"
    )
    ingest(context, IngestRequest(source=str(path), log="orders"))
    found = said(context, person="112")
    assert [(p.where, p.rows) for p in found.places] == [("resource", 1)]
    assert column(context, "select e0 from event") == ["call 112 now"]
    assert any("whole values" in each for each in found.remains)


# Runs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def run(context: Context) -> str:
    publish_plan(context, order_plan())
    data = json.dumps({"amount": 120, "buyer": {"name": ANN}})
    begun = start(context, StartRequest(plan="orders", data=data, key="o-4711", by=ANN))
    comment(context, CommentRequest(task=f"{begun.run}.1", remark=f"{ANN} will call", by="bob"))
    decide(context, DecideRequest(task=f"{begun.run}.1", outcome="done", by=ANN, note=f"seen by {ANN}"))
    return begun.run


def end(context: Context, clock: SettableClock, run: str) -> None:
    """Let the engine take in what was decided, then end the run."""
    engine = Engine(context.state, {}, driver=MemoryDriver(clock), clock=clock, worker="test")
    engine.run_until_idle(until=clock.now())
    cancel(context, CancelRequest(run=run))
    engine.run_until_idle(until=clock.now())
    engine.stop()


def texts(context: Context) -> str:
    tables = ("run", "journal", "inbox", "task", "comment", "alert", "audit")
    return json.dumps([context.state.rows(f"select * from {table}") for table in tables], ensure_ascii=False)


@pytest.mark.parametrize("asked", [{"person": ANN}, {"case": "o-4711"}])
def test_nothing_is_forgotten_while_a_run_is_open(context: Context, run: str, asked: dict[str, str]) -> None:
    before = texts(context)
    with pytest.raises(StillOpen, match=run) as caught:
        said(context, **asked)
    assert f"baton cancel {run}" in caught.value.hint
    assert texts(context) == before


def test_a_person_is_gone_from_runs_tasks_and_audit(context: Context, clock: SettableClock, run: str) -> None:
    end(context, clock, run)
    said(context, person=ANN)
    assert ANN not in texts(context)
    assert json.dumps(ANN)[1:-1] not in texts(context).replace("\\\\", "\\")
    assert holding(context, ANN) == []
    found = show(context, ShowRequest(run=run))
    assert found.data["buyer"]["name"] == found.started_by != ANN
    whole = verify(context, VerifyRequest())
    assert whole.ok
    assert whole.erased == 2
    last = context.state.rows("select * from audit order by seq desc limit 1")[0]
    assert (last["action"], last["actor"]) == ("erase", "ada")


def test_a_case_takes_its_runs_along(context: Context, clock: SettableClock, run: str, log: str) -> None:
    end(context, clock, run)
    found = said(context, case="o-4711")
    assert {(p.where, p.rows) for p in found.places if not p.log} == {("run", 1), ("audit", 4)}
    for table in ("run", "journal", "inbox", "task", "comment"):
        assert context.state.rows(f"select * from {table}") == []
    assert holding(context, "o-4711") == []
    assert verify(context, VerifyRequest()).ok


def test_what_has_arrived_and_could_not_be_loaded_is_forgotten(context: Context, log: str) -> None:
    payload = json.dumps({"order": "o-4711", "by": ANN})
    with context.state.transaction() as connection:
        connection.execute(text("insert into arrival_queue values ('q', 'orders', 2, 2)"))
        for n in (1, 2):
            body = payload if n == 1 else payload.replace("4711", "4713")
            connection.execute(
                text("insert into arrival values ('q', :n, 'orders', 's', :id, :body, 0, 0)"),
                {"n": n, "id": f"id{n}", "body": body},
            )
        connection.execute(
            text("insert into dead_letter values ('d1', 'q', 'orders', 's', 'e', :body, 'odd', 3, 0, 0)"),
            {"body": payload},
        )
    said(context, case="o-4711")
    assert [r["payload"] is None for r in context.state.rows("select payload from arrival order by seq")] == [
        True, False,
    ]  # fmt: skip
    assert context.state.rows("select waiting from arrival_queue") == [{"waiting": 1}]
    assert context.state.rows("select * from dead_letter") == []
    said(context, person=ANN)
    assert holding(context, ANN) == []
