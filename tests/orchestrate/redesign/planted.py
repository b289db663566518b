"""Makes small logs whose truth is known."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pandas as pd

from orchestrate.contracts import Move, Owner
from orchestrate.redesign.design import Designed, design
from orchestrate.redesign.history import Facts

MONDAY = datetime(2024, 1, 1, 9)
Row = dict[str, Any]


class Case:
    """One case in the making: a clock, and rows of activity instances."""

    def __init__(self, number: int, rng: Random) -> None:
        self.name = f"c{number:05d}"
        self.rng = rng
        self.now = MONDAY + timedelta(hours=2 * number)
        self.facts: Row = {}
        self.rows: list[Row] = []

    def know(self, **facts: Any) -> None:
        """Attributes of the case."""
        self.facts |= {f"case:{name}": value for name, value in facts.items()}

    def do(
        self, activity: str, *, minutes: float = 10, wait: float = 5, by: str = "Ann", **written: Any
    ) -> None:
        """An activity: it waits, is worked on, and writes attributes."""
        start = self.now + timedelta(minutes=wait * self.rng.uniform(0.5, 1.5))
        self.now = start + timedelta(minutes=minutes * self.rng.uniform(0.5, 1.5))
        row = {"case": self.name, "activity": activity, "resource": by, "start": start, "end": self.now}
        self.rows.append(row | written)


def log(story: Callable[[Case], None], cases: int = 600, seed: int = 1) -> pd.DataFrame:
    """Instances of `cases` cases that `story` told."""
    rng = Random(seed)
    rows: list[Row] = []
    for number in range(cases):
        case = Case(number, rng)
        story(case)
        rows += [row | case.facts for row in case.rows]
    frame = pd.DataFrame(rows)
    for column in ("start", "end"):
        frame[column] = frame[column].astype("datetime64[us]")
    return frame.assign(system=None, cost=None)


def planned(frame: pd.DataFrame, **facts: Any) -> Designed:
    """The plan designed from a log."""
    return design(frame, Facts("planted", candidate="planted:process", **facts), Owner(name="ada"))


def moves(designed: Designed, kind: str) -> list[Move]:
    """The moves of one kind."""
    return [move for move in designed.plan.moves if move.move == kind]
