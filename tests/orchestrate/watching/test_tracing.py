"""Traces: one per run, a span per attempt and task, whoever wrote it, and nobody ever waits for them."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from home.clock import SettableClock
from home.settings import Settings
from home.telemetry import doing, headers, origin, span_id, trace_id, valid
from orchestrate.contracts import Step
from orchestrate.watching.tracing import Tracing, exporting
from orchestrate.watching.watched import endpoint

from .conftest import Stub, person, plan, service

INCOMING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def written(**options: Any) -> tuple[Tracing, InMemorySpanExporter]:
    """An observer, and where its spans go."""
    spans = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Tracing(provider), spans


def by_name(spans: InMemorySpanExporter) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for span in spans.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


def test_a_run_of_days_and_workers_is_one_trace(
    engine_of: Callable[..., Any], stub: Stub, clock: SettableClock
) -> None:
    made = plan(service("check"), person("approve", outcomes=("yes", "no")), service("ship"))
    stub.failures["check"] = 1
    first, spans = written()
    one = engine_of(made, first, "w1")
    run, _ = one.start("orders", key="K1")
    one.run_until_idle(clock.now() + timedelta(minutes=1))
    opened = clock.now()
    one.stop()

    clock.advance(timedelta(days=3))
    second, more = written()  # another process: nothing is known of the first but the store
    other = engine_of(made, second, "w2")
    other.post(run, "decided", {"node": "approve", "outcome": "yes", "by": "ada"})
    other.run_until_idle(clock.now() + timedelta(minutes=1))

    found = by_name(spans) | by_name(more)
    assert sorted(found) == ["Approve", "Check", "Ship", "run orders"]
    every = [span for named in found.values() for span in named]
    assert {f"{span.context.trace_id:032x}" for span in every} == {trace_id(run)}
    assert len({span.context.span_id for span in every}) == len(every) == 5
    (root,) = found["run orders"]
    assert root.parent is None and f"{root.context.span_id:016x}" == span_id(run)
    assert {span.parent.span_id for span in every if span is not root} == {root.context.span_id}
    failed, succeeded = found["Check"]
    assert (failed.attributes["baton.attempt"], succeeded.attributes["baton.attempt"]) == (1, 2)
    assert failed.status.status_code.name == "ERROR" and "hunter2" not in failed.status.description
    assert succeeded.status.is_ok and succeeded.attributes["baton.system"] == "ERP"
    (task,) = found["Approve"]
    assert task.start_time / 1e9 == pytest.approx(opened.timestamp(), abs=1)
    assert (task.end_time - task.start_time) / 1e9 == pytest.approx(3 * 86_400, abs=60)
    assert task.attributes["baton.task.outcome"] == "yes"
    assert "ada" not in str([dict(span.attributes) for span in every])
    assert (root.end_time - root.start_time) / 1e9 >= 3 * 86_400
    # what was called got the context of exactly the attempt that called it
    sent = {key: trace["traceparent"] for key, trace in stub.heard}
    spans_of = {f"{run}:check:1:{s.attributes['baton.attempt']}": s for s in found["Check"]}
    spans_of[f"{run}:ship:1:1"] = found["Ship"][0]
    assert {key: valid(said) and said.split("-")[2] for key, said in sent.items()} == {
        key: f"{span.context.span_id:016x}" for key, span in spans_of.items()
    }


def test_a_run_joins_the_trace_of_the_request_that_started_it(
    engine_of: Callable[..., Any], stub: Stub
) -> None:
    tracing, spans = written()
    engine = engine_of(plan(service("ship")), tracing)
    with doing(trace=INCOMING):
        engine.start("orders")
    engine.run_until_idle()
    found = by_name(spans)
    assert {f"{s.context.trace_id:032x}" for named in found.values() for s in named} == {
        INCOMING.split("-")[1]
    }
    assert f"{found['run orders'][0].parent.span_id:016x}" == INCOMING.split("-")[2]
    assert stub.heard[0][1]["traceparent"].split("-")[1] == INCOMING.split("-")[1]


def test_a_run_that_another_run_starts_has_its_own_trace_and_a_link(engine_of: Callable[..., Any]) -> None:
    tracing, spans = written()
    engine = engine_of(plan(service("ship")), tracing)
    with doing(run="run-caller", trace=INCOMING):
        assert origin() == {"link": INCOMING}
        run, _ = engine.start("orders")
    engine.run_until_idle()
    (root,) = by_name(spans)["run orders"]
    assert root.parent is None and f"{root.context.trace_id:032x}" == trace_id(run)
    assert [f"{link.context.trace_id:032x}" for link in root.links] == [INCOMING.split("-")[1]]


def test_a_sub_plan_has_its_own_trace_with_a_link_to_the_attempt_that_called_it(
    engine_of: Callable[..., Any],
) -> None:
    calling = Step(id="bill", name="Bill", does="plan", plan="billing")
    plans = {"orders": plan(calling), "billing": plan(service("invoice"), name="billing")}
    tracing, spans = written()
    engine = engine_of(lambda name: plans[name], tracing)
    run, _ = engine.start("orders")
    engine.run_until_idle()
    found = by_name(spans)
    (call,), (root,) = found["Bill"], found["run billing"]
    assert [link.context.span_id for link in root.links] == [call.context.span_id]
    assert root.links[0].context.trace_id == call.context.trace_id == int(trace_id(run), 16)
    assert (
        {s.context.trace_id for s in found["Invoice"]} == {root.context.trace_id} != {call.context.trace_id}
    )


def test_without_tracing_the_context_a_run_came_in_is_handed_on(
    engine_of: Callable[..., Any], stub: Stub
) -> None:
    engine = engine_of(plan(service("ship")))
    with doing(trace=INCOMING):
        engine.start("orders", key="A")
    engine.start("orders", key="B")
    engine.run_until_idle()
    assert sorted(map(str, (trace for _, trace in stub.heard))) == [str({"traceparent": INCOMING}), "{}"]


def test_a_sampler_decides_for_a_whole_run(engine_of: Callable[..., Any], stub: Stub) -> None:
    tracing, spans = written(sampler=ParentBased(TraceIdRatioBased(0.5)))
    engine = engine_of(plan(service("check"), service("ship")), tracing)
    runs = [engine.start("orders")[0] for _ in range(20)]
    engine.run_until_idle()
    counts = dict.fromkeys(runs, 0)
    for span in spans.get_finished_spans():
        counts[span.attributes["baton.run"]] += 1
    assert set(counts.values()) == {0, 3}
    for key, trace in stub.heard:
        assert trace["traceparent"].endswith("-01" if counts[key.partition(":")[0]] else "-00")


class Collector(BaseHTTPRequestHandler):
    """Takes traces as a collector does."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, ExportTraceServiceRequest.FromString(body)))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def collector() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_spans_arrive_at_a_collector(engine_of: Callable[..., Any], collector: Any) -> None:
    settings = Settings(otlp_endpoint=f"http://127.0.0.1:{collector.server_port}/")
    engine = engine_of(plan(service("ship")), exporting(endpoint(settings), "w1"))
    engine.start("orders")
    engine.run_until_idle()
    engine.stop()  # the end of a process sends what is left
    ((path, got),) = collector.got
    assert path == "/v1/traces"
    resource = {a.key: a.value.string_value for a in got.resource_spans[0].resource.attributes}
    assert (resource["service.name"], resource["service.instance.id"]) == ("baton", "w1")
    names = [span.name for scope in got.resource_spans[0].scope_spans for span in scope.spans]
    assert sorted(names) == ["Ship", "run orders"]


