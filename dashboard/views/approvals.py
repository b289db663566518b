"""Approvals: everything that waits for a person, each with all that is known for deciding it."""

import json
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, chrome
from dashboard.parts.facts import facts, story
from dashboard.parts.moments import clock, until, utc_now
from dashboard.parts.plain import count, literal
from dashboard.parts.schema_form import schema_form
from home.errors import BatonError
from home.text import percent

LISTED = 200
KEPT = ("task", "who")
POSITIVE = ("approved", "approve", "yes", "done", "accept", "accepted", "ok")
KINDS = {
    "step": "To do or to decide",
    "choice": "Which way to go on",
    "loop": "Once more, or go on",
    "manual": "Manual queue: no answer in the plan",
    "side": "May be done at any time",
}


def show() -> None:
    """The inbox on the left, one task with all its context on the right."""
    st.title("Approvals")
    address.take(*KEPT)
    everyone = now("tasks", limit=LISTED).rows
    if not everyone:
        _nothing()
        return
    rows = _chosen(everyone)
    inbox, desk = st.columns([2, 5], gap="large")
    with inbox:
        task = _pick(rows)
    with desk:
        if task is not None:
            _desk(task)
    address.keep(*KEPT)


def _nothing() -> None:
    with chrome.empty(
        "Nothing waits for a person",
        "A task comes here when a run needs a person: a step to do, a choice to take, the manual queue.",
    ):
        chrome.link("runs", "Start a run", icon=":material/play_arrow:")


