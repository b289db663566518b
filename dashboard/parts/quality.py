"""What to know about a log before trusting it: the verdict of its quality gate, and every finding."""

from typing import Any

import streamlit as st

from dashboard.parts import chrome, work
from dashboard.parts.plain import literal
from dashboard.parts.tables import as_table
from home.text import percent

VERDICTS = {
    "pass": ("Good enough to redesign from", ":material/check_circle:", "green"),
    "pilot": ("Good enough for a pilot only", ":material/science:", "orange"),
    "refuse": ("Not good enough to redesign from", ":material/block:", "red"),
}
MARKS = {
    "error": ":red[:material/error:]",
    "warning": ":orange[:material/warning:]",
    "info": ":blue[:material/info:]",
}
LONGEST = 500


def answer(log: str, version: str) -> Any:
    """What `baton quality` says of a log; `None` while it is computed."""
    return work.answer("quality", f"Checking {log} …", version=version, log=log)


def show(log: str, found: Any) -> None:
    """The verdict with its reasons, then the findings, each with what to do."""
    words, icon, color = VERDICTS[found.gate.verdict]
    st.badge(words, icon=icon, color=color)
    for check in found.gate.checks:
        if check.note:
            st.markdown(f"**{check.effect.capitalize()}.** {literal(check.note, longest=LONGEST)}")
    if not found.findings:
        st.caption("Every check was made, and nothing stands out.")
    for number, finding in enumerate(found.findings):
        _finding(log, number, finding)
    with st.expander("What was checked"):
        rows = [
            {"Check": c.words, "Found": _value(c), "Verdict": c.verdict, "": c.note}
            for c in found.gate.checks
        ]
        st.dataframe(as_table(rows), hide_index=True)
        st.caption("The limits are in gate.toml; a copy of it in the home folder is used in its place.")


def _value(check: Any) -> str:
    return f"{check.value:,.0f}" if check.unit == "cases" else percent(check.value)


def _finding(log: str, number: int, finding: Any) -> None:
    share = f" :gray[({percent(finding.share)})]" if finding.share is not None else ""
    st.markdown(f"{MARKS[finding.severity]} {literal(finding.message, longest=LONGEST)}{share}")
    with st.container(horizontal=True, gap="small", key=f"finding:{log}:{number}"):
        if finding.do:
            st.caption(literal(finding.do, longest=LONGEST), width="content")
        if finding.examples_are == "cases":
            for case in finding.examples:
                chrome.link("process", literal(case, longest=40), log=log, case=case)
    if finding.command:
        st.code(finding.command, language=None, wrap_lines=True)


def sources(found: Any) -> None:
    """Each source of the log with what it brought and what was found in it then."""
    for source in found.sources:
        st.markdown(f"**{literal(source.source)}** :gray[loaded {source.loaded_at:%Y-%m-%d %H:%M} UTC]")
        aside = f", {source.set_aside:,} set aside" if source.set_aside else ""
        st.caption(f"{source.loaded:,} of {source.seen:,} rows loaded{aside}.")
        for finding in source.findings:
            where = f" · {finding.where}" if finding.where and finding.where not in finding.message else ""
            st.markdown(f"{MARKS[finding.severity]} {literal(finding.message + where, longest=LONGEST)}")
        if not source.findings:
            st.caption("Nothing was odd about it.")
