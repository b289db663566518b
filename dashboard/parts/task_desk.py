"""The desk: one task with all that is known for it, its form, and a button for each outcome."""

import json
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, chrome
from dashboard.parts.facts import facts, story
from dashboard.parts.inbox import due_words
from dashboard.parts.moments import clock
from dashboard.parts.plain import count, literal
from dashboard.parts.schema_form import schema_form
from dashboard.parts.task_files import files
from dashboard.parts.task_hands import hands
from home.errors import BatonError
from home.text import percent

POSITIVE = ("approved", "approve", "yes", "done", "accept", "accepted", "ok")
KINDS = {
    "step": "To do or to decide",
    "choice": "Which way to go on",
    "loop": "Once more, or go on",
    "manual": "Manual queue: no answer in the plan",
    "side": "May be done at any time",
}
BARRED = ("four_eyes", "not_yours")


def desk(task: Any, people: list[str]) -> None:
    """All of one task: what is asked, by when, what is known, what was decided, and the buttons."""
    context = dict(task.context)
    form, shares = context.pop("form", None) or {}, context.pop("shares", None) or {}
    with st.container(border=True):
        _head(task, context)
        if task.state != "open":
            _over(task)
        elif _decide(task, form, shares):
            return
    if task.state == "open":
        hands(task, people)
    known, before = st.columns(2, gap="large")
    with known:
        _known(task, context)
        files(task)
    with before:
        _remarks(task)
        _earlier(task)
        _before(task)


def _head(task: Any, context: dict[str, Any]) -> None:
    st.subheader(literal(task.step))
    escalated = f" · :red[escalated {count(task.level, 'time')}]" if task.level else ""
    who = literal(task.assignee or task.role or "anybody")
    away = f", standing in for {literal(task.stands_for)}" if task.stands_for else ""
    skill = f" · needs {literal(task.skill)}" if task.skill else ""
    about = literal(f"{task.key or task.run}, plan {task.plan}")
    kind = KINDS.get(task.kind, "")
    st.markdown(f"{kind} for **{about}** · {due_words(task)} · with {who}{away}{skill}{escalated}")
    if task.reason:
        st.warning(literal(f"It is here because {task.reason}", longest=400), icon=":material/help:")
    for name in ("question", "purpose", "instructions"):
        text = context.pop(name, None)
        if text and text != task.step:
            st.text(text)


def _over(task: Any) -> None:
    if task.decided_by:
        said = f"{task.outcome}, by {task.decided_by} at {clock(task.decided_at)} UTC"
        st.success(literal(said, longest=200), icon=":material/task_alt:")
        if task.note:
            st.text(task.note)
    else:
        st.info("The run went on without it; nobody needs to decide it.", icon=":material/do_not_disturb_on:")


def _decide(task: Any, form: dict[str, Any], shares: dict[str, float]) -> bool:
    """The form that the step asks for, the note, and one button per outcome; whether it was settled."""
    outcomes = task.outcomes or ["done"]
    barred = _barred(task, outcomes[0])
    wrong = f"problems:{task.task}"
    data = {}
    if form.get("properties"):
        data = schema_form(form, key=f"form:{task.task}", problems=st.session_state.get(wrong))
    note = st.text_input("Note", key=f"note:{task.task}", placeholder="Why; kept with the decision")
    first = next((o for o in outcomes if o.casefold() in POSITIVE), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, outcome in enumerate(outcomes, start=1):
            share = f" ({percent(shares[outcome])} of the cases)" if outcome in shares else ""
            if st.button(
                f"{literal(outcome)}{share}",
                key=f"decide:{task.task}:{outcome}",
                type="primary" if outcome == first else "secondary",
                shortcut=f"Alt+{number}" if number <= 9 else None,
                disabled=barred,
            ):
                return _settle(task, outcome, note, data, wrong)
    return False


def _barred(task: Any, outcome: str) -> bool:
    """Say why this task is not for whoever looks, where it is not."""
    tried = now("decide-many", task=(task.task,), outcome=outcome, by=actor(), dry_run=True).rows[0]
    if tried.code in BARRED:
        st.info(literal(tried.message, longest=400), icon=":material/lock_person:")
    return tried.code in BARRED


def _settle(task: Any, outcome: str, note: str, data: dict[str, Any], wrong: str) -> bool:
    fields = {"task": task.task, "outcome": outcome, "by": actor(), "note": note or None}
    try:
        decided = now("decide", **fields, data=json.dumps(data) if data else None)
    except BatonError as error:
        problems = getattr(error, "problems", None)
        if problems is None:
            chrome.show_error(error)
            return True
        st.session_state[wrong] = problems
        st.rerun()
    st.session_state.pop(wrong, None)
    said = f"{decided.step}: {decided.outcome}. The run goes on."
    st.toast(literal(said, longest=200), icon=":material/check:")
    address.put("task")
    st.rerun()
    return True


def _known(task: Any, context: dict[str, Any]) -> None:
    st.caption("What is known")
    facts(context.pop("data", {}))
    for name, link in (context.pop("links", None) or {}).items():
        if link.startswith(("https://", "http://")):
            st.link_button(literal(name), link, icon=":material/open_in_new:")
    context.pop("outcomes", None)  # told with who, when and why beside
    facts(context)
    if task.apart:
        st.caption(":material/visibility: Four eyes: not for whoever had a hand in it before")


def _remarks(task: Any) -> None:
    if task.comments:
        st.caption("Remarks")
    for remark in task.comments:
        _remark(remark)


def _remark(remark: dict[str, Any]) -> None:
    with st.container(border=True):
        st.caption(f"{literal(remark['who'])} · {clock(remark['at'])}")
        st.text(remark["text"])


def _earlier(task: Any) -> None:
    """What people decided before in this run, why, and what they remarked on it."""
    if task.earlier:
        st.caption("Decided before in this run")
        story(
            [
                {
                    "When": clock(each["at"])[5:],
                    "Step": each["step"],
                    "Outcome": each["outcome"],
                    "By": each["by"],
                    "Why": each["note"],
                }
                for each in task.earlier
            ]
        )
    for each in task.earlier:
        for remark in each["comments"]:
            _remark(remark | {"who": f"{remark['who']} on {each['step']}"})


def _before(task: Any) -> None:
    """What the run went through until now."""
    st.caption("What happened before")
    shown = now("show", run=task.run)
    story([{"When": clock(entry.at)[5:], "What": entry.what} for entry in shown.journal])
    chrome.link("runs", "Open the run", icon=":material/arrow_forward:", run=task.run)
