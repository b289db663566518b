"""Whether a call to a protected system may begin, and what its end says of the system. No I/O, no clock.

A system has at most so many calls at once and so many begun in a time, and a breaker: *closed* lets
calls through, *open* nobody, *trying* one call that finds out whether the system answers again.
Moments are seconds since 1970.
"""

from dataclasses import dataclass, replace
from typing import Literal

from home.limits import SystemLimits

LOOK_AGAIN_S = 30.0
"""How long somebody waits for a place before asking again, should nobody tell that there is one."""
SLACK_S = 5.0
"""How long a place outlives the time limit of its call."""
Breaker = Literal["closed", "open", "trying"]


@dataclass(frozen=True)
class Standing:
    """How a system stands: the row of `system_state`."""

    name: str
    breaker: Breaker = "closed"
    since: float = 0.0
    recent: str = ""
    """Newest outcomes, the last one at the end: `0` it went well, `1` it failed."""
    retry_at: float = 0.0
    probe: str = ""
    free_at: float = 0.0
    """When the rate allows the next call."""
    openings: int = 0
    error: str = ""


@dataclass(frozen=True)
class Request:
    """One attempt that wants to call, and what surrounds it."""

    attempt: str
    now: float
    lasts_s: float
    """Time limit of the call."""
    begins: float | None = None
    """When it may begin, where that was settled before."""
    taken: int = 0
    """Places that others have."""
    ahead: int = 0
    """Others who have waited for a place for longer."""


@dataclass(frozen=True)
class Admission:
    """What was decided: go now (`reason` is empty), or wait for `reason` until `until` at the latest."""

    standing: Standing
    begins: float | None
    """When the call may begin; `None` while that is open."""
    until: float
    """Going: until when its place counts."""
    reason: str = ""
    is_open: bool = False
    """Waits because the breaker lets nobody through."""


def admit(limits: SystemLimits, standing: Standing, request: Request) -> Admission:
    """Whether an attempt may call the system now."""
    now, tries = request.now, False
    if limits.has_breaker and standing.breaker != "closed" and standing.probe != request.attempt:
        if now < standing.retry_at:
            return _kept_out(standing, request)
        tries = True
    most = limits.concurrency
    if most is not None and request.begins is None and request.taken + request.ahead >= most:
        at_once = f"{most} at a time"
        return Admission(standing, None, now + LOOK_AGAIN_S, _words("a place at", standing, at_once))
    begins = request.begins if request.begins is not None else max(now, standing.free_at)
    if request.begins is None and limits.spacing_s:
        standing = replace(standing, free_at=begins + limits.spacing_s)
    if begins > now:
        pace = f"{_number(60 / limits.spacing_s)} a minute" if limits.spacing_s else ""
        return Admission(standing, begins, begins, _words("its turn at", standing, pace))
    ends = now + request.lasts_s + SLACK_S
    if tries:
        standing = replace(standing, breaker="trying", since=now, probe=request.attempt, retry_at=ends)
    return Admission(standing, begins, ends)


def _kept_out(standing: Standing, request: Request) -> Admission:
    """Whoever waits longest tries first; the others look again later, unless they are told before."""
    until = standing.retry_at + (LOOK_AGAIN_S if request.ahead else 0.0)
    return Admission(standing, None, until, _words("", standing, "to answer again"), is_open=True)


def _words(what: str, standing: Standing, more: str) -> str:
    if not what:
        return f"system {standing.name!r} {more}"
    return f"{what} system {standing.name!r}" + (f" ({more})" if more else "")


def _number(value: float) -> str:
    return f"{value:.3g}"


def settle(
    limits: SystemLimits, standing: Standing, attempt: str, now: float, *, well: bool | None, error: str = ""
) -> Standing:
    """How the system stands after a call: it went `well`, or not, or (`None`) nobody can say."""
    if not limits.has_breaker:
        return standing
    if standing.breaker == "trying" and standing.probe == attempt:
        if well:
            return replace(standing, breaker="closed", since=now, recent="", probe="", retry_at=0.0)
        if well is None:
            return replace(standing, breaker="open", since=now, probe="", retry_at=now)
        return _open(limits, standing, now, error)
    if well is None or standing.breaker != "closed":
        return standing  # calls from before it opened say nothing new
    kept = max(limits.breaker_calls, limits.breaker_failures or 0)
    standing = replace(standing, recent=(standing.recent + ("0" if well else "1"))[-kept:])
    if well:
        return standing
    standing = replace(standing, error=error)
    in_a_row = len(standing.recent) - len(standing.recent.rstrip("1"))
    looked_back = standing.recent[-limits.breaker_calls :]
    full = len(looked_back) == limits.breaker_calls
    if (limits.breaker_failures and in_a_row >= limits.breaker_failures) or (
        limits.breaker_share and full and looked_back.count("1") >= limits.breaker_share * len(looked_back)
    ):
        return _open(limits, replace(standing, openings=standing.openings + 1), now, error)
    return standing


def _open(limits: SystemLimits, standing: Standing, now: float, error: str) -> Standing:
    return replace(
        standing,
        breaker="open",
        since=now,
        probe="",
        retry_at=now + limits.cool_down_s,
        recent="",
        error=error or standing.error,
    )


def places_to_give(limits: SystemLimits, before: Standing, after: Standing, taken: int) -> int | None:
    """How many who wait can be told to ask again after a call; `None` is all of them."""
    if after.breaker != "closed":
        return 0
    if limits.concurrency is not None:
        return max(0, limits.concurrency - taken)
    return None if before.breaker != "closed" else 0
