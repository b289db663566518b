"""Proposes which column is the case, the activity and the time, from names and from how rows follow."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.inspection.columns import like_ids, like_people, like_words
from ingest.inspection.look import Look
from ingest.inspection.process import Grouped, constancy, locality, order_of
from ingest.inspection.words import tokens
from ingest.mapping import CANONICAL, CASE, NEEDED
from ingest.milestones import MILESTONE

STANDARD = "it has the standard name"
"""Why a column needs no mapping."""
TRIED = 10
"""Columns tried as the case, and as the activity."""
MOST_ACTIVITIES = 1_000
TRANSITIONS = frozenset(
    {
        *(
            "schedule",
            "assign",
            "withdraw",
            "reassign",
            "start",
            "suspend",
            "resume",
            "pi_abort",
            "ate_abort",
        ),
        *("complete", "autoskip", "manualskip", "abort", "started", "completed", "begin", "end", "scheduled"),
        *("suspended", "resumed", "aborted", "in_progress"),
    }
)
SURE = 0.99
LEAST_CASES = 3
"""Cases of several rows there must be before a column is called one of the case."""
LAST_CHANGE = frozenset({"updated", "modified", "modification", "geandert", "modifie"})
"""When a row was last changed is no milestone."""
WIDE = 3
"""Columns of times that make a row with one column per milestone."""


@dataclass(frozen=True)
class Taken:
    """One field and the column proposed for it."""

    field: str
    column: str
    why: str


@dataclass(frozen=True)
class CaseOption:
    """A column that could be the case."""

    column: str
    cases: int
    per_case: float
    """Rows per case."""
    score: float
    activity: str | None
    """The activity it was tried with."""
    why: str


@dataclass(frozen=True)
class Proposed:
    """What is proposed for a table."""

    taken: tuple[Taken, ...]
    cases: tuple[CaseOption, ...]
    """Candidates for the case, the best first."""
    of_case: frozenset[str] = frozenset()
    """Columns that have one value in every row of a case."""
    milestones: tuple[str, ...] = ()
    """Columns of times, where each row is a whole case."""

    def column(self, field: str) -> str | None:
        """The column proposed for a field."""
        return next((t.column for t in self.taken if t.field == field), None)


def propose(
    looks: Sequence[Look],
    given: Mapping[str, str] | None = None,
    why: Mapping[str, str] | None = None,
    *,
    exact: bool = False,
) -> Proposed:
    """Fields with the column that fits each best; a column serves once.

    What is `given` (field to column) stands, for the reason `why`; then standard names are taken.
    Columns that are the same in a whole case become its attributes. With `exact` nothing is proposed
    beyond that.
    """
    given, why = given or {}, why or {}
    usable = [x for x in looks if x.kind != "empty" and not x.values.of_case]
    said = [Taken(f, column, why.get(f, "you said so")) for f, column in given.items()]
    taken = {t.field: t for t in said if not t.field.startswith(CASE)}
    chosen = set(given.values())
    taken |= {t.field: t for t in _standard(looks) if t.field not in taken and t.column not in chosen}
    by_name = {x.name: x for x in looks}
    if exact:
        return _exactly(usable, taken, said, by_name)
    used = {t.column for t in taken.values()} | chosen
    free = [x for x in usable if x.name not in used and not x.name.startswith((CASE, "org:"))]
    time = by_name.get(taken["timestamp"].column) if "timestamp" in taken else _first_time(free)
    seconds = time.times.seconds if time is not None and time.times is not None else None
    pairs = _pairs(free, by_name, taken, seconds)
    options = _options(pairs)
    wide = () if {"timestamp", "activity"} & set(taken) else _milestones(free, pairs)
    if wide:
        return _wide(free, wide)
    best = pairs[0] if pairs else None
    if best is not None:
        for name, x in (("case_id", best.case), ("activity", best.activity)):
            if name not in taken and x is not None and best.convinces(name):
                taken[name] = Taken(name, x.name, best.why(name))
    used = {t.column for t in taken.values()}
    grouped = _grouped(taken, by_name, seconds)
    rest = [x for x in free if x.name not in used]
    for found in _times(rest, taken, by_name, grouped):
        taken[found.field] = found
    used = {t.column for t in taken.values()}
    if given.get("activity") != MILESTONE:  # of a whole case, nobody is said to have done each milestone
        for found in _others([x for x in rest if x.name not in used], taken, grouped):
            taken[found.field] = found
    used = {t.column for t in taken.values()}
    steady = _of_case([x for x in free if x.name not in used], grouped)
    attributes = [t for t in said if t.field.startswith(CASE)]
    attributes = [
        *attributes,
        *(Taken(f"{CASE}{name}", name, "the same in every row of a case") for name in steady),
    ]
    return Proposed((*_in_order(taken), *attributes), options, frozenset(steady))


def _exactly(
    usable: Sequence[Look], taken: dict[str, Taken], said: Sequence[Taken], by_name: Mapping[str, Look]
) -> Proposed:
    """What is said and standard, with what it makes of the other columns."""
    case = by_name.get(taken["case_id"].column) if "case_id" in taken else None
    used = {t.column for t in taken.values()}
    grouped = Grouped.by(case.values, None) if case is not None else None
    steady = _of_case([x for x in usable if x.name not in used], grouped)
    attributes = [t for t in said if t.field.startswith(CASE)]
    return Proposed((*_in_order(taken), *attributes), (), frozenset(steady))


def _in_order(taken: dict[str, Taken]) -> list[Taken]:
    order = [*NEEDED, "start", "resource", "lifecycle", "cost", "system"]
    return [taken[name] for name in order if name in taken]


def _standard(looks: Sequence[Look]) -> Iterator[Taken]:
    names = {x.name for x in looks}
    for field, canonical in CANONICAL.items():
        found = next((c for c in canonical if c in names), None)
        if found is not None:
            yield Taken(field, found, STANDARD)


def _first_time(free: Sequence[Look]) -> Look | None:
    """The column of times by which rows are put in order, before the case is known."""

    def score(x: Look) -> float:
        spread = x.values.distinct / max(1, x.values.rows)
        days = x.times.midnight if x.times else 0.0
        return max(x.fit("timestamp"), x.fit("start")) + x.values.filled + spread - 0.5 * days

    return max((x for x in free if x.kind == "time"), key=score, default=None)


@dataclass(frozen=True)
class Pair:
    """A column tried as the case with one tried as the activity."""

    case: Look
    activity: Look | None
    score: float
    told: float
    same_start: float
    local: float

    def convinces(self, field: str) -> bool:
        """Whether name or content say that it is so, and it is not merely the best of what there is."""
        if field == "case_id":
            return self.case.fit("case_id") > 0.4 or (self.told >= 0.2 and self.local >= 0.2)
        return self.activity is not None and (self.activity.fit("activity") > 0.4 or self.told >= 0.15)

    def why(self, field: str) -> str:
        """The reason, for a person."""
        if field == "case_id":
            v = self.case.values
            named = "its name says so; " if self.case.fit("case_id") > 0.4 else ""
            return f"{named}{v.distinct:,} cases, {v.per_value:.1f} rows each on average"
        assert self.activity is not None  # noqa: S101 - asked only where there is one
        named = "its name says so; " if self.activity.fit("activity") > 0.4 else ""
        follow = f", and one tells the next in {self.told:.0%}" if self.told > 0.3 else ""
        return f"{named}{self.activity.values.distinct:,} different texts that change inside a case{follow}"


def _pairs(
    free: Sequence[Look],
    by_name: dict[str, Look],
    taken: dict[str, Taken],
    seconds: NDArray[np.float64] | None,
) -> list[Pair]:
    """Every promising pair of case and activity, the best first."""
    cases = [by_name[taken["case_id"].column]] if "case_id" in taken else _case_columns(free)
    activities: list[Look | None] = (
        [by_name[taken["activity"].column]] if "activity" in taken else [*_activity_columns(free)]
    )
    found = []
    for case in cases:
        grouped = Grouped.by(case.values, seconds)
        local = locality(grouped, seconds) if seconds is not None else 0.0
        for activity in activities or [None]:
            if activity is case:
                continue
            told, same, fresh = order_of(grouped, activity.values) if activity else (0.0, 0.0, 0.0)
            own = _activity_prior(activity) if activity else -1.0
            process = 2.0 * told + 0.8 * same + 0.8 * fresh + 1.2 * local
            found.append(Pair(case, activity, _case_prior(case) + own + process, told, same, local))
    return sorted(found, key=lambda p: -p.score)


def _case_columns(free: Sequence[Look]) -> list[Look]:
    fit = [
        x
        for x in free
        if x.kind in ("text", "number")
        and x.values.filled >= 0.5
        and x.values.distinct > (0 if x.fit("case_id") > 0.9 else 1)
    ]
    return sorted(fit, key=_case_prior, reverse=True)[:TRIED]


def _case_prior(x: Look) -> float:
    """By its name and how often its values repeat."""
    v = x.values
    said = 1.2 * x.fit("case_id") + like_ids(v) + 2 * (v.filled - 1)
    if v.per_value < 1.02:
        said -= 2.5  # every row has its own: the id of a row
    elif v.per_value < 1.3:
        said -= 0.6
    elif v.per_value > 30:
        said -= 0.4 * math.log2(v.per_value / 30)
    if v.distinct < 5 and v.rows > 50:
        said -= 1.0
    return said - 0.8 * like_people(v)


def _activity_columns(free: Sequence[Look]) -> list[Look]:
    def possible(x: Look) -> bool:
        least = 0 if x.fit("activity") > 1.2 else 1
        few = least < x.values.distinct <= min(MOST_ACTIVITIES, max(3, 0.7 * x.values.rows))
        kind = x.kind == "text" or (x.kind == "number" and x.fit("activity") > 1)
        return kind and few and x.values.filled >= 0.3

    return sorted(filter(possible, free), key=_activity_prior, reverse=True)[:TRIED]


def _activity_prior(x: Look) -> float:
    v = x.values
    said = 1.2 * x.fit("activity") + 0.8 * like_words(v) - 1.2 * like_people(v) + 2 * (v.filled - 1)
    return said - 0.5 * (like_ids(v) > 0.9) - 0.6 * (v.per_value < 1.5) - 0.5 * max(0.0, x.fit("resource"))


def _options(pairs: Sequence[Pair]) -> tuple[CaseOption, ...]:
    """Each column's best pair, for people to choose another."""
    best: dict[str, Pair] = {}
    for pair in pairs:
        if pair is pairs[0] or _worth(pair, pairs[0]):
            best.setdefault(pair.case.name, pair)
    return tuple(
        CaseOption(
            column=name,
            cases=p.case.values.distinct,
            per_case=round(p.case.values.per_value, 2),
            score=round(p.score, 2),
            activity=p.activity.name if p.activity else None,
            why=p.why("case_id"),
        )
        for name, p in list(best.items())[:5]
    )


