"""Plan: make one from a candidate, look at every move with its evidence, try it on history, publish it."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address, chrome, drafts, work
from dashboard.parts.draft import show_draft
from dashboard.parts.plain import literal
from dashboard.parts.released import show_published
from home.errors import NotFound

KEPT = ("candidate", "draft", "plan", "version")
MAKING = "plan:making"


def show() -> None:
    """One draft, or one published plan; a candidate in the address makes a draft of it."""
    head = st.columns([5, 3], vertical_alignment="center")
    head[0].title("Plan")
    address.take(*KEPT)
    if candidate := address.one_of("candidate"):
        _make(candidate)
    with head[1]:
        kind, name = _pick()
    if kind == "draft" and name:
        try:
            show_draft(name)
        except NotFound as error:
            chrome.show_error(error)
    elif kind == "plan" and name:
        show_published(name)
    elif not address.one_of("candidate"):
        _nothing()
    address.keep(*KEPT)


def _nothing() -> None:
    with chrome.empty(
        "No plan yet",
        "A plan begins with a candidate: a process, or a part of one, that is frequent, painful and stable.",
    ):
        chrome.link("candidates", "Choose a candidate", icon=":material/arrow_forward:")


def _pick() -> tuple[str, str | None]:
    """Which draft or published plan to look at."""
    options = [("draft", name) for name in drafts.drafts()]
    options += [("plan", row.plan) for row in now("plans").rows]
    if not options:
        return "draft", None
    kept = ("draft", address.one_of("draft")) if address.one_of("draft") else ("plan", address.one_of("plan"))
    st.session_state["pick plan"] = kept if kept in options else options[0]
    labels = {"draft": "draft", "plan": "published"}

    def picked() -> None:
        _look_at(*st.session_state["pick plan"])

    kind, name = st.selectbox(
        "Plan",
        options,
        key="pick plan",
        format_func=lambda o: f"{o[1]} ({labels[o[0]]})",
        label_visibility="collapsed",
        on_change=picked,
    )
    _look_at(kind, name)
    return kind, name


def _look_at(kind: str, name: str) -> None:
    if address.one_of(kind) != name:
        address.put("version")
    address.put("draft", name if kind == "draft" else None)
    address.put("plan", name if kind == "plan" else None)


def _make(candidate: str) -> None:
    """Make the plan of a candidate, once; a refused one names the parts worth planning."""
    work.begin(MAKING, "plan", candidate=candidate)
    made = work.collect(MAKING, f"Planning {candidate} …", on_error=_refused)
    address.put("candidate")
    if made is not None:
        drafts.save(made.plan, made.content)
        _look_at("draft", made.plan)
        address.keep(*KEPT)
        st.rerun()


def _refused(error: Any) -> None:
    """Why a candidate cannot be planned, with links to what can be."""
    chrome.show_error(error)
    report = getattr(error, "report", None)
    for block in getattr(report, "blocks", ()):
        chrome.link(
            "plan", f"Plan {literal(block)} instead", icon=":material/arrow_forward:", candidate=block
        )
