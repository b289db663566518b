"""The dashboard's script: navigation, and nothing else."""

import streamlit as st

from dashboard.parts.chrome import page

st.set_page_config("Baton", layout="wide", initial_sidebar_state="expanded")

PAGES = {
    "Understand": [
        page("overview", "Overview", default=True),
    ],
}

st.navigation(PAGES).run()
