"""The process map, the variants behind it, and the cases that took them."""

from typing import Any

import streamlit as st

from dashboard.cached import ask
from dashboard.components.process_map import process_map
from dashboard.components.variant_explorer import variant_explorer
from dashboard.parts import address, case_list, chips
from dashboard.parts.over_time import over_time
from dashboard.parts.plain import literal
from dashboard.parts.scope import Scope, add_chip, choose, drop_chip
from dashboard.runtime import current
from ingest.catalog import all_logs

REPLAYED_CASES = 300
LISTED_VARIANTS = 60
OTHERS = "All other cases"


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
    graph = ask("map", **asked, time=scope.time)
    if not graph.activities:
        st.info("No case passes these filters. Remove one of them above.")
        return
    if scope.time == "working":
        st.caption(f"Durations in {literal(graph.measured_in, longest=300)}.")
    _map(scope, graph, asked, _beside(scope, asked))
    _variants(scope, asked)
    over_time(scope, asked)
    case_list.show(scope, asked)
    address.take("case")
    if case := address.one_of("case"):
        case_list.one(scope, case)
    address.keep("case")


def _beside(scope: Scope, asked: dict[str, Any]) -> Any:
    """The map to compare with, where one is chosen: all other cases, or another log."""
    logs = {log.name: log for log in all_logs(current().stores.events) if log.name != scope.log.name}
    options = ["", *([OTHERS] if scope.where else []), *sorted(logs)]
    address.take("with")
    kept = address.one_of("with")
    if len(options) == 1:
        return None
    chosen = st.selectbox(
        "Compare with",
        options,
        index=options.index(kept) if kept in options else 0,
        format_func=lambda name: name or "Compare with nothing",
        label_visibility="collapsed",
        width=260,
        help="The map then shows where the two differ, in cases and in time.",
    )
    address.put("with", chosen or None)
    address.keep("with")
    if not chosen:
        return None
    if chosen == OTHERS:
        return ask("map", **{**asked, "where": f"!({scope.where})"}, time=scope.time)
    other = logs[chosen]
    version = f"{other.hash}:{other.loaded_at}"
    return ask("map", version=version, log=chosen, view=scope.view, time=scope.time)


def _map(scope: Scope, graph: Any, asked: dict[str, Any], beside: Any) -> None:
    tokens = ask("tokens", **asked, cases=REPLAYED_CASES)
    process_map(
        graph.model_dump(mode="json"),
        key=f"map:{scope.log.schema}:{scope.view}{':beside' if beside else ''}",
        compare=beside.model_dump(mode="json") if beside and beside.activities else None,
        metric="difference" if beside else "events",
        replay=tokens.model_dump(mode="json"),
        selected=chips.clicked(scope.chips),
        zone=scope.log.tz,
        height=560,
        title=f"Process map of {scope.log.name}",
        on_select=_filter,
    )
    for step in graph.added:
        st.markdown(f":orange-badge[added by hand] {literal(step.told, longest=300)}")


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
    found = ask("variants", **{**asked, "where": others.where}, top=LISTED_VARIANTS, time=scope.time)
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
