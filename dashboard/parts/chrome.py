"""What surrounds every page: its entry in the navigation, who acts, and how errors look."""

from importlib import import_module
from typing import Any

import streamlit as st

from dashboard.cached import actor
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


def open_page(title: str) -> None:
    """Go to another page; what is chosen in the session goes along."""
    st.switch_page(st.session_state["pages"][title])


def signature() -> None:
    """Who acts: decisions, overrides and publications are recorded under this name."""
    with st.sidebar:
        st.text_input(
            "You are",
            value=actor(),
            key="actor-input",
            on_change=_sign,
            help="Decisions, overrides and publications are recorded under this name.",
        )


def _sign() -> None:
    st.session_state["actor"] = st.session_state["actor-input"].strip()


def show_error(error: BatonError) -> None:
    """What happened and what to do, as text (never as markup: messages quote untrusted names)."""
    with st.container(border=True):
        st.subheader("This did not work")
        st.text(error.message)
        if error.hint:
            st.caption("What to do")
            st.text(error.hint)
