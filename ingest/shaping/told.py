"""Tells in words what each step does to a log, and what it names that is not there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from home.duck import Cursor
from ingest.contracts import Finding
from ingest.shaping.compiled import FIELDS, Columns, missing, names_of, select
from ingest.shaping.steps import Add, Derive, Hide, Merge, Rename, Step

Counts = dict[str, int]


@dataclass(frozen=True)
class Told:
    """What one step does to the log as the steps before it leave it."""

    step: Step
    words: str
    faults: tuple[Finding, ...] = ()
    """What it names that is not there; the rest of the step is done all the same."""


def tell(cursor: Cursor, steps: Sequence[Step], columns: Columns, base: str) -> list[Told]:
    """What each step does; `base` is the relation they start from."""
    if not steps:
        return []
    counts = _counts(cursor, f"select * from {base}")
    found = []
    for number, step in enumerate(steps):
        place = f"Step {number + 1} ({step.title})"
        if isinstance(step, Derive):
            query = select(base, steps[: number + 1], columns)
            told, counts = _derive(cursor, step, place, columns, query, counts)
        elif isinstance(step, Add):
            told = Told(
                step, f"{step.add!r} is noted there; no event has it", _absent(place, _ends(step), counts)
            )
        else:
            told, counts = _rename(step, place, counts)
        found.append(told)
    return found


def words_of(cursor: Cursor, steps: Sequence[Step], columns: Columns, base: str) -> list[str]:
    """What each step does, in words."""
    return [told.words for told in tell(cursor, steps, columns, base)]


def _counts(cursor: Cursor, query: str) -> Counts:
    return dict(cursor.execute(f"select activity, count(*) from ({query}) group by activity").fetchall())


def _rename(step: Rename | Merge | Hide, place: str, counts: Counts) -> tuple[Told, Counts]:
    names = names_of(step)
    there = [name for name in names if name in counts]
    after: Counts = {}
    for name, count in counts.items():
        to = names.get(name, name)
        if to is not None:
            after[to] = after.get(to, 0) + count
    moved = sum(counts[name] for name in there)
    if isinstance(step, Hide):
        words = f"{many(len(there), 'activity')} hidden: {many(moved, 'event')}"
    elif isinstance(step, Rename):
        words = f"{step.rename!r} is now called {step.to!r}: {many(moved, 'event')}"
    else:
        sources = len({*there, step.to} & counts.keys())
        words = f"{many(sources, 'activity')} became 1, {step.to!r}: {many(after.get(step.to, 0), 'event')}"
    faults = list(_absent(place, names, counts))
    if isinstance(step, Rename) and step.to in counts and step.to != step.rename:
        message = f"{place}: there is an activity {step.to!r} already, so the two become one."
        faults.append(_fault("shape_merges", message))
    return Told(step, words, tuple(faults)), after


def _derive(
    cursor: Cursor, step: Derive, place: str, columns: Columns, query: str, counts: Counts
) -> tuple[Told, Counts]:
    absent = missing(step, columns)
    if absent:
        near = [_nearest(name, [*columns, *FIELDS]) for name in absent]
        message = f"{place}: no column {absent[0]!r} was kept of the events{near[0]}; the step does nothing."
        return Told(step, "does nothing", (_fault("shape_unknown", message),)), counts
    after = _counts(cursor, query)
    if step.derive == "case_id":
        (cases,) = cursor.execute(f"select count(distinct case_id) from ({query})").fetchone() or (0,)
        return Told(step, f"case ids are made from {step.template!r}: {many(cases, 'case')}"), after
    words = f"activities are made from {step.template!r}: {len(counts):,} became {len(after):,}"
    return Told(step, words), after


def _absent(place: str, names: Iterable[str], counts: Counts) -> tuple[Finding, ...]:
    return tuple(
        _fault("shape_unknown", f"{place}: there is no activity {name!r}{_nearest(name, counts)}.")
        for name in names
        if name not in counts
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    folded = {other.casefold(): other for other in known}
    near = get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(folded[n]) for n in near)}?" if near else ""


def _ends(step: Add) -> list[str]:
    return [step.after, *([step.before] if step.before else [])]


def _fault(code: str, message: str) -> Finding:
    return Finding(code=code, severity="warning", count=1, message=message.replace("?.", "?"))


def many(number: int, word: str) -> str:
    """A number with its noun: 1 case, 2 activities."""
    plural = word[:-1] + "ies" if word.endswith("ty") else word + "s"
    return f"{number:,} {word if number == 1 else plural}"
