"""The dashboard's script: navigation, and nothing else."""

from pathlib import Path

import streamlit as st

from dashboard.parts.chrome import page, signature
from dashboard.parts.navigation import PAGES

st.set_page_config("Baton", layout="wide", initial_sidebar_state="expanded")
st.html(Path(__file__).parent / "parts" / "page.css")
pages = {group: [page(name, title) for name, title in listed] for group, listed in PAGES.items()}
chosen = st.navigation(pages)
signature()
chosen.run()
