"""What one process counts and times of its work, for Prometheus.

Each worker counts what it did itself, so sums over workers are right; what is true of the whole
(runs, queue, tasks) is read from the store by `orchestrate.watching.fleet`, at the service only.
"""

import platform
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from orchestrate.core.effects import Alert
from orchestrate.engine.observer import Committed, Observer

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

MOST_SERIES = 200
"""Different label values that a metric tells apart; the rest is `other`."""
OTHER = "other"
STEP_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 14_400, 86_400, 604_800)
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
PERSON, SYSTEM = "person", "system"


class Bounded:
    """Label values, so many and no more: generated plan names cannot fill the memory of whoever scrapes."""

    def __init__(self, most: int = MOST_SERIES) -> None:
        self._most = most
        self._known: set[tuple[str, ...]] = set()

    def __call__(self, *values: str) -> tuple[str, ...]:
        """The values, or as many times `other`."""
        if values in self._known:
            return values
        if len(self._known) >= self._most:
            return (OTHER,) * len(values)
        self._known.add(values)
        return values


class Metrics(Observer):
    """Counts for one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._step, self._plan = Bounded(), Bounded()
        ProcessCollector(registry=registry)
        build = Gauge(
            "baton_build_info", "The version that runs here.", ("version", "python"), registry=registry
        )
        build.labels(version("baton"), platform.python_version()).set(1)
        of_step = ("plan", "step")
        self.steps = Counter(
            "baton_steps", "Visits of steps completed, by whom.", (*of_step, "by"), registry=registry
        )
        self.attempts = Counter(
            "baton_attempts",
            "Attempts ended: succeeded, failed, breach.",
            (*of_step, "outcome"),
            registry=registry,
        )
        self.retries = Counter("baton_retries", "Attempts beyond the first.", of_step, registry=registry)
        self.durations = Histogram(
            "baton_step_duration_seconds",
            "From the beginning of the last attempt, or from when a person could begin, to completion.",
            of_step,
            buckets=STEP_BUCKETS,
            registry=registry,
        )
        self.alerts = Counter("baton_alerts", "Alerts raised, by kind.", ("plan", "kind"), registry=registry)
        self.commits = Histogram(
            "baton_journal_commit_seconds",
            "From handing an entry to the journal to its answer.",
            buckets=COMMIT_BUCKETS,
            registry=registry,
        )
        self.beats = Histogram(
            "baton_heartbeat_seconds", "How long heartbeats took.", buckets=COMMIT_BUCKETS, registry=registry
        )
        self.takeovers = Counter(
            "baton_takeovers", "Silent workers whose runs were taken over.", registry=registry
        )

    def committed(self, done: Committed) -> None:
        """Count one journal entry; a sandbox's do not count."""
        if done.claimed.simulated:
            return
        self.commits.observe(done.took_s)
        entry, plan = done.entry, done.claimed.plan
        step = self._step(plan, entry["node"] or "")
        if entry["kind"] in ("succeeded", "failed") and entry["attempt"]:
            breach = any(isinstance(e, Alert) and e.kind == "contract" for e in done.effects)
            self.attempts.labels(*step, "breach" if breach else entry["kind"]).inc()
            if entry["attempt"] > 1:
                self.retries.labels(*step).inc()
        if entry["completes"]:
            self.steps.labels(*step, PERSON if entry["kind"] == "decided" else SYSTEM).inc()
            begun = entry["begun"] or entry["enabled"]
            if begun is not None:
                self.durations.labels(*step).observe(max(0.0, entry["at"] - begun))
        for effect in done.effects:
            if isinstance(effect, Alert):
                self.alerts.labels(*self._plan(plan), effect.kind).inc()

    def beat(self, took_s: float) -> None:
        """Time a heartbeat."""
        self.beats.observe(took_s)

    def took_over(self, worker: str) -> None:  # noqa: ARG002
        """Count a take-over."""
        self.takeovers.inc()

    def also(self, collector: "Collector") -> None:
        """Let a collector answer with the counts of this process."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def serve_metrics(metrics: Metrics, port: int) -> tuple[int, threading.Thread]:
    """Answer scrapes on the loopback address; the port (of a free one for 0), and the thread that does.

    Raises `Refused` where the port is taken.
    """
    from prometheus_client import start_http_server

    from home.errors import Refused

    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=metrics.registry)
    except OSError as error:
        raise Refused(
            f"Cannot listen on 127.0.0.1:{port} for metrics: {error.strerror}.",
            hint="Name another port with --metrics.",
        ) from error
    return int(server.server_port), thread
