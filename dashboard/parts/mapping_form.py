"""What the columns of a source mean: the proposal with its reasons, for a person to take or change."""

from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from dashboard.parts.plain import literal
from dashboard.parts.tables import as_table

FIELDS = {
    "case_id": ("Case", "Which rows belong together: an order number, a ticket, a client."),
    "activity": ("Activity", "What was done."),
    "timestamp": ("Time", "When it was done; when it ended, where there is a start too."),
    "start": ("Start", "When it began. Without it, work cannot be told from waiting."),
    "resource": ("Who", "The person or system that did it."),
    "system": ("System", "Where it was recorded, if a column says so."),
    "lifecycle": ("Lifecycle", "Start, complete, …, where each is a row of its own."),
    "cost": ("Cost", "What it cost."),
}
NEEDED = 3
FIELD_WIDTH = 232
"""Pixels: four beside each other on a laptop, two on a narrow window."""
NONE = "–"
CASE = "case:"
DATES = {
    "": "Let the content decide",
    "dmy": "Day before month (31.12.2026)",
    "mdy": "Month before day (12/31/2026)",
    "other": "Another format …",
}
UTC = "UTC"


def fields(looked: Any, key: str) -> dict[str, str]:
    """Field to column, beginning with what was proposed."""
    names = list(dict.fromkeys([c.column for c in looked.columns] + [p.column for p in looked.mapping]))
    proposed = {p.field: p for p in looked.mapping}
    st.markdown("**What the columns mean**")
    if proposed:
        st.caption("Proposed by names and by how rows follow one another. Change what is wrong.")
    chosen: dict[str, str] = {}
    grid = st.container(horizontal=True)
    for number, (field, (label, help_text)) in enumerate(FIELDS.items()):
        guess = proposed.get(field)
        options = [NONE, *names]
        picked = grid.selectbox(
            f"{label}{' (needed)' if number < NEEDED else ''}",
            options,
            index=options.index(guess.column) if guess and guess.column in options else 0,
            help=f"{help_text} {literal('Proposed: ' + guess.why, longest=200) if guess else ''}",
            key=f"map:{key}:{field}",
            width=FIELD_WIDTH,
        )
        if picked != NONE:
            chosen[field] = picked
    free = [name for name in names if name not in chosen.values() and not name.startswith(CASE)]
    guessed = [p.column for p in looked.mapping if p.field.startswith(CASE) and p.column in free]
    for column in st.multiselect(
        "Attributes of the case",
        free,
        default=guessed,
        help="The same in all rows of a case: the amount, the client's segment. "
        "Other columns become attributes of each step.",
        key=f"case:{key}",
    ):
        chosen[f"{CASE}{column}"] = column
    _reasons(looked)
    return chosen


def _reasons(looked: Any) -> None:
    if not looked.mapping:
        return
    with st.expander("Why this is proposed, and what else could be the case"):
        labels = {field: label for field, (label, _) in FIELDS.items()}
        rows = [
            {"Field": labels.get(p.field, p.field), "Column": p.column, "Why": p.why} for p in looked.mapping
        ]
        st.dataframe(as_table(rows), hide_index=True)
        if len(looked.cases) > 1:
            others = [
                {"Could be the case": c.column, "Cases": c.cases, "Rows per case": c.events_per_case}
                for c in looked.cases
            ]
            st.dataframe(as_table(others), hide_index=True)


def undecided(fields_: dict[str, str]) -> list[str]:
    """The needed fields that have no column, in words."""
    return [FIELDS[f][0].lower() for f in list(FIELDS)[:NEEDED] if f not in fields_]


def dates(looked: Any, key: str) -> tuple[str | None, bool]:
    """How dates are written, and whether a person still has to say it."""
    question = next((d for d in looked.decisions if d.option == "dates"), None)
    if question is None:
        picked = st.selectbox("Dates", list(DATES), format_func=DATES.__getitem__, key=f"dates:{key}")
        if picked == "other":
            picked = st.text_input("Format", placeholder="%d.%m.%Y %H:%M", key=f"format:{key}")
        return picked or None, False
    meanings = dict(zip(question.answers, question.meanings, strict=False))
    said = st.segmented_control(
        f"Which day is {literal(question.example)}? Nothing in the file decides.",
        list(question.answers),
        format_func=lambda order: meanings.get(order, order),
        key=f"order:{key}",
    )
    return said, said is None


def zone(looked: Any, key: str) -> str | None:
    """The zone of times without an offset; `None` for UTC."""
    zones = sorted(available_timezones())
    naive = any(d.option == "tz" for d in looked.decisions)
    help_text = "Of times that carry no offset" + (": these do not." if naive else "; these carry one.")
    picked = st.selectbox("Time zone", zones, index=zones.index(UTC), help=help_text, key=f"tz:{key}")
    return picked if picked != UTC else None
