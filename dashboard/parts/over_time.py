"""The same cases along the calendar: a dotted chart, and the performance spectrum of the slowest flows."""

from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.cached import ask
from dashboard.parts.charts import AMBER, BLUE, GREEN, GREY, RED, as_label, show
from dashboard.parts.scope import Scope
from dashboard.parts.tables import local
from home.text import duration

DOTTED_CASES = 600
FLOWS = 4
PALETTE = (BLUE, GREEN, AMBER, RED, "#8e5bd9", "#00a3b4", "#c2569b", "#7a8a00", "#5b6b8c", "#b36b00")
"""Of the commonest activities; the others are grey."""
QUARTERS = (
    ("fastest quarter", "#7fa8ff"),
    ("below the median", "#4f6bff"),
    ("above the median", AMBER),
    ("slowest quarter", RED),
)
WAYS = ("Dotted chart", "Performance spectrum")


def over_time(scope: Scope, asked: dict[str, Any]) -> None:
    """One of the two charts, whichever is chosen."""
    st.subheader("Over time")
    way = st.segmented_control("Chart", WAYS, default=WAYS[0], required=True, label_visibility="collapsed")
    if way == WAYS[0]:
        _dotted(scope, asked)
    else:
        _spectrum(scope, asked)


def _dotted(scope: Scope, asked: dict[str, Any]) -> None:
    relative = st.toggle("From the start of each case", help="Every case begins at zero; longest at the top.")
    tokens = ask("tokens", **asked, cases=DOTTED_CASES)
    st.caption(
        f"{len(tokens.cases):,} cases, one per line; each dot is a step, where it began, in {scope.log.tz}."
    )
    show(dots(tokens, scope.log.tz, relative=relative), key="dots", height=480)


def dots(tokens: Any, zone: str, *, relative: bool) -> go.Figure:
    """Cases as lines from the earliest start up, or from the shortest case up, their steps as dots."""
    cases = [case for case in tokens.cases if case]
    if relative:
        cases = sorted(cases, key=lambda case: case[-1][1] - case[0][1])
    figure = go.Figure()
    for number, name in enumerate(tokens.activities):
        points = [
            (at, row, case[0][1]) for row, case in enumerate(cases) for step, at in case if step == number
        ]
        if not points:
            continue
        figure.add_trace(
            go.Scattergl(
                x=[(at - first) / 86_400 if relative else _moment(at, zone) for at, _, first in points],
                y=[row for _, row, _ in points],
                mode="markers",
                marker={"size": 4, "color": PALETTE[number] if number < len(PALETTE) else GREY},
                name=as_label(name),
                hovertemplate=f"{as_label(name)}<br>%{{x}}<extra></extra>",
            )
        )
    figure.update_layout(showlegend=True, legend={"itemsizing": "constant", "font": {"size": 11}})
    figure.update_xaxes(title="days since the start of the case" if relative else None)
    figure.update_yaxes(title="cases", showticklabels=False, showgrid=False)
    return figure


def _spectrum(scope: Scope, asked: dict[str, Any]) -> None:
    found = ask("spectrum", **asked, flows=FLOWS)
    if not found.segments:
        st.info("No step follows another in these cases.")
        return
    st.caption(
        "Each line is one case on its way from one step to the next, from when it left to when it came. "
        "Lines that meet at the bottom came together: a batch. Steeper is faster."
    )
    for number, segment in enumerate(found.segments):
        low, median, high = segment.quartiles_s
        st.text(f"{segment.source} → {segment.target}")
        st.caption(
            f"{segment.passages:,} times, half of them within {duration(median)} "
            f"({duration(low)} to {duration(high)} the middle half)"
        )
        show(lines(segment, scope.log.tz, legend=number == 0), key=f"spectrum:{number}", height=190)


def lines(segment: Any, zone: str, *, legend: bool) -> go.Figure:
    """The passages of one flow from top (left) to bottom (came), coloured by their quarter."""
    figure = go.Figure()
    for quarter, (name, colour) in enumerate(QUARTERS):
        x: list[datetime | None] = []
        y: list[int | None] = []
        for left, came, which in zip(segment.left, segment.came, segment.quarter, strict=True):
            if which == quarter:
                x += [_moment(left, zone), _moment(came, zone), None]
                y += [1, 0, None]
        figure.add_trace(
            go.Scattergl(
                x=x, y=y, mode="lines", line={"color": colour, "width": 1}, opacity=0.55, name=name,
                hoverinfo="skip",
            )
        )  # fmt: skip
    figure.update_layout(showlegend=legend, legend={"orientation": "h", "y": 1.25})
    figure.update_yaxes(tickvals=[0, 1], ticktext=["came", "left"], showgrid=False, zeroline=False)
    return figure


def _moment(seconds: float, zone: str) -> datetime:
    return local(datetime.fromtimestamp(seconds, UTC), zone)
