"""What every process of the company has: staff, cases that come in, and truths planted in it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from .calendars import END, WeeklyHours, duty, moment
from .simulation import Case, Instance, Pool, Simulation, Steps, Worker


@dataclass(frozen=True)
class Process:
    """A process after its 26 weeks."""

    name: str
    """Also the name of its event log."""
    cases: list[Case]
    workers: list[Worker]
    planted: Mapping[str, Any]
    """The truths put into it, by name, with their numbers."""

    def recorded(self) -> list[Instance]:
        """Everything that ended within the 26 weeks, by case and time: what the systems know."""
        return [done for case in self.cases for done in case.instances if done.end < END]


@dataclass
class Staff:
    """Hires people; each stands in one pool of one process."""

    rng: Random
    workers: list[Worker] = field(default_factory=list)

    def hire(
        self, role: str, rate: float, week: WeeklyHours, *names: str, absent: Collection[date] = ()
    ) -> Pool:
        """A pool of people with one role, one hourly rate in EUR, and the same hours."""
        hired = [Worker(name, role, rate, week, duty(week, self.rng, absent)) for name in names]
        self.workers += hired
        return Pool(hired)


def stream(*parts: object) -> Random:
    """A random stream of its own for `parts`, so that changing one case leaves the others alone."""
    return Random(":".join(map(str, parts)))


def arrivals(
    rng: Random, days: Sequence[date], per_day: Callable[[date], float], opens: float, closes: float
) -> list[int]:
    """Moments at which cases come in, between two wall-clock hours, at `per_day` cases on average."""
    found = []
    for day in days:
        expected, at = per_day(day), 0.0
        while expected > 0:
            at += rng.expovariate(expected)
            if at >= 1:
                break
            found.append(moment(day, opens + at * (closes - opens)))
    return found


def simulate(cases: Sequence[Case], steps: Callable[[Case], Steps]) -> None:
    """Run all `cases` through the generator function `steps`, sharing people and queues."""
    simulation = Simulation()
    for case in cases:
        simulation.add(case, steps(case))
    simulation.run()
