"""The record of who did what: filtered, page by page, verified, its head to be kept elsewhere."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts.chrome import show_error
from dashboard.parts.moments import clock
from dashboard.parts.plain import literal
from home.errors import BatonError
from home.text import cell

PAGE = 25
PAGES = "audit pages"
"""Rows after which each page shown so far begins, in the session."""


def show_record() -> None:
    """Filters, a page of rows, and what can be done with the record as a whole."""
    head = st.columns([5, 3], vertical_alignment="bottom")
    head[0].subheader("The record of who did what")
    with head[1], st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
        asked = st.button("Verify the audit", icon=":material/verified_user:")
        st.download_button(
            "Its head, to be kept elsewhere",
            now("audit head").model_dump_json(),
            file_name="audit-head.json",
            mime="application/json",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    if asked:
        _verify()
    columns = st.columns(3)
    filters = {
        name: column.text_input(label, key=f"audit {name}", placeholder=hint, on_change=_first) or None
        for column, (name, label, hint) in zip(
            columns,
            (
                ("action", "Action", "decide, publish, drop …"),
                ("actor", "Who", "login name"),
                ("subject", "What", "a run, a task, a log; run-* is all that begin so"),
            ),
            strict=True,
        )
    }
    _page(filters)


def _verify() -> None:
    try:
        found = now("audit verify")
    except BatonError as error:
        show_error(error)
        return
    st.success(literal(next(iter(found.lines())), longest=300), icon=":material/check_circle:")


def _first() -> None:
    st.session_state[PAGES] = []


def _page(filters: dict[str, str | None]) -> None:
    pages: list[int] = st.session_state.setdefault(PAGES, [])
    found = now("audit list", limit=PAGE, after=pages[-1] if pages else None, **filters)
    if not found.rows:
        st.caption("Nothing in the record fits.")
        return
    st.table([_row(row) for row in found.rows], border="horizontal", hide_index=True)
    with st.container(horizontal=True):
        if st.button("Newer", disabled=not pages, icon=":material/chevron_left:"):
            pages.pop()
            st.rerun()
        if st.button("Older", disabled=found.next is None, icon=":material/chevron_right:"):
            pages.append(found.next)
            st.rerun()


def _row(row: Any) -> dict[str, str]:
    detail = cell("", row.detail) if row.detail else ""
    return {
        "No.": f"{row.seq:,}",
        "When, UTC": clock(row.at),
        "Who": literal(row.actor) if row.actor else ":gray[erased]",
        "Did": literal(row.action),
        "To what": literal(row.subject),
        "More": f":gray[{literal(detail, longest=140)}]" if row.detail else "",
    }
