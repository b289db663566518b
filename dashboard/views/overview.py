"""Overview."""

import streamlit as st


def show() -> None:
    """Overview."""
    st.title("Baton")
