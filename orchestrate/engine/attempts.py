"""One attempt of a step: admitted to its system, made by its connector, told as the event it ends with."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from home.clock import Clock
from home.telemetry import doing, headers
from orchestrate.connectors.port import Ask, CallFailed, Connector, Later, Work
from orchestrate.core.events import Accepted, Asked, Event, Failed, Succeeded
from orchestrate.core.machine import Attempt
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.turn import State
from orchestrate.engine.journal import Journal
from orchestrate.engine.observer import Observer
from orchestrate.engine.protected import Held, Protected, fallback_of
from orchestrate.engine.sub_plans import Find, call

log = logging.getLogger("baton.engine")
DEFAULT_TIMEOUT_S = 300.0


class Fenced(Exception):
    """The run belongs to somebody else now, or may: nothing more may be done with it here."""


@dataclass(frozen=True)
class Host:
    """What a segment needs of the process it runs in."""

    journal: Journal
    connectors: Mapping[str, Connector]
    clock: Clock
    index_of: Callable[[str, int], PlanIndex]
    find: Find
    """For sub-plans: a version of a plan by name, the newest where none is named."""
    news: Callable[[str], None]
    """Told that a run of which we know has news: it was started or told something by one of ours."""
    fresh: Callable[[float], bool]
    """Whether our lease is certain enough to begin an effect for a run that was ours at a moment."""
    parked: Callable[[str, float | None], None]
    """Told that a run waits, until a moment at the latest."""
    protected: Protected
    linger_s: float = 0.0
    """How long it is worth waiting for a place at a system without parking the run."""
    observer: Observer = field(default_factory=Observer)


async def make(host: Host, plan: str, state: State, attempt: Attempt, since: float) -> Event | Held:
    """One attempt, as soon as its system has a place for it; what has to wait uses up no retry.

    `since` is when the run was last found ours.
    """
    protected = host.protected
    if attempt.binding is None:
        return call(attempt, state, host.find)
    if not protected.guards(attempt):
        return await _observed(host, plan, state, attempt)
    admission = await protected.enter(attempt, _limit_s(attempt))
    if admission.reason:
        other = fallback_of(attempt) if admission.is_open else None
        if other is None:
            return Held(attempt, _limit_s(attempt), admission.until, admission.reason)
        return await _observed(host, plan, state, replace(attempt, binding=other))
    well, error = None, ""
    try:
        if not host.fresh(since):
            raise Fenced
        event = await _observed(host, plan, state, attempt)
        # A system that says no has answered; one that does not, or asks to come again, has not.
        well = not (isinstance(event, Failed) and event.retryable)
        error = event.error if isinstance(event, Failed) else ""
    finally:
        protected.leave(attempt, well=well, error=error)
    return event


async def _observed(host: Host, plan: str, state: State, attempt: Attempt) -> Event:
    """One attempt, in the trace and under the names that logs and called systems know it by."""
    trace = host.observer.trace_of(attempt, state)
    with doing(run=attempt.run, step=attempt.step.id, attempt=attempt.attempt, trace=trace):
        return await _attempt(host, plan, attempt)


async def _attempt(host: Host, plan: str, attempt: Attempt) -> Event:
    """One attempt, as the event it ends with."""
    place: dict[str, Any] = {"node": attempt.node, "visit": attempt.visit, "attempt": attempt.attempt}
    begun = host.clock.now().timestamp()
    limit = _limit_s(attempt)
    assert attempt.binding is not None  # noqa: S101 - calls of other plans go their own way
    name = attempt.binding.connector
    try:
        connector = host.connectors.get(name)
        if connector is None:
            raise CallFailed(f"there is no connector {name!r} here", retryable=False)
        work = Work(
            step=attempt.step,
            settings=attempt.binding.settings,
            input=attempt.input,
            key=attempt.key,
            timeout_s=limit,
            attempt=attempt.attempt,
            run=attempt.run,
            trace=headers(),
            node=attempt.node,
            visit=attempt.visit,
            plan=plan,
        )
        async with asyncio.timeout(limit):
            output = await connector.call(work)
    except TimeoutError:
        return Failed(error=f"no answer within {limit:g} s", begun=begun, resource=name, **place)
    except CallFailed as error:
        failure = {"error": error.message, "retryable": error.can_retry, "begun": begun}
        return Failed(resource=name, **failure, **place)
    except Exception as error:  # a connector's bug is its step's failure, not the run's
        log.exception("connector %s failed unexpectedly", name, extra={"run": attempt.run})
        return Failed(error=f"{type(error).__name__}: {error}", begun=begun, resource=name, **place)
    if isinstance(output, Later):
        told = {"role": output.role, "reason": output.reason, "otherwise": output.otherwise}
        return Accepted(within_s=output.within_s, **told, **place)
    if isinstance(output, Ask):
        return Asked(reason=output.reason, context=dict(output.context), role=output.role, **place)
    return Succeeded(output=dict(output), begun=begun, resource=name, **place)


def _limit_s(attempt: Attempt) -> float:
    return attempt.timeout.total_seconds() if attempt.timeout else DEFAULT_TIMEOUT_S
