"""Alerts: what somebody should look at, live; where it leads on to; and settling one or many."""

from typing import Any, get_args

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, alert_list, chrome
from dashboard.parts.plain import count, literal
from home.errors import BatonError
from orchestrate.alerts.kinds import KINDS, KindName

KEPT = ("kind", "plan", "run", "all")
SAID = "alerts:said"


def show() -> None:
    """Filters, the live list, and the alerts that were chosen with what can be done to them."""
    st.title("Alerts")
    address.take(*KEPT)
    if said := st.session_state.pop(SAID, None):
        st.success(literal(said, longest=300), icon=":material/check:")
    _filters()

    def listed() -> None:
        try:
            alert_list.show(_asked())
        except BatonError as error:
            chrome.show_error(error)

    looking: Any = st.fragment(listed, run_every=alert_list.REFRESH_S)
    looking()
    chosen = alert_list.chosen()
    if chosen:
        _chosen(chosen)
    address.keep(*KEPT)


def _filters() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _select("Kind", "kind", {kind: KINDS[kind].means for kind in get_args(KindName)}, "Every kind")
        _select("Plan", "plan", {row.plan: row.plan for row in now("plans").rows}, "Every plan")
        run = st.text_input("Run", value=address.one_of("run") or "", width=230)
        address.put("run", run.strip() or None)
        every = st.toggle(
            "Also settled and over",
            value=address.one_of("all") == "yes",
            help="An alert is over by itself when its cause is: the run has ended, the task is decided, the "
            "breaker closed, the trigger works again.",
        )
        address.put("all", "yes" if every else None)


def _select(label: str, name: str, options: dict[Any, str], everything: str) -> None:
    kept, values = address.one_of(name), ["", *options]
    chosen = st.selectbox(
        label,
        values,
        index=values.index(kept) if kept in values else 0,
        format_func=lambda value: options.get(value) or everything,
        width=180,
    )
    address.put(name, chosen or None)


def _asked() -> dict[str, Any]:
    asked: dict[str, Any] = {name: address.one_of(name) for name in ("kind", "plan", "run")}
    return asked | {"all": address.one_of("all") == "yes" or None}


def _chosen(rows: list[Any]) -> None:
    """What is known of one alert and where it leads; settling it, or all that were chosen."""
    with st.container(border=True):
        if len(rows) == 1:
            _one(rows[0])
        else:
            st.markdown(f"**{count(len(rows), 'alert')} chosen**")
        is_open = [row.alert for row in rows if row.state == "open"]
        settled = [row.alert for row in rows if row.state == "settled"]
        if not is_open and not settled:
            st.caption("Nothing is to be done: the cause is over.")
            return
        note = st.text_input("Note", placeholder="what was done; kept in the audit", key="alerts:note")
        with st.container(horizontal=True):
            if is_open and st.button(_label("Settle", is_open), type="primary", icon=":material/done_all:"):
                _settle(is_open, note, reopen=False)
            if settled and st.button(_label("Open again", settled), icon=":material/undo:"):
                _settle(settled, note, reopen=True)


def _label(what: str, alerts: list[str]) -> str:
    return what if len(alerts) == 1 else f"{what} {len(alerts)}"


def _one(row: Any) -> None:
    about = row.key or row.run or row.system or row.trigger or ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(row.means.capitalize())}** · {literal(about)}", width="content")
        if row.plan:
            st.caption(
                literal(row.plan) + (f", step {literal(row.step)}" if row.step else ""), width="content"
            )
    st.text(row.message)
    if row.state == "settled":
        st.caption(f"Settled by {literal(row.settled_by)}" + (f": {literal(row.note)}" if row.note else ""))
    if row.state == "open":
        st.caption(row.do)
    with st.container(horizontal=True):
        if row.run:
            chrome.link("runs", "The run", icon=":material/arrow_forward:", run=row.run)
        if row.run and row.kind in ("manual", "unassigned", "escalation", "late", "deadline"):
            chrome.link("approvals", "Tasks", icon=":material/arrow_forward:")
        if row.trigger:
            chrome.link("triggers", "The trigger", icon=":material/arrow_forward:", trigger=row.trigger)
        if row.system:
            chrome.link("runs", "Runs at this system", icon=":material/arrow_forward:", system=row.system)


def _settle(alerts: list[str], note: str, *, reopen: bool) -> None:
    try:
        found = now("alerts settle", alert=tuple(alerts), by=actor(), note=note.strip(), reopen=reopen)
    except BatonError as error:  # it was the only one, and somebody or something was faster
        chrome.show_error(error)
        return
    refused = f" {count(found.refused, 'alert')} had changed meanwhile." if found.refused else ""
    st.session_state[SAID] = next(iter(found.lines())) + refused
    alert_list.choose(())
    st.rerun()
