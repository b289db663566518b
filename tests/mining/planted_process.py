"""A small simulated process whose waiting has known causes: queues, working hours, batches, timers."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

HOUR = 3600.0
DAY = 24 * HOUR
MONDAY = pd.Timestamp("2024-01-01")


@dataclass(frozen=True)
class Work:
    """One step of the process."""

    name: str
    people: Sequence[str]
    minutes: float
    office: tuple[float, float] | None = None
    """Working hours on weekdays; without them it never rests."""
    timer_h: float = 0.0
    """Mean hours that half of the cases lie still for no reason inside the company."""
    batch: int = 1
    one_by_one: bool = False
    """Whether the work of a batch is done in turn, or all at once."""
    newest_first: bool = False


def on_duty(office: tuple[float, float] | None, t: float) -> bool:
    return office is None or (t // DAY % 7 < 5 and office[0] * HOUR <= t % DAY < office[1] * HOUR)


def next_duty(office: tuple[float, float] | None, t: float) -> float:
    while not on_duty(office, t):
        opening = t - t % DAY + (office or (0, 24))[0] * HOUR
        t = opening if t < opening and t // DAY % 7 < 5 else t - t % DAY + DAY
        if on_duty(office, t - t % DAY + (office or (0, 24))[0] * HOUR):
            t = max(t, t - t % DAY + (office or (0, 24))[0] * HOUR)
    return t


def finish(office: tuple[float, float] | None, t: float, work: float) -> float:
    while office is not None:
        room = t - t % DAY + office[1] * HOUR - t
        if work <= room:
            break
        work -= room
        t = next_duty(office, t + room)
    return t + work


@dataclass
class Entry:
    case: int
    step: int
    enabled: float
    ready: float
    delay: float = 0.0


def simulate(steps: Sequence[Work], cases: int, seed: int = 0, *, every_minutes: float = 30.0,
             office: tuple[float, float] | None = None) -> pd.DataFrame:  # fmt: skip
    """Instances `case activity resource start end`, and the truth of each: `delay` (seconds lying still)."""
    rng = np.random.default_rng(seed)
    heap: list[tuple[float, int, str, tuple]] = []
    queues: list[list[Entry]] = [[] for _ in steps]
    gathering: list[list[Entry]] = [[] for _ in steps]
    busy: set[str] = set()
    rows: list[dict] = []
    counter = iter(range(10**9))

    def push(t: float, kind: str, *what: object) -> None:
        heapq.heappush(heap, (t, next(counter), kind, what))

    t = next_duty(office, 9 * HOUR)
    for case in range(cases):
        t = next_duty(office, t + rng.exponential(every_minutes * 60))
        push(t, "enable", case, 0)

    def begin(now: float) -> None:
        for step, queue in zip(steps, queues, strict=True):
            for person in step.people:
                if not queue or person in busy or not on_duty(step.office, now):
                    continue
                queue.sort(key=lambda e: -e.ready if step.newest_first else e.ready)
                chosen = [queue.pop(0)]
                while step.batch > 1 and len(chosen) < step.batch:
                    chosen.append(queue.pop(0))
                at = now
                for turn, entry in enumerate(chosen):
                    if turn == 0 or step.one_by_one:
                        at = rows[-1]["end"] if turn else now
                        end = finish(step.office, at, rng.gamma(4, step.minutes * 15))
                    rows.append(
                        {
                            "case": entry.case,
                            "activity": step.name,
                            "resource": person,
                            "start": at,
                            "end": end,
                            "delay": entry.delay,
                        }
                    )
                    push(end, "done", entry.case, entry.step)
                busy.add(person)
                push(end, "free", person)

    while heap:
        now, _, kind, what = heapq.heappop(heap)
        if kind == "enable":
            case, number = what
            step, entry = steps[number], Entry(case, number, now, now)
            if step.timer_h and rng.random() < 0.5:
                entry.delay = rng.gamma(2, step.timer_h * HOUR / 2)
                entry.ready = now + entry.delay
                push(entry.ready, "ready", entry)
            else:
                push(now, "ready", entry)
        elif kind == "ready":
            (entry,) = what
            pile = gathering[entry.step]
            pile.append(entry)
            if len(pile) >= steps[entry.step].batch:
                queues[entry.step] += [*pile]
                pile.clear()
        elif kind == "done":
            case, number = what
            if number + 1 < len(steps):
                push(now, "enable", case, number + 1)
        elif kind == "free":
            busy.discard(what[0])
        if heap and heap[0][0] == now:
            continue
        begin(now)
        waking = [
            next_duty(s.office, now + 1e-3)
            for s, q in zip(steps, queues, strict=True)
            if q and not on_duty(s.office, now)
        ]
        if waking and (not heap or min(waking) < heap[0][0]):
            push(min(waking), "wake")
    frame = pd.DataFrame(rows)
    for name in ("start", "end"):
        frame[name] = (MONDAY + pd.to_timedelta(frame[name], unit="s")).dt.round("ms")
    return frame
