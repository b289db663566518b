"""The named sources of a log: how fresh each is, what its last pull said, pull one now, add or remove one."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st
from pydantic import ValidationError

from dashboard.cached import now
from dashboard.parts import work
from dashboard.parts.chrome import show_error
from dashboard.parts.plain import ago, count, literal
from dashboard.runtime import current
from home.duck import rows
from home.errors import BatonError, UsageError
from home.text import duration
from ingest.catalog import find_log
from ingest.mapping_file import MappingFile

EVERY = {
    "": "Only when asked",
    "1m": "Every minute",
    "15m": "Every 15 minutes",
    "1h": "Every hour",
    "1d": "Every day",
}
STATES = {
    "never": (":gray[:material/schedule:]", "not pulled yet"),
    "ok": (":green[:material/check_circle:]", "pulled"),
    "ok_warn": (":green[:material/check_circle:]", "pulled, with something to know"),
    "quarantine": (":orange[:material/error:]", "pulled, some rows set aside"),
    "reject": (":red[:material/error:]", "refused"),
    "failed": (":red[:material/error:]", "failed"),
}


def show(log: str) -> None:
    """The sources of a log with what can be done to each, then a form for another."""
    if work.waiting_for(_key(log)):
        done = work.collect(_key(log), "Pulling …")
        if done is not None:
            st.session_state[_said(log)] = [f"{row.source}: {row.message}" for row in done.rows]
    for line in st.session_state.pop(_said(log), ()):
        st.success(literal(line, longest=300), icon=":material/check:")
    failed = st.session_state.pop(_failed(log), None)
    if failed is not None:
        show_error(failed)
    sources = now("source list", log=log).rows
    if not sources:
        st.caption(
            "No named source yet. One keeps the log fresh: it is read again on a schedule, and only what is "
            "new is loaded."
        )
    for source in sources:
        _one(log, source)
    with st.expander("Add a source", icon=":material/add:", expanded=not sources or failed is not None):
        _add(log)


def _one(log: str, source: Any) -> None:
    """One source: its state in a line, its last message, and two buttons."""
    sign, state = STATES.get(source.status, STATES["ok"])
    at = datetime.now(UTC)
    fresh = f"fresh {ago(source.fresh_at, at)}" if source.fresh_at else "never fresh"
    every = f"every {duration(source.every_s)}" if source.every_s else "only when asked"
    due = f", next {_until(source.due_at, at)}" if source.due_at else ""
    with st.container(border=True):
        facts, buttons = st.columns([5, 2], vertical_alignment="center")
        with facts:
            st.markdown(f"{sign} **{literal(source.source)}** · {state} · {fresh} · {every}{due}")
            by = f" · by {literal(source.cursor)}" if source.cursor else " · read whole each time"
            st.caption(f"{literal(source.reads, longest=120)}{by} · {count(source.loaded, 'event')}")
            if source.failures:
                st.text(source.message)
                st.caption(
                    f"Failed {count(source.failures, 'time')} in a row; tried again, less often each time."
                )
        with buttons, st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Pull now", key=f"feed:{source.source}:pull", icon=":material/sync:"):
                work.begin(_key(log), "pull", name=source.source)
                st.rerun()
            with st.popover("Remove", key=f"feed:{source.source}:more", type="tertiary"):
                st.text(f"{source.source} is forgotten. Its {count(source.loaded, 'event')} stay in {log}.")
                if st.button("Remove it", type="primary", key=f"feed:{source.source}:remove"):
                    st.session_state[_said(log)] = [now("source remove", name=source.source).message]
                    st.rerun()


def _add(log: str) -> None:
    """What `baton source add` is told, with the mapping that the log's last source had."""
    with st.form(f"feed:{log}:add", border=False):
        row = st.columns([2, 4, 2])
        name = row[0].text_input("Name", placeholder="erp")
        source = row[1].text_input(
            "Address",
            placeholder="env:ERP_URL",
            help="An address with a password is read from the service's environment (env:NAME) or a file "
            "(file:PATH), and kept nowhere. A path is one on the service's machine.",
        )
        every = row[2].selectbox("Pulled", list(EVERY), format_func=EVERY.__getitem__, index=2)
        row = st.columns([2, 4, 2])
        table = row[0].text_input("Table", placeholder="orders")
        query = row[1].text_input("or query", placeholder="select … from …", help="Read-only, always.")
        cursor = row[2].text_input(
            "New rows are told by",
            placeholder="changed_at",
            help="A column with the time of the last change, or a number that only grows. Without it the "
            "source is read whole each time, and replaces what it brought before.",
        )
        mapping = st.text_area(
            "What its columns mean",
            value=_mapping(log),
            height=160,
            help="As in a mapping file. `baton inspect` writes one.",
        )
        if st.form_submit_button("Add", type="primary", icon=":material/add:"):
            _added(
                log,
                name=name,
                source=source,
                every=every,
                table=table,
                query=query,
                cursor=cursor,
                mapping=mapping,
            )


def _added(log: str, **given: str) -> None:
    told = {field: value for field, value in given.items() if value.strip()}
    if "mapping" in told:
        told["mapping"] = told["mapping"].rstrip() + "\n"  # its text, and not the name of a file
    try:
        said = now("source add", log=log, **told).message
        st.session_state[_said(log)] = [said]
    except BatonError as error:
        st.session_state[_failed(log)] = error
    except ValueError as error:
        hint = "A source has a name, an address, and a table or a query."
        st.session_state[_failed(log)] = UsageError(
            f"This is not enough to go by: {_first(error)}.", hint=hint
        )
    st.rerun()


def _first(error: ValueError) -> str:
    """What is wrong with the first field that is."""
    if isinstance(error, ValidationError):
        found = error.errors()[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg'].removeprefix('Value error, ')}"
    return str(error)


def _mapping(log: str) -> str:
    """The text of a mapping file that says what the log's last source was told about its columns."""
    store = current().stores.events
    with store.cursor(find_log(store, log).schema) as cursor:
        found = rows(cursor.execute("select name, mapping from source order by id desc limit 1"))
    try:
        known = MappingFile.from_how(found[0]["mapping"], found[0]["name"]) if found else MappingFile()
    except BatonError:
        known = MappingFile()
    given = dict.fromkeys(("table", "query", "cursor", "records", "sheet", "delimiter", "encoding"))
    text = known.model_copy(update=given).to_toml()
    return text or '[map]\ncase_id = ""\nactivity = ""\ntimestamp = ""\n'


def _until(moment: datetime, at: datetime) -> str:
    seconds = (moment.replace(tzinfo=UTC) - at).total_seconds()
    return f"in {duration(seconds)}" if seconds > 0 else "now"


def _key(log: str) -> str:
    return f"pull:{log}"


def _said(log: str) -> str:
    return f"pull:{log}:said"


def _failed(log: str) -> str:
    return f"pull:{log}:failed"
