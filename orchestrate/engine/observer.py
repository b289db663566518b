"""The observer port: what an engine tells of its work to whoever counts, times or traces it.

An engine without one is told `Observer()`, which does nothing. Methods are called on the hot path:
they return at once. `Observers` sees to it that what fails in them stops no run.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from home.telemetry import source_of
from orchestrate.core.effects import Effect
from orchestrate.core.machine import Attempt
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import State
from orchestrate.engine.statements import Claimed

log = logging.getLogger("baton.observer")
T = TypeVar("T")


@dataclass(frozen=True)
class Committed:
    """One journal entry that was written."""

    claimed: Claimed
    """The run as it was claimed: id, plan, version, key, simulated."""
    before: State
    """The run's state that the event met."""
    after: State
    index: PlanIndex
    """The plan."""
    entry: Mapping[str, Any]
    """The journal columns; see `statements.ENTRY`."""
    effects: Sequence[Effect]
    took_s: float
    """Seconds from handing the entry to the journal to its answer."""


class Observer:
    """Hears of everything, does nothing; observers override what they care about."""

    def trace_of(self, attempt: Attempt, state: State) -> str | None:  # noqa: ARG002
        """The trace context (`traceparent`) that an attempt runs in: without tracing the one it came in."""
        return (source_of(state) or {}).get("parent")

    def committed(self, done: Committed) -> None:
        """A journal entry was written."""

    def beat(self, took_s: float) -> None:
        """This worker said that it lives."""

    def took_over(self, worker: str) -> None:
        """The runs of a worker that fell silent were taken over."""

    def close(self) -> None:
        """Nothing more is to come."""


class Observers(Observer):
    """Tells several observers; one that fails is logged, and the run goes on."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def trace_of(self, attempt: Attempt, state: State) -> str | None:
        """That of whoever writes spans, else where the run came from."""
        came = super().trace_of(attempt, state)
        found = self._tell(lambda observer: observer.trace_of(attempt, state))
        return next((trace for trace in found if trace not in (None, came)), came)

    def committed(self, done: Committed) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.committed(done))

    def beat(self, took_s: float) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.beat(took_s))

    def took_over(self, worker: str) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.took_over(worker))

    def close(self) -> None:
        """Tell all."""
        self._tell(lambda observer: observer.close())

    def _tell(self, what: Callable[[Observer], T]) -> list[T]:
        answers = []
        for observer in self._observers:
            try:
                answers.append(what(observer))
            except Exception:
                log.exception("%s failed; runs go on without it", type(observer).__name__)
        return answers
