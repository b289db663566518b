"""Admin: what is set and by what, what can be read and reached, and whether the record is whole."""

import streamlit as st

from dashboard.cached import now
from dashboard.parts.chrome import show_error
from dashboard.parts.moments import utc_now
from dashboard.parts.plain import literal
from home.errors import BatonError


def show() -> None:
    """The audit, the settings, the ways in and the ways out."""
    st.title("Admin")
    st.caption(f"As of {utc_now():%Y-%m-%d %H:%M:%S} UTC")
    _audit()
    st.subheader("Settings")
    st.caption("A flag wins over an environment variable, that over `baton.toml`, that over the default.")
    settings = now("config").settings
    st.dataframe(
        [
            {"Setting": s.setting, "Value": s.value, "From": s.origin, "Variable": s.variable}
            for s in settings
        ],
        hide_index=True,
    )
    reads, reaches = st.columns(2, gap="large")
    with reads:
        st.subheader("Sources that can be read")
        rows = now("adapters").rows
        st.table(
            [{"Adapter": literal(row.adapter), "Reads": literal(row.reads, longest=200)} for row in rows],
            border="horizontal",
            hide_index=True,
        )
    with reaches:
        st.subheader("Systems that steps can reach")
        rows = now("connectors").connectors
        st.table(
            [{"Connector": literal(r.connector), "Does": literal(r.summary, longest=200)} for r in rows],
            border="horizontal",
            hide_index=True,
        )


def _audit() -> None:
    st.subheader("The record of who did what")
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button("Verify the audit", icon=":material/verified_user:")
        st.download_button(
            "Its head, to be kept elsewhere",
            now("audit head").model_dump_json(),
            file_name="audit-head.json",
            mime="application/json",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    if not asked:
        return
    try:
        found = now("audit verify")
    except BatonError as error:
        show_error(error)
        return
    st.success(literal(next(iter(found.lines())), longest=300), icon=":material/check_circle:")
