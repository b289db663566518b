"""A source before it is loaded: its columns, the events it would give, and the rows it would lose."""

import json
from typing import Any

import streamlit as st

from dashboard.parts.plain import count, literal
from dashboard.parts.tables import as_csv, as_table

OF = {"case": "the case", "event": "the event", "all": "everything", "": ""}
MOST_ATTRIBUTES = 6


def columns(looked: Any) -> None:
    """What is in the source, column by column."""
    how = "".join(f" · {name} {value!r}" for name, value in looked.read_as.items())
    rows = "all" if looked.whole else "the first"
    st.caption(
        f"Read as {literal(looked.adapter + how)} · {rows} {count(looked.rows_looked_at, 'row')} looked at"
    )
    for finding in looked.findings:
        st.caption(f":material/info: {literal(finding.message, longest=300)}")
    st.dataframe(
        as_table(
            [
                {
                    "Column": c.column,
                    "Looks like": c.looks_like,
                    "Tells of": OF[c.of],
                    "Filled": c.filled,
                    "Different": c.distinct,
                    "Examples": "  ·  ".join(c.samples),
                }
                for c in looked.columns
            ],
            drop_empty=False,
        ),
        hide_index=True,
        column_config={
            "Filled": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1, width="small"
            ),
            "Different": st.column_config.NumberColumn(format="localized", width="small"),
            "Looks like": st.column_config.TextColumn(width="small"),
            "Tells of": st.column_config.TextColumn(width="small"),
            "Examples": st.column_config.TextColumn(width="large"),
        },
    )
    for note in looked.notes:
        st.info(literal(note, longest=500), icon=":material/lightbulb:")


def events(tried: Any) -> None:
    """The first events as they would be loaded."""
    if not tried.events:
        return
    st.markdown("**As it would be read**")
    st.dataframe(as_table([_event(e) for e in tried.events]), hide_index=True, column_config=_moments())


def _event(e: Any) -> dict[str, Any]:
    shown = {
        "Case": e.case_id,
        "Activity": e.activity,
        "Start (UTC)": e.start,
        "Time (UTC)": e.timestamp,
        "Who": e.resource,
    }
    return shown | dict(list(e.attributes.items())[:MOST_ATTRIBUTES])


def _moments() -> dict[str, Any]:
    column = st.column_config.DatetimeColumn(format="ddd D MMM YYYY, HH:mm:ss")
    return {"Start (UTC)": column, "Time (UTC)": column}


def losses(tried: Any, *, whole: bool) -> None:
    """How many rows would be set aside, which, and why."""
    if tried.refused:
        st.error(literal(tried.refused, longest=500), icon=":material/block:")
        return
    of = "rows" if whole else "rows looked at"
    if not tried.set_aside:
        st.markdown(f":green[:material/check_circle:] All of the {tried.rows:,} {of} would be loaded.")
        return
    st.markdown(
        f":orange[:material/warning:] **{tried.set_aside:,} of the {tried.rows:,} {of} would be set aside.** "
        "They stay downloadable, each with its reason."
    )
    rows = [_aside(r) for r in tried.examples]
    st.dataframe(as_table(rows[:20]), hide_index=True)
    st.download_button(
        f"Download {count(len(rows), 'of these row')}"
        if tried.set_aside > len(rows)
        else "Download these rows",
        as_csv(rows),
        file_name="would-be-set-aside.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="preview:aside",
    )


def _aside(row: Any) -> dict[str, Any]:
    try:
        fields = json.loads(row.row)
    except ValueError:
        fields = {"row": row.row}
    reason = {"where": row.where, "column": row.column, "reason": row.reason}
    return reason | {f"source: {name}": value for name, value in fields.items()}
