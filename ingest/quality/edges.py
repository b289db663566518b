"""Cases that the export cut: they began before it, or had not ended when it was made."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found, listed, many

LEAST_MIDDLE = 30
"""Whole cases from the middle of the log that there must be to tell what is usual."""
RARE = 0.02
"""Of the cases in the middle; what fewer begin with is no usual beginning."""
SELDOM = 0.15
"""Of the cases that have the activity; what begins (or ends) fewer of them usually stands elsewhere."""
TIMES_MORE = 3
LEAST = 3
MUCH = 0.05
WIDEST = 0.25
"""Part of the log's span that its edge takes at most."""


SAYS = {
    "start": (
        "to have begun before the log does: the first of them is",
        "Their cycle times are too short. Export from an earlier day, or leave them out.",
    ),
    "end": (
        "not to have ended when the log does: the last of them is",
        "They count as running where that matters. Export again later to see how they ended.",
    ),
}


@dataclass(frozen=True)
class Cut:
    """Cases cut at one end of the log."""

    cases: int
    """Estimated: those with an unusual first (or last) activity, less what is unusual anyway."""
    near: int
    """Cases near that end."""
    activities: tuple[str, ...]
    examples: tuple[str, ...]


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Cases cut at the beginning and at the end."""
    total = max(1, facts.log.cases)
    for side, cut in cuts(facts).items():
        if cut.cases < LEAST:
            continue
        what, do = SAYS[side]
        yield found(
            f"cut_at_{side}", "warning" if cut.cases >= MUCH * total else "info", cut.cases,
            f"About {many(cut.cases, 'case')} seem {what} {listed(cut.activities)}.",
            of=total, do=do, examples=cut.examples,
        )  # fmt: skip


def cuts(facts: Facts) -> dict[str, Cut]:
    """The cases cut at `start` and `end` of the log, where enough whole cases tell what is usual."""
    span = facts.one("spans")
    if not span["cases"] or not span["whole_s"]:
        return {}
    window = min(span["long_s"] or 0.0, WIDEST * span["whole_s"])
    names = facts.activities()
    found_cuts = {}
    for side, question in (("start", "edge_firsts"), ("end", "edge_lasts")):
        groups = facts.ask(question, window_s=window)
        middle = sum(g["middle"] for g in groups)
        near = sum(g["near"] for g in groups)
        if middle < LEAST_MIDDLE or not near:
            continue
        odd = [g for g in groups if g["middle"] < RARE * middle and g["middle"] < SELDOM * g["contains"]]
        count, usual = sum(g["near"] for g in odd), sum(g["middle"] for g in odd) / middle
        if count / near <= TIMES_MORE * usual:
            continue
        odd = sorted((g for g in odd if g["near"]), key=lambda g: -g["near"])
        examples = tuple(case for g in odd for case in g["examples"] or ())
        found_cuts[side] = Cut(
            round(count - usual * near), near, tuple(names[g["aid"]] for g in odd), examples
        )
    return found_cuts
