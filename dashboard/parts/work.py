"""Long work on a page: progress, a button to cancel it, and a result that survives reruns of the page."""

import threading
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.cached import actor, keep, kept, key_of
from dashboard.parts.plain import literal
from dashboard.runtime import current
from home.errors import BatonError, Cancelled
from home.jobs import Job

POLL_S = 0.1
CANCELLED = "cancelled work"


class Work:
    """One command running in a thread of its own."""

    def __init__(self, command: str, fields: dict[str, Any]) -> None:
        self.job = Job(command)
        self.result: Any = None
        self.error: BaseException | None = None
        who = actor()  # session state belongs to the page's thread
        self._thread = threading.Thread(target=self._run, args=(command, fields, who), daemon=True)
        self._thread.start()

    def _run(self, command: str, fields: dict[str, Any], who: str) -> None:
        try:
            self.result = current().run(command, actor=who, job=self.job, **fields)
        except Exception as error:  # noqa: BLE001 - shown on the page by whoever waits
            self.error = error

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()


def begin(key: str, command: str, **fields: Any) -> None:
    """Start a command under `key`; where one runs already, that one goes on."""
    if key not in st.session_state:
        st.session_state[key] = Work(command, {k: v for k, v in fields.items() if v is not None})


def waiting_for(key: str) -> bool:
    """Whether something was begun under `key` and not yet collected."""
    return isinstance(st.session_state.get(key), Work)


def collect(
    key: str,
    label: str,
    on_done: Callable[[Any], None] | None = None,
    on_error: Callable[[BatonError], None] | None = None,
) -> Any:
    """Show progress until the work under `key` ends; its result, or `None` when there is none.

    Any other click on the page reruns it and comes back here, to the same work.
    """
    work = st.session_state.get(key)
    if not isinstance(work, Work):
        return None
    if work.running:
        _watch(key, work, label)
    del st.session_state[key]
    if isinstance(work.error, Cancelled):
        st.info("Cancelled. Nothing half-done was kept.")
        return None
    if isinstance(work.error, BatonError):
        from dashboard.parts.chrome import show_error

        (on_error or show_error)(work.error)
        return None
    if work.error is not None:
        raise work.error
    if on_done is not None:
        on_done(work.result)
    return work.result


def _watch(key: str, work: Work, label: str) -> None:
    """A bar with what is being done, and a button to cancel it; both go when it ends."""
    place = st.empty()
    with place.container():
        row = st.columns([5, 1], vertical_alignment="center")
        bar = row[0].progress(0.0, text=literal(label))
        row[1].button("Cancel", key=f"{key}:cancel", on_click=work.job.cancel, width="stretch")
        while work.running:
            said = work.job.message or label
            done = min(1.0, work.job.fraction or 0.0)
            known = f"{done:.0%} · " if work.job.fraction is not None else ""
            bar.progress(done, text=f"{known}{literal(said, longest=120)}")
            time.sleep(POLL_S)
    place.empty()


def answer(
    command: str,
    label: str,
    *,
    version: str,
    on_error: Callable[[BatonError], None] | None = None,
    **fields: Any,
) -> Any:
    """As `cached.ask`, for what takes long: with progress and a way to cancel; `None` until it is there."""
    key = key_of(command, version, fields)
    found = kept(key)
    if found is not None:
        return found
    name = f"work:{'/'.join(key)}"
    if st.session_state.get(CANCELLED) == name:
        st.info("This was cancelled. Nothing half-done was kept.")
        if st.button("Try again", key=f"{name}:again"):
            del st.session_state[CANCELLED]
            st.rerun()
        return None
    begin(name, command, **fields)
    work: Work = st.session_state[name]
    found = collect(name, label, on_error=on_error)
    if isinstance(work.error, Cancelled):
        st.session_state[CANCELLED] = name
    if found is not None:
        keep(key, found)
    return found
