"""The why card: every figure behind a candidate's scores, and what would move it one bin."""

from typing import Any

import streamlit as st

from dashboard.parts.plain import literal

SCORES = ("frequency", "pain", "stability")


def why_card(candidate: Any) -> None:
    """One table per score: figure, unit, its own score, the edges of its bin, and cases to look at."""
    for name in SCORES:
        st.caption(f"Why {name} is {getattr(candidate.computed, name)}")
        st.table([_row(term) for term in getattr(candidate.why, name)], border="horizontal", hide_index=True)
    for note in candidate.why.notes:
        st.markdown(f":orange[:material/info:] {literal(note, longest=400)}")


def _row(term: Any) -> dict[str, str]:
    value = "–" if term.value is None else f"{term.value:,.4g} {term.unit}"
    return {
        "Figure": literal(term.words, longest=200),
        "Value": literal(value),
        "Score": "" if term.score is None else str(term.score),
        "One bin away": literal(_edges(term)),
        "Cases": literal(", ".join(term.cases[:2]), longest=60),
    }


def _edges(term: Any) -> str:
    lower = [] if term.lower is None else [f"−1 at {term.lower:g}"]
    higher = [] if term.higher is None else [f"+1 at {term.higher:g}"]
    return ", ".join([*lower, *higher])
