"""The first minute: no log yet, and one click to a company to look around in."""

import streamlit as st

from dashboard.parts import chrome, work

KEY = "sample"
SCALE = 0.3
"""Enough cases to find what is planted, and there within seconds; `baton sample` makes the whole of it."""


def no_logs() -> None:
    """The empty state of every page that needs a log: what to do first."""
    with st.container(border=True):
        st.subheader("No event log yet")
        st.text(
            "Look around in a sample company: four processes, six source systems, half a year. "
            "Or bring a file of your own: an export with a case, an activity and a time in every row."
        )
        with st.container(horizontal=True):
            if st.button("Load the sample company", type="primary", icon=":material/science:"):
                work.begin(KEY, "sample", scale=SCALE)
            if st.button("Bring a file", icon=":material/upload:"):
                chrome.go("data")
        if work.waiting_for(KEY):
            work.collect(KEY, "Making the sample company …", lambda _: st.rerun())
