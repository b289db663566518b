"""The process map: activities and the paths between them, laid out and replayed in the browser."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypedDict

import streamlit as st

from dashboard.components import assets

Metric = Literal["events", "cases", "median", "p90", "mean", "total", "difference", "difference_time"]


class Selection(TypedDict, total=False):
    """What was selected on a map, or is filtered by: one activity, one path, or a way to start or end.

    `activity` is there unless `kind` is `flow`; `source` and `target` only then. `additive` says that Shift,
    Ctrl or Cmd was held: add to the filters there are, instead of replacing them.
    """

    kind: Literal["activity", "flow", "start", "end"]
    activity: str
    source: str
    target: str
    additive: bool


class Replay(TypedDict):
    """Cases to replay: for each its events in order, as (position in `graph["activities"]`, Unix seconds)."""

    cases: Sequence[Sequence[tuple[int, float]]]
    t0: float
    t1: float


@cache
def _component() -> Callable[..., Any]:
    component: Callable[..., Any] = st.components.v2.component(
        "baton.process_map",
        html='<div class="root process-map"></div>',
        css=assets.style("process_map.css"),
        js=assets.LOADER,
    )
    return component


def process_map(
    graph: Mapping[str, Any],
    *,
    key: str,
    compare: Mapping[str, Any] | None = None,
    replay: Replay | Mapping[str, Any] | None = None,
    metric: Metric = "events",
    selected: Sequence[Mapping[str, Any]] | None = None,
    activities: int | None = None,
    paths: int | None = None,
    height: int = 560,
    zone: str = "UTC",
    title: str = "Process map",
    empty: str = "",
    on_select: Callable[[Selection], None] | None = None,
) -> Selection | None:
    """Show a map and return what the reader selected in this run, if anything.

    `graph` is the JSON of `baton map`: `activities[{activity events cases}]`, `flows[{source target events
    cases mean_s median_s p90_s}]`, `starts[{activity cases}]`, `ends[{activity cases}]`, times in seconds;
    an activity may carry `median_s`, a flow `total_s` (else mean × events). `compare` is another log of the
    same form: the map then offers the differences `graph` minus `compare`, cases as shares of each log.

    `metric`, `activities` and `paths` (per cent shown) are where the map opens; without the last two it opens
    readable. The reader's own settings are kept in the browser under `key`. `selected` marks what is filtered
    by; give `[]` when nothing is. `zone` is the log's IANA time zone, for the clock of the replay.

    `on_select` is called before the page runs, which saves running it twice.
    """

    def selected_now() -> None:
        click = (st.session_state.get(key) or {}).get("click")
        if click and on_select:
            on_select(click)

    result = _component()(
        key=key,
        data={
            "key": key,
            "graph": graph,
            "compare": compare,
            "replay": replay,
            "metric": metric,
            "selected": None if selected is None else list(selected),
            "activities": activities,
            "paths": paths,
            "height": height,
            "zone": zone,
            "title": title,
            "empty": empty,
            "assets": {
                "bundle": assets.url("process_map.js"),
                "worker": assets.url("layout_worker.js"),
                "viz": assets.url("viz-global.js"),
            },
        },
        on_click_change=selected_now,
    )
    click: Selection | None = result.get("click")
    return click
