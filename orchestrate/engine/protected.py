"""What stands between a segment and a protected system: asks for places, gives them back."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from home.limits import SystemLimits
from orchestrate.core.machine import Attempt
from orchestrate.engine import places
from orchestrate.engine.journal import Journal
from orchestrate.engine.operations import Park, Verdict, park
from orchestrate.engine.places import Asked
from orchestrate.engine.protection import Admission
from orchestrate.engine.statements import Execute

FORGET = "delete from system_place where run = :run"


@dataclass(frozen=True)
class Held:
    """An attempt that may not begin yet."""

    attempt: Attempt
    lasts_s: float
    until: float
    reason: str


class Protected:
    """The protected systems, as the segments of one worker meet them."""

    def __init__(
        self,
        journal: Journal,
        limits: Mapping[str, SystemLimits],
        now: Callable[[], float],
        told: Callable[[str], None],
        *,
        postgres: bool,
    ) -> None:
        self._journal, self._limits, self._now, self._postgres = journal, limits, now, postgres
        self._told = told

    def guards(self, attempt: Attempt) -> bool:
        """Whether the attempt calls a system that has limits."""
        return attempt.step.system in self._limits

    async def enter(self, attempt: Attempt, lasts_s: float) -> Admission:
        """Ask for a place at the attempt's system for a call of at most so many seconds."""
        ask = partial(self._enter, self._asked(attempt, lasts_s))
        found: Admission = await self._journal.submit(ask, system=attempt.step.system or "")
        return found

    def _asked(self, attempt: Attempt, lasts_s: float) -> Asked:
        return Asked(
            system=attempt.step.system or "",
            attempt=_name(attempt),
            run=attempt.run,
            worker=self._journal.worker,
            lasts_s=lasts_s,
            queues=fallback_of(attempt) is None,
        )

    def _enter(self, asked: Asked, execute: Execute) -> Admission:
        limits = self._limits[asked.system]
        return places.enter(execute, asked, limits, self._now(), postgres=self._postgres)

    def leave(self, attempt: Attempt, *, well: bool | None, error: str = "") -> None:
        """Give the place back; nobody waits for that to be written."""
        system = attempt.step.system or ""

        def go(execute: Execute) -> tuple[str, ...]:
            return places.leave(
                execute,
                system,
                _name(attempt),
                self._limits[system],
                self._now(),
                well=well,
                error=error,
                postgres=self._postgres,
            )

        def tell(done: "asyncio.Future[Any]") -> None:
            if not done.cancelled() and done.exception() is None:
                for run in done.result():
                    self._told(run)

        self._journal.submit(go, system=system).add_done_callback(tell)

    async def park(self, wanted: Park, held: Iterable[Held]) -> Verdict:
        """Park a run that only waits for places, unless one of them became free just now.

        Asked again under the lock of the system: who gives a place back comes either before, and is
        seen, or after, and finds the run parked.
        """
        asked = sorted((self._asked(one.attempt, one.lasts_s) for one in held), key=lambda a: a.system)

        def go(execute: Execute) -> Verdict:
            found = [self._enter(one, execute) for one in asked]
            if all(admission.reason for admission in found):
                return park(execute, wanted, self._journal.worker)
            return Verdict.NOT_PARKED

        found: Verdict = await self._journal.submit(go, system=asked[0].system)
        return found

    def forget(self, run: str) -> None:
        """Give up every place of a run that has ended."""
        if self._limits:
            self._journal.submit(lambda execute: execute(FORGET, {"run": run}).rowcount)


def fallback_of(attempt: Attempt) -> Any:
    """What an attempt calls while its system's breaker is open, or `None`; undoing has no other way."""
    return attempt.step.fallback if attempt.binding == attempt.step.binding else None


def _name(attempt: Attempt) -> str:
    return f"{attempt.key}:{attempt.attempt}"
