"""Who does the work: how much each does, what hangs on one person, which roles there are and hand on what."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.parts import charts, work
from dashboard.parts.plain import count, literal
from dashboard.parts.scope import Scope
from dashboard.parts.tables import as_csv, as_table
from home.text import duration, percent

SHOWN = 15
ALONE = 0.8
"""Share of an activity from which it hangs on one person."""


def workload(scope: Scope, asked: dict[str, Any]) -> None:
    """Resources, activities and roles of the cases in view."""
    found = work.answer("workload", "Counting who does what …", **asked)
    if found is None:
        return
    if not found.resources:
        st.info(literal(found.message, longest=300) or "The log does not say who did the work.")
        return
    figures = st.columns(4)
    figures[0].metric("Resources", f"{len(found.resources):,}")
    figures[1].metric("Roles", f"{len(found.roles):,}", help=f"Profiles alike by {found.alike:g} or more.")
    figures[2].metric("Busiest does", percent(found.resources[0].share))
    figures[3].metric("Done by nobody named", percent(found.unassigned))
    if found.message:
        st.info(literal(found.message, longest=300))
    _busiest(found)
    _alone(found)
    _tables(scope, found)


def _busiest(found: Any) -> None:
    first = found.resources[:SHOWN]
    figure = go.Figure(
        go.Bar(
            y=[charts.as_label(r.resource) for r in first],
            x=[r.instances for r in first],
            orientation="h",
            marker={"color": charts.BLUE},
            customdata=[[percent(r.share), r.cases, r.activities] for r in first],
            hovertemplate="%{x:,} steps (%{customdata[0]}) in %{customdata[1]:,} cases,"
            " %{customdata[2]} activities<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title="steps done")
    charts.show(figure, key="workload", height=80 + 26 * len(first))
    if len(found.resources) > SHOWN:
        st.caption(f"The {SHOWN} busiest of {count(len(found.resources), 'resource')}.")


def _alone(found: Any) -> None:
    alone = [a for a in found.activities if a.busiest and (a.busiest_share or 0) >= ALONE]
    for each in alone[:5]:
        st.markdown(
            f"**{literal(each.activity)}** hangs on one: {literal(each.busiest)} does"
            f" {percent(each.busiest_share)} of it."
        )


def _tables(scope: Scope, found: Any) -> None:
    people = [
        {
            "Resource": r.resource, "Steps": r.instances, "Share": r.share, "Cases": r.cases,
            "Activities": r.activities, "Hours": r.processing_h, "Busiest week": r.busiest_week,
            "In that week": r.busiest_instances,
        }
        for r in found.resources
    ]  # fmt: skip
    steps = [
        {
            "Activity": a.activity, "Times": a.instances, "Per week": a.per_week, "Resources": a.resources,
            "Mostly": a.busiest, "Share": a.busiest_share,
        }
        for a in found.activities
    ]  # fmt: skip
    roles = [
        {
            "Role": r.role, "Does": ", ".join(r.does), "Resources": len(r.resources), "Steps": r.instances,
            "Share": r.share, "Who": ", ".join(r.resources[:20]),
        }
        for r in found.roles
    ]  # fmt: skip
    handed = [
        {"From role": h.source, "To role": h.target, "Times": h.events, "Lain": duration(h.mean_s)}
        for h in found.handovers
    ]
    tabs = ("Resources", "Activities", "Roles", "Handed on")
    share = {
        "Share": st.column_config.NumberColumn(format="percent"),
        "Hours": st.column_config.NumberColumn(format="%.1f"),
        "Per week": st.column_config.NumberColumn(format="%.1f"),
    }
    for tab, name, rows in zip(st.tabs(tabs), tabs, (people, steps, roles, handed), strict=True):
        with tab:
            if not rows:
                st.caption("Nothing was handed from one to another.")
                continue
            st.dataframe(as_table(rows), hide_index=True, column_config=share)
            st.download_button(
                "CSV",
                as_csv(rows),
                file_name=f"{scope.log.name}-{name.lower().replace(' ', '-')}.csv",
                mime="text/csv",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key=f"workload:{name}",
            )
