"""What a schedule starts when it is looked at: what is due now, and what was missed, as it asks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from home.contracts import utc_text
from orchestrate.triggers import store
from orchestrate.triggers.contracts import Outcome, Schedule
from orchestrate.triggers.cron import Cron
from orchestrate.triggers.fire import Fired, Occurrence, Starter
from orchestrate.triggers.store import Kept

MOST_MISSED = 100
"""Missed moments that are looked back at; what is older leaves no trace."""
LATE = timedelta(seconds=60)
"""Past its moment by so much, an occurrence was missed."""


def delay(name: str, on: Schedule, moment: datetime) -> timedelta:
    """How much later an occurrence comes, drawn from its name and moment: the same for every worker."""
    drawn = sha256(f"{name} {utc_text(moment)}".encode()).digest()[:8]
    return timedelta(seconds=on.jitter_s * int.from_bytes(drawn) / 2**64)


def upcoming(name: str, on: Schedule, after: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Each moment after one, and when it is fired."""
    last = after
    for moment in Cron(on.cron, on.tz).after(after):
        last = max(last, moment + delay(name, on, moment))  # none overtakes another
        yield moment, last


def due_after(name: str, on: Schedule, after: datetime) -> float:
    """When the first moment after one is fired, in seconds since 1970."""
    return next(upcoming(name, on, after))[1].timestamp()


def look(starter: Starter, kept: Kept, on: Schedule) -> list[Fired]:
    """Start what is due, and keep how far that went, in one transaction.

    Raises `Moved` where another worker was first.
    """
    now = starter.clock.now()
    done = datetime.fromisoformat(kept.position or utc_text(now))
    passed = Cron(on.cron, on.tz).newest(done, now, MOST_MISSED)
    ready = []
    for moment in passed:
        if moment + delay(kept.name, on, moment) > now:
            break
        ready.append(moment)
    last = ready[-1] if ready else done
    due = due_after(kept.name, on, last)
    then = partial(store.advance, kept=kept, position=utc_text(last), due=due)
    occurrences = [
        _occurrence(kept, on, m, None if wanted else "missed") for m, wanted in _chosen(kept, on, ready, now)
    ]
    return starter.fire_all(kept, occurrences, then=then, still=True)


def _chosen(
    kept: Kept, on: Schedule, ready: list[datetime], now: datetime
) -> Iterator[tuple[datetime, bool]]:
    """Each moment that has come, and whether a run is started for it."""
    prompt = [m for m in ready if now - (m + delay(kept.name, on, m)) < LATE]
    late = ready[: len(ready) - len(prompt)]
    # One run for all that was missed: the prompt one, where there is one, stands for them too.
    stands = late[-1:] if on.missed == "one" and not prompt else late if on.missed == "all" else []
    for moment in ready:
        yield moment, moment in prompt or moment in stands


def _occurrence(kept: Kept, on: Schedule, moment: datetime, outcome: Outcome | None) -> Occurrence:
    return Occurrence(utc_text(moment), {}, facts(kept.name, on, moment), outcome=outcome)


def facts(name: str, on: Schedule, moment: datetime) -> dict[str, str]:
    """What expressions may know of a moment."""
    local = moment.astimezone(Cron(on.cron, on.tz).zone).replace(microsecond=0)
    said = {"id": utc_text(moment), "at": utc_text(moment), "local": local.isoformat()}
    return said | {"date": f"{local:%Y-%m-%d}", "trigger": name}
