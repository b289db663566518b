"""Whose hands a task is in: take it, give it back, hand it over, remark on it, move its due time."""

from datetime import timedelta
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import chrome
from dashboard.parts.moments import moment, utc_now
from dashboard.parts.plain import literal
from home.errors import BatonError


def hands(task: Any, people: list[str]) -> None:
    """One row of buttons; Alt+T takes the task or gives it back."""
    me = actor()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if task.assignee is None or (task.stands_for == me and task.assignee != me):
            _hand(task, "claim", "Take it", ":material/back_hand:")
        elif task.assignee == me and task.role is not None:
            _hand(task, "unclaim", "Give it back", ":material/undo:")
        _delegate(task, [login for login in people if login != task.assignee])
        with st.popover("Remark", icon=":material/comment:"):
            text = st.text_area("Remark", key=f"remark:{task.task}:{len(task.comments)}")
            if st.button("Keep it", disabled=not text.strip(), key=f"comment:{task.task}"):
                _change("comment", task, remark=text.strip())
        _due(task)


def _hand(task: Any, command: str, label: str, icon: str) -> None:
    if st.button(label, icon=icon, key=f"{command}:{task.task}", shortcut="Alt+T"):
        _change(command, task)


def _delegate(task: Any, people: list[str]) -> None:
    with st.popover("Delegate", icon=":material/forward:"):
        given: str | None
        if people:
            given = st.selectbox("To whom", people, index=None, placeholder="Choose", key=f"to:{task.task}")
        else:
            given = st.text_input("To whom", key=f"to:{task.task}")
        to = given or ""
        why = st.text_input("Why", key=f"why:{task.task}")
        if st.button("Hand over", type="primary", disabled=not to.strip(), key=f"delegate:{task.task}"):
            _change("delegate", task, to=to.strip(), note=why or None)


def _due(task: Any) -> None:
    with st.popover("Due", icon=":material/schedule:"):
        now_is = utc_now().replace(tzinfo=None, second=0, microsecond=0)
        kept = moment(task.due)
        start = kept.replace(tzinfo=None, second=0, microsecond=0) if kept else now_is + timedelta(days=1)
        first = max(start, now_is)
        at = st.datetime_input("Due at (UTC)", value=first, format="YYYY-MM-DD", key=f"at:{task.task}")
        with st.container(horizontal=True):
            if st.button("Move it", type="primary", key=f"due:{task.task}") and at is not None:
                _change("due", task, at=at.isoformat())
            if st.button("No due time", disabled=task.due is None, key=f"never:{task.task}"):
                _change("due", task, at="never")


def _change(command: str, task: Any, **fields: Any) -> None:
    try:
        changed = now(command, task=task.task, by=actor(), **fields)
    except BatonError as error:
        chrome.show_error(error)
        return
    st.toast(literal(changed.done, longest=200))
    st.rerun()
