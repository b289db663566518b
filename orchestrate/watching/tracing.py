"""Traces of runs for OpenTelemetry: a trace per run, a span per attempt of a step and per human task.

A run can last for days and pass through many workers, so no span is held open: each is written when
what it is about has ended and its journal entry stands. Ids are derived from run, step, visit and
attempt, so every worker agrees on them (`home.telemetry`). Spans wait in a bounded queue that a
thread empties; where the collector is slow or gone they are dropped, and no run ever waits.

Only this module imports OpenTelemetry, and only where a collector was named.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as api
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator

from home.log import redact
from home.telemetry import SAMPLED, TRACEPARENT, source_of, span_id, trace_id, traceparent
from orchestrate.contracts import Step
from orchestrate.core.effects import Alert, DoneTask
from orchestrate.core.machine import Attempt
from orchestrate.core.turn import UNDO, State, Token
from orchestrate.engine.observer import Committed, Observer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_S = 5.0
"""How long one batch may take; what is not sent by then is dropped."""
FAREWELL_S = 2.0
"""How long the end of a process may wait for the last spans."""
LONGEST_ERROR = 300
UNDER_WAY = ("ready", "accepted")


class _Ids(IdGenerator):
    """Gives out the ids it was told."""

    trace = span = 1

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span


class Tracing(Observer):
    """Writes spans for one engine, from the thread that commits."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider, self._ids = provider, _Ids()
        provider.id_generator = self._ids  # type: ignore[assignment] # typed as its default
        self._tracer = provider.get_tracer("baton", version("baton"))

    def trace_of(self, attempt: Attempt, state: State) -> str | None:
        """The context of the attempt's own span, which is written when it ends."""
        trace, sampled = self._trace(attempt.run, state)
        span = span_id(attempt.run, attempt.node, attempt.visit, attempt.attempt)
        return traceparent(trace, span, sampled=sampled)

    def committed(self, done: Committed) -> None:
        """Write the spans of what this entry ended."""
        if done.claimed.simulated:
            return
        spans = _Spans(done)
        for key, token in spans.attempts():
            self._write(done, spans.attempt(key, token))
        for token in spans.tasks():
            self._write(done, spans.task(token))
        if done.before["status"] == "open" != done.after["status"]:
            self._write(done, spans.run(), root=True)

    def close(self) -> None:
        """Send what is left, for a moment at most."""
        last = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        last.start()
        last.join(FAREWELL_S)

    def _trace(self, run: str, state: State) -> tuple[str, bool]:
        """The trace of a run, and whether the sampler wants it: every worker decides alike."""
        source = source_of(state) or {}
        trace = trace_id(run, source)
        decided = self._provider.sampler.should_sample(_remote(source.get("parent")), int(trace, 16), "run")
        return trace, bool(decided.decision.is_sampled())  # type: ignore[no-untyped-call]

    def _write(self, done: Committed, span: Mapping[str, Any], *, root: bool = False) -> None:
        run, before = done.claimed.run, done.before
        source = source_of(before) or {}
        trace, sampled = self._trace(run, before)
        parent = source.get("parent") if root else traceparent(trace, span_id(run), sampled=sampled)
        self._ids.trace, self._ids.span = int(trace, 16), int(span["id"], 16)
        link = _context(source.get("link") or _calling(before)) if root else None
        written = self._tracer.start_span(
            span["name"],
            context=_remote(parent),
            kind=span["kind"],
            attributes={name: value for name, value in span["attributes"].items() if value is not None},
            links=[api.Link(link)] if link else (),
            start_time=_nanoseconds(min(span["start"], done.entry["at"])),
        )
        if span["error"]:
            written.set_status(api.StatusCode.ERROR, span["error"])
        written.end(_nanoseconds(done.entry["at"]))


