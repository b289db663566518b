"""When the steps of a run waited and were worked on, drawn as bars over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import plotly.graph_objects as go

from dashboard.parts.charts import AMBER, BLUE, GREY, as_label
from dashboard.parts.moments import moment

SHORTEST = 0.004
"""Of the whole width: what took no time is still to be seen."""


def steps(spans: Sequence[Any], now: datetime) -> go.Figure:
    """A row per step, the first on top: grey while it could have begun, blue work, amber what is open."""
    names = list(dict.fromkeys(span.step for span in spans))
    moments = [at for span in spans for at in (moment(span.enabled), moment(span.began)) if at]
    begin = min(moments)
    end = max([*(moment(span.ended) or now for span in spans), *moments])
    least = max((end - begin).total_seconds() * SHORTEST, 0.001)
    figure = go.Figure()
    for what, colour in (("waited", GREY), ("worked on", BLUE), ("open", AMBER)):
        bars = [bar for span in spans if (bar := _bar(span, what, now, least)) is not None]
        figure.add_trace(
            go.Bar(
                name=what,
                orientation="h",
                y=[as_label(bar["step"]) for bar in bars],
                base=[bar["from"] for bar in bars],
                x=[1000 * bar["seconds"] for bar in bars],
                marker={"color": colour, "line": {"width": 0}},
                customdata=[[bar["words"]] for bar in bars],
                hovertemplate="%{customdata[0]}<extra></extra>",
                width=0.6,
            )
        )
    figure.update_layout(barmode="overlay", showlegend=True, legend={"orientation": "h", "y": -0.3, "x": 0})
    order = [as_label(name) for name in names]
    figure.update_yaxes(categoryorder="array", categoryarray=order, autorange="reversed", automargin=True)
    figure.update_xaxes(type="date", range=[begin, end])
    return figure


def _bar(span: Any, what: str, now: datetime, least: float) -> dict[str, Any] | None:
    enabled, began, ended = moment(span.enabled), moment(span.began), moment(span.ended)
    assert began is not None  # noqa: S101 - every span has one
    if what == "waited":
        if enabled is None or enabled >= began:
            return None
        return _made(span, "waited", enabled, (began - enabled).total_seconds(), least)
    if (what == "open") != (ended is None):
        return None
    seconds = ((ended or now) - began).total_seconds()
    return _made(span, "is open" if ended is None else "worked on", began, seconds, least)


def _made(span: Any, words: str, begin: datetime, seconds: float, least: float) -> dict[str, Any]:
    from home.text import duration

    visit = f", visit {span.visit}" if span.visit > 1 else ""
    who = f" by {span.by}" if span.by and words != "waited" else ""
    outcome = f": {span.outcome}" if span.outcome and words == "worked on" else ""
    said = as_label(f"{span.step}{visit} {words} {duration(seconds)}{who}{outcome}")
    return {"step": span.step, "from": begin, "seconds": max(seconds, least), "words": said}
