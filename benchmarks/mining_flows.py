"""Maps, variants and times between steps: against PM4Py on a loaded DataFrame, and against one scan.

python -m benchmarks.mining_flows [--events 10000000] [--seed 7]

Both answer each question from the same generated log, in a process of its own; the answers must be equal. The
scan reads and adds up four columns of the table of activity instances in DuckDB, which is what any pass over
the events costs at least. Each process is new, so nothing was read before it was asked.
"""

import argparse
from collections.abc import Iterable
from math import isclose
from typing import Any

from benchmarks import mined, pm4pys
from benchmarks.measuring import Row, measured, typical
from benchmarks.table import show

AGAINST_PM4PY = {
    "map": ("directly-follows map", 100),
    "variants": ("variants", 100),
    "filtered map": ("filter on cases, then the map", 100),
    "performance": ("times between steps, exact percentiles", 30),
}
AGAINST_SCAN = {
    "map": 0.7,
    "totals": 1.4,
    "performance": 4.0,
    "filtered map": 1.2,
}
TOLD = {"totals": "times between steps, without percentiles"} | {k: v[0] for k, v in AGAINST_PM4PY.items()}
MOST_MB = {"map": 150.0}
DEAR = 10_000_000
"""Aims are those of a log of this size: below, starting a query is a good part of it."""


def run(events: int = 10_000_000, seed: int = mined.SEED) -> list[Row]:
    """The rows of this benchmark."""
    large = events >= DEAR
    with mined.generated_home(events, seed) as folder:
        pm4pys.prepared(folder)
        ours = {question: typical(mined.asked, folder, question) for question in TOLD}
        scan = typical(mined.asked, folder, "scan")
        rows = []
        for question, (told, times) in AGAINST_PM4PY.items():
            theirs = measured(pm4pys.asked, folder, question)
            _compare(question, ours[question].answer, theirs.answer)
            aim = times if large else None
            rows.append(Row(f"{told}, {events:,} events", ours[question], "PM4Py", theirs, faster=aim))
        for question, most in AGAINST_SCAN.items():
            aims: dict[str, Any] = {"at_most": most, "below_mb": MOST_MB.get(question)} if large else {}
            told = f"{TOLD[question]}, {events:,} events"
            rows.append(Row(told, ours[question], "a scan of four columns", scan, **aims))
        return rows


def _compare(question: str, ours: Iterable[list[Any]], theirs: Iterable[list[Any]]) -> None:
    """Raise where the two answers differ."""
    named = [{tuple(map(str, row[:2])) if question == "performance" else str(row[:-1]): row for row in answer}
             for answer in (ours, theirs)]  # fmt: skip
    if named[0].keys() != named[1].keys():
        raise ValueError(f"{question}: Baton and PM4Py name different things.")
    for name, row in named[0].items():
        for a, b in zip(row, named[1][name], strict=True):
            if not (isclose(a, b, rel_tol=1e-6, abs_tol=1e-3) if isinstance(a, float) else a == b):
                raise ValueError(f"{question}, {name}: Baton says {a}, PM4Py {b}.")


SIZES = (1_000_000, 10_000_000)


def sized(events: int) -> list[Row]:
    """The rows with a log of `events`."""
    return run(events)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=mined.SEED)
    show(run(**vars(parser.parse_args())))
