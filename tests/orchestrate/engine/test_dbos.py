"""What is special about the DBOS driver: a forged row does not run, and what it recovers is harmless."""

import base64
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from home.database import Database
from orchestrate.engine._dbos import PickleRefused, refuse_pickle
from orchestrate.records.retention import purge_segments
from tests.orchestrate.engine.schedules import a_plan, service

PLAN = a_plan(service("a"))


class Touch:
    """Pickled, it creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def copies(database: Database, source: str, name: str, **changed: Any) -> None:
    """Put a copy of a workflow's rows into DBOS's tables, changed here and there."""
    prefix = "dbos." if database.is_postgres else ""
    for table in ("workflow_status", "workflow_input"):
        row = database.row(f"select * from {prefix}{table} where workflow_uuid = :id", {"id": source})
        assert row is not None
        row |= {k: v for k, v in changed.items() if k in row} | {"workflow_uuid": name}
        row = {k: v for k, v in row.items() if v is not None}
        places = ", ".join(f":{k}" for k in row)
        database.execute(f"insert into {prefix}{table}({', '.join(row)}) values ({places})", row)


def status(database: Database, name: str) -> str:
    prefix = "dbos." if database.is_postgres else ""
    row = database.row(f"select status from {prefix}workflow_status where workflow_uuid = :id", {"id": name})
    return str(row and row["status"])


def test_a_forged_pickle_in_the_tables_of_dbos_does_not_run(
    bench: Callable[..., Any],
    database: Database,
    tmp_path: Path,
    until: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sprung, harmless = tmp_path / "sprung", tmp_path / "harmless"
    trap = base64.b64encode(pickle.dumps({"args": (Touch(sprung), 1), "kwargs": {}})).decode()
    pickle.loads(pickle.dumps(Touch(harmless)))  # noqa: S301 - shows that the trap would work
    assert harmless.exists()

    first = bench("dbos", PLAN)
    run, _ = first.engine.start("planted")
    first.settle()
    until(lambda: status(database, f"{run}@1") == "SUCCESS")
    first.engine.stop()
    forged = {"inputs": trap, "serialization": "py_pickle", "completed_at": None, "output": None}
    copies(database, f"{run}@1", "forged-pending", status="PENDING", **forged)
    copies(
        database, f"{run}@1", "forged-queued", status="ENQUEUED", queue_name="_dbos_internal_queue", **forged
    )

    refused: list[Any] = []

    def refuse(*asked: Any) -> Any:
        refused.append(asked)
        return refuse_pickle()

    monkeypatch.setattr("orchestrate.engine._dbos.refuse_pickle", refuse)
    second = bench("dbos", PLAN)
    until(lambda: len(refused) >= 2)
    run, _ = second.engine.start("planted")
    second.settle()
    assert second.run(run)["status"] == "done"
    assert not sprung.exists()


def test_pickling_is_refused_in_both_directions(bench: Callable[..., Any]) -> None:
    from dbos._serialization import DBOSDefaultSerializer

    bench("dbos", PLAN)
    with pytest.raises(PickleRefused, match="forged or is foreign"):
        DBOSDefaultSerializer.deserialize("gASVAAAAAAAAAAAu")
    with pytest.raises(PickleRefused):
        DBOSDefaultSerializer.serialize({})


def test_a_segment_left_pending_is_recovered_without_driving_its_run(
    bench: Callable[..., Any], database: Database, until: Callable[..., Any]
) -> None:
    first = bench("dbos", PLAN)
    run, _ = first.engine.start("planted")
    first.settle()
    until(lambda: status(database, f"{run}@1") == "SUCCESS")
    first.engine.stop()
    copies(database, f"{run}@1", "left", status="PENDING", completed_at=None, output=None)
    second = bench("dbos", PLAN)
    until(lambda: status(database, "left") == "SUCCESS")
    assert second.stub.calls == []
    assert [entry[1] for entry in second.history(run)] == ["started", "succeeded"]
    assert purge_segments(database, 0.0, dry_run=False) == 0
    later = second.clock.now().timestamp() + 60
    ended = purge_segments(database, later, dry_run=True)
    assert ended >= 2  # a run may take more than one segment
    assert purge_segments(database, later, dry_run=False) == ended
    assert (status(database, "left"), status(database, f"{run}@1")) == ("None", "None")
