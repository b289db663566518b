"""The dashboard's script: navigation, and nothing else."""

from pathlib import Path

import streamlit as st

from dashboard.parts import alert_list
from dashboard.parts.chrome import page, signature
from dashboard.parts.navigation import PAGES

PARTS = Path(__file__).parent / "parts"

st.set_page_config("Baton", str(PARTS / "icon.svg"), layout="wide", initial_sidebar_state="expanded")
st.html(PARTS / "page.css")
st.logo(str(PARTS / "logo.svg"), size="large", icon_image=str(PARTS / "icon.svg"))
pages = {group: [page(name, title) for name, title in listed] for group, listed in PAGES.items()}
chosen = st.navigation(pages)
alert_list.badge()
signature()
chosen.run()