def _worth(pair: Pair, best: Pair) -> bool:
    """Whether a person may want another column for the case than the best one."""
    like = like_ids(pair.case.values) > 0.5 and pair.case is not best.activity
    return (
        like and pair.score > best.score - 5 and (pair.case.kind == "text" or pair.case.fit("case_id") > 0.4)
    )


def _grouped(
    taken: dict[str, Taken], by_name: dict[str, Look], seconds: NDArray[np.float64] | None
) -> Grouped | None:
    case = by_name.get(taken["case_id"].column) if "case_id" in taken else None
    return Grouped.by(case.values, seconds) if case is not None else None


def _times(
    rest: Sequence[Look], taken: dict[str, Taken], by_name: dict[str, Look], grouped: Grouped | None
) -> Iterator[Taken]:
    """The time an event ended or happened, and the time it began where there is one."""
    times = [x for x in rest if x.kind == "time"]

    def when(x: Look) -> float:
        return x.fit("timestamp") - 0.4 * max(0.0, x.fit("start")) + _own(x, grouped)

    chosen = by_name.get(taken["timestamp"].column) if "timestamp" in taken else None
    if chosen is None:
        chosen = max(times, key=when, default=None)
        if chosen is None:
            return
        named = "its name says so; " if chosen.fit("timestamp") > 0.4 else ""
        yield Taken("timestamp", chosen.name, f"{named}{_written(chosen)}")
    if "start" in taken:
        return
    begun = [
        x for x in times
        if x is not chosen and x.fit("start") > 0.4 and _own(x, grouped) > 0 and _before(x, chosen)
    ]  # fmt: skip
    first = max(begun, key=lambda x: x.fit("start"), default=None)
    if first is not None:
        yield Taken("start", first.name, f"its name says so, and it is never after {chosen.name!r}")


