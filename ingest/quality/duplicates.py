"""The same thing said twice: one activity of one case, by one resource, at one time."""

from collections.abc import Iterator

from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found, many

MANY = 0.01


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Instances that repeat another in case, activity, resource, start and end."""
    cases = facts.ask("repeated")
    again = sum(row["again"] for row in cases)
    if not again:
        return
    share = again / max(1, facts.log.instances)
    yield found(
        "repeated_events", "warning" if share >= MANY else "info", again,
        f"{many(again, 'event')} in {many(len(cases), 'case')} repeat another of the case: same activity, "
        "resource and time.",
        of=facts.log.instances,
        do="They look like rework. Load without them where the system wrote each event twice.",
        examples=tuple(row["case_id"] for row in cases[:3]),
    )  # fmt: skip
