"""What is being done now, for logs and for whoever is called: run, step, attempt, and the W3C trace context.

Nothing here needs OpenTelemetry. A context flows into the tasks and threads that are started within it:

    with doing(run=run, step="ship", attempt=2, trace=traceparent):
        headers()      # {"traceparent": "00-…"}: to be sent with a request, or as a CloudEvents extension

Trace and span ids are derived from what they are about, so that every worker, before and after a
restart, writes into the same trace without asking anybody.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
"""https://www.w3.org/TR/trace-context/#traceparent-header; all zeros and version ff mean nothing."""
SAMPLED = 1


@dataclass(frozen=True)
class Doing:
    """What a thread or task is at; anything may be unknown."""

    run: str | None = None
    step: str | None = None
    attempt: int | None = None
    trace: str | None = None
    """The trace context as a `traceparent`."""


NOTHING = Doing()
_doing: ContextVar[Doing] = ContextVar("doing", default=NOTHING)


def at_work() -> Doing:
    """What is being done here and now."""
    return _doing.get()


@contextmanager
def doing(**what: Any) -> Iterator[None]:
    """Within the block this is being done; what is not named stays as it was."""
    token = _doing.set(replace(_doing.get(), **what))
    try:
        yield
    finally:
        _doing.reset(token)


def headers() -> dict[str, str]:
    """What a request or message carries so that its receiver joins the trace; empty without one."""
    trace = _doing.get().trace
    return {"traceparent": trace} if trace else {}


def valid(traceparent: str | None) -> str | None:
    """A `traceparent` that somebody sent, or `None` where it says nothing that can be trusted."""
    return traceparent if traceparent and TRACEPARENT.fullmatch(traceparent) else None


def origin() -> dict[str, str] | None:
    """Where a run that is started now comes from, to be kept with it.

    `{"parent": traceparent}` for a request that came with a trace; `{"link": traceparent}` for a run
    that another run starts, which gets a trace of its own.
    """
    now = _doing.get()
    if now.trace is None:
        return None
    return {"link" if now.run else "parent": now.trace}


def source_of(state: Mapping[str, Any]) -> dict[str, str] | None:
    """Where a run comes from, by its state: as it was started, or as the run that called it was."""
    found: dict[str, str] | None = state.get("trace") or (state.get("caller") or {}).get("trace")
    return found


def trace_id(run: str, source: dict[str, str] | None = None) -> str:
    """The trace of a run, as 32 hexadecimal digits: the one it was started in, else its own."""
    match = TRACEPARENT.fullmatch((source or {}).get("parent", ""))
    return match[1] if match else sha256(f"trace {run}".encode()).hexdigest()[:32]


def span_id(*about: object) -> str:
    """The span of one thing within a trace, as 16 hexadecimal digits."""
    return sha256(" ".join(map(str, about)).encode()).hexdigest()[:16]


def traceparent(trace: str, span: str, *, sampled: bool = True) -> str:
    """Two ids as they travel."""
    return f"00-{trace}-{span}-{SAMPLED if sampled else 0:02x}"