def _own(x: Look, grouped: Grouped | None) -> float:
    """How much a time belongs to the row and not to the whole case."""
    days = 0.3 * (x.times.midnight if x.times else 0.0)
    if grouped is None:
        return x.values.filled - days
    steady, _ = constancy(grouped, x.values)
    several = int((~grouped.begins).sum()) > 2
    return 1.5 * (x.values.filled - (steady if several else 0.0)) - days


def _before(x: Look, later: Look) -> bool:
    if x.times is None or later.times is None:
        return False
    both = ~np.isnan(x.times.seconds) & ~np.isnan(later.times.seconds)
    return bool(both.any() and (x.times.seconds <= later.times.seconds)[both].mean() >= 0.95)


def _written(x: Look) -> str:
    if x.times and x.times.midnight > 0.95:
        return "it holds days without a time of day"
    how = f"; {x.times.written}" if x.times and x.times.written and not x.times.ambiguous else ""
    return f"it holds times{how}"


def _others(rest: Sequence[Look], taken: dict[str, Taken], grouped: Grouped | None) -> Iterator[Taken]:
    """Who did it, in which phase, at what cost, in which system."""

    def changes(x: Look) -> float:
        return 1 - constancy(grouped, x.values)[0] if grouped is not None else 0.5

    def best(field: str, score: "dict[str, float]", least: float) -> Iterator[Taken]:
        found = max((x for x in rest if x.name in score), key=lambda x: score[x.name], default=None)
        if field not in taken and found is not None and score[found.name] >= least:
            named = "its name says so" if found.fit(field) > 0.4 else "its values look like people"
            yield Taken(field, found.name, f"{named}; {found.values.distinct:,} different values")

    people = {
        x.name: x.fit("resource") + 0.8 * like_people(x.values) + 0.4 * changes(x)
        for x in rest
        if x.values.distinct > 1 and x.kind in ("text", "number")
        and (x.fit("resource") > 0.4 or like_people(x.values) >= MOST_PEOPLE)
    }  # fmt: skip
    yield from best("resource", people, 0.8)
    phases = {x.name: x.fit("lifecycle") for x in rest if _transitions(x) and x.fit("lifecycle") > 0}
    yield from best("lifecycle", phases, 0.3)
    costs = {x.name: x.fit("cost") for x in rest if x.kind == "number" and x.fit("cost") > 1.25}
    yield from best("cost", costs if len(costs) == 1 else {}, 1.0)
    systems = {
        x.name: x.fit("system") for x in rest
        if x.kind == "text" and x.values.distinct <= 50 and x.fit("system") >= 1 and x.values.filled > 0.5
    }  # fmt: skip
    yield from best("system", systems, 1.0)