def _chosen(everyone: Any) -> list[Any]:
    """The tasks of the person or role that is looked at."""
    at = utc_now()
    late = sum(task.due_in_s is not None and task.due_in_s < 0 for task in everyone)
    st.caption(f"{count(len(everyone), 'open task')}, {late} late · as of {at:%H:%M:%S} UTC")
    roles = sorted({task.role for task in everyone if task.role})
    options = ["", "mine", *(f"role:{role}" for role in roles)]
    kept = address.one_of("who") or ""
    names = {"": "Everything", "mine": f"With {actor()}"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.selectbox(
            "Whose",
            options,
            index=options.index(kept) if kept in options else 0,
            format_func=lambda o: names.get(o) or o.removeprefix("role:"),
            label_visibility="collapsed",
            width=280,
        )
        st.button("Refresh", icon=":material/refresh:")
    address.put("who", who or None)
    if who == "mine":
        return [task for task in everyone if task.assignee == actor()]
    return [task for task in everyone if not who or task.role == who.removeprefix("role:")]


def _pick(rows: list[Any]) -> Any:
    """The inbox: the most urgent first; arrow keys walk through it."""
    if not rows:
        st.info("Nothing of this kind waits.")
        return None
    by_id = {task.task: task for task in rows}
    ids = list(by_id)
    kept = address.one_of("task")
    st.session_state["pick task"] = kept if kept in ids else ids[0]
    with st.container(height=640, border=False):
        picked = st.radio(
            "Task",
            ids,
            format_func=lambda task: (
                f"**{literal(by_id[task].step)}** · {literal(by_id[task].key or by_id[task].run)}"
            ),
            captions=[_caption(task) for task in rows],
            key="pick task",
            on_change=lambda: address.put("task", st.session_state["pick task"]),
            label_visibility="collapsed",
        )
    address.put("task", picked)
    return by_id[picked]


def _caption(task: Any) -> str:
    who = literal(task.assignee or task.role or "anybody")
    return f"{_due(task)} · {who}"


def _due(task: Any) -> str:
    if task.due is None:
        return "no due time"
    text = until(task.due, utc_now())
    if task.due_in_s < 0:
        return f":red[:material/schedule: {text}]"
    return f":orange[due {text}]" if task.due_in_s < 4 * 3600 else f"due {text}"


def _desk(task: Any) -> None:
    """All of one task on one page: what is asked, by when, what is known, and the buttons."""
    with st.container(border=True):
        st.subheader(literal(task.step))
        escalated = f" · :red[escalated {count(task.level, 'time')}]" if task.level else ""
        who = literal(task.assignee or task.role or "anybody")
        about = literal(f"{task.key or task.run}, plan {task.plan}")
        st.markdown(f"{KINDS.get(task.kind, '')} for **{about}** · {_due(task)} · with {who}{escalated}")
        context = dict(task.context)
        if task.reason:
            st.warning(literal(f"It is here because {task.reason}", longest=400), icon=":material/help:")
        for name in ("question", "purpose", "instructions"):
            text = context.pop(name, None)
            if text and text != task.step:
                st.text(text)
        output = _decide(task, context.pop("form", None) or {}, context.pop("shares", None) or {})
        if output is not None:
            return
    known, before = st.columns(2, gap="large")
    with known:
        st.caption("What is known")
        facts(context.pop("data", {}))
        outcomes = context.pop("outcomes", {})
        if outcomes:
            st.caption("Decided before in this run")
            facts(outcomes)
        facts(context)
    with before:
        _before(task)
    _beside(task)


def _decide(task: Any, form: dict[str, Any], shares: dict[str, float]) -> Any:
    """The note, the form that the step asks for, and one button per outcome."""
    data = schema_form(form, key=f"form:{task.task}") if form.get("properties") else {}
    note = st.text_input("Note", key=f"note:{task.task}", placeholder="Why; kept with the decision")
    outcomes = task.outcomes or ["done"]
    first = next((o for o in outcomes if o.casefold() in POSITIVE), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, outcome in enumerate(outcomes, start=1):
            share = f" ({percent(shares[outcome])} of the cases)" if outcome in shares else ""
            if st.button(
                f"{literal(outcome)}{share}",
                key=f"decide:{task.task}:{outcome}",
                type="primary" if outcome == first else "secondary",
                shortcut=f"Alt+{number}" if number <= 9 else None,
            ):
                return _settle(task, outcome, note, data)
    return None


def _settle(task: Any, outcome: str, note: str, data: dict[str, Any]) -> Any:
    try:
        decided = now(
            "decide",
            task=task.task,
            outcome=outcome,
            by=actor(),
            note=note or None,
            data=json.dumps(data) if data else None,
        )
    except BatonError as error:
        chrome.show_error(error)
        return error
    st.toast(
        literal(f"{decided.step}: {decided.outcome}. The run goes on.", longest=200), icon=":material/check:"
    )
    address.put("task")
    st.rerun()


def _before(task: Any) -> None:
    """What the run went through until now."""
    st.caption("What happened before")
    shown = now("show", run=task.run)
    story([{"When": clock(entry.at)[5:], "What": entry.what} for entry in shown.journal])
    chrome.link("runs", "Open the run", icon=":material/arrow_forward:", run=task.run)


def _beside(task: Any) -> None:
    """Take it, hand it over, remark on it."""
    for remark in task.comments:
        st.caption(f"{literal(remark['who'])} · {clock(remark['at'])}")
        st.text(remark["text"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if task.assignee != actor() and st.button(
            "Take it", icon=":material/back_hand:", key=f"claim:{task.task}"
        ):
            _change("claim", task=task.task)
        with st.popover("Delegate", icon=":material/forward:"):
            to = st.text_input("To whom", key=f"to:{task.task}")
            why = st.text_input("Why", key=f"why:{task.task}")
            if st.button("Hand over", type="primary", disabled=not to.strip(), key=f"delegate:{task.task}"):
                _change("delegate", task=task.task, to=to.strip(), note=why or None)
        with st.popover("Remark", icon=":material/comment:"):
            text = st.text_area("Remark", key=f"remark:{task.task}")
            if st.button("Keep it", disabled=not text.strip(), key=f"comment:{task.task}"):
                _change("comment", task=task.task, remark=text.strip())


def _change(command: str, **fields: Any) -> None:
    try:
        changed = now(command, by=actor(), **fields)
    except BatonError as error:
        chrome.show_error(error)
        return
    st.toast(literal(changed.done, longest=200))
    st.rerun()
