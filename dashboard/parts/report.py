"""What became of a source: how much was loaded, what was set aside, and what people should know."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import chrome
from dashboard.parts.plain import count, literal
from dashboard.parts.quality import MARKS
from dashboard.parts.tables import as_csv


def show_report(report: Any) -> None:
    """The report of one load."""
    with st.container(border=True):
        good = report.status in ("ok", "ok_warn")
        mark = ":green[:material/check_circle:]" if good else MARKS["error"]
        st.markdown(f"{mark} **{literal(report.message, longest=300)}**")
        with st.container(horizontal=True, gap="large"):
            for label, value in (
                ("Rows found", report.seen),
                ("Loaded", report.loaded),
                ("Set aside", report.set_aside),
                ("Cases in the log", report.cases),
                ("Activities", report.activities),
            ):
                st.metric(label, f"{value:,}", width="content")
        for finding in report.findings:
            where = f" · {finding.where}" if finding.where and finding.where not in finding.message else ""
            text = literal(f"{finding.message}{where}", longest=500)
            st.markdown(f"{MARKS[finding.severity]} {text}")
        with st.container(horizontal=True, vertical_alignment="center"):
            chrome.link("process", "Open its map", icon=":material/account_tree:", log=report.log)
            if report.set_aside:
                download_aside(report.log, now("quarantine", log=report.log).rows, key="report:aside")


def download_aside(log: str, rows: Any, *, key: str) -> None:
    """A button that hands out the rows that were set aside, each with its reason."""
    st.download_button(
        f"Download {count(len(rows), 'row')} set aside",
        as_csv(flat(row) for row in rows),
        file_name=f"{log}-set-aside.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def flat(row: Any) -> dict[str, Any]:
    """A set-aside row with its reason first and its fields as they stood."""
    reason = {"where": row.where, "column": row.column, "reason": row.reason}
    return {**reason, **{f"source: {name}": value for name, value in row.row.items()}}
