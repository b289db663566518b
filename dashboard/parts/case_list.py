"""Cases as a list, and one of them on a time line."""

from typing import Any

import streamlit as st

from dashboard.cached import ask
from dashboard.parts import address, charts
from dashboard.parts.plain import literal
from dashboard.parts.scope import Scope
from dashboard.parts.tables import as_table
from home.text import duration

SORTS = {"longest": "Longest", "newest": "Newest", "first": "Oldest", "events": "Most steps"}
LISTED = 200


def show(scope: Scope, asked: dict[str, Any]) -> None:
    """The cases in view, in a chosen order; a click on one opens it (`one`)."""
    head = st.columns([5, 1], vertical_alignment="bottom")
    head[0].subheader("Cases")
    sort = head[1].selectbox(
        "Order", list(SORTS), format_func=SORTS.__getitem__, label_visibility="collapsed", key="sort cases"
    )
    found = ask("cases", **asked, sort=sort, top=LISTED)
    rows = [
        {
            "Case": c.case,
            "Started": c.start,
            "Cycle time": duration(c.duration_s),
            "Steps": c.events,
            "Ended with": c.last,
        }
        for c in found.cases
    ]
    key = f"cases:{scope.log.schema}:{scope.where}:{sort}"

    def selected() -> None:
        chosen = st.session_state[key].selection.rows
        address.put("case", found.cases[chosen[0]].case if chosen else None)

    st.dataframe(
        as_table(rows, zone=scope.log.tz),
        hide_index=True,
        height=320,
        on_select=selected,
        selection_mode="single-row",
        key=key,
        column_config={"Started": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
    )
    listed = (
        f"{len(rows):,} of {found.total:,} cases" if found.total > len(rows) else f"{found.total:,} cases"
    )
    st.caption(f"{listed}. Select one to see its steps.")


def one(scope: Scope, case: str) -> None:
    """One case: its attributes, its steps on a time line and as a table."""
    found = ask("case", version=scope.version, log=scope.log.name, case=case, view=scope.view)
    with st.container(border=True):
        head = st.columns([6, 1], vertical_alignment="center")
        head[0].markdown(
            f"**Case {literal(found.case)}** · {duration(found.duration_s)} · variant {found.variant}"
        )
        head[1].button(
            "Close",
            icon=":material/close:",
            on_click=address.put,
            args=("case",),
            width="stretch",
            type="tertiary",
        )
        if found.attributes:
            st.text(" · ".join(f"{name}: {value}" for name, value in found.attributes.items()))
        charts.show(
            charts.timeline(found.events, scope.log.tz),
            key=f"timeline:{case}",
            height=min(560, 70 + 24 * len(found.events)),
        )
        st.dataframe(
            as_table([_step(event) for event in found.events], zone=scope.log.tz),
            hide_index=True,
            column_config={"Started": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
        )


def _step(event: Any) -> dict[str, Any]:
    return {
        "Step": event.activity,
        "Started": event.start,
        "Waited": duration(event.waited_s) if event.waited_s else "–",
        "Took": duration(event.took_s) if event.took_s else "–",
        "Who": event.resource,
        "System": event.system,
    }
