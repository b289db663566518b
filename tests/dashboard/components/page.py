"""The one page of the tiny site: `?show=` names the component, other parameters the scene."""

import json
from typing import Any

import streamlit as st

from dashboard.components.bpmn_view import bpmn_view
from dashboard.components.process_map import process_map
from dashboard.components.variant_explorer import variant_explorer
from tests.dashboard.components import scenes

st.set_page_config("Components", layout="wide")
query = st.query_params
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
called: list[Any] = st.session_state.setdefault("called", [])
show = query.get("show", "map")
result: Any = None
if show == "map":
    graph = getattr(scenes, query.get("scene", "orders"))()
    compare = scenes.earlier(graph) if query.get("compare") else None
    metric: Any = query.get("metric", "events")
    result = process_map(
        graph,
        key="map",
        compare=compare,
        replay=scenes.replay(graph) if query.get("replay") else None,
        metric=metric,
        activities=100,
        paths=int(query.get("paths", "100")),
        on_select=called.append,
    )
elif show == "variants":
    result = variant_explorer(scenes.variants(), key="variants", total=40, on_select=called.append)
elif show == "bpmn":
    result = bpmn_view(
        scenes.bpmn("Check invoice", "Approve"),
        to_be=scenes.bpmn("Check invoice", scenes.HOSTILE[0]) if query.get("both") else None,
        key="bpmn",
        highlights=[{"element": "step_1", "tone": "changed", "text": scenes.HOSTILE[0]}],
        on_select=called.append,
    )
st.text("runs=" + str(st.session_state["runs"]))
st.text("result=" + json.dumps(result))
st.text("called=" + json.dumps(called))
