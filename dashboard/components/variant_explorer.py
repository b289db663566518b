"""The variant explorer: the ways that cases take, as rows of coloured steps to compare and to select."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st

from dashboard.components import assets


@cache
def _component() -> Callable[..., Any]:
    component: Callable[..., Any] = st.components.v2.component(
        "baton.variant_explorer",
        html='<div class="root variant-explorer"></div>',
        css=assets.style("variant_explorer.css"),
        js=assets.LOADER,
    )
    return component


def variant_explorer(
    variants: Sequence[Mapping[str, Any]],
    *,
    key: str,
    total: int | None = None,
    activities: Sequence[str] | None = None,
    selected: Sequence[int] | None = None,
    height: int = 480,
    empty: str = "",
    on_select: Callable[[list[int]], None] | None = None,
) -> list[int] | None:
    """Show variants and return the ids selected, if the selection changed in this run.

    `variants` are those of the JSON of `baton variants`, `{variant cases share median_s activities[]}`, most
    frequent first, seconds; `total` counts those not listed too. `activities` fixes the order that colours
    follow, by default the more frequent come first; a filtered list keeps the colours it had under `key`.
    `selected` is what is selected by now; without it the browser remembers. `on_select` is called before the
    page runs, with all selected ids.
    """

    def selected_now() -> None:
        change = (st.session_state.get(key) or {}).get("select")
        if change and on_select:
            on_select(change["variants"])

    result = _component()(
        key=key,
        data={
            "key": key,
            "variants": [dict(variant) for variant in variants],
            "total": total,
            "activities": None if activities is None else list(activities),
            "selected": None if selected is None else list(selected),
            "height": height,
            "empty": empty,
            "assets": {"bundle": assets.url("variant_explorer.js")},
        },
        on_select_change=selected_now,
    )
    change = result.get("select")
    return None if change is None else list(change["variants"])
