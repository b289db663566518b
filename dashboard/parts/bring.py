"""Bringing a source in: choose it, see its columns, say what they mean, load it, read the report."""

import re
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from dashboard.cached import now
from dashboard.parts import work
from dashboard.parts.chrome import show_error
from dashboard.parts.plain import literal
from dashboard.parts.report import show_report
from dashboard.parts.tables import as_table
from dashboard.runtime import current
from home.errors import BatonError

KEY = "ingest"
FIELDS = {
    "case_id": ("Case", "Which rows belong together: an order number, a ticket, a client."),
    "activity": ("Activity", "What was done."),
    "timestamp": ("Time", "When it was done; when it ended, where there is a start too."),
    "start": ("Start", "When it began. Without it, work cannot be told from waiting."),
    "resource": ("Who", "The person or system that did it."),
    "system": ("System", "Where it was recorded, if a column says so."),
    "lifecycle": ("Lifecycle", "Start, complete, …, where each is a row of its own."),
    "cost": ("Cost", "What it cost."),
}
NEEDED = 3
NONE = "–"
DATES = {
    "": "Let the content decide",
    "dmy": "Day before month (31.12.2026)",
    "mdy": "Month before day (12/31/2026)",
    "other": "Another format …",
}


def bring(logs: list[str]) -> None:
    """The whole way from a file or an address to a log."""
    source, name = _source()
    if source:
        try:
            _prepare(source, name, logs)
        except BatonError as error:
            show_error(error)
    report = work.collect(KEY, "Loading …")
    if report is not None:
        st.session_state["report"] = report
        st.rerun()
    if "report" in st.session_state:
        show_report(st.session_state["report"])


def _source() -> tuple[str | None, str]:
    """What to read: an upload's ticket or an address, and what people call it."""
    kind = st.segmented_control(
        "Source", ["File", "Database"], default="File", required=True, label_visibility="collapsed"
    )
    if kind == "Database":
        url = st.text_input(
            "Address",
            placeholder="postgresql://user@host/erp, or env:NAME",
            help="Passwords: env:NAME or file:PATH.",
        )
        return (url or None), "database"
    file = st.file_uploader("A file: CSV, XES, Parquet or JSON, also as .gz or .zip", key="file")
    if file is None:
        return None, ""
    return _kept(file), file.name


def _kept(file: Any) -> str:
    """The ticket of an uploaded file, written to the home folder once."""
    if st.session_state.get("upload", ("", ""))[0] != file.file_id:
        ticket, path = current().new_upload(file.name)
        with path.open("wb") as out:
            while portion := file.read(1 << 20):
                out.write(portion)
        st.session_state["upload"] = (file.file_id, ticket)
        st.session_state.pop("report", None)
    return str(st.session_state["upload"][1])


def _prepare(source: str, name: str, logs: list[str]) -> None:
    reading = _reading(name)
    looked = now("inspect", source=_readable(source), **reading)
    st.caption(f"Read as {literal(looked.adapter)} · the first {looked.rows_looked_at:,} rows looked at")
    st.dataframe(
        as_table(
            [
                {
                    "Column": c.column,
                    "Looks like": c.looks_like,
                    "Examples": "  ·  ".join(c.samples),
                    "Different": c.distinct,
                    "Filled": c.filled,
                }
                for c in looked.columns
            ]
        ),
        hide_index=True,
        column_config={
            "Filled": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Examples": st.column_config.TextColumn(width="large"),
        },
    )
    fields = _mapping(looked)
    _load(source, name, logs, fields, reading)


def _readable(source: str) -> str:
    """A command called in this process reads an upload by its path."""
    return str(current().upload_path(source)) if source.startswith("upload:") else source


def _reading(name: str) -> dict[str, str]:
    """How to read the source, where its content does not say."""
    with st.expander("Reading it differently"):
        columns = st.columns(4)
        names = [row.adapter for row in now("adapters").rows]
        given = {
            "adapter": columns[0].selectbox("Read as", ["", *names], format_func=lambda a: a or "What it is"),
            "encoding": columns[1].text_input("Encoding", placeholder="utf-8"),
            "delimiter": columns[2].text_input("Delimiter", placeholder=";", max_chars=1),
            "records": columns[3].text_input("Records (JSON)", placeholder="data.items"),
        }
        if name == "database":
            given["table"] = columns[0].text_input("Table")
            given["query"] = st.text_area("Query", placeholder="select … from …")
    return {k: v for k, v in given.items() if v}


def _mapping(looked: Any) -> dict[str, str]:
    """Which column is which, beginning with what was proposed."""
    names = [c.column for c in looked.columns]
    proposed = {p.field: p for p in looked.mapping}
    st.markdown("**What the columns mean**")
    if proposed:
        st.caption("Proposed by name and content. Nothing is assumed: change what is wrong.")
    chosen: dict[str, str] = {}
    grid = st.columns(4)
    for number, (field, (label, help_text)) in enumerate(FIELDS.items()):
        guess = proposed.get(field)
        options = [NONE, *names]
        picked = grid[number % 4].selectbox(
            f"{label}{' (needed)' if number < NEEDED else ''}",
            options,
            index=options.index(guess.column) if guess and guess.column in options else 0,
            help=f"{help_text} {literal('Proposed: ' + guess.why) if guess else ''}",
            key=f"map:{looked.source}:{field}",
        )
        if picked != NONE:
            chosen[field] = picked
    rest = [name for name in names if name not in chosen.values() and not name.startswith("case:")]
    for column in st.multiselect(
        "Attributes of the case",
        rest,
        help="The same in all rows of a case: the amount, the client's segment. "
        "Other columns become attributes of each step.",
        key=f"case:{looked.source}",
    ):
        chosen[f"case:{column}"] = column
    return chosen


def _load(source: str, name: str, logs: list[str], fields: dict[str, str], reading: dict[str, str]) -> None:
    row = st.columns(4)
    log = row[0].text_input("Name of the log", value=_log_name(name))
    system = row[1].text_input("System", placeholder="ERP", help="Written on every event that does not say.")
    zones = sorted(available_timezones())
    tz = row[2].selectbox("Time zone", zones, index=zones.index("UTC"), help="Of times that carry no offset.")
    dates = row[3].selectbox("Dates", list(DATES), format_func=DATES.__getitem__)
    if dates == "other":
        dates = row[3].text_input("Format", placeholder="%d.%m.%Y %H:%M")
    how = None
    if log in logs:
        ways = ["Add to it", "Put this in its place"]
        label = f"There is a log {literal(log)} already"
        how = st.segmented_control(label, ways, default=ways[0], required=True)
    missing = [FIELDS[f][0].lower() for f in list(FIELDS)[:NEEDED] if f not in fields]
    if missing:
        st.caption(f"Say which column is the {' and the '.join(missing)}.")
    if st.button(
        "Load", type="primary", icon=":material/database_upload:", disabled=bool(missing) or not log
    ):
        st.session_state.pop("report", None)
        work.begin(
            KEY,
            "ingest",
            source=_readable(source),
            log=log,
            map=tuple(f"{field}={column}" for field, column in fields.items()),
            system=system or None,
            tz=tz if tz != "UTC" else None,
            dates=dates or None,
            append=how == "Add to it",
            replace=how == "Put this in its place",
            **reading,
        )


def _log_name(name: str) -> str:
    stem = Path(name).name.split(".")[0]
    return re.sub(r"[^\w-]+", "_", stem).strip("_").lower() or "log"
