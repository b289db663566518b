"""Explanations as a page shows them: what was found, how sure that is, and the cases behind it."""

from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.parts import address, charts, chrome, work
from dashboard.parts.plain import count, literal
from dashboard.parts.scope import Scope
from dashboard.parts.tables import as_csv, as_table
from home.text import duration, percent

COLOURS = {
    "batching": charts.BLUE,
    "contention": charts.AMBER,
    "prioritisation": "#8e5bd9",
    "unavailability": charts.RED,
    "extraneous": charts.GREY,
}
SHOWN = 12
MINERS = {"inductive": "Inductive miner", "grow": "Grown tree", "split": "Split miner"}


def waiting(scope: Scope, asked: dict[str, Any]) -> None:
    """Waiting before each activity, by cause."""
    found = work.answer("waiting", "Telling why work waits …", **asked)
    if found is None:
        return
    what = "waiting" if found.processing_known else "time between events"
    share = f", {percent(found.share_of_cycle)} of all cycle time" if found.share_of_cycle else ""
    st.caption(f"{duration(found.total_s)} of {what} in {count(found.cases, 'case')}{share}")
    long = [a for a in found.activities if a.total_s > 0][:SHOWN]
    if not long:
        st.info("No time passes between the steps of these cases.")
        return
    figure = go.Figure()
    for cause, colour in COLOURS.items():
        figure.add_trace(
            go.Bar(
                y=[charts.as_label(a.activity) for a in long],
                x=[getattr(a.causes, cause) / 3600 / max(1, found.cases) for a in long],
                orientation="h",
                name=cause,
                marker={"color": colour},
                hovertemplate=f"{cause}: %{{x:.2f}} h per case<extra></extra>",
            )
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.08})
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title="hours before it, per case")
    charts.show(figure, key="waiting", height=90 + 34 * len(long))
    if found.note:
        st.caption(found.note)
    rows = [
        {
            "From": h.source, "By": h.source_resource, "To": h.target, "For": h.target_resource,
            "Times": h.times, "Hours": h.total_s / 3600,
            **{name.capitalize(): getattr(h.causes, name) / 3600 for name in COLOURS},
        }
        for h in found.handoffs[:500]
    ]  # fmt: skip
    with st.expander("Handoffs, those with most waiting first"):
        hours = {
            n: st.column_config.NumberColumn(format="%.1f") for n in ("Hours", *map(str.capitalize, COLOURS))
        }
        st.dataframe(as_table(rows), hide_index=True, column_config=hours)
        _csv(rows, f"{scope.log.name}-waiting.csv")


def groups(scope: Scope, asked: dict[str, Any]) -> None:
    """Groups of cases with a worse outcome than cases alike."""
    columns = st.columns([3, 2])
    of = columns[0].text_input(
        "What makes a case exceptional (a filter); empty for slow cases",
        placeholder='contains("Reject")',
        key="explain:of",
    )
    found = work.answer("explain", "Comparing groups of cases …", **asked, of=of or None)
    if found is None:
        return
    timed = found.of == "cycle time"
    overall = f"mean cycle time {duration(found.mean)}" if timed else f"{percent(found.mean)} of them"
    st.caption(
        f"{count(found.cases, 'case')} that are over, {overall}. Compared within the same "
        f"{literal(', '.join(found.controlled), longest=200)}; {found.tested:,} groups tested, false "
        "discoveries held to 5 %. This says what goes together: whatever was not controlled may be behind it."
    )
    if found.message:
        st.info(literal(found.message, longest=300))
    for group in found.groups:
        with st.container(border=True):
            more = duration(group.effect) if timed else f"{group.effect * 100:.1f} points"
            st.markdown(f"**{literal(group.group, longest=200)}**: {more} more than cases alike")
            low, high = (duration(group.low), duration(group.high)) if timed else (
                f"{group.low * 100:.1f}", f"{group.high * 100:.1f} points")  # fmt: skip
            unit = "hours" if timed else "exceptions"
            crude = duration(group.crude) if timed else f"{group.crude * 100:.1f} points"
            st.caption(
                f"95 %: {low} to {high} · {count(group.cases, 'case')} · {group.excess:,.0f} {unit} more "
                f"· without the controls {crude}"
            )
            _see(scope, group.where)


