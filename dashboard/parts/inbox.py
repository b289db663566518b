"""The inbox: open tasks, the most urgent first, looked at again every few seconds."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address
from dashboard.parts.moments import until, utc_now
from dashboard.parts.plain import count, literal

LISTED = 200
EVERY_S = 5.0
VIEWS = {"mine": "Mine", "inbox": "My roles", "all": "All", "overdue": "Overdue"}
AT_DESK = "task at the desk"
"""In the session, which task is shown beside the list; absent while the whole page is made."""
PICKED = "pick task"


def asked(me: str, *, default: str) -> dict[str, Any]:
    """What the address asks `tasks` for."""
    view = address.one_of("view") or default
    wanted: dict[str, Any] = {"search": address.one_of("q")}
    wanted |= {name: address.one_of(name) for name in ("role", "plan")}
    if view in ("mine", "inbox"):
        wanted[view] = me
    return wanted | ({"overdue": True} if view == "overdue" else {})


def inbox(wanted: dict[str, Any]) -> None:
    """The list, kept fresh by itself; arrow keys walk through it."""
    looking: Any = st.fragment(_look, run_every=EVERY_S)
    looking(wanted)


def _look(wanted: dict[str, Any]) -> None:
    found = now("tasks", limit=LISTED, **wanted)
    rows, at = found.rows, utc_now()
    late = sum(task.due_in_s is not None and task.due_in_s < 0 for task in rows)
    more = "more than " if found.next else ""
    st.caption(f"{more}{count(len(rows), 'open task')}, {late} late · as of {at:%H:%M:%S} UTC")
    ids = [task.task for task in rows]
    kept = address.one_of("task")
    if kept is None and ids and AT_DESK not in st.session_state:
        kept = ids[0]
        address.put("task", kept)
    if rows:
        _list(rows, kept)
    else:
        st.info("Nothing waits here.", icon=":material/inbox:")
        st.caption("“All” shows what waits for others.")
    _follow(ids)


def _list(rows: list[Any], kept: str | None) -> None:
    by_id = {task.task: task for task in rows}
    st.session_state[PICKED] = kept if kept in by_id else None
    with st.container(height=640, border=False):
        st.radio(
            "Task",
            list(by_id),
            format_func=lambda task: (
                f"**{literal(by_id[task].step)}** · {literal(by_id[task].key or by_id[task].run)}"
            ),
            captions=[_caption(task) for task in rows],
            key=PICKED,
            on_change=lambda: address.put("task", st.session_state[PICKED]),
            label_visibility="collapsed",
        )


def _follow(ids: list[str]) -> None:
    """Make the whole page again where another task was picked, or the one at the desk is gone."""
    if AT_DESK not in st.session_state:
        st.session_state["listed"] = address.one_of("task") in ids
        return
    shown = st.session_state[AT_DESK]
    gone = st.session_state.get("listed", False) and shown not in ids
    if gone or address.one_of("task") != shown or (shown is None and ids):
        st.rerun()


def _caption(task: Any) -> str:
    who = literal(task.assignee or task.role or "anybody")
    away = f" for {literal(task.stands_for)}" if task.stands_for else ""
    return f"{due_words(task)} · {who}{away}"


def due_words(task: Any) -> str:
    """When a task is due, red where it is late."""
    if task.due is None:
        return "no due time"
    text = until(task.due, utc_now())
    if task.due_in_s < 0:
        return f":red[:material/schedule: {text}]"
    return f":orange[due {text}]" if task.due_in_s < 4 * 3600 else f"due {text}"
