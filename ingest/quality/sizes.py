"""Cases of one event, cases of thousands, and activities that carry numbers in their names."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found, listed, many

SOME = 0.01
MUCH = 0.2
GIANT = 1_000
TIMES_MEDIAN = 50
NUMBERED = 10
"""Activities that differ in a number alone, from which on the number may be an id."""
LONG = 3
"""Digits that half of them have at least, for `Step 12` is no id; unless there are very many."""
VERY_MANY = 50
NUMBER = re.compile(r"\d+([.,:/-]\d+)*|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


def check(facts: Facts) -> Iterator[QualityFinding]:
    """What sizes and names say of the choice of case and activity."""
    span = facts.one("spans")
    yield from _single(facts, span)
    yield from _giant(facts, span)
    yield from _numbered(facts)


def _single(facts: Facts, span: dict[str, Any]) -> Iterator[QualityFinding]:
    count = span["single"]
    cases = max(1, facts.log.cases)
    if count >= max(2, SOME * cases) and facts.log.instances > cases:
        share = count / cases
        yield found(
            "one_event_cases", "warning" if share >= MUCH else "info", count,
            f"{many(count, 'case')} with one event only.", of=cases,
            do="Is the case id right? One that is as fine as a line or a document leaves its steps apart."
            if share >= MUCH else "They have no cycle time.",
            examples=tuple(span["singles"] or ()),
        )  # fmt: skip


def _giant(facts: Facts, span: dict[str, Any]) -> Iterator[QualityFinding]:
    median = span["median_n"] or 1.0
    large = facts.ask("giants", least=int(max(GIANT, TIMES_MEDIAN * median)))
    if large:
        shown = ", ".join(f"{row['case_id']!r} with {row['n']:,}" for row in large[:3])
        yield found(
            "giant_cases", "warning", len(large),
            f"{many(len(large), 'case')} with far more events than the usual {median:.0f}: {shown}.",
            of=facts.log.cases,
            do="Often an id that stands for none ('0', 'N/A'), or the id of something larger than a case.",
            examples=tuple(row["case_id"] for row in large),
        )  # fmt: skip


def _ids(form: str, names: list[str], count: int) -> bool:
    """Whether the numbers in names of this form are long enough for ids."""
    own = [name for name in names if NUMBER.sub("#", name) == form]
    long = sum(any(len(m[0]) >= LONG for m in NUMBER.finditer(name)) for name in own)
    return count >= VERY_MANY or 2 * long >= len(own)


def _numbered(facts: Facts) -> Iterator[QualityFinding]:
    names = list(facts.activities().values())
    forms = Counter(NUMBER.sub("#", name) for name in names if NUMBER.search(name))
    alike = {form: n for form, n in forms.items() if n >= NUMBERED and _ids(form, names, n)}
    count = sum(alike.values())
    if count:
        example = [name for name in names if NUMBER.sub("#", name) in alike]
        form = max(alike, key=lambda f: alike[f])
        yield found(
            "numbers_in_activities", "warning", count,
            f"{count:,} activities differ in a number alone, such as {listed(example, 3)}.",
            of=len(names),
            do=f"A number is an id: derive the activity from another column, or merge them as {form!r}.",
            names=tuple(example[:3]),
        )  # fmt: skip
