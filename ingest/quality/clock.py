"""Clocks: impossible times, times that are only days, times that were written down all at once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found, listed, many

NEARLY_ALL = 0.95
HARDLY = 0.05
LEAST = 20
CROWDED = 0.05


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Everything that the times of the events say about the clock that made them."""
    minutes = days_at(facts)
    groups = facts.ask("clock", minutes=minutes, late=datetime(facts.now.year + 2, 1, 1))
    total = max(1, sum(g["n"] for g in groups))
    names = facts.activities()
    yield from _impossible(groups, total)
    days = sum(g["days"] for g in groups)
    if days >= NEARLY_ALL * total:
        yield found(
            "days_only", "warning", days, f"{days / total:.0%} of the times are days, without a time of day.",
            of=total,
            do="Cycle times are right to the day. Causes of waiting, working hours, the order within a day "
            "are not to be told.",
        )  # fmt: skip
    else:
        yield from _mixed(groups, names)
        yield from _crowded(facts, total)
    yield from _instant(facts)


def days_at(facts: Facts) -> list[int]:
    """Minutes of the day (UTC) that stand for no time of day.

    Midnight in UTC and in the log's zone, or the one moment at which nearly all events lie, give or
    take an hour of summer time: midnight of a zone nobody named.
    """
    zone = ZoneInfo(facts.log.tz)
    told = {0}
    for month in (1, 7):
        offset = datetime(2024, month, 1, tzinfo=zone).utcoffset()
        told.add(int(-(offset.total_seconds() if offset else 0) // 60) % 1440)
    common = {row["minute"]: row["n"] for row in facts.ask("times_of_day")}
    if common:
        top = max(common, key=lambda m: common[m])
        alike = {m for m in common if (m - top) % 1440 in (0, 60, 1380)}
        if sum(common[m] for m in alike) >= NEARLY_ALL * facts.log.instances:
            told |= alike
    return sorted(told)


def _impossible(groups: list[dict[str, Any]], total: int) -> Iterator[QualityFinding]:
    early, late = sum(g["early"] for g in groups), sum(g["future"] for g in groups)
    for code, count, words in (
        ("early_times", early, "lie on 1970-01-01 or before: often a missing time"),
        ("future_times", late, "lie after next year"),
    ):
        if count:
            yield found(
                code, "warning", count, f"{many(count, 'event')} {words}.", of=total,
                do="Such cases seem to last for decades. Mend the export, or filter them out.",
            )  # fmt: skip


def _mixed(groups: list[dict[str, Any]], names: dict[int, str]) -> Iterator[QualityFinding]:
    large = [g for g in groups if g["n"] >= LEAST]
    coarse = [g for g in large if g["days"] >= NEARLY_ALL * g["n"]]
    fine = [g for g in large if g["days"] <= HARDLY * g["n"]]
    if coarse and fine:
        count = sum(g["n"] for g in coarse)
        yield found(
            "mixed_precision", "warning", count,
            f"{listed([names[g['aid']] for g in coarse])} have days, others times of day.",
            of=sum(g["n"] for g in groups),
            do="Within a day they seem to come first. Map a column with the time of day instead.",
            names=tuple(names[g["aid"]] for g in coarse),
        )  # fmt: skip


def _crowded(facts: Facts, total: int) -> Iterator[QualityFinding]:
    row = facts.one("crowded")
    if row["n"] >= CROWDED * total:
        yield found(
            "recorded_at_once", "info", row["n"],
            f"{many(row['n'], 'event')} share their second with 19 or more of other cases: {row['most']:,} "
            f"lie at {row['worst']:%Y-%m-%d %H:%M:%S} UTC.",
            of=total,
            do="A run wrote them down, or did them, at once: the waiting before them ends when the run came.",
        )  # fmt: skip


def _instant(facts: Facts) -> Iterator[QualityFinding]:
    row = facts.one("instant")
    if row["n"]:
        share = row["n"] / max(1, facts.log.cases)
        yield found(
            "one_moment_cases", "warning" if share >= CROWDED else "info", row["n"],
            f"{many(row['n'], 'case')} of three and more events with one time for all of them.",
            of=facts.log.cases,
            do="They were entered afterwards: their order is the order of rows, their times say nothing.",
            examples=tuple(row["examples"] or ()),
        )  # fmt: skip
