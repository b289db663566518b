"""Every check of a log, one after the other; another is added to `CHECKS`."""

from collections.abc import Callable, Iterator

from ingest.quality import bots, clock, duplicates, edges, missing, off_system, sizes, synonyms
from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts

CHECKS: tuple[tuple[str, Callable[[Facts], Iterator[QualityFinding]]], ...] = (
    ("clocks", clock.check),
    ("edges", edges.check),
    ("repeated events", duplicates.check),
    ("missing values", missing.check),
    ("sizes", sizes.check),
    ("synonyms", synonyms.check),
    ("work that no system sees", off_system.check),
    ("programs at work", bots.check),
)
GRAVITY = {"error": 0, "warning": 1, "info": 2}


def findings(
    facts: Facts, progress: Callable[[float, str], None] = lambda _f, _m: None
) -> list[QualityFinding]:
    """What every check found, the gravest first; an empty log has nothing to find."""
    if not facts.log.cases:
        return []
    made: list[QualityFinding] = []
    for number, (what, check) in enumerate(CHECKS):
        progress(number / len(CHECKS), f"checking {facts.log.name}: {what}")
        made.extend(check(facts))
    return sorted(made, key=lambda f: GRAVITY[f.severity])
