"""Overview: what stands out in a log in three sentences, the logs there are, and where the loop stands."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard.cached import ask, now
from dashboard.parts import chrome
from dashboard.parts.plain import ago, count, literal
from dashboard.parts.scope import Scope, choose, look_at
from dashboard.runtime import current
from home.text import duration
from ingest.catalog import all_logs

ICONS = {"waiting": "hourglass_top", "drift": "change_circle", "rework": "replay", "slow": "speed"}
ABREAST = 4


def show() -> None:
    """Three findings, each leading to the cases it speaks of; then the logs and the loop."""
    scope = choose("Overview", narrow=False)
    if scope is None:
        return
    stands_out = st.container()
    _loop(scope)
    _logs(scope)
    with stands_out:
        _findings(scope)


def _findings(scope: Scope) -> None:
    st.subheader("What stands out")
    found = ask("findings", version=scope.version, log=scope.log.name).findings
    if not found:
        st.text("Nothing stands out in this log: no long waits, no change, no rework.")
        return
    for column, finding in zip(st.columns(len(found)), found, strict=True):
        with column, st.container(border=True, height="stretch"):
            icon = ICONS.get(finding.kind, "info")
            st.markdown(f":material/{icon}: **{literal(finding.headline, longest=160)}**")
            st.text(finding.detail)
            if finding.hours_per_week is not None:
                st.caption(f"{duration(finding.hours_per_week * 3600)} of case time per week")
            chrome.link(
                "process",
                "See these cases on the map",
                icon=":material/arrow_forward:",
                log=scope.log.name,
                where=[finding.where],
            )


def _loop(scope: Scope) -> None:
    """Where the loop stands: from logs to plans, runs and approvals."""
    plans, tasks = now("plans").rows, now("tasks").rows
    open_runs = now("runs", state="open").rows
    late = sum(task.due_in_s is not None and task.due_in_s < 0 for task in tasks)
    st.subheader("Where the loop stands")
    steps = (
        ("candidates", "Candidates", "Where to start", "ranked by frequency, pain and stability"),
        ("plan", count(len(plans), "published plan"), "Plans", ", ".join(p.plan for p in plans[:3])),
        ("runs", count(len(open_runs), "open run"), "Runs", ""),
        ("approvals", count(len(tasks), "task"), "Approvals", f"{late} late" if late else "none late"),
    )
    for column, (page, title, _, detail) in zip(st.columns(len(steps)), steps, strict=True):
        with column, st.container(border=True, height="stretch"):
            chrome.link(page, title, icon=":material/arrow_forward:", log=scope.log.name)
            st.caption(literal(detail) if detail else "–")


def _logs(scope: Scope) -> None:
    st.subheader("Event logs")
    played = {log.name for log in all_logs(current().stores.events) if log.simulated}
    logs = [log for log in now("logs").rows if log.log not in played]
    at = datetime.now(UTC)
    for start in range(0, len(logs), ABREAST):
        for column, log in zip(st.columns(ABREAST), logs[start : start + ABREAST], strict=False):
            with column, st.container(border=True, height="stretch"):
                _card(log, at, chosen=log.log == scope.log.name)


def _card(log: Any, at: datetime, *, chosen: bool) -> None:
    st.markdown(f"**{literal(log.log)}**")
    days = f"{log.first:%d %b %Y} – {log.last:%d %b %Y}" if log.first and log.last else "empty"
    st.caption(f"{log.cases:,} cases · {log.events:,} events\n\n{days} · loaded {ago(log.fresh_at, at)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Findings shown above" if chosen else "Show findings",
            key=f"findings:{log.log}",
            disabled=chosen,
            on_click=look_at,
            args=(log.log,),
            type="tertiary",
        )
        chrome.link("process", "Map", icon=":material/account_tree:", log=log.log)
