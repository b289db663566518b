"""The process map, its variants, and the cases that took them."""

from typing import Any

import streamlit as st

from dashboard.cached import ask
from dashboard.components.process_map import process_map
from dashboard.parts.plain import literal
from dashboard.parts.scope import Scope, add_chip, chip_of, choose
from home.text import duration, percent

REPLAYED_CASES = 300


def show() -> None:
    """Map above, variants below; a click on either filters."""
    scope = choose("Process map")
    if scope is None:
        return
    graph = ask("map", version=scope.version, log=scope.log.name, view=scope.view, where=scope.where)
    if not graph.activities:
        st.info("No case passes these filters. Remove one above.")
        return
    tokens = ask("tokens", version=scope.version, log=scope.log.name, cases=REPLAYED_CASES, where=scope.where)
    process_map(
        graph.model_dump(mode="json"),
        key=f"map:{scope.log.schema}",
        replay=tokens.model_dump(mode="json"),
        selected=_selected(scope),
        zone=scope.log.tz,
        height=600,
        on_select=_filter,
    )
    _variants(scope)


def _filter(selection: Any) -> None:
    add_chip(chip_of(selection), alone=False)


def _selected(scope: Scope) -> list[dict[str, Any]]:
    return []


def _variants(scope: Scope) -> None:
    """The commonest variants, each with its share and median cycle time."""
    found = ask("variants", version=scope.version, log=scope.log.name, view=scope.view, where=scope.where, top=30)
    st.subheader("Variants")
    st.caption(f"{len(found.variants):,} of {found.total:,} variants, the commonest first.")
    for variant in found.variants[:3]:
        st.text(f"{percent(variant.share)} · {duration(variant.median_s)} · {' → '.join(variant.activities)}")
    st.write(literal(""))
