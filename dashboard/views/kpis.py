"""KPIs: what a plan changed, or what its sandbox predicts; and whether a log's weeks have changed at all."""

from typing import Any

import streamlit as st

from dashboard.cached import ask, now
from dashboard.parts import address, charts, chrome, work
from dashboard.parts.moments import utc_now
from dashboard.parts.plain import ago, count, literal
from dashboard.parts.tables import as_csv
from dashboard.runtime import current
from home.text import duration, percent
from ingest.catalog import Log, all_logs

KEPT = ("plan", "of")
MARKS = {
    "improved": ":green-badge[improved]",
    "worse": ":red-badge[worse]",
    "no clear change": ":gray-badge[no clear change]",
    "not enough data": ":orange-badge[not enough data]",
    "nothing to compare": ":gray-badge[nothing to compare]",
    "predicted better": ":blue-badge[predicted better]",
    "predicted worse": ":orange-badge[predicted worse]",
    "predicted unchanged": ":gray-badge[predicted unchanged]",
}
COLOURS = {
    "improved": charts.GREEN,
    "worse": charts.RED,
    "predicted better": charts.BLUE,
    "predicted worse": charts.AMBER,
}
FIGURES = {
    "median": "End-to-end time, median",
    "p90": "End-to-end time, nine in ten within",
    "throughput": "Cases ended",
}
UNMEASURED = "not measured"


def show() -> None:
    """The comparison of one plan, and control charts of the logs behind it."""
    head = st.columns([5, 3], vertical_alignment="center")
    head[0].title("KPIs")
    plans = [row.plan for row in now("plans").rows]
    if not plans:
        with chrome.empty(
            "Nothing to compare yet",
            "KPIs compare a published plan's runs with how it was before. First, a plan:",
        ):
            chrome.link("candidates", "Choose a candidate", icon=":material/arrow_forward:")
        return
    address.take(*KEPT)
    with head[1]:
        plan = _pick(plans)
    logs = {log.name: log for log in all_logs(current().stores.events)}
    found = _compared(plan, logs)
    if found is not None:
        _told(found, logs)
        _control(found, logs)
    address.keep(*KEPT)


def _pick(plans: list[str]) -> str:
    kept = address.one_of("plan")
    st.session_state["kpi plan"] = kept if kept in plans else plans[0]
    plan = st.selectbox("Plan", plans, key="kpi plan", label_visibility="collapsed")
    address.put("plan", plan)
    return str(plan)


def _compared(plan: str, logs: dict[str, Log]) -> Any:
    """The comparison; a plan that has neither run nor been played offers to be played."""
    done = now("runs", plan=plan, state="done", limit=1).rows
    version = ";".join(f"{log.name}:{log.hash}:{log.loaded_at}" for log in logs.values() if not log.plan)
    version += f";{[(log.name, log.loaded_at.isoformat()) for log in logs.values() if log.simulated]}"
    version += f";{done[0].run if done else ''};{current().ran['bind']};{current().ran['publish']}"
    return work.answer(
        "kpis", "Comparing, week by week …", version=version, on_error=_refused(plan), plan=plan
    )


def _refused(plan: str) -> Any:
    def told(error: Any) -> None:
        with chrome.empty("Nothing to compare yet", f"{error.message}\n{error.hint}"):
            chrome.link("runs", "Start a run, or play many", icon=":material/play_arrow:", plan=plan)

    return told


