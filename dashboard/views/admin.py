"""Admin: how everything is, who did what, a backup, what is set, and what can be read and reached."""

import streamlit as st

from dashboard.cached import now
from dashboard.parts import work
from dashboard.parts.condition import show_condition
from dashboard.parts.moments import utc_now
from dashboard.parts.plain import literal
from dashboard.parts.record import show_record
from dashboard.runtime import current

BACKUP = "backup work"


def show() -> None:
    """Health and workers first, since that is what one comes here for in a hurry."""
    head = st.columns([5, 2], vertical_alignment="bottom")
    head[0].title("Admin")
    with head[1], st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(f"As of {utc_now():%Y-%m-%d %H:%M:%S} UTC")
        st.button("Look again", icon=":material/refresh:")
    show_condition()
    show_record()
    _backup()
    _settings()
    _ways()


def _backup() -> None:
    st.subheader("Backup")
    st.caption(
        "Both stores, settings and attachments, copied while everything goes on. "
        "`baton restore` makes a new home of it."
    )
    home = current().settings.home.absolute()
    folder = st.text_input(
        "Folder on the service's machine, new or empty",
        value=str(home.parent / f"{home.name.lstrip('.')}-backup-{utc_now():%Y-%m-%d-%H%M}"),
        key="backup folder",
    )
    if st.button("Back up now", icon=":material/save:", disabled=not folder.strip()):
        work.begin(BACKUP, "backup", folder=folder.strip())
    done = work.collect(BACKUP, "Copying both stores …")
    if done is not None:
        st.success(literal(" ".join(done.lines()), longest=500), icon=":material/check_circle:")


def _settings() -> None:
    st.subheader("Settings")
    st.caption("A flag wins over an environment variable, that over `baton.toml`, that over the default.")
    settings = now("config").settings
    st.dataframe(
        [
            {"Setting": s.setting, "Value": s.value, "From": s.origin, "Variable": s.variable}
            for s in settings
        ],
        hide_index=True,
    )


def _ways() -> None:
    reads, reaches = st.columns(2, gap="large")
    with reads:
        st.subheader("Sources that can be read")
        rows = now("adapters").rows
        st.table(
            [{"Adapter": literal(row.adapter), "Reads": literal(row.reads, longest=200)} for row in rows],
            border="horizontal",
            hide_index=True,
        )
    with reaches:
        st.subheader("Systems that steps can reach")
        rows = now("connectors").connectors
        st.table(
            [{"Connector": literal(r.connector), "Does": literal(r.summary, longest=200)} for r in rows],
            border="horizontal",
            hide_index=True,
        )
