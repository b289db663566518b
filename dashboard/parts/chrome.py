"""What surrounds every page: its entry in the navigation, and how its errors look."""

from importlib import import_module
from typing import Any

import streamlit as st

from home.errors import BatonError


def page(name: str, title: str, *, default: bool = False) -> Any:
    """A page whose view is `dashboard/views/NAME.py`, imported when it is first opened."""

    def show() -> None:
        try:
            import_module(f"dashboard.views.{name}").show()
        except BatonError as error:
            show_error(error)

    show.__name__ = name
    return st.Page(show, title=title, url_path="" if default else name, default=default)


def show_error(error: BatonError) -> None:
    """What happened and what to do, as text (never as markup: messages quote untrusted names)."""
    with st.container(border=True):
        st.subheader("This did not work")
        st.text(error.message)
        if error.hint:
            st.caption("What to do")
            st.text(error.hint)