class _Spans:
    """The spans that one journal entry ended: `{id, name, kind, start, attributes, error}` each."""

    def __init__(self, done: Committed) -> None:
        self.done, self.before, self.after = done, done.before, done.after

    @cached_property
    def event(self) -> dict[str, Any]:
        """What happened, as the journal has it."""
        found: dict[str, Any] = json.loads(self.done.entry["event"])
        return found

    def attempts(self) -> Iterator[tuple[str, Token]]:
        """Attempts that were under way and are not any more."""
        for key, token in self.before["open"].items():
            if token.get("phase") in UNDER_WAY:
                now = self.after["open"].get(key, {})
                same = all(now.get(name) == token[name] for name in ("visit", "attempt"))
                if not same or now.get("phase") not in UNDER_WAY:
                    yield key, token

    def tasks(self) -> Iterator[Token]:
        """Tokens whose task was open and is not any more."""
        still = {token["task"]["id"] for token in self.after["open"].values() if "task" in token}
        for token in self.before["open"].values():
            if "task" in token and token["task"]["id"] not in still:
                yield token

    def attempt(self, key: str, token: Token) -> dict[str, Any]:
        """The span of an attempt."""
        step = self.done.index.nodes.get(token.get("node", key))
        node = UNDO if key == UNDO else token.get("node", key)
        place = (node, token["visit"], token["attempt"])
        own = tuple(self.event.get(name) for name in ("node", "visit", "attempt")) == place
        name = step.name if isinstance(step, Step) else node
        begun = self.event.get("begun") if own else None
        attributes = {
            "baton.step": token.get("node", key),
            "baton.visit": token["visit"],
            "baton.attempt": token["attempt"],
            "baton.system": step.system if isinstance(step, Step) else None,
            "baton.connector": self.event.get("resource") if own else None,
            "baton.undo": True if key == UNDO else None,
        }
        return {
            "id": span_id(self.done.claimed.run, *place),
            "name": name,
            "kind": api.SpanKind.CLIENT,
            "start": begun or token.get("enabled") or self.done.entry["at"],
            "attributes": self._common() | attributes,
            "error": self._error(own),
        }

    def task(self, token: Token) -> dict[str, Any]:
        """The span of a human task, from opened to decided. Who decided is in the journal, not here."""
        task, done = token["task"], self._done_task(token["task"]["id"])
        name, role = self._said_of(token)
        attributes = {
            "baton.task": task["id"],
            "baton.task.kind": task["kind"],
            "baton.task.outcome": done.outcome if done else "closed",
            "baton.task.escalations": task["level"],
            "baton.role": role,
        }
        return {
            "id": span_id(self.done.claimed.run, task["id"]),
            "name": name,
            "kind": api.SpanKind.INTERNAL,
            "start": task.get("opened") or token.get("enabled") or self.done.entry["at"],
            "attributes": self._common() | attributes,
            "error": "",
        }

    def run(self) -> dict[str, Any]:
        """The span of the whole run."""
        status, version = self.after["status"], self.done.claimed.version
        return {
            "id": span_id(self.done.claimed.run),
            "name": f"run {self.done.claimed.plan}",
            "kind": api.SpanKind.INTERNAL,
            "start": self.after["started"],
            "attributes": self._common() | {"baton.status": status, "baton.version": version},
            "error": "" if status == "done" else f"the run is {status}",
        }

    def _common(self) -> dict[str, Any]:
        return {"baton.run": self.done.claimed.run, "baton.plan": self.done.claimed.plan}

    def _done_task(self, task: str) -> DoneTask | None:
        found = (e for e in self.done.effects if isinstance(e, DoneTask) and e.task == task)
        return next(found, None)

    def _said_of(self, token: Token) -> tuple[str, str | None]:
        node = next((key for key, each in self.before["open"].items() if each is token), "")
        step = self.done.index.nodes.get(token.get("node", node))
        if isinstance(step, Step):
            return step.name, step.role if (step.role or "").partition(":")[0] != "person" else None
        return getattr(step, "question", "") or node, None

    def _error(self, own: bool) -> str:
        """Why an attempt failed; empty for one that ended well."""
        if not own:
            return "no answer in time" if self.event["kind"] == "tick" else "no longer needed"
        if self.event["kind"] == "failed":
            return redact(str(self.event["error"]))[:LONGEST_ERROR]
        breach = (e.message for e in self.done.effects if isinstance(e, Alert) and e.kind == "contract")
        return redact(next(breach, ""))[:LONGEST_ERROR]


def _calling(state: State) -> str | None:
    """The attempt that called a sub-plan's run; it is in the trace of the run it belongs to."""
    caller = state.get("caller")
    if caller is None:
        return None
    span = span_id(*(caller[name] for name in ("run", "node", "visit", "attempt")))
    return traceparent(trace_id(caller["run"], caller.get("trace")), span)


def _context(parent: str | None) -> api.SpanContext | None:
    match = TRACEPARENT.fullmatch(parent or "")
    if match is None:
        return None
    flags = api.TraceFlags(int(match[3], 16) & SAMPLED)
    return api.SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=flags)


def _remote(parent: str | None) -> Any:
    """An OpenTelemetry context in which `parent` is the current span; empty without one."""
    from opentelemetry.context import Context

    found = _context(parent)
    return api.set_span_in_context(api.NonRecordingSpan(found), Context()) if found else Context()


def _nanoseconds(moment: float) -> int:
    return int(moment * 1_000_000) * 1000


def exporting(address: str, worker: str) -> Tracing:
    """An observer that sends spans to a collector (OTLP over HTTP)."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter: SpanExporter = OTLPSpanExporter(endpoint=address, timeout=EXPORT_S)
    provider = TracerProvider(resource=resource(worker), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider)


def resource(worker: str) -> Resource:
    """Who writes the spans; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` add to it."""
    own = {"service.instance.id": worker, "service.version": version("baton")}
    if "OTEL_SERVICE_NAME" not in os.environ:
        own["service.name"] = "baton"
    return Resource.create(own)
