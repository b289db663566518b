"""The list of runs: filtered, page by page, kept up to date, with those that were chosen."""

import hashlib
import json
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address
from dashboard.parts.moments import moment, until, utc_now
from dashboard.parts.plain import count
from dashboard.parts.tables import as_table

PAGE = 50
REFRESH_S = 4
CHOSEN, CHANGED, TURNED = "runs:chosen", "runs:changed", "runs:turned"
SIGNS = {"open": "Open", "done": "Done", "cancelled": "Cancelled", "stuck": "Stuck"}
TURNS = {"urgent": "▲▲ urgent", "high": "▲ high", "normal": "", "low": "▽ low"}


def chosen() -> list[str]:
    """Ids of the runs that were chosen in the list."""
    found: list[str] = st.session_state.get(CHOSEN, [])
    return found


def choose(*runs: str) -> None:
    """Choose runs instead of those that were."""
    st.session_state[CHOSEN] = list(runs)
    address.put("run", runs[0] if len(runs) == 1 else None)


def show(asked: dict[str, Any]) -> None:
    """The page of the list that was turned to; it looks again every few seconds by itself."""
    pages: dict[str, Any] = st.session_state.setdefault(TURNED, {"asked": None, "after": []})
    if pages["asked"] != asked:
        pages.update(asked=asked, after=[])
    found = now("runs", **asked, limit=PAGE, after=pages["after"][-1] if pages["after"] else None)
    _head(found, pages)
    if not found.rows:
        st.info("No run passes these filters." if any(asked.values()) else "No run yet. Start one below.")
    else:
        _table(found.rows)
    _pager(found, pages)
    if st.session_state.pop(CHANGED, False):
        st.rerun()  # what is shown of the chosen ones lies outside of this part


def _head(found: Any, pages: dict[str, Any]) -> None:
    first = PAGE * len(pages["after"])
    paged = f"Runs {first + 1:,} to {first + len(found.rows):,}, the newest first"
    counted = paged if first or found.more else count(len(found.rows), "run")
    st.caption(f"{counted} · live, as of {utc_now():%H:%M:%S} UTC")


def _pager(found: Any, pages: dict[str, Any]) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if pages["after"]:
            st.button("Newer", icon=":material/chevron_left:", type="tertiary", on_click=pages["after"].pop)
        if found.more:
            st.button(
                "Older",
                icon=":material/chevron_right:",
                type="tertiary",
                on_click=pages["after"].append,
                args=(found.next,),
            )


def _table(rows: list[Any]) -> None:
    at, ids = utc_now(), [row.run for row in rows]
    kept = address.one_of("run")
    picked = [n for n, run in enumerate(ids) if run in chosen() or run == kept]
    # Rows are chosen by their place. So a list of other rows is another table, and begins with the same
    # runs chosen; within one table a place always means the same run.
    key = f"runs:{hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:12]}"

    def selected() -> None:
        places = st.session_state[key].selection.rows
        elsewhere = [run for run in chosen() if run not in ids]
        choose(*elsewhere, *(ids[place] for place in places if place < len(ids)))
        st.session_state[CHANGED] = True

    times = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC")
    st.dataframe(
        as_table([_cells(row, at) for row in rows]),
        hide_index=True,
        height=min(460, 40 + 35 * len(rows)),
        on_select=selected,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": picked, "columns": [], "cells": []}},
        key=key,
        column_config={
            "Progress": st.column_config.ProgressColumn(
                format="%d %%", min_value=0, max_value=100, width="small"
            ),
            "Started": times,
            "Ended": times,
        },
    )


def _cells(row: Any, at: datetime) -> dict[str, Any]:
    done = min(row.steps_done + (row.state in ("open", "stuck")), row.steps_total)
    return {
        "Run": row.key or row.run,
        "Plan": f"{row.plan}@{row.version}",
        "State": SIGNS[row.state],
        "Priority": TURNS[row.priority],
        "Progress": round(100 * row.steps_done / max(1, row.steps_total)),
        "Step": f"{done} of {row.steps_total}",
        "At": row.step,
        "Waiting for": row.waiting_for,
        "Due": until(row.due, at) if row.due else None,
        "Started": moment(row.started),
        "Ended": moment(row.ended),
    }
