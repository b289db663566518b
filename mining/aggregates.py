"""What a miner of flows needs to know of a log, counted from variants alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from home.duck import Cursor
from home.sql import read_sql
from mining.directly_follows import activities, flows

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
    sides = cursor.execute(read_sql("mining.sql", "ends")).fetchall()
    return Aggregates(
        activities={row["activity"]: row["events"] for row in activities(cursor, timed=False)},
        flows={(r["source"], r["target"]): r["events"] for r in flows(cursor, times=False)},
        triples={(a, b, c): events for a, b, c, events in triples},
        starts={activity: cases for side, activity, cases in sides if side == "start"},
        ends={activity: cases for side, activity, cases in sides if side == "end"},
    )
