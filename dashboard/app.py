"""The dashboard's script: navigation, and nothing else."""

import streamlit as st

from dashboard.parts.chrome import page, signature

st.set_page_config("Baton", layout="wide", initial_sidebar_state="expanded")

PAGES = {
    "Understand": [
        page("overview", "Overview", default=True),
        page("data", "Data"),
        page("process", "Process map"),
    ],
    "Improve": [
        page("candidates", "Candidates"),
        page("plan", "Plan"),
    ],
    "Run": [
        page("runs", "Runs"),
        page("approvals", "Approvals"),
    ],
    "Prove": [
        page("kpis", "KPIs"),
    ],
}

st.session_state["pages"] = {p.title: p for group in PAGES.values() for p in group}
chosen = st.navigation(PAGES)
signature()
chosen.run()
