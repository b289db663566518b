"""Makes event logs of any size from a seed: the same seed and size give the same bytes.

    python -m benchmarks.generated OUT.parquet [--events 1000000] [--seed 7] [--activities 24]

The process is drawn from the seed too: steps, choices, options, blocks whose steps overlap in time, and loops
of rework, among 12 to 40 activities. Cases of some regions and channels take other branches, a few leave a
step out or get one too many, so common variants have a long tail of rare ones. Columns are named as in XES.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

BEGIN = np.datetime64("2024-01-01T00:00:00", "ms")
SPAN_MS = 2 * 365 * 24 * 3600 * 1000
"""Arrivals are spread over two years, whatever the size."""
CASES = 20_000
"""Cases of a portion, which is what is held in memory."""
ROUNDS = 4
"""Most times that a loop is gone through."""
FEWEST, MOST = 12, 40
HOUR_MS = 3_600_000
REGIONS = ("north", "east", "south", "west", "island", "abroad")
CHANNELS = ("portal", "mail", "phone", "branch")
PEOPLE, TEAM = 150, 9

Kind = Literal["step", "choice", "option", "overlap", "loop"]
SIZES: dict[Kind, int] = {"step": 1, "choice": 3, "overlap": 2, "loop": 2, "option": 1}
ORDER: tuple[Kind, ...] = ("step", "choice", "loop", "option", "overlap", "step", "option", "choice")


@dataclass(frozen=True)
class Block:
    """A part of the process: its activities, and how likely it is that each is done."""

    kind: Kind
    activities: tuple[int, ...]
    odds: tuple[float, ...]


@dataclass(frozen=True)
class Process:
    """What cases go through, block by block, and how long it takes."""

    blocks: tuple[Block, ...]
    wait_h: NDArray[Any]
    """Typical hours before each activity."""
    work_h: NDArray[Any]
    """Typical hours of each activity."""
    teams: NDArray[Any]
    """People who do it, those who do most of it first; one row per activity."""

    @property
    def activities(self) -> int:
        """How many there are."""
        return len(self.wait_h)


def process(seed: int, activities: int = 24) -> Process:
    """A process with so many activities, drawn from the seed."""
    if not FEWEST <= activities <= MOST:
        raise ValueError(f"{activities} activities: between {FEWEST} and {MOST} are possible.")
    dice = np.random.default_rng([seed, activities])
    blocks: list[Block] = []
    taken = 0
    while taken < activities - 1:
        kind = ORDER[len(blocks) % len(ORDER)]
        kind = kind if taken + SIZES[kind] < activities else "step"
        numbers = tuple(range(taken, taken + SIZES[kind]))
        odds = tuple(np.sort(dice.dirichlet(np.full(3, 0.7)))[::-1]) if kind == "choice" else ()
        blocks.append(Block(kind, numbers, odds or (float(dice.uniform(0.05, 0.25)),)))
        taken += SIZES[kind]
    blocks.append(Block("step", (taken,), (1.0,)))
    return Process(
        tuple(blocks),
        dice.lognormal(1.5, 1.2, activities),
        dice.lognormal(-1.0, 0.8, activities),
        dice.integers(0, PEOPLE, (activities, TEAM)),
    )


def portions(events: int, seed: int = 7, activities: int = 24) -> Iterator[pa.Table]:
    """A log of exactly so many events, case after case; each portion is in the order of completion."""
    drawn = process(seed, activities)
    per_case = _walk(drawn, np.random.default_rng([seed, 0]), 2_000)[0].shape[0] / 2_000
    between = SPAN_MS / max(events / per_case, 1)
    done = cases = portion = 0
    while done < events:
        dice = np.random.default_rng([seed, 1 + portion])
        table = _portion(drawn, dice, first=cases, between=between)
        yield table.slice(0, events - done)
        done, cases, portion = done + len(table), cases + CASES, portion + 1


def write(path: Path, events: int, seed: int = 7, activities: int = 24) -> None:
    """The log as Parquet."""
    writer = None
    for table in portions(events, seed, activities):
        writer = writer or pa.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _portion(drawn: Process, dice: np.random.Generator, first: int, between: float) -> pa.Table:
    case, activity, start, end, region, channel = _walk(drawn, dice, CASES)
    arrived = ((first + np.arange(CASES)) * between + dice.exponential(between, CASES)).astype(np.int64)
    start, end = start + arrived[case], end + arrived[case]
    order = np.lexsort((case, end))
    case, activity = case[order], activity[order]
    person = drawn.teams[activity, np.minimum(dice.geometric(0.35, len(case)) - 1, TEAM - 1)]
    amount = np.round(dice.lognormal(6, 1.2, CASES), 2)
    return pa.table(
        {
            "case:concept:name": _named("C", first + np.arange(CASES)).take(pa.array(case)),
            "concept:name": _named("Activity ", np.arange(drawn.activities), 2).take(pa.array(activity)),
            "start_timestamp": pa.array(BEGIN + start[order].astype("timedelta64[ms]")),
            "time:timestamp": pa.array(BEGIN + end[order].astype("timedelta64[ms]")),
            "org:resource": _named("Person ", np.arange(PEOPLE), 3).take(pa.array(person)),
            "case:amount": pa.array(amount[case]),
            "case:region": pa.array(REGIONS).take(pa.array(region[case])),
            "case:channel": pa.array(CHANNELS).take(pa.array(channel[case])),
        }
    )


def _named(prefix: str, numbers: NDArray[Any], digits: int = 8) -> pa.Array:
    return pa.array([f"{prefix}{number:0{digits}}" for number in numbers.tolist()])


def _walk(drawn: Process, dice: np.random.Generator, cases: int) -> tuple[NDArray[Any], ...]:
    """Cases through the process: case, activity, start and end (ms since arrival) per instance, and per case
    its region and channel."""
    region = dice.choice(len(REGIONS), cases, p=(0.35, 0.25, 0.2, 0.12, 0.05, 0.03))
    channel = dice.choice(len(CHANNELS), cases, p=(0.55, 0.25, 0.15, 0.05))
    now = np.zeros(cases, dtype=np.int64)
    walked: list[tuple[NDArray[Any], ...]] = []
    everybody = np.ones(cases, dtype=bool)

    def do(activity: int | NDArray[Any], who: NDArray[Any], since: NDArray[Any]) -> NDArray[Any]:
        """Note that these cases do it; when they have, and `since` for the others."""
        number = np.broadcast_to(activity, cases)
        begun = since + _ms(drawn.wait_h[number] * dice.lognormal(0, 0.9, cases))
        ended = begun + _ms(drawn.work_h[number] * dice.lognormal(0, 0.5, cases))
        where = np.flatnonzero(who)
        walked.append((where, number[where], begun[where], ended[where]))
        return np.where(who, ended, since)

    for block in drawn.blocks:
        first, odd = block.activities[0], block.odds[0]
        if block.kind == "step":
            now = do(first, dice.random(cases) >= 0.002, now)  # hardly ever left out
        elif block.kind == "option":
            now = do(first, dice.random(cases) < np.where(channel == 1, odd / 4, odd), now)
        elif block.kind == "choice":
            turned = (np.searchsorted(np.cumsum(block.odds), dice.random(cases)) + (region >= 4)) % 3
            now = do(first + turned, everybody, now)
        elif block.kind == "overlap":
            now = np.maximum.reduce([do(activity, everybody, now) for activity in block.activities])
        else:
            again = everybody
            for _ in range(ROUNDS):
                for activity in block.activities:
                    now = do(activity, again, now)
                again = again & (dice.random(cases) < odd)
    stray = dice.random(cases) < 0.003
    do(dice.integers(0, drawn.activities, cases), stray, (now * dice.random(cases)).astype(np.int64))
    case, activity, start, end = (np.concatenate(part) for part in zip(*walked, strict=True))
    return case, activity, start, end, region, channel


def _ms(hours: NDArray[Any]) -> NDArray[Any]:
    return 1 + (hours * HOUR_MS).astype(np.int64)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--activities", type=int, default=24)
    write(**vars(parser.parse_args()))
