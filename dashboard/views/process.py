"""The process map, the variants behind it, and the cases that took them."""

from typing import Any

import streamlit as st

from dashboard.cached import ask
from dashboard.components.process_map import process_map
from dashboard.components.variant_explorer import variant_explorer
from dashboard.parts import address, case_list, chips
from dashboard.parts.scope import Scope, add_chip, choose, drop_chip

REPLAYED_CASES = 300
LISTED_VARIANTS = 60


def show() -> None:
    """Map above, variants and cases below; a click on any of them filters all."""
    scope = choose("Process map", simulated=True)
    if scope is None:
        return
    asked: dict[str, Any] = {
        "version": scope.version,
        "log": scope.log.name,
        "where": scope.where,
        "view": scope.view,
    }
    graph = ask("map", **asked)
    if not graph.activities:
        st.info("No case passes these filters. Remove one of them above.")
        return
    _map(scope, graph, asked)
    _variants(scope, asked)
    case_list.show(scope, asked)
    address.take("case")
    if case := address.one_of("case"):
        case_list.one(scope, case)
    address.keep("case")


def _map(scope: Scope, graph: Any, asked: dict[str, Any]) -> None:
    tokens = ask("tokens", **asked, cases=REPLAYED_CASES)
    process_map(
        graph.model_dump(mode="json"),
        key=f"map:{scope.log.schema}:{scope.view}",
        replay=tokens.model_dump(mode="json"),
        selected=chips.clicked(scope.chips),
        zone=scope.log.tz,
        height=560,
        title=f"Process map of {scope.log.name}",
        on_select=_filter,
    )


def _filter(selection: Any) -> None:
    """A click filters; a second click on the same takes the filter away."""
    chip = chips.chip_of(selection)
    if chip in address.all_of("where"):
        drop_chip(chip)
    else:
        add_chip(chip)


def _variants(scope: Scope, asked: dict[str, Any]) -> None:
    st.subheader("Variants")
    narrowed = [chip for chip in scope.chips if not chips.chosen_variants([chip])]
    others = Scope(scope.log, tuple(narrowed), scope.window, scope.view)
    found = ask("variants", **{**asked, "where": others.where}, top=LISTED_VARIANTS)
    variant_explorer(
        [variant.model_dump(mode="json") for variant in found.variants],
        key=f"variants:{scope.log.schema}:{scope.view}",
        total=found.total,
        selected=chips.chosen_variants(scope.chips),
        height=400,
        on_select=_filter_by_variants,
    )


def _filter_by_variants(numbers: list[int]) -> None:
    kept = [chip for chip in address.all_of("where") if not chips.chosen_variants([chip])]
    address.put("where", *kept, chips.variants_chip(numbers) if numbers else None)
