"""The list of alerts: filtered, page by page, kept up to date; and how many are open, beside every page."""

import hashlib
import json
from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import chrome
from dashboard.parts.moments import moment, utc_now
from dashboard.parts.plain import ago, count
from dashboard.parts.tables import as_table
from home.errors import BatonError

PAGE = 50
REFRESH_S = 5
BADGE_S = 15
CHOSEN, CHANGED, TURNED = "alerts:chosen", "alerts:changed", "alerts:turned"


def badge() -> None:
    """How many alerts are open, in the sidebar of every page; nothing where there is none."""
    with st.sidebar:
        looking: Any = st.fragment(_badge, run_every=BADGE_S)
        looking()


def _badge() -> None:
    try:
        found = now("alerts", limit=0)
    except BatonError:  # the page itself says what is wrong
        return
    if found.open:
        label = f":red-badge[:material/notifications: {count(found.open, 'open alert')}]"
        chrome.link("alerts", label)


def chosen() -> list[Any]:
    """The alerts that were chosen in the list, as they were then."""
    return list(st.session_state.get(CHOSEN, {}).values())


def choose(rows: Any) -> None:
    """Choose alerts instead of those that were."""
    st.session_state[CHOSEN] = {row.alert: row for row in rows}


def show(asked: dict[str, Any]) -> None:
    """The page of the list that was turned to; it looks again every few seconds by itself."""
    pages: dict[str, Any] = st.session_state.setdefault(TURNED, {"asked": None, "after": []})
    if pages["asked"] != asked:
        pages.update(asked=asked, after=[])
        choose(())
    found = now("alerts", **asked, limit=PAGE, after=pages["after"][-1] if pages["after"] else None)
    st.caption(f"{count(found.open, 'open alert')} · live, as of {utc_now():%H:%M:%S} UTC")
    if found.rows:
        _table(found.rows)
    elif any(asked.values()):
        st.info("No alert passes these filters.")
    else:
        with chrome.empty("Nothing needs you", "No alert is open. What goes wrong with runs, systems and "
                          "triggers is listed here, with what to do about it."):  # fmt: skip
            chrome.link("runs", "Runs: what goes on", icon=":material/arrow_forward:")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if pages["after"]:
            st.button("Newer", icon=":material/chevron_left:", type="tertiary", on_click=pages["after"].pop)
        if found.next:
            st.button(
                "Older",
                icon=":material/chevron_right:",
                type="tertiary",
                on_click=pages["after"].append,
                args=(found.next,),
            )
    if st.session_state.pop(CHANGED, False):
        st.rerun()  # what is shown of the chosen ones lies outside of this part


def _table(rows: list[Any]) -> None:
    at, ids = utc_now(), [row.alert for row in rows]
    wanted = st.session_state.get(CHOSEN, {})
    picked = [n for n, alert in enumerate(ids) if alert in wanted]
    # Rows are chosen by their place, so a list of other rows is another table.
    key = f"alerts:{hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:12]}"

    def selected() -> None:
        places = st.session_state[key].selection.rows
        elsewhere = [row for row in chosen() if row.alert not in ids]
        choose([*elsewhere, *(rows[place] for place in places if place < len(rows))])
        st.session_state[CHANGED] = True

    st.dataframe(
        as_table([_cells(row, at) for row in rows]),
        hide_index=True,
        height=min(460, 40 + 35 * len(rows)),
        on_select=selected,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": picked, "columns": [], "cells": []}},
        key=key,
        column_config={"What happened": st.column_config.TextColumn(width="large")},
    )


def _cells(row: Any, at: Any) -> dict[str, Any]:
    raised = moment(row.raised)
    return {
        "Alert": row.means.capitalize(),
        "About": row.key or row.run or row.system or row.trigger,
        "Plan": row.plan or "–",
        "Step": row.step or "–",
        "What happened": row.message,
        "When": ago(raised, at) if raised else None,
        "State": {"open": "Open", "over": "Over", "settled": f"Settled by {row.settled_by}"}[row.state],
    }
