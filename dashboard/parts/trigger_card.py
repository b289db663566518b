"""One trigger: how it is, when it comes next, what became of what came, and what can be done to it."""

import json
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, chrome
from dashboard.parts.moments import utc_now
from dashboard.parts.plain import ago, count, literal
from home.errors import BatonError

SAID = "triggers:said"
SIGNS = {
    "active": ":green[:material/check_circle:] active",
    "paused": ":gray[:material/pause_circle:] paused",
    "failing": ":red[:material/error:] failing",
}
OUTCOMES = {
    "started": ":green[:material/play_circle:] started",
    "known": ":gray[:material/content_copy:] known",
    "skipped": ":gray[:material/filter_alt:] not wanted",
    "refused": ":red[:material/error:] refused",
    "missed": ":orange[:material/schedule:] missed",
}
GIVES = {
    "webhook": "The body of a request, as JSON",
    "event": "A CloudEvent, or its data, as JSON",
    "rows": "A row as JSON; empty: the next one of the source",
    "run": "The data of a run that ended, as JSON; empty: the newest",
}


def told() -> None:
    """What was done by the last click, said once."""
    for line in st.session_state.pop(SAID, ()):
        st.success(literal(line, longest=300), icon=":material/check:")


def say(line: str) -> None:
    """Have something said after the page was made anew."""
    st.session_state.setdefault(SAID, []).append(line)


def show(name: str) -> None:
    """The trigger called `name`, which there is."""
    found = now("trigger show", name=name)
    row = found.trigger
    with st.container(border=True):
        head = st.columns([6, 1.2, 1.2, 1.2, 1], vertical_alignment="center")
        head[0].markdown(f"**{literal(name)}** → {literal(row.plan)} · {SIGNS[row.state]}")
        head[0].caption(literal(row.occasion, longest=200))
        if row.state == "paused":
            head[1].button(
                "Resume", icon=":material/play_arrow:", width="stretch", on_click=_do, args=("resume", name)
            )
        else:
            head[1].button(
                "Pause", icon=":material/pause:", width="stretch", on_click=_do, args=("pause", name)
            )
        with head[2].popover("Test", icon=":material/science:", width="stretch"):
            _test(name, row.kind)
        with head[3].popover("Remove", icon=":material/delete:", width="stretch"):
            stay = f"The {count(row.started, 'run')} it started stay."
            st.text(f"{name} is forgotten, with what waits for it. {stay}")
            st.button("Remove it", type="primary", on_click=_do, args=("remove", name))
        head[4].button(
            "Close", icon=":material/close:", type="tertiary", on_click=address.put, args=("trigger",)
        )
        if row.error:
            st.error(f"{count(row.failures, 'error')} in a row, the last {ago(row.error_at, utc_now())}:")
            st.text(row.error)
        came, made = st.columns([3, 2], gap="large")
        with came:
            _occurrences(found)
        with made:
            _facts(found)


def _occurrences(found: Any) -> None:
    st.caption("What came, the newest first")
    if not found.occurrences:
        st.text("Nothing yet.")
    at = utc_now()
    for one in found.occurrences:
        when, what = st.columns([1, 4])
        when.caption(ago(one.at, at))
        with what:
            if one.run and one.outcome in ("started", "known"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.markdown(OUTCOMES[one.outcome])
                    chrome.link("runs", literal(one.run), run=one.run)
            else:
                st.markdown(OUTCOMES.get(one.outcome, literal(one.outcome)))
            st.caption(literal(": ".join(filter(None, (one.occurrence, one.detail))), longest=200))


def _facts(found: Any) -> None:
    if found.next:
        st.caption("Comes next, UTC")
        for moment in found.next:
            st.text(f"{moment:%a %Y-%m-%d %H:%M}")
    st.caption("What is made of it")
    rules = dict(found.set) or {"data": "what came in"}
    for label, rule in (("key", found.key), ("only when", found.when)):
        if rule:
            rules[label] = rule
    for label, rule in rules.items():
        st.markdown(f"{literal(label)} ← {literal(rule, longest=200)}")
    waits = f" · {count(found.waiting, 'arrival')} waiting" if found.waiting else ""
    version = f"version {found.version}" if found.version else "the newest version"
    st.caption(
        f"{version} of the plan · change {found.revision} · added {ago(found.added, utc_now())} by "
        f"{literal(found.added_by)}{waits}"
    )


def _test(name: str, kind: str) -> None:
    data = ""
    if kind in GIVES:
        data = st.text_area(GIVES[kind], key=f"try:{name}:data", placeholder='{"id": "C-1042"}', width=420)
    if not st.button("Show what it would start", key=f"try:{name}", icon=":material/visibility:"):
        return
    try:
        tried = now("trigger test", name=name, data=data.strip() or None)
    except BatonError as error:
        chrome.show_error(error)
        return
    st.markdown(f"**{literal(next(iter(tried.lines())), longest=300)}**")
    if tried.outcome in ("started", "known"):
        if tried.key is not None:
            st.text(f"Business key: {tried.key}")
        st.code(json.dumps(tried.data, indent=2, ensure_ascii=False), language="json")
    if tried.warning:
        st.caption(f":orange[:material/warning:] {literal(tried.warning, longest=200)}")


def _do(what: str, name: str) -> None:
    """Pause, resume or remove, as a click asked."""
    try:
        say(now(f"trigger {what}", name=name, by=actor()).message)
        if what == "remove":
            address.put("trigger")
    except BatonError as error:
        say(error.message)