MOST_PEOPLE = 0.8


def _transitions(x: Look) -> bool:
    words = {w.casefold().replace(" ", "_") for w in x.values.words}
    return 0 < len(words) <= len(TRANSITIONS) and len(words & TRANSITIONS) >= 0.8 * len(words)


def _of_case(rest: Sequence[Look], grouped: Grouped | None) -> list[str]:
    """Columns with one value in every row of a case, the others belong to the event."""
    if grouped is None or not len(grouped.begins):
        return []
    several = int((grouped.begins[:-1] & ~grouped.begins[1:]).sum())
    if several < LEAST_CASES:
        return []
    found = []
    for x in rest:
        one, every = constancy(grouped, x.values)
        if x.values.distinct > 1 and one >= SURE and every >= 0.9 and x.values.filled >= 0.3:
            found.append(x.name)
    return found


def _milestones(free: Sequence[Look], pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Columns of times in a table whose rows are whole cases; none where rows are events."""
    times = [x for x in free if x.kind == "time" and max(x.fit("timestamp"), x.fit("start")) > -0.5]
    if len(times) < WIDE:
        return ()
    own = [
        x
        for x in free
        if x.kind in ("text", "number") and x.values.per_value < 1.02 and like_ids(x.values) > 0.8
    ]
    rows_are_events = any(
        p.told > 0.25 and p.case.values.per_value >= 1.3 and p.local > 0.2 and like_ids(p.case.values) > 0.5
        for p in pairs
    )
    if rows_are_events or not own:
        return ()
    return tuple(x.name for x in times if not LAST_CHANGE & set(tokens(x.name)))


def _wide(free: Sequence[Look], times: tuple[str, ...]) -> Proposed:
    ids = [
        x
        for x in free
        if x.kind in ("text", "number") and x.values.per_value < 1.02 and like_ids(x.values) > 0.8
    ]
    best = max(ids, key=lambda x: x.fit("case_id"))
    taken = Taken("case_id", best.name, f"{best.values.distinct:,} different values, one in each row")
    option = CaseOption(best.name, best.values.distinct, best.values.per_value, 0.0, None, taken.why)
    return Proposed((taken,), (option,), milestones=times)