def _told(found: Any, logs: dict[str, Log]) -> None:
    after = logs.get(found.after)
    fresh = f" · {literal(found.after)} loaded {ago(after.loaded_at, utc_now())}" if after else ""
    st.caption(f"{literal(found.after)} compared with {literal(found.before)}{fresh}")
    if found.simulated:
        st.info(
            "**A prediction.** These runs were played in a sandbox; nothing has run for real yet. "
            "A sandbox proves nothing by itself.",
            icon=":material/science:",
        )
    measured = [kpi for kpi in found.kpis if kpi.verdict != UNMEASURED]
    _headline(measured)
    table, chart = st.columns([3, 2], gap="large")
    with table:
        st.subheader("Before and after")
        st.table([_row(kpi) for kpi in measured], border="horizontal", hide_index=True)
    with chart:
        st.subheader("Change, with 95 % intervals")
        _intervals(measured)
    left = [kpi for kpi in found.kpis if kpi.verdict == UNMEASURED]
    if left:
        with st.expander(f"{len(left)} KPIs could not be measured, and why"):
            for kpi in left:
                st.markdown(f"**{literal(kpi.label)}**: {literal(kpi.reason, longest=300)}")
    for note in found.notes:
        st.caption(literal(note, longest=400))
    st.download_button(
        "CSV",
        as_csv(_flat(kpi) for kpi in found.kpis),
        file_name=f"{found.plan}-kpis.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _headline(measured: list[Any]) -> None:
    """The first KPIs large, each with its verdict in words."""
    for column, kpi in zip(st.columns(4), measured, strict=False):
        with column, st.container(border=True, height="stretch"):
            st.caption(literal(kpi.label))
            st.markdown(f"## {_said(kpi, kpi.after)}")
            st.markdown(f"{MARKS.get(kpi.verdict, kpi.verdict)} :gray[before {_said(kpi, kpi.before)}]")


def _said(kpi: Any, value: float | None) -> str:
    if value is None:
        return "–"
    if kpi.unit == "s":
        return _together(duration(value))
    return _together(percent(value) if kpi.unit == "share" else f"{value:,.1f} {kpi.unit}")


def _together(text: str) -> str:
    """A figure and its unit on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _row(kpi: Any) -> dict[str, str]:
    points = kpi.change_is == "difference"
    change = "" if kpi.change is None else _moved(kpi.change, points=points)
    between = ""
    if kpi.interval is not None:
        low, high = (_moved(edge, points=points) for edge in kpi.interval)
        between = f"{low} to {high}"
    return {
        "KPI": literal(kpi.label),
        "Before": _said(kpi, kpi.before),
        "After": _said(kpi, kpi.after),
        "Change": change,
        "95 % interval": between,
        "Verdict": MARKS.get(kpi.verdict, kpi.verdict),
        "Cases": f"{kpi.n_before:,} / {kpi.n:,}",
        "": f":gray[{literal(kpi.reason, longest=160)}]" if kpi.reason else "",
    }


def _moved(change: float, *, points: bool) -> str:
    return _together(f"{100 * change:+.1f} {'points' if points else '%'}")


def _intervals(measured: list[Any]) -> None:
    rows = [
        {
            "label": kpi.label,
            "change": kpi.change,
            "low": kpi.interval[0],
            "high": kpi.interval[1],
            "verdict": kpi.verdict,
            "colour": COLOURS.get(kpi.verdict, charts.GREY),
        }
        for kpi in measured
        if kpi.change is not None and kpi.interval is not None
    ]
    if rows:
        charts.show(charts.intervals(rows), key="intervals", height=90 + 42 * len(rows))


def _flat(kpi: Any) -> dict[str, Any]:
    values = kpi.model_dump(exclude={"interval"})
    low, high = kpi.interval or (None, None)
    return {**values, "interval_low": low, "interval_high": high}


def _control(found: Any, logs: dict[str, Log]) -> None:
    """Whether a log's weeks changed at all, or only vary as they always did."""
    head = st.columns([3, 2], vertical_alignment="center")
    head[0].subheader("Week by week")
    kept = address.one_of("of")
    of = head[1].selectbox(
        "Figure",
        list(FIGURES),
        index=list(FIGURES).index(kept) if kept in FIGURES else 0,
        format_func=FIGURES.__getitem__,
        label_visibility="collapsed",
    )
    address.put("of", of)
    for name in (found.before, found.after):
        log = logs.get(name)
        if log is None:
            continue
        chart = ask("control", version=f"{log.hash}:{log.loaded_at}", log=name, of=of)
        label = f"**{literal(name)}** · {literal(chart.label)}"
        signals = [week for week in chart.weeks if week.signal]
        said = (
            f"a change signals in {count(len(signals), 'week')}"
            if signals
            else "nothing but the usual variation"
        )
        st.markdown(f"{label} · {said if chart.limits else literal(chart.reason)}")
        if chart.weeks:
            _drawn(chart, key=f"control:{name}")


def _drawn(chart: Any, *, key: str) -> None:
    scale, unit = (86_400.0, "days") if chart.unit == "s" else (1.0, chart.unit)
    limits = chart.limits
    lines = (
        {}
        if limits is None
        else {"mean": limits.centre, "lower": max(0.0, limits.lower), "upper": limits.upper}
    )
    figure = charts.control_chart(
        [str(week.week) for week in chart.weeks],
        [week.value / scale for week in chart.weeks],
        {name: value / scale for name, value in lines.items()},
        [index for index, week in enumerate(chart.weeks) if week.signal],
        unit,
    )
    charts.show(figure, key=key, height=240)
