"""Measures a piece of work in a process of its own: CPU with that of its children, wall time, peak memory."""

import importlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
SAMPLED_EVERY_S = 0.1


@dataclass(frozen=True)
class Cost:
    """What a piece of work took."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    """Most that this process held, as the kernel counted."""
    peak_with_children_mb: float
    """Most that it and its children held at one moment, sampled; no less than the above."""
    answer: Any = None


@dataclass(frozen=True)
class Figure:
    """Something that was measured beside the cost, and what is aimed at."""

    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        return f"{self.value:,.{0 if self.value >= 100 else 2}f} {self.unit}"

    @property
    def aim(self) -> list[str]:
        """What is aimed at, in words."""
        told = [] if self.at_least is None else [f">= {self.at_least:,g} {self.unit}"]
        return told if self.at_most is None else [*told, f"<= {self.at_most:,g} {self.unit}"]

    @property
    def met(self) -> bool:
        """Whether that is reached."""
        low = self.at_least is not None and self.value < self.at_least
        return not low and not (self.at_most is not None and self.value > self.at_most)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    cost: Cost
    against: str = ""
    """What it is compared with."""
    baseline: Cost | None = None
    at_most: float | None = None
    """The ratio of CPU that is aimed at."""
    faster: float | None = None
    """How many times the CPU of the baseline is aimed at: the same ratio, the other way up."""
    below_mb: float | None = None
    """The peak memory that is aimed at."""
    below_cpu_s: float | None = None
    """The CPU time that is aimed at."""
    figures: tuple[Figure, ...] = ()
    """What was measured beside the cost."""

    @property
    def ratio(self) -> float | None:
        """CPU over that of the baseline."""
        return None if self.baseline is None else self.cost.cpu_s / self.baseline.cpu_s

    @property
    def aims(self) -> list[str]:
        """What is aimed at, in words."""
        told = [f"<= {self.at_most:g}x"] if self.at_most else []
        told += [f">= {self.faster:g}x faster"] if self.faster else []
        told += [f"< {self.below_mb:g} MB"] if self.below_mb else []
        told += [f"<= {self.below_cpu_s:g} cpu s"] if self.below_cpu_s else []
        return told + [aim for figure in self.figures for aim in figure.aim]

    @property
    def told_ratio(self) -> str:
        """The ratio in words, the way up that is aimed at."""
        if self.ratio is None:
            return ""
        return f"{1 / self.ratio:,.0f}x faster" if self.faster else f"{self.ratio:.2f}x"

    @property
    def met(self) -> bool:
        """Whether what was aimed at is reached."""
        if not all(figure.met for figure in self.figures):
            return False
        most = 1 / self.faster if self.faster else self.at_most
        slow = most is not None and self.ratio is not None and self.ratio > most
        large = self.below_mb is not None and self.cost.peak_with_children_mb > self.below_mb
        long = self.below_cpu_s is not None and self.cost.cpu_s > self.below_cpu_s
        return not (slow or large or long)


apart = True
"""Whether each piece of work gets a process of its own; a trial of the benchmarks themselves does without."""


def typical(function: Callable[..., Any], *args: Any, times: int = 3) -> Cost:
    """The median by CPU of several such costs, each in a new process: for work of milliseconds."""
    costs = sorted((measured(function, *args) for _ in range(times if apart else 1)), key=lambda c: c.cpu_s)
    return costs[len(costs) // 2]


def measured(function: Callable[..., Any], *args: Any) -> Cost:
    """The cost of `function(*args)` in a new process; arguments and answer are JSON.

    The function yields twice: what comes before the first is preparation, and not measured; the second
    yields the answer.
    """
    module = function.__globals__["__spec__"].name
    if not apart:
        cost = _measure(module, function.__qualname__, list(args))
        return Cost(**json.loads(json.dumps(asdict(cost))))
    work = json.dumps([module, function.__qualname__, args])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measuring", work], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def _children_cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return spent.ru_utime + spent.ru_stime + sum(t.user + t.system for t in alive)


def _sample(peak: list[float], done: threading.Event) -> None:
    this = psutil.Process()
    while not done.wait(SAMPLED_EVERY_S):
        held = 0
        for process in (this, *this.children(recursive=True)):
            try:
                held += process.memory_full_info().pss  # libraries that both have mapped count once
            except psutil.Error:
                continue
        peak[0] = max(peak[0], held)


def _held_at_most() -> float:
    """MB. `ru_maxrss` would tell what whoever started this process held, where that was more."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def _measure(module: str, name: str, args: list[Any]) -> Cost:
    work = getattr(importlib.import_module(module), name)(*args)
    next(work)
    peak, done = [0.0], threading.Event()
    sampler = threading.Thread(target=_sample, args=(peak, done))
    sampler.start()

    def spent() -> float:
        looking = time.clock_gettime(time.pthread_getcpuclockid(sampler.ident or 0))  # is no part of the work
        return _children_cpu() + time.process_time() - looking

    cpu, wall = spent(), time.perf_counter()
    try:
        answer = next(work, None)
        cpu, wall = spent() - cpu, time.perf_counter() - wall
    finally:
        done.set()
        sampler.join()
        work.close()  # what it holds open, once its answer is there
    own = _held_at_most()
    return Cost(cpu, wall, own, max(own, peak[0] / 2**20), answer)


if __name__ == "__main__":
    found = _measure(*json.loads(sys.argv[1]))
    sys.stdout.write("\n" + json.dumps(asdict(found)) + "\n")
    sys.stdout.flush()
    os._exit(0)  # whatever threads a library left
