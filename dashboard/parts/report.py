"""What became of a source: how much was loaded, what was set aside, and what people should know."""

from typing import Any

import streamlit as st

from dashboard.parts import chrome
from dashboard.parts.plain import literal

MARKS = {
    "error": ":red[:material/error:]",
    "warning": ":orange[:material/warning:]",
    "info": ":blue[:material/info:]",
}


def show_report(report: Any) -> None:
    """The report of one load."""
    with st.container(border=True):
        good = report.status in ("ok", "ok_warn")
        mark = ":green[:material/check_circle:]" if good else MARKS["error"]
        st.markdown(f"{mark} **{literal(report.message, longest=300)}**")
        figures = st.columns(5)
        figures[0].metric("Rows found", f"{report.seen:,}")
        figures[1].metric("Loaded", f"{report.loaded:,}")
        figures[2].metric("Set aside", f"{report.set_aside:,}")
        figures[3].metric("Cases in the log", f"{report.cases:,}")
        figures[4].metric("Activities", f"{report.activities:,}")
        for finding in report.findings:
            where = f" · {finding.where}" if finding.where and finding.where not in finding.message else ""
            text = literal(f"{finding.message}{where}", longest=500)
            st.markdown(f"{MARKS[finding.severity]} {text}")
        chrome.link("process", "Open its map", icon=":material/account_tree:", log=report.log)
