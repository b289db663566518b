"""Data: the event logs there are, what was set aside of them, and how to bring in another."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address, chrome
from dashboard.parts.bring import bring
from dashboard.parts.plain import ago, count, literal
from dashboard.parts.start import no_logs
from dashboard.parts.tables import as_csv, as_table


def show() -> None:
    """The logs with what can be done to them, then a source to bring in."""
    st.title("Data")
    address.take("log")
    logs = now("logs").rows
    if logs:
        _logs(logs)
    else:
        no_logs()
    st.subheader("Bring in a source")
    bring([log.log for log in logs])
    address.keep("log")


def _logs(logs: Any) -> None:
    at = datetime.now(UTC)
    st.caption(
        f"{count(len(logs), 'event log')} · newest loaded {ago(max(log.fresh_at for log in logs), at)}"
    )
    rows = [
        {
            "Log": log.log,
            "Cases": log.cases,
            "Events": log.events,
            "First event": log.first,
            "Last event": log.last,
            "Loaded": ago(log.fresh_at, at),
            "Zone": log.tz,
        }
        for log in logs
    ]
    names = [log.log for log in logs]
    chosen = st.selectbox(
        "Log", names, index=names.index(address.one_of("log")) if address.one_of("log") in names else 0
    )
    address.put("log", chosen)
    days = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC")
    numbers = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        as_table(rows),
        hide_index=True,
        column_config={"First event": days, "Last event": days, "Cases": numbers, "Events": numbers},
    )
    _one(chosen)


def _one(log: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        chrome.link("process", "Open its map", icon=":material/account_tree:", log=log)
        aside = now("quarantine", log=log).rows
        if aside:
            st.download_button(
                f"{count(len(aside), 'row')} set aside",
                as_csv(_flat(row) for row in aside),
                file_name=f"{log}-set-aside.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        else:
            st.caption("No row was set aside.", width="content")
        with st.popover("Drop this log", icon=":material/delete:", type="tertiary"):
            st.text(f"{log} and everything mined from it will be gone. The source itself is not touched.")
            if st.button(f"Drop {literal(log)}", type="primary", key=f"drop:{log}"):
                st.toast(literal(now("drop", log=log).message, longest=200))
                address.put("log")
                st.rerun()
    if aside:
        with st.expander(f"{count(len(aside), 'row')} set aside, and why"):
            st.dataframe(as_table([_flat(row) for row in aside[:500]]), hide_index=True)


def _flat(row: Any) -> dict[str, Any]:
    """A set-aside row with its reason first and its fields as they stood."""
    reason = {"where": row.where, "column": row.column, "reason": row.reason}
    return {**reason, **{f"source: {name}": value for name, value in row.row.items()}}
