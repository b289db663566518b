"""Plotly figures of the pages, drawn from what commands answered."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.parts.tables import local

BLUE, GREEN, RED, GREY, AMBER = "#4f6bff", "#00897b", "#d84343", "#8a93a6", "#e08a00"
MARGIN = {"l": 10, "r": 10, "t": 10, "b": 10}


def show(figure: go.Figure, *, key: str, height: int = 360, selectable: bool = False) -> Any:
    """Draw a figure without tools that call out; with `selectable`, the points that were clicked."""
    figure.update_layout(height=height, margin=MARGIN, showlegend=bool(figure.layout.showlegend))
    return st.plotly_chart(
        figure,
        key=key,
        width="stretch",
        config={"displaylogo": False, "modeBarButtonsToRemove": ["sendDataToCloud", "lasso2d", "select2d"]},
        on_select="rerun" if selectable else "ignore",
        selection_mode="points",
    )


def matrix(candidates: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Candidates by frequency and pain (each 1 to 5); the bubble grows with stability, colour says plannable.

    Several candidates may share a cell: they are set side by side in it, in the order given.
    """
    cells = [(c["frequency"], c["pain"]) for c in candidates]
    where = [_place(cells[:i].count(cell), cells.count(cell)) for i, cell in enumerate(cells)]
    x = [cell[0] + dx for cell, (dx, _) in zip(cells, where, strict=True)]
    y = [cell[1] + dy for cell, (_, dy) in zip(cells, where, strict=True)]
    figure = go.Figure()
    for corner, text in (((5, 5), "first"), ((1, 1), "leave")):
        figure.add_annotation(
            x=corner[0], y=corner[1], text=text, showarrow=False, font={"color": GREY, "size": 12}, yshift=22
        )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers+text",
            text=[str(i + 1) for i in range(len(candidates))],
            textfont={"color": "white", "size": 11},
            marker={
                "size": [12 + 2 * c["stability"] for c in candidates],
                "opacity": 1,
                "color": [BLUE if c["plannable"] else GREY for c in candidates],
                "line": {"width": 0},
            },
            customdata=[[c["id"], as_label(c["label"])] for c in candidates],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    )
    for edge in (1.5, 2.5, 3.5, 4.5):
        figure.add_vline(x=edge, line={"color": GREY, "width": 0.5, "dash": "dot"})
        figure.add_hline(y=edge, line={"color": GREY, "width": 0.5, "dash": "dot"})
    axis = {"range": [0.4, 5.6], "dtick": 1, "tick0": 1, "zeroline": False, "showgrid": False}
    figure.update_xaxes(title="frequency", **axis)
    figure.update_yaxes(title="pain", **axis)
    return figure


def _place(number: int, of: int) -> tuple[float, float]:
    """Where in a cell the candidate `number` of `of` is drawn: in rows of three, centred."""
    row, column = divmod(number, 3)
    rows, wide = (of + 2) // 3, min(3, of - 3 * row)
    return 0.3 * (column - (wide - 1) / 2), 0.3 * ((rows - 1) / 2 - row)


def intervals(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Relative change of each KPI with its interval; left of zero is less."""
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dot"})
    for row in rows:
        figure.add_trace(
            go.Scatter(
                x=[row["low"], row["high"]],
                y=[as_label(row["label"])] * 2,
                mode="lines",
                line={"color": GREY, "width": 6},
                hoverinfo="skip",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[r["change"] for r in rows],
            y=[as_label(r["label"]) for r in rows],
            mode="markers",
            marker={"size": 12, "color": [r["colour"] for r in rows]},
            customdata=[[as_label(r["verdict"])] for r in rows],
            hovertemplate="%{y}: %{x:.0%}<br>%{customdata[0]}<extra></extra>",
        )
    )
    figure.update_xaxes(tickformat="+.0%", title="change against the as-is; points for shares")
    figure.update_yaxes(autorange="reversed")
    return figure


def control_chart(
    labels: Sequence[str],
    values: Sequence[float],
    limits: Mapping[str, float],
    signals: Sequence[int],
    title: str,
) -> go.Figure:
    """An XmR chart: values, their mean, natural process limits, and the points that signal."""
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=list(labels),
            y=list(values),
            mode="lines+markers",
            line={"color": BLUE, "width": 2},
            marker={"color": [RED if i in set(signals) else BLUE for i in range(len(values))], "size": 7},
            hovertemplate="%{x}: %{y:.2f}<extra></extra>",
        )
    )
    for name, dash in (("mean", "solid"), ("lower", "dash"), ("upper", "dash")):
        if name in limits:
            figure.add_hline(y=limits[name], line={"color": GREY, "width": 1, "dash": dash})
    figure.update_yaxes(title=title, rangemode="tozero")
    return figure


def timeline(events: Sequence[Any], zone: str) -> go.Figure:
    """The steps of one case as bars from start to end, in the local time of `zone`; instants as dots."""
    figure = go.Figure()
    labels = [f"{number}. {as_label(e.activity)}" for number, e in enumerate(events, start=1)]
    starts = [local(e.start, zone) for e in events]
    ends = [local(e.end, zone) for e in events]
    for label, start, end, event in zip(labels, starts, ends, events, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[start, end],
                y=[label, label],
                mode="lines+markers",
                line={"color": BLUE, "width": 9},
                marker={"size": 9, "color": BLUE},
                hoverinfo="text",
                hovertext=[
                    f"{label}<br>{at:%a %Y-%m-%d %H:%M}<br>{as_label(event.resource or '')}"
                    for at in (start, end)
                ],
            )
        )
    figure.update_yaxes(autorange="reversed", tickfont={"size": 12}, automargin=True)
    figure.update_xaxes(tickfont={"size": 12})
    return figure


def as_label(value: str) -> str:
    """Plotly reads a little HTML in labels; names are untrusted."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
