"""The files of a run: each to be saved, and one more to be attached."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import chrome
from dashboard.parts.moments import clock
from dashboard.parts.plain import literal
from dashboard.runtime import current
from home.errors import BatonError
from orchestrate.people.attachments import stored


def files(task: Any) -> None:
    """What was attached to any task of the run, and a place to attach more."""
    if task.attachments:
        st.caption("Files")
    for file in task.attachments:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                literal(file["file"]),
                data=_bytes(file["task"], file["n"]),
                file_name=file["file"],
                mime="application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
                key=f"file:{file['task']}:{file['n']}",
            )
            st.caption(f"{_size(file['size'])} · {literal(file['who'])} · {clock(file['at'])}")
    if task.state == "open":
        with st.popover("Attach a file", icon=":material/attach_file:"):
            _attach(task)


def _bytes(task: str, n: int) -> Callable[[], bytes]:
    runtime = current()

    def read() -> bytes:
        return stored(runtime.context(), task, n)[1].read_bytes()

    return read


def _attach(task: Any) -> None:
    given = st.file_uploader("File", key=f"upload:{task.task}:{len(task.attachments)}")
    if given is None or not st.button("Attach it", type="primary", key=f"attach:{task.task}"):
        return
    ticket, path = current().new_upload(given.name)
    try:
        path.write_bytes(given.getbuffer())
        kept = now("attach", task=task.task, file=str(path), by=actor())
    except BatonError as error:
        chrome.show_error(error)
        return
    finally:
        current().forget_upload(ticket)
    st.toast(literal(f"{kept.file} is attached.", longest=200), icon=":material/attach_file:")
    st.rerun()


def _size(size: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000 or unit == "MB":
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return ""