def signs(scope: Scope, asked: dict[str, Any]) -> None:
    """Signs that nobody conducts the work."""
    found = work.answer("chaos", "Looking for signs …", **asked)
    if found is None:
        return
    figures = st.columns(3)
    figures[0].metric("Steps done before in their case", percent(found.rework_share))
    figures[1].metric("Steps that change hands", percent(found.handoff_share))
    figures[2].metric(
        "Commonly quoted", f"up to {found.reference:.0%}", help="A reference, not measured here."
    )
    for sign in found.signs:
        with st.container(border=True):
            st.markdown(f"**{literal(sign.headline, longest=300)}**")
            st.text(sign.detail)
            st.caption(
                f"{count(sign.cases, 'case')}, for example {literal(', '.join(sign.examples), longest=200)}"
            )
            if sign.where:
                _see(scope, sign.where)
    if not found.signs:
        st.success("No sign of chaos was found.", icon=":material/check_circle:")
    for reason in found.not_possible:
        st.caption(f"Not looked for: {literal(reason, longest=200)}")


def conforming(scope: Scope, asked: dict[str, Any]) -> None:
    """Which cases a model accepts, and where the others deviate."""
    columns = st.columns([2, 2, 3], vertical_alignment="bottom")
    miner = columns[0].selectbox("Model", list(MINERS), format_func=MINERS.__getitem__)
    noise = columns[1].slider("Rare behaviour left out", 0.0, 1.0, 0.2, 0.05, disabled=miner == "grow")
    found = work.answer("conformance", "Comparing with the model …", **asked, miner=miner, noise=noise)
    if found is None:
        return
    figures = st.columns(4)
    figures[0].metric("Cases that conform", percent(found.coverage))
    figures[1].metric("Fitness", "–" if found.fitness is None else f"{found.fitness:.3f}")
    figures[2].metric("Deviations", f"{found.deviations_total:,}")
    figures[3].metric("Compared", percent(found.measured), help="Of the cases, within the time there was.")
    if found.message:
        st.info(literal(found.message, longest=300))
    rows = list(_deviations(found))
    if not rows:
        return
    st.caption(
        f"Conforming cases take {duration(found.deviations[0].conforming_s)} (median). Cycle times go with "
        "deviations; which causes which is not said."
    )
    shares = {"Share": st.column_config.NumberColumn(format="percent")}
    st.dataframe(as_table(rows), hide_index=True, column_config=shares)
    _csv(rows, f"{scope.log.name}-deviations.csv")


def _deviations(found: Any) -> Iterator[dict[str, Any]]:
    for each in found.deviations:
        yield {
            "Cases": each.cases,
            "Share": each.share,
            "Deviation": each.kind,
            "Activity": each.activity,
            "After": each.after or "the start",
            "Cycle time": duration(each.median_s),
            "For example": ", ".join(each.examples),
        }


def forecast(scope: Scope, asked: dict[str, Any]) -> None:
    """What is to come of the running cases."""
    sla = st.text_input(
        "A case should take no longer than", placeholder="10d", key="predict:sla", max_chars=20
    )
    try:
        found = work.answer("predict", "Learning from the past …", **asked, sla=sla or None, top=200)
    except ValueError:
        st.warning("Write a length of time: 36h or 10d.")
        return
    if found is None:
        return
    st.caption(
        f"{count(found.running, 'running case')} at {found.at:%Y-%m-%d %H:%M} UTC; "
        f"limit {duration(found.sla_s)}"
    )
    if found.message:
        st.info(literal(found.message, longest=300))
    if found.mae_s is not None:
        figures = st.columns(4)
        figures[0].metric("Wrong by, on later cases", duration(found.mae_s))
        figures[1].metric("The median alone", duration(found.baseline_mae_s))
        figures[2].metric("Within the 80 % interval", percent(found.covered))
        figures[3].metric(
            "Odds: Brier", f"{found.brier:.3f}", help=f"Saying the share alone: {found.brier_base:.3f}"
        )
    rows = [
        {
            "Case": c.case,
            "Last": c.last,
            "Started": c.started,
            "So far": duration(c.elapsed_s),
            "Still": duration(c.remaining_s),
            "Four in five": f"{duration(c.low_s)} to {duration(c.high_s)}",
            "Too late": c.breach,
        }
        for c in found.cases
    ]
    if rows:
        late = {"Too late": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)}
        st.dataframe(as_table(rows, zone=scope.log.tz), hide_index=True, column_config=late)
        _csv(rows, f"{scope.log.name}-running.csv")


def _see(scope: Scope, where: str) -> None:
    chips = [*address.all_of("where"), where]
    chrome.link("process", "See these cases", icon=":material/account_tree:", log=scope.log.name, where=chips)


def _csv(rows: list[dict[str, Any]], name: str) -> None:
    st.download_button(
        "CSV", as_csv(rows), file_name=name, mime="text/csv", icon=":material/download:", type="tertiary",
        on_click="ignore",
    )  # fmt: skip
