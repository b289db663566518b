"""A discrete-event simulation: cases ask for work, people with calendars and queues do it.

A process is a generator per case. It yields steps and is resumed, with the time, when each is done:

    def steps(case):
        now = yield Work("Check invoice", clerks, minutes(case.rng, 8))
        now = yield Message("Reminder sent", "mail gateway", at=now + 60)

Waiting is never drawn from a distribution: it comes about because the person is away, busy, or
collecting a batch, or because somebody outside takes their time. So each second of it has a cause.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import log
from random import Random
from typing import Any

from .calendars import END, Duty, WeeklyHours

NOTICE_S = (15, 90)
"""Seconds until a task that has become possible is seen by those who could do it."""


@dataclass(eq=False)
class Worker:
    """Somebody who does one thing at a time while on duty."""

    name: str
    role: str
    rate: float
    """Cost in EUR per hour."""
    week: WeeklyHours
    duty: Duty
    free_at: int = 0
    done: list["Instance"] = field(default_factory=list)


@dataclass(eq=False)
class Pool:
    """Workers who share one queue; the longest idle takes the first in line."""

    workers: Sequence[Worker]
    queue: list[tuple[int, int, int, "Case", "Work"]] = field(default_factory=list)
    wakes_at: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """A step that somebody of a pool does; a lower `priority` number goes first."""

    activity: str
    pool: Pool
    seconds: int
    priority: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happens at one moment, without queue: a mail, a customer's answer, a status."""

    activity: str
    sender: str
    at: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collect:
    """A step that waits for the next of the fixed `runs` and is done together with all that wait."""

    activity: str
    account: str
    runs: Sequence[int]
    seconds: int


Step = Work | Message | Collect
Steps = Generator[Step, int, None]


@dataclass(slots=True, eq=False)
class Instance:
    """One activity done for one case."""

    case: "Case"
    activity: str
    resource: str
    enabled: int
    """When the step before it ended; for the first step, its own start."""
    start: int
    end: int
    data: Mapping[str, Any]
    worker: Worker | None = None
    """Who did it, if anybody of the company."""
    batch: str = ""
    """The run it was collected into."""

    @property
    def cost(self) -> float:
        """What the working time cost, in EUR."""
        return round(self.worker.rate * (self.end - self.start) / 3600, 2) if self.worker else 0.0


@dataclass(eq=False)
class Case:
    """One case: what is known of it at the start, and what has been done."""

    id: str
    arrival: int
    rng: Random
    attributes: dict[str, Any]
    instances: list[Instance] = field(default_factory=list)


def minutes(rng: Random, median: float, spread: float = 0.35) -> int:
    """A lognormal working time in seconds: half of them under `median` minutes."""
    return max(20, round(60 * rng.lognormvariate(log(median), spread)))


class Simulation:
    """The event heap. Nothing here is random but the seconds until a task is noticed."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._running: dict[Case, Steps] = {}

    def add(self, case: Case, steps: Steps) -> None:
        """Let `case` begin at its arrival."""
        self._running[case] = steps
        self._at(case.arrival, self._advance, case, None)

    def run(self) -> None:
        """Go on until the 26 weeks are over."""
        while self._heap and self._heap[0][0] < END:
            at, _, action, arguments = heappop(self._heap)
            action(at, *arguments)

    def _at(self, at: int, action: Callable[..., None], *arguments: object) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, action, arguments))

    def _advance(self, now: int, case: Case, done: Instance | None) -> None:
        if done is not None:
            case.instances.append(done)
        try:
            step = self._running[case].send(now) if done else next(self._running[case])
        except StopIteration:
            return
        match step:
            case Work():
                notice = case.rng.randint(*NOTICE_S) if done else 0
                self._at(now + notice, self._enqueue, case, step, now)
            case Message(activity, sender, at, data):
                self._at(at, self._advance, case, Instance(case, activity, sender, now, at, at, data))
            case Collect():
                self._collect(now, case, step)

    def _collect(self, now: int, case: Case, step: Collect) -> None:
        number = next((index for index, at in enumerate(step.runs, start=1) if at > now), None)
        if number is None:
            return
        start = step.runs[number - 1]
        run = f"{step.account}-{number:03d}"
        done = Instance(case, step.activity, step.account, now, start, start + step.seconds, {}, batch=run)
        self._at(done.end, self._advance, case, done)

    def _enqueue(self, now: int, case: Case, step: Work, enabled: int) -> None:
        self._count += 1
        heappush(step.pool.queue, (step.priority, enabled, self._count, case, step))
        self._dispatch(now, step.pool)

    def _dispatch(self, now: int, pool: Pool) -> None:
        while pool.queue:
            idle = [worker for worker in pool.workers if worker.free_at <= now and worker.duty.on(now)]
            if not idle:
                self._wake_at_next_shift(now, pool)
                return
            _, enabled, _, case, step = heappop(pool.queue)
            self._begin(now, min(idle, key=lambda worker: worker.free_at), case, step, enabled)

    def _begin(self, now: int, worker: Worker, case: Case, step: Work, enabled: int) -> None:
        end = now + step.seconds
        enabled = enabled if case.instances else now
        done = Instance(case, step.activity, worker.name, enabled, now, end, step.data, worker)
        worker.free_at = end
        worker.done.append(done)
        self._at(end, self._advance, case, done)
        self._at(end, self._dispatch, step.pool)

    def _wake_at_next_shift(self, now: int, pool: Pool) -> None:
        starts = [worker.duty.next_start(max(now, worker.free_at - 1)) for worker in pool.workers]
        first = min((start for start in starts if start is not None), default=None)
        if first is not None and pool.wakes_at != first:
            pool.wakes_at = first
            self._at(first, self._dispatch, pool)
