"""Triggers: what starts runs by itself, how each is, what it did, and how to add one."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address, chrome, trigger_card, trigger_form
from dashboard.parts.moments import utc_now
from dashboard.parts.plain import ago, count, literal
from dashboard.parts.tables import as_table

KEPT = ("trigger",)
STATES = {"active": "Active", "paused": "Paused", "failing": "Failing"}


def show() -> None:
    """The list, the trigger that was chosen, and the form for another."""
    st.title("Triggers")
    plans = [row.plan for row in now("plans").rows]
    if not plans:
        with chrome.empty(
            "No plan is published yet", "A trigger starts runs of a published plan. Choose where to start:"
        ):
            chrome.link("plan", "Plan: make one and publish it", icon=":material/arrow_forward:")
        return
    address.take(*KEPT)
    trigger_card.told()
    rows = now("trigger list").rows
    _list(rows)
    chosen = address.one_of("trigger")
    if chosen in {row.trigger for row in rows}:
        trigger_card.show(str(chosen))
    st.subheader("Add a trigger")
    trigger_form.show(plans, [row.trigger for row in rows])
    address.keep(*KEPT)


def _list(rows: Any) -> None:
    at = utc_now()
    failing = sum(row.state == "failing" for row in rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{count(len(rows), 'trigger')} · as of {at:%H:%M:%S} UTC")
        if failing:
            st.markdown(f":red[:material/error:] {count(failing, 'trigger')} failing")
        st.space("stretch")
        st.button("Refresh", icon=":material/refresh:", type="tertiary")
    if not rows:
        st.info(
            "Nothing starts runs by itself yet. A trigger does: at set times, on a signed request, on an "
            "event, on a new row, or when another run ends."
        )
        return
    records = [
        {
            "Trigger": row.trigger,
            "State": STATES[row.state],
            "Waits for": row.occasion,
            "Starts": row.plan,
            "Next": f"{row.due:%Y-%m-%d %H:%M}" if row.due else "–",
            "Last run": ago(row.fired_at, at) if row.fired_at else "–",
            "Runs": row.started,
            "Not wanted": row.skipped,
            "Known": row.known,
            "Refused": row.refused,
            "Missed": row.missed,
            "Error": row.error,
        }
        for row in rows
    ]
    names = [row.trigger for row in rows]

    def selected() -> None:
        picked = st.session_state["triggers:list"].selection.rows
        address.put("trigger", names[picked[0]] if picked and picked[0] < len(names) else None)

    few = st.column_config.NumberColumn(width="small")
    st.dataframe(
        as_table(records),
        hide_index=True,
        height=min(420, 40 + 35 * len(records)),
        on_select=selected,
        selection_mode="single-row",
        key="triggers:list",
        column_config={
            "Next": st.column_config.TextColumn(help="UTC"),
            "Known": st.column_config.NumberColumn(help="Its business key had started a run already."),
            "Runs": few,
            "Refused": few,
            "Missed": few,
        },
    )
    chosen = address.one_of("trigger")
    if chosen is None:
        st.caption("Choose one to see what it did, to test, pause or remove it.")
    elif chosen not in names:
        st.caption(f"There is no trigger {literal(chosen)}.")
