"""Data: the event logs there are, what to know about each, and how to bring in another."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address, chrome, quality
from dashboard.parts.bring import bring
from dashboard.parts.plain import ago, count, literal
from dashboard.parts.report import download_aside, flat
from dashboard.parts.start import no_logs
from dashboard.parts.tables import as_table
from dashboard.runtime import current
from ingest.catalog import find_log

PARTS = {"shaping": "Shaping", "feeds": "Named sources"}
"""Parts that show something of one log, and what their tabs are called."""


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
        " · [bring in a source ↓](#bring-in-a-source)"
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
    days = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC")
    numbers = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        as_table(rows),
        hide_index=True,
        column_config={"First event": days, "Last event": days, "Cases": numbers, "Events": numbers},
    )
    names = [log.log for log in logs]
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.selectbox(
            "Log",
            names,
            index=names.index(address.one_of("log")) if address.one_of("log") in names else 0,
            width=320,
            label_visibility="collapsed",
        )
        address.put("log", chosen)
        fresh = next(log.fresh_at for log in logs if log.log == chosen)
        chrome.link("process", "Open its map", icon=":material/account_tree:", log=chosen)
        _drop(chosen)
    st.caption(f"Loaded {ago(fresh, at)}, {fresh:%Y-%m-%d %H:%M} UTC.")
    _one(chosen)


def _drop(log: str) -> None:
    with st.popover("Drop this log", icon=":material/delete:", type="tertiary"):
        st.text(f"{log} and everything mined from it will be gone. The source itself is not touched.")
        if st.button(f"Drop {literal(log)}", type="primary", key=f"drop:{log}"):
            st.toast(literal(now("drop", log=log).message, longest=200))
            address.put("log")
            st.rerun()


def _one(log: str) -> None:
    """What is known of one log, a tab for each question; only the open one is made."""
    tabs: dict[str, Callable[[str], None]] = {
        "Quality": _quality,
        "Loaded from": _sources,
        "Set aside": _aside,
    }
    for name, label in PARTS.items():
        if find_spec(f"dashboard.parts.{name}"):
            tabs[label] = _part(name)
    for tab, made in zip(st.tabs(list(tabs), on_change="rerun", key="about"), tabs.values(), strict=True):
        if tab.open:
            with tab:
                made(log)


def _asked(log: str) -> Any:
    known = find_log(current().stores.events, log)
    return quality.answer(log, f"{known.hash}:{known.loaded_at}")


def _quality(log: str) -> None:
    found = _asked(log)
    if found is not None:
        quality.show(log, found)


def _sources(log: str) -> None:
    found = _asked(log)
    if found is not None:
        quality.sources(found)


def _aside(log: str) -> None:
    rows = now("quarantine", log=log).rows
    if not rows:
        st.caption("No row was set aside.")
        return
    st.caption(f"{count(len(rows), 'row')} set aside, each with its reason; nothing else was lost.")
    st.dataframe(as_table([flat(row) for row in rows[:500]]), hide_index=True)
    download_aside(log, rows, key="aside")


def _part(name: str) -> Callable[[str], None]:
    """What `dashboard/parts/NAME.py` shows of a log."""
    shown: Callable[[str], None] = import_module(f"dashboard.parts.{name}").show
    return shown
