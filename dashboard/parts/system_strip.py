"""The protected systems in one line: what each is asked right now, and which is out of order."""

from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts.moments import moment, until, utc_now
from dashboard.parts.plain import count, literal

LOOKS = {
    "closed": ("green", ":material/check_circle:"),
    "none": ("gray", ":material/speed:"),
    "open": ("red", ":material/power_off:"),
    "trying": ("orange", ":material/pending:"),
}


def show() -> None:
    """A badge per system; of one that is out of order why, until when, and how to close its breaker."""
    rows = now("systems").rows
    if not rows:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Protected systems", width="content")
        for row in rows:
            colour, icon = LOOKS[row.breaker]
            st.badge(_words(row), color=colour, icon=icon, help=literal(row.limits, longest=200) or None)
    for row in rows:
        if row.breaker in ("open", "trying"):
            _out_of_order(row)


def _words(row: Any) -> str:
    found = [literal(row.system)]
    if row.busy:
        found.append(f"{row.busy} at work")
    if row.waiting:
        found.append(f"{row.waiting} waiting")
    if row.breaker in ("open", "trying"):
        found.append("out of order" if row.breaker == "open" else "being tried")
    return " · ".join(found)


def _out_of_order(row: Any) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        said = f": {literal(row.error, longest=200)}" if row.error else ""
        tried = f" {_tried(row)}" if row.breaker == "open" else ""
        waits = f" {count(row.waiting, 'attempt')} wait for it." if row.waiting else ""
        st.markdown(
            f":red[:material/power_off:] **{literal(row.system)}** is not called, too many calls failed"
            f"{said}.{tried}{waits}"
        )
        st.button(
            "Call it again now",
            key=f"reset:{row.system}",
            icon=":material/restart_alt:",
            type="tertiary",
            help="Closes the breaker: for when you know that the system answers again.",
            on_click=_reset,
            args=(row.system,),
        )


def _tried(row: Any) -> str:
    at, now_ = moment(row.retry_at), utc_now()
    return (
        f"It is tried again {until(row.retry_at, now_)}." if at and at > now_ else "The next call tries it."
    )


def _reset(system: str) -> None:
    now("systems reset", system=system, by=actor())
