"""What is true of all workers together, read from the stores at every scrape: runs, queue, tasks, workers.

Only the service answers with it, so that nothing is counted once per worker. One scrape costs a few
grouped queries; runs are counted at most every `KEPT_S` seconds.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from home.clock import Clock
from home.database import Database, Row
from home.errors import BatonError
from home.sql import read_sql
from orchestrate.alerts.store import counts
from orchestrate.engine.heartbeat import POSTGRES_CLOCK, SQLITE_CLOCK
from orchestrate.watching.metrics import OTHER

log = logging.getLogger("baton.metrics")
MOST_PLANS = 100
KEPT_S = 10.0
BREAKER = ("closed", "trying", "open")
Ages = Callable[[], Mapping[str, float]]
"""Seconds since each event log was last loaded, by its name."""


class Fleet(Collector):
    """Answers a scrape from the stores; where they do not answer, `baton_store_up` says so."""

    def __init__(self, state: Callable[[], Database], clock: Clock, ages: Ages | None = None) -> None:
        self._state, self._clock, self._ages = state, clock, ages
        self._runs: list[Row] = []
        self._counted = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: names are not looked up when this is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every figure, as it is now."""
        up = GaugeMetricFamily("baton_store_up", "Whether the transactional store answers.")
        try:
            found = list(self._of_state(self._state()))
        except BatonError as error:
            log.warning("metrics without the transactional store: %s", error.message)
            found = []
        up.add_metric((), 1.0 if found else 0.0)
        yield up
        yield from found
        if self._ages is not None:
            ages = _gauge("baton_log_age_seconds", "Seconds since a log was last loaded.", ("log",))
            for name, age in sorted(self._ages().items())[:MOST_PLANS]:
                ages.add_metric((name,), age)
            yield ages

    def _of_state(self, state: Database) -> Iterator[Metric]:
        if time.monotonic() - self._counted > KEPT_S:
            self._runs, self._counted = (
                state.rows(read_sql("orchestrate.sql", "run_counts")),
                time.monotonic(),
            )
        yield from _runs(self._runs)
        clock = POSTGRES_CLOCK if state.is_postgres else SQLITE_CLOCK
        now = {"now": self._clock.now().timestamp()}
        queue = state.row(read_sql("orchestrate.sql", "run_queue"), now) or {}
        for name, said in QUEUE.items():
            yield _single(f"baton_{name}", said, float(queue[name] or 0))
        yield from _tasks(state.rows(read_sql("orchestrate.sql", "task_counts"), now))
        workers = state.rows(f"select id, {clock} - beat as age from worker order by id")  # noqa: S608
        yield _single("baton_workers", "Workers that said that they live.", len(workers))
        ages = _gauge(
            "baton_worker_beat_age_seconds", "Seconds since a worker's last heartbeat.", ("worker",)
        )
        for row in workers[:MOST_PLANS]:
            ages.add_metric((row["id"],), max(0.0, float(row["age"])))
        yield ages
        alerts = _gauge(
            "baton_alerts_open", "Alerts that nobody has settled and that are not over.", ("kind",)
        )
        for kind, n in counts(state).items():
            alerts.add_metric((kind,), n)
        yield alerts
        breakers = _gauge(
            "baton_breaker_state",
            "1 for the state that a system's circuit breaker is in.",
            ("system", "state"),
        )
        for row in state.rows("select name, breaker from system_state order by name limit 100"):
            for name in BREAKER:
                breakers.add_metric((row["name"], name), float(row["breaker"] == name))
        yield breakers


QUEUE = {
    "queue_depth": "Runs that are due and not driven by anybody.",
    "queue_lag_seconds": "For how long the longest waiting of them has been due.",
    "runs_parked": "Open runs that wait for a person, a system or a moment.",
    "runs_driven": "Runs that some worker drives now.",
    "runs_stuck": "Runs that nobody drives until somebody releases them.",
}


def _runs(rows: list[Row]) -> Iterator[Metric]:
    """Counts by plan and state; purged runs still count, so that nothing ever decreases."""
    started = CounterMetricFamily("baton_runs_started", "Runs started.", labels=("plan",))
    ended = CounterMetricFamily("baton_runs_ended", "Runs ended, by how.", labels=("plan", "state"))
    opened = _gauge("baton_runs_open", "Runs that have not ended.", ("plan",))
    for plan, states in _by_plan(rows).items():
        started.add_metric((plan,), sum(states.values()))
        opened.add_metric((plan,), states.get("open", 0))
        for state in sorted({"done", "cancelled", *states} - {"open"}):
            ended.add_metric((plan, state), states.get(state, 0))
    yield from (started, ended, opened)


def _by_plan(rows: list[Row]) -> dict[str, dict[str, int]]:
    """The plans with most runs by name, the rest together as `other`."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["plan"], {})[row["status"]] = int(row["n"])
    ranked = sorted(found, key=lambda plan: (-sum(found[plan].values()), plan))
    kept = {plan: found[plan] for plan in sorted(ranked[:MOST_PLANS])}
    for plan in ranked[MOST_PLANS:]:
        rest = kept.setdefault(OTHER, {})
        for state, n in found[plan].items():
            rest[state] = rest.get(state, 0) + n
    return kept


def _tasks(rows: list[Row]) -> Iterator[Metric]:
    opened = _gauge("baton_tasks_open", "Tasks that wait for somebody.", ("plan",))
    overdue = _gauge("baton_tasks_overdue", "Open tasks past their due time.", ("plan",))
    for row in rows[:MOST_PLANS]:
        opened.add_metric((row["plan"],), row["open"])
        overdue.add_metric((row["plan"],), row["overdue"])
    if rest := rows[MOST_PLANS:]:
        opened.add_metric((OTHER,), sum(row["open"] for row in rest))
        overdue.add_metric((OTHER,), sum(row["overdue"] for row in rest))
    yield from (opened, overdue)


def _gauge(name: str, said: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=labels)


def _single(name: str, said: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, value=value)
