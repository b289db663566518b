"""One run: how far it is, what it waits for, when each step was, and its journal in words."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import charts, chrome, timeline
from dashboard.parts.facts import facts, story
from dashboard.parts.moments import clock, until, utc_now
from dashboard.parts.plain import literal

SIGNS = {"open": "blue", "done": "green", "cancelled": "gray", "stuck": "red"}
ENTRIES = 200


def show(run: str) -> Any:
    """What is known of a run now; the answer of `baton show`."""
    shown = now("show", run=run, limit=ENTRIES)
    _where(shown)
    _needs(shown)
    tabs = st.tabs(["What happened", "When", "Its data"])
    with tabs[0]:
        story([{"When": clock(e.at)[5:], "What": e.what, "Who": e.by} for e in shown.journal])
        if shown.next:
            st.caption(f"The first {ENTRIES} entries. `baton show {run} --after {shown.next}` goes on.")
    with tabs[1]:
        if shown.spans:
            figure = timeline.steps(shown.spans, utc_now())
            charts.show(figure, key=f"when:{run}", height=80 + 34 * len({s.step for s in shown.spans}))
        else:
            st.caption("No step of it is over yet.")
    with tabs[2]:
        st.caption(f"Started {clock(shown.started)} UTC by {literal(shown.started_by or 'nobody named')}")
        facts(shown.data)
    return shown


def _where(shown: Any) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        name = literal(shown.key or shown.run)
        st.markdown(f"**{name}** · {literal(shown.plan)}@{shown.version}", width="content")
        st.badge(shown.state, color=SIGNS[shown.state])
        if shown.priority != "normal":
            st.badge(f"{shown.priority} priority", color="violet")
        if shown.simulated:
            st.badge("simulated", color="orange")
        if shown.key:
            st.caption(literal(shown.run), width="content")
    step = min(shown.steps_done + (shown.state in ("open", "stuck")), shown.steps_total)
    where = f"step {step} of {shown.steps_total}" + (f": {shown.step}" if shown.step else "")
    st.progress(min(1.0, shown.steps_done / max(1, shown.steps_total)), text=literal(where, longest=200))


def _needs(shown: Any) -> None:
    if shown.waiting_for:
        due = f", due {until(shown.due, utc_now())}" if shown.due else ""
        st.text(f"Waiting for {shown.waiting_for}{due}")
    for task in shown.tasks:
        label = f"Decide: {literal(task['step'])}"
        chrome.link("approvals", label, icon=":material/task_alt:", task=task["task"])
    for alert in shown.alerts:
        st.markdown(f":orange[:material/warning:] {literal(alert, longest=300)}")
