"""Approvals: everything that waits for a person, each with all that is known for deciding it."""

from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, chrome
from dashboard.parts.inbox import AT_DESK, VIEWS, asked, inbox
from dashboard.parts.task_bulk import decide_several
from dashboard.parts.task_desk import desk

KEPT = ("me", "view", "q", "role", "plan", "task")


def show() -> None:
    """The inbox on the left, one task with all its context on the right."""
    st.title("Approvals")
    address.take(*KEPT)
    people = [row.login for row in now("person list").rows if row.active]
    _me(people)
    usual = "inbox" if actor() in people else "all"
    _filters(people, usual)
    wanted = asked(actor(), default=usual)
    st.session_state.pop(AT_DESK, None)
    left, right = st.columns([2, 5], gap="large")
    with left:
        inbox(wanted)
    with right:
        task = address.one_of("task")
        st.session_state[AT_DESK] = task
        if task is not None:
            desk(now("tasks", task=task).rows[0], people)
        elif not now("tasks", limit=1).rows:
            _nothing()
    address.keep(*KEPT)


def _nothing() -> None:
    with chrome.empty(
        "Nothing waits for a person",
        "A task comes here when a run needs a person: a step to do, a choice to take, the manual queue.",
    ):
        chrome.link("runs", "Start a run", icon=":material/play_arrow:")


def _me(people: list[str]) -> None:
    """Who looks: from the address, from the sidebar, or chosen here from the people directory."""
    given = address.one_of("me")
    if given is not None and given != st.session_state.get("me"):
        st.session_state["actor"] = st.session_state["me"] = given
        st.rerun()
    me = st.session_state["me"] = actor()
    if st.session_state.get("actor"):
        address.put("me", me)
    if people and me not in people:
        st.info(
            "Choose who you are: tasks come to the people in the directory, and only they decide them.",
            icon=":material/badge:",
        )


def _become() -> None:
    if chosen := st.session_state["me-input"]:
        st.session_state["actor"] = st.session_state["me"] = chosen
        address.put("me", chosen)
        _anew()


def _anew() -> None:
    """Another list begins with its own first task."""
    address.put("task")


def _filters(people: list[str], usual: str) -> None:
    """Whose tasks, and with which words; kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if people:
            st.session_state["me-input"] = actor() if actor() in people else None
            st.selectbox("I am", people, key="me-input", placeholder="Who?", on_change=_become, width=180)
        kept = address.one_of("view")
        view = st.segmented_control(
            "Whose tasks",
            list(VIEWS),
            default=kept if kept in VIEWS else usual,
            format_func=VIEWS.__getitem__,
            required=True,
            on_change=_anew,
        )
        address.put("view", view if kept or view != usual else None)
        words = st.text_input(
            "Search",
            value=address.one_of("q") or "",
            placeholder="Business key, name, remark …",
            icon=":material/search:",
            width=300,
            on_change=_anew,
        )
        address.put("q", words or None)
        _narrowed()
        if st.button("Decide several", icon=":material/checklist:", help="One outcome for many tasks"):
            decide_several(asked(actor(), default=usual))


def _narrowed() -> None:
    """Only one role or plan."""
    on = [name for name in ("role", "plan") if address.one_of(name)]
    with st.popover(f"Only {', '.join(on)}" if on else "Filter", icon=":material/filter_list:"):
        for name, options in (("role", _roles()), ("plan", [row.plan for row in now("plans").rows])):
            kept = address.one_of(name)
            options = [*options, *([kept] if kept and kept not in options else [])]
            chosen = st.selectbox(
                name.capitalize(),
                options,
                index=options.index(kept) if kept else None,
                placeholder="Every one",
                key=f"only {name}",
                on_change=_anew,
            )
            address.put(name, chosen)


def _roles() -> list[Any]:
    return sorted({task.role for task in now("tasks", limit=1000).rows if task.role})
