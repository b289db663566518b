"""What surrounds every page: its entry in the navigation, who acts, and how errors look."""

import logging
from importlib import import_module
from typing import Any

import streamlit as st

from dashboard.cached import actor
from dashboard.parts.navigation import START, TITLES
from home.errors import BatonError


class Fault(BatonError):
    """Something in Baton itself went wrong."""

    def __init__(self) -> None:
        super().__init__(
            "Something in Baton itself went wrong while making this page. Nothing was changed by it.",
            hint="Open the page again. The service's log says what happened; please report it.",
        )


def page(name: str, title: str) -> Any:
    """A page whose view is `dashboard/views/NAME.py`, imported when it is first opened."""

    def show() -> None:
        try:
            import_module(f"dashboard.views.{name}").show()
        except BatonError as error:
            show_error(error)
        except Exception:
            # A fault of ours: the service's log gets all of it, the reader what can be done.
            logging.getLogger("baton.dashboard").exception("page %s failed", name)
            show_error(Fault())

    show.__name__ = name
    made = st.Page(show, title=title, url_path="" if name == START else name, default=name == START)
    st.session_state.setdefault("pages", {})[name] = made
    return made


def link(name: str, label: str | None = None, *, icon: str | None = None, **params: str | list[str]) -> None:
    """A link to a page of the navigation, opened at what `params` say. Escape names in `label`."""
    st.page_link(
        st.session_state["pages"][name], label=label or TITLES[name], icon=icon, query_params=params or None
    )


def go(name: str, **params: str | list[str]) -> None:
    """Leave this page for another, opened at what `params` say."""
    st.switch_page(st.session_state["pages"][name], query_params=params or None)


def signature() -> None:
    """Who acts: decisions, overrides and publications are recorded under this name."""
    st.session_state["actor-input"] = actor()
    with st.sidebar:
        st.text_input(
            "You are",
            key="actor-input",
            on_change=_sign,
            help="Decisions, overrides and publications are recorded under this name.",
        )


def _sign() -> None:
    st.session_state["actor"] = st.session_state["actor-input"].strip()


def show_error(error: BatonError) -> None:
    """What happened and what to do, as text (never as markup: messages quote untrusted names)."""
    with st.container(border=True):
        st.markdown(":red[:material/error:] **This did not work**")
        st.text(error.message)
        if error.hint:
            st.caption("What to do")
            st.text(error.hint)


def empty(title: str, text: str) -> Any:
    """The frame of an empty state: what is missing and, in `text`, what to do; add links inside it."""
    box = st.container(border=True)
    with box:
        st.subheader(title)
        st.text(text)
    return box
