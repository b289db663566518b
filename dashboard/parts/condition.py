"""How the service and its workers are: checks in words, figures of the moment, workers, versions."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts.moments import clock
from dashboard.parts.plain import literal
from dashboard.runtime import current
from home.errors import BatonError
from home.text import duration

MARKS = {
    "ok": ":green-badge[:material/check: well]",
    "warning": ":orange-badge[:material/visibility: look]",
    "failed": ":red-badge[:material/error: failed]",
}
FIGURES = (
    ("Open runs", "baton_runs_open", ""),
    ("Due, not driven", "baton_queue_depth", ""),
    ("Longest wait for a worker", "baton_queue_lag_seconds", "s"),
    ("Stuck runs", "baton_runs_stuck", ""),
    ("Open tasks", "baton_tasks_open", ""),
    ("Overdue tasks", "baton_tasks_overdue", ""),
    ("Steps done here", "baton_steps_total", ""),
    ("Attempts failed here", "baton_attempts_total", "failed"),
)
"""Label, metric, and what it is: seconds, or only samples with this outcome."""


def show_condition() -> None:
    """The figures, the checks, and who works."""
    report = _diagnosis()
    _figures()
    checks, machines = st.columns([3, 2], gap="large")
    with checks:
        st.subheader("Health")
        st.table([_row(check) for check in report.checks], border="horizontal", hide_index=True)
    with machines:
        st.subheader("Workers")
        if report.workers:
            st.table([_worker(worker) for worker in report.workers], border="horizontal", hide_index=True)
        else:
            st.caption("No worker is beating. `baton worker` starts one.")
        st.subheader("Versions")
        st.caption(" · ".join(f"{name} {literal(of)}" for name, of in report.versions.items()))


def _diagnosis() -> Any:
    """The doctor's report; trouble is what this page is for, so it is shown, not raised."""
    try:
        return now("doctor")
    except BatonError as error:
        report = getattr(error, "report", None)
        if report is None:
            raise
        return report


def _row(check: Any) -> dict[str, str]:
    do = f" :gray[{literal(check.do, longest=300)}]" if check.do else ""
    return {
        "": MARKS[check.level],
        "What": literal(check.check),
        "Found": literal(check.found, longest=300) + do,
    }


def _worker(worker: Any) -> dict[str, str]:
    return {
        "Worker": literal(worker.worker),
        "Where": literal(f"{worker.host}, process {worker.pid}"),
        "Since": clock(worker.since),
        "Beat": f"{duration(worker.beat_s)} ago",
        "Drives": f"{worker.drives:,} runs",
    }


def _figures() -> None:
    """What Prometheus would see, added up over plans and steps."""
    samples = [s for family in current().metrics.registry.collect() for s in family.samples]
    for start in range(0, len(FIGURES), 4):
        for column, (label, name, what) in zip(st.columns(4), FIGURES[start : start + 4], strict=True):
            wanted = [
                s.value for s in samples if s.name == name and what in ("", "s", s.labels.get("outcome", ""))
            ]
            total = sum(wanted)
            column.metric(label, duration(total) if what == "s" else f"{total:,.0f}", border=True)
    st.caption(
        "As `/api/metrics` tells them; *here* is this process since it started, the rest is of all workers."
    )
