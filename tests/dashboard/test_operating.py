"""Operating a real service: what machines ask of it, and a backup of it while it works."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from home.context import Context, Stores
from home.settings import Configuration, Settings
from ingest.catalog import all_logs
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.records.audit import VerifyRequest, verify
from tests.conftest import ROOT
from tests.orchestrate.operations.plans import approval, plan_of
from tests.orchestrate.watching.test_metrics import labels, scrape
from tests.orchestrate.watching.test_tracing import Collector

from .conftest import Served, serving

INCOMING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LOG = "case_id,activity,timestamp\n" + "".join(f"{n},Enter,2026-01-05T09:00:00Z\n" for n in range(50))


def opened(home: Path) -> Context:
    settings = Settings(home=home)
    return Context(Configuration(settings, {}), Stores(settings), actor="ada")


@pytest.fixture(scope="module")
def collector() -> Iterator[Any]:
    """Takes traces, and keeps them in `got`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, collector: Any) -> Iterator[Served]:
    """A service with a plan and a log, whose metrics have a token of their own, and which is traced."""
    home = tmp_path_factory.mktemp("operating") / "home"
    context = opened(home)
    with context.state.transaction() as connection:
        add_version(connection, plan_of(approval()), Verdict("no history"), at=context.clock.now(), by="ada")
    context.stores.close()
    given = {"SCRAPER": "only-metrics", "BATON_METRICS_TOKEN": "env:SCRAPER"}
    given["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.server_port}"
    given["OTEL_BSP_SCHEDULE_DELAY"] = "100"
    os.environ.update(given)
    try:
        with serving(home) as running:
            running.do("ingest", source=running.upload("orders.csv", LOG), log="orders")
            yield running
    finally:
        for name in given:
            del os.environ[name]


def get(service: Served, path: str, token: str | None = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{service.address}/api/{path}", headers=headers, timeout=30, trust_env=False)


def test_it_says_that_it_can_work(service: Served) -> None:
    assert get(service, "health").json() == {"ok": True}
    answer = get(service, "ready")
    assert answer.status_code == 200, answer.text
    looked = {check["check"]: check["level"] for check in answer.json()["checks"]}
    assert looked == dict.fromkeys(("store", "events", "disk", "migrations", "clock", "worker"), "ok")


def test_metrics_need_a_token_and_count_what_was_started(service: Served) -> None:
    assert get(service, "metrics").status_code == 401
    assert get(service, "metrics", "wrong").status_code == 401
    assert service.post("logs", authorization="Bearer only-metrics").status_code == 401
    service.do("start", plan="orders")
    found = scrape(get(service, "metrics", "only-metrics").text)
    assert found["baton_runs_started_total"] == {labels(plan="orders"): len(service.do("runs")["rows"])}
    assert found["baton_log_age_seconds"][labels(log="orders")] < 300
    assert found["baton_workers"] == {(): 1} and found["baton_store_up"] == {(): 1}
    assert found["baton_heartbeat_seconds_count"][()] >= 1
    assert get(service, "metrics", service.token).status_code == 200


def test_a_run_keeps_the_trace_of_the_request_that_started_it(service: Served) -> None:
    answer = service.post("start", {"plan": "orders"}, traceparent=INCOMING)
    plain = service.post("start", {"plan": "orders"}, traceparent="00-nonsense")
    context = opened(service.home)
    states = {row["id"]: json.loads(row["state"]) for row in context.state.rows("select id, state from run")}
    context.stores.close()
    assert states[answer.json()["run"]]["trace"] == {"parent": INCOMING}
    assert "trace" not in states[plain.json()["run"]]


def test_a_decision_ends_a_trace_at_the_collector(service: Served, collector: Any) -> None:
    run = service.post("start", {"plan": "orders"}, traceparent=INCOMING).json()["run"]
    service.do("decide", task=f"{run}.1", outcome="approved", by="ada")
    deadline = time.monotonic() + 60
    names: set[str] = set()
    while names != {"Approve", "run orders"}:
        assert time.monotonic() < deadline, names
        spans = [
            span
            for _, got in list(collector.got)
            for of_resource in got.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
            if any(a.key == "baton.run" and a.value.string_value == run for a in span.attributes)
        ]
        names = {span.name for span in spans}
    assert {span.trace_id.hex() for span in spans} == {INCOMING.split("-")[1]}


def test_a_backup_taken_while_it_works_is_whole(service: Served, tmp_path: Path) -> None:
    stop, started = threading.Event(), []

    def work() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            started.append(service.do("start", plan="orders", key=f"B{n}")["run"])
            rows = [{"case_id": f"push{n}", "activity": "Enter", "timestamp": "2026-01-06T09:00:00Z"}]
            headers = {"authorization": f"Bearer {service.token}"}
            url = f"{service.address}/api/events?log=pushed"
            httpx.post(url, json=rows, headers=headers, trust_env=False, timeout=30)

    working = threading.Thread(target=work)
    working.start()
    try:
        while len(started) < 5:
            stop.wait(0.01)
        command = [sys.executable, "-m", "baton", "backup", str(tmp_path / "kept"), "--json"]
        done = subprocess.run(
            [*command, "--home", str(service.home)], capture_output=True, text=True, cwd=ROOT, timeout=120
        )
        then = len(started)
        while len(started) < then + 3:
            stop.wait(0.01)
    finally:
        stop.set()
        working.join()
    assert done.returncode == 0, done.stdout + done.stderr
    taken = json.loads(done.stdout)

    restored = tmp_path / "new"
    answer = baton("restore", tmp_path / "kept", home=restored)
    assert answer["audit_head"] == taken["audit_head"]
    context = opened(restored)
    (check,) = context.state.rows("pragma integrity_check")
    assert list(check.values()) == ["ok"]
    runs = {row["id"] for row in context.state.rows("select id from run")}
    assert set(started[:5]) <= runs and runs < {*started, *runs}
    whole = context.state.rows(
        "select r.id from run r where r.rev <> (select count(*) from journal j where j.run = r.id)"
    )
    assert whole == []
    assert verify(context, VerifyRequest(head=taken["audit_head"] or None)).ok
    assert "orders" in {log.name for log in all_logs(context.events)}
    context.stores.close()
    assert "is not empty" in baton("backup", tmp_path / "kept", home=restored, check=1)["error"]["message"]
    assert (
        "holds events.duckdb"
        in baton("restore", tmp_path / "kept", home=restored, check=1)["error"]["message"]
    )


def test_a_damaged_backup_is_refused_whole(service: Served, tmp_path: Path) -> None:
    service.do("backup", folder=str(tmp_path / "kept"))
    state = tmp_path / "kept" / "state.sqlite"
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 0xFF
    state.write_bytes(content)
    refused = baton("restore", tmp_path / "kept", home=tmp_path / "new", check=1)
    assert "is not the file that was backed up" in refused["error"]["message"]
    assert not (tmp_path / "new" / "events.duckdb").exists()
    refused = baton("restore", tmp_path, home=tmp_path / "new", check=1)
    assert "is no backup" in refused["error"]["message"]


def baton(*arguments: object, home: Path, check: int = 0) -> Any:
    """What the command line answers, as JSON."""
    command = [sys.executable, "-m", "baton", *map(str, arguments), "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == check, done.stdout + done.stderr
    return json.loads(done.stdout)
