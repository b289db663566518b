"""The redesign moves of a draft: each with its evidence, to be accepted or rejected."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import drafts
from dashboard.parts.plain import count, literal
from home.errors import BatonError
from home.text import duration, percent

GRADES = {
    "apply": ":green-badge[safe]",
    "propose": ":orange-badge[for a person to agree]",
    "refuse": ":gray-badge[refused]",
}
SHOWN = 3


def move_list(draft: str, plan: Any) -> None:
    """Moves that can be in the plan, those with most gain first; then what was looked at and refused."""
    st.subheader("Moves")
    if problem := st.session_state.pop("move problem", None):
        st.error(literal(problem, longest=300))
    open_to_choice = [move for move in plan.moves if move.grade != "refuse"]
    open_to_choice.sort(key=lambda move: (not move.accepted, -(move.gain_s or 0.0)))
    accepted = sum(move.accepted for move in open_to_choice)
    st.caption(f"{accepted} of {count(len(open_to_choice), 'move')} in the plan. Each is undone as easily.")
    with st.container(height=560, border=False):
        for move in open_to_choice:
            _move(draft, move)
        refused = [move for move in plan.moves if move.grade == "refuse"]
        if refused:
            with st.expander(f"{count(len(refused), 'move')} looked at and refused"):
                for move in refused:
                    st.markdown(f"**{literal(move.title, longest=160)}**")
                    _evidence(move)


def _move(draft: str, move: Any) -> None:
    with st.container(border=True):
        row = st.columns([1, 10], vertical_alignment="top")
        row[0].toggle(
            "In the plan",
            value=move.accepted,
            key=f"move:{draft}:{move.id}:{move.accepted}",
            label_visibility="collapsed",
            on_change=_toggle,
            args=(draft, move.id, not move.accepted),
            help="Accept this move" if not move.accepted else "Reject this move",
        )
        with row[1]:
            gain = f" · saves {duration(move.gain_s)} per case on average" if move.gain_s else ""
            st.markdown(f"**{literal(move.title, longest=160)}** {GRADES[move.grade]}{gain}")
            _evidence(move)


def _evidence(move: Any) -> None:
    for evidence in move.evidence[:SHOWN]:
        figures = []
        if evidence.n is not None:
            figures.append(f"n\u00a0=\u00a0{evidence.n:,}")
        if evidence.low is not None and evidence.high is not None:
            figures.append(
                f"95 %: {_value(evidence.low, evidence.unit)} to {_value(evidence.high, evidence.unit)}"
            )
        if evidence.p is not None:
            figures.append(f"p = {evidence.p:.2g}")
        if evidence.cases:
            figures.append(f"such as {', '.join(evidence.cases[:2])}")
        said = f" :gray[{literal(' · '.join(figures), longest=160)}]" if figures else ""
        st.markdown(f"{literal(evidence.statement, longest=500)}{said}")
    if len(move.evidence) > SHOWN:
        st.caption(f"and {len(move.evidence) - SHOWN} more, in the file")


def _value(number: float, unit: str) -> str:
    if unit == "s":
        return duration(number)
    return percent(number) if unit == "share" else f"{number:,.4g} {unit}".strip()


def _toggle(draft: str, move: str, accept: bool) -> None:
    chosen = {"accept": (move,)} if accept else {"reject": (move,)}
    try:
        drafts.save(draft, now("moves", file=str(drafts.path(draft)), **chosen).content)
    except BatonError as error:
        st.session_state["move problem"] = error.message
