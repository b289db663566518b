"""The form that starts a run: an input for each field of the plan's contract, or JSON where it has none."""

import json
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address
from dashboard.parts.chrome import show_error
from dashboard.parts.plain import literal
from dashboard.parts.schema_form import schema_form
from home.errors import BatonError, UsageError
from orchestrate.people.forms import problems
from orchestrate.triggers.payload import parsed

WRONG = "start:wrong"
FAILED = "start:failed"
TURNS = {"": "as the plan says", "urgent": "urgent", "high": "high", "normal": "normal", "low": "low"}


def show(plans: list[str]) -> None:
    """Choose a plan, fill in what its runs start with, start one; what is wrong is said beside the field."""
    plan = st.selectbox("Plan", plans, key="start plan")
    published = now("published", plan=plan)
    if published.plan.purpose:
        st.caption(literal(published.plan.purpose, longest=400))
    if (error := st.session_state.pop(FAILED, None)) is not None:
        show_error(error)
    wrong = st.session_state.pop(WRONG, {})
    schema = published.plan.input
    with st.form("start run", border=False):
        if schema.get("properties"):
            data: Any = schema_form(schema, key=f"start:{plan}", problems=wrong)
        else:
            st.caption("The plan has no input contract: its runs start with whatever is given.")
            data = st.text_area("Data, as JSON", key=f"start:{plan}:json", placeholder='{"amount": 120}')
        row = st.columns(2)
        key = row[0].text_input(
            "Business key", help="Starts one run, however often it is sent: an order number."
        )
        turn = row[1].selectbox("Priority", list(TURNS), format_func=TURNS.__getitem__)
        if st.form_submit_button("Start", type="primary", icon=":material/play_arrow:"):
            _begin(plan, schema, data, key.strip(), turn)


def _begin(plan: str, schema: dict[str, Any], data: Any, key: str, turn: str) -> None:
    try:
        if isinstance(data, str):
            data = _object(data)
        if found := problems(schema, data):
            st.session_state[WRONG] = found
            st.rerun()
        begun = now(
            "start", plan=plan, data=json.dumps(data), key=key or None, priority=turn or None, by=actor()
        )
    except BatonError as error:
        st.session_state[FAILED] = error
        st.rerun()
    address.put("run", begun.run)
    st.toast("Started." if begun.created else "This key has started that run already.")
    st.rerun()


def _object(text: str) -> dict[str, Any]:
    found = parsed(text) if text.strip() else {}
    if not isinstance(found, dict):
        raise UsageError("The data of a run is a JSON object.", hint='Write it like {"amount": 120}.')
    return found
