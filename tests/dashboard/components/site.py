"""A tiny Streamlit site that shows one component at a time, served as Baton serves its own pages."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from streamlit import config

from dashboard.components.assets import ASSETS, MOUNT
from dashboard.guard import Guard

for option, value in {
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "server.fileWatcherType": "none",
}.items():
    config.set_option(option, value)

app = st.App(
    str(Path(__file__).with_name("page.py")),
    routes=[Mount(MOUNT, StaticFiles(directory=ASSETS))],
    middleware=[Middleware(Guard, allowed_hosts=("127.0.0.1",))],
)
