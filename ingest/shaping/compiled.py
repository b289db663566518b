"""Turns steps into SQL over a log's raw events: a dictionary of names wherever that is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from home.sql import literal
from ingest.shaping.steps import Add, Derive, Hide, Merge, Rename, Step

Names = dict[str, str | None]
"""What activities become: a name, or nothing where they are hidden."""
FIELDS = ("case_id", "activity", "resource", "lifecycle", "system")
"""Fields of an event that a template may name beside the columns of the source."""
AS_TEXT = {
    "text": "{c}",
    "number": "case when {c} = trunc({c}) and abs({c}) < 1e15"
    " then {c}::bigint::varchar else {c}::varchar end",
    "boolean": "{c}::varchar",
    "time": "strftime({c}, '%Y-%m-%dT%H:%M:%S.%fZ')",
}


@dataclass(frozen=True)
class Column:
    """A column of a source that was kept as an attribute of its events."""

    column: str
    """e0, e1, …"""
    type: str
    """text, number, boolean or time"""


Columns = dict[str, Column]
"""Columns that a template may name."""


def stages(steps: Sequence[Step]) -> list[Names | Derive]:
    """The steps as few passes: neighbours that only rename become one dictionary."""
    found: list[Names | Derive] = []
    for step in steps:
        if isinstance(step, Derive):
            found.append(step)
        elif not isinstance(step, Add):
            before = found[-1] if found else None
            if isinstance(before, dict):
                found[-1] = compose(before, names_of(step))
            elif names := names_of(step):
                found.append(names)
    return found


def names_of(step: Rename | Merge | Hide) -> Names:
    """What one step makes of the activities it names."""
    if isinstance(step, Rename):
        return {step.rename: step.to}
    if isinstance(step, Merge):
        return {name: step.to for name in step.merge if name != step.to}
    return dict.fromkeys(step.hide)


def compose(first: Names, then: Names) -> Names:
    """One dictionary that does what two do one after the other."""
    after = {name: then.get(to, to) if to is not None else None for name, to in first.items()}
    return {**{name: to for name, to in then.items() if name not in first}, **after}


def missing(step: Derive, columns: Columns) -> list[str]:
    """Columns that a derivation names and that events do not have."""
    return [name for name in step.columns if name not in columns and name not in FIELDS]


def select(base: str, steps: Sequence[Step], columns: Columns) -> str:
    """SQL: the rows of the relation `base` (columns of `event`, and any more) as the steps leave them.

    A derivation from a column that is not there does nothing.
    """
    query = f"select * from {base}"
    for stage in stages(steps):
        if isinstance(stage, Derive):
            if not missing(stage, columns):
                query = f"select e.* replace ({_derived(stage, columns)} as {stage.derive}) from ({query}) e"
        else:
            query = (
                f"select e.* replace (coalesce(r.name, e.activity) as activity) from ({query}) e"
                f" left join (values {_rows(stage)}) r(told, name) on r.told = e.activity"
                " where r.told is null or r.name is not null"
            )
    return query


def _rows(names: Names) -> str:
    known = (literal(to) if to is not None else "null::varchar" for to in names.values())
    return ", ".join(f"({literal(name)}, {to})" for name, to in zip(names, known, strict=True))


def _derived(step: Derive, columns: Columns) -> str:
    """SQL of a derived value; the old one where a column is empty or a condition is not met."""
    parts = [_text(text, columns) if is_column else literal(text) for is_column, text in step.pieces()]
    filled = [
        f"{part} is not null" for (is_column, _), part in zip(step.pieces(), parts, strict=True) if is_column
    ]
    met = [f"{_text(column, columns)} = {literal(value)}" for column, value in step.where.items()]
    return f"case when {' and '.join([*met, *filled])} then {' || '.join(parts)} else e.{step.derive} end"


def _text(name: str, columns: Columns) -> str:
    """SQL of a column's text, null where it is empty."""
    if name in columns:
        return AS_TEXT[columns[name].type].format(c=f"e.{columns[name].column}")
    return f"e.{name}"
