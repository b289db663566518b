"""What a miner of flows needs to know of a log, counted from variants alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from home.duck import Cursor
from home.sql import read_sql
from mining.directly_follows import activities, boundaries, flows

Counts = Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class Aggregates:
    """How often each of these was seen."""

    activities: Mapping[str, int]
    flows: Counts
    """Pairs of activities that directly follow each other."""
    triples: Counts
    """Three activities in a row."""
    starts: Mapping[str, int]
    ends: Mapping[str, int]


def aggregates(cursor: Cursor) -> Aggregates:
    """The aggregates of the cases in view, without reading a single event."""
    triples = cursor.execute(read_sql("mining.sql", "triples")).fetchall()
    sides = boundaries(cursor)
    return Aggregates(
        activities={row["activity"]: row["events"] for row in activities(cursor, timed=False)},
        flows={(r["source"], r["target"]): r["events"] for r in flows(cursor, times="none")},
        triples={(a, b, c): events for a, b, c, events in triples},
        starts={activity: cases for side, activity, cases in sides if side == "start"},
        ends={activity: cases for side, activity, cases in sides if side == "end"},
    )


def counted(variants: Mapping[tuple[str, ...], int]) -> Aggregates:
    """The same from sequences of activities and their cases."""
    seen, starts, ends = Counter[str](), Counter[str](), Counter[str]()
    flows, triples = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for variant, cases in variants.items():
        for activity in variant:
            seen[activity] += cases
        for pair in pairwise(variant):
            flows[pair] += cases
        for three in zip(variant, variant[1:], variant[2:], strict=False):
            triples[three] += cases
        starts[variant[0]] += cases
        ends[variant[-1]] += cases
    return Aggregates(seen, flows, triples, starts, ends)
