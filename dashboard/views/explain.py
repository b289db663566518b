"""Why it is as it is: waiting, workload, groups that stand out, signs of chaos, conformance, forecasts."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.parts import address
from dashboard.parts.explained import conforming, forecast, groups, signs, waiting
from dashboard.parts.scope import Scope, choose
from dashboard.parts.workers import workload

WAYS: dict[str, tuple[str, Callable[[Scope, dict[str, Any]], None]]] = {
    "waiting": ("Waiting", waiting),
    "workload": ("Workload", workload),
    "groups": ("Slow and exceptional cases", groups),
    "signs": ("Signs of chaos", signs),
    "conformance": ("Conformance", conforming),
    "forecast": ("Running cases", forecast),
}


def show() -> None:
    """One question at a time, each over the same filters."""
    scope = choose("Explain")
    if scope is None:
        return
    address.take("way")
    kept = address.one_of("way")
    way = st.segmented_control(
        "Question",
        list(WAYS),
        format_func=lambda name: WAYS[name][0],
        default=kept if kept in WAYS else "waiting",
        required=True,
        label_visibility="collapsed",
    )
    address.put("way", way)
    address.keep("way")
    asked: dict[str, Any] = {"version": scope.version, "log": scope.log.name, "where": scope.where}
    WAYS[way][1](scope, asked)
