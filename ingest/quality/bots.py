"""Resources that are likely programs: at work around the clock, always as long, in no time at all."""

import re
from collections.abc import Iterator
from typing import Any

from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found, listed, many

LEAST = 50
OFFICE = 0.15
"""Share of work at weekends and at night up to which the others keep working hours."""
NAMES = re.compile(
    r"(?<![^\W_])(ro)?bot(?![^\W_])|\brpa\b|system|automat|batch|\bjob\b|service[-_ ]?(user|account)?\b|\bsvc"
    r"|daemon|\bapi\b|scheduler|workflow|interface|payment-run|\bcron\b",
    re.IGNORECASE,
)
NEEDED = 2


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Resources with two signs of a program; a name alone is none."""
    every = facts.sampling
    people = facts.ask("rhythm", tz=facts.log.tz, least=max(LEAST // every, 20), every=every)
    likely = {
        row["name"]: why for row in people if (why := signs(row, people)) and sum(why.values()) >= NEEDED
    }
    if not likely:
        return
    names = list(likely)
    count = sum(row["n"] for row in people if row["name"] in likely) * every
    reasons = "; ".join(sorted({reason for why in likely.values() for reason in why}))
    what = "is likely a program" if len(names) == 1 else "are likely programs"
    yield found(
        "likely_bots", "info", len(names), f"{listed(names)} {what}: {reasons} ({many(count, 'event')}).",
        do="Where a program works, waiting is a schedule and no queue; steps it does are automatic already.",
        names=tuple(names),
    )  # fmt: skip


def signs(row: dict[str, Any], people: list[dict[str, Any]]) -> dict[str, int]:
    """What speaks for a program, with its weight."""
    why: dict[str, int] = {}
    if (
        row["weekend"] >= 0.2 * row["n"]
        and row["night"] >= 0.2 * row["n"]
        and row["hours"] >= 18
        and _offices(row, people)
    ):
        why["at work day and night and at weekends, when the others are not"] = 2
    if row["timed"] >= max(20, 0.9 * row["n"]):
        if row["instant"] >= 0.95 * row["timed"]:
            why["done in less than a second"] = 1
        elif row["alike"] >= 0.95 * row["timed"]:
            why["always as long"] = 1
    if why or row["weekend"] + row["night"] >= 0.4 * row["n"]:
        why |= {"called like one": 1} if NAMES.search(row["name"]) else {}
    return why


def _offices(row: dict[str, Any], people: list[dict[str, Any]]) -> bool:
    """Whether the others keep working hours: in a hospital, or in a simulation, nobody does."""
    others = [p for p in people if p["name"] != row["name"]]
    keeping = [p for p in others if p["weekend"] + p["night"] <= OFFICE * p["n"]]
    return len(others) >= 2 and len(keeping) >= 0.5 * len(others)
