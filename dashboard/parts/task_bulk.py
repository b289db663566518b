"""Deciding several tasks alike: which of the view, how, first tried and then done."""

from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, chrome
from dashboard.parts.facts import story
from dashboard.parts.inbox import LISTED
from dashboard.parts.moments import moment
from dashboard.parts.plain import count, literal
from dashboard.parts.tables import as_table
from home.errors import BatonError

DONE = "bulk done"


def decide_several(wanted: dict[str, Any]) -> None:
    """Pick tasks of the view, one outcome and a note; each is decided for itself."""
    opened: Any = st.dialog("Decide several tasks", width="large")(_several)
    opened(wanted)


def _several(wanted: dict[str, Any]) -> None:
    if done := st.session_state.pop(DONE, None):
        _told(done)
        if st.button("Close", type="primary"):
            st.rerun()
        return
    rows = now("tasks", limit=LISTED, **wanted).rows
    if not rows:
        st.text("No open task is in this view.")
        return
    st.text("Mark the tasks; the box in the head marks all.")
    picked = _picked(rows)
    outcomes = _common([row.outcomes or ["done"] for row in picked])
    outcome = None
    if outcomes:
        outcome = st.segmented_control("Outcome", outcomes, format_func=literal, key="bulk outcome")
    if picked and not outcomes:
        st.info("These tasks have no outcome in common.")
    note = st.text_input("Note", placeholder="Why; kept with each decision", key="bulk note")
    with st.container(horizontal=True):
        ready = {"disabled": not picked or outcome is None}
        tried = st.button("Try", help="Says what would happen, and changes nothing", **ready)
        if st.button(f"Decide {count(len(picked), 'task')}", type="primary", **ready):
            _decide(picked, str(outcome), note, dry_run=False)
    if tried:
        _decide(picked, str(outcome), note, dry_run=True)


def _picked(rows: list[Any]) -> list[Any]:
    listed = [
        {
            "Step": row.step,
            "For": row.key or row.run,
            "With": row.assignee or row.role,
            "Due": moment(row.due),
        }
        for row in rows
    ]
    chosen = st.dataframe(
        as_table(listed),
        hide_index=True,
        height=min(360, 40 + 35 * len(rows)),
        on_select="rerun",
        selection_mode="multi-row",
        key="bulk tasks",
        column_config={"Due": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC")},
    )
    return [rows[number] for number in chosen.selection.rows if number < len(rows)]


def _common(outcomes: list[list[str]]) -> list[str]:
    """The outcomes that all of them have, in the order of the first."""
    return [one for one in outcomes[0] if all(one in each for each in outcomes)] if outcomes else []


def _decide(picked: list[Any], outcome: str, note: str, *, dry_run: bool) -> None:
    ids = tuple(row.task for row in picked)
    try:
        done = now("decide-many", task=ids, outcome=outcome, by=actor(), note=note or None, dry_run=dry_run)
    except BatonError as error:
        chrome.show_error(error)
        return
    if dry_run:
        _told(done)
        return
    address.put("task")
    st.session_state[DONE] = done
    st.rerun(scope="fragment")


def _told(done: Any) -> None:
    verb = "would be" if done.dry_run else "were"
    said = f"{count(done.decided, 'task')} {verb} decided as {done.outcome}, {done.refused} refused."
    (st.success if not done.refused else st.warning)(literal(said, longest=200))
    refused = [{"Step": row.step, "Run": row.run, "Why": row.message} for row in done.rows if not row.decided]
    if refused:
        story(refused)