def test_a_dead_collector_slows_and_stops_nothing(
    engine_of: Callable[..., Any], clock: SettableClock
) -> None:
    tracing = exporting("http://127.0.0.1:9/v1/traces", "w1")
    engine = engine_of(plan(*(service(f"s{n}") for n in range(10))), tracing)
    begun = time.monotonic()
    runs = [engine.start("orders")[0] for _ in range(60)]
    engine.run_until_idle()
    engine.stop()
    assert time.monotonic() - begun < 10
    done = engine.database.row("select count(*) as n from run where status = 'done'")
    assert done == {"n": len(runs)}


def test_nothing_is_imported_while_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert endpoint(Settings()) == ""
    code = (
        "import sys; from home.settings import Settings; from orchestrate.watching.watched import watched;"
        "import orchestrate.engine.engine; watched(Settings(), 'w');"
        "assert not [m for m in sys.modules if m.startswith(('opentelemetry', 'prometheus'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    assert endpoint(Settings()) == "http://collector:4318/v1/traces"
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert endpoint(Settings()) == ""


@pytest.mark.parametrize(
    "sent", ["", "00-0-0-00", INCOMING.replace("0af7", "zzzz"), f"ff{INCOMING[2:]}", None]
)
def test_a_context_that_says_nothing_is_not_taken(sent: str | None) -> None:
    assert valid(sent) is None
    assert valid(INCOMING) == INCOMING
    assert headers() == {}
