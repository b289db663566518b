"""Shaping a log by hand: its activities to rename, merge or hide, what was done to it, and the way back."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts.plain import count, literal
from dashboard.parts.tables import as_table
from dashboard.parts.work import begin, collect, waiting_for

ANY = "whatever comes next"


def show(log: str) -> None:
    """The activities of a log with what can be done to them, and the steps that shape it."""
    if waiting_for(_key(log)):
        done = collect(_key(log), f"Shaping {log}")
        if done is not None:
            st.session_state[_said(log)] = done.changes or (done.message,)
    found = now("shape", log=log)
    if said := st.session_state.pop(_said(log), ()):
        st.success("  \n".join(literal(line, longest=300) for line in said), icon=":material/check:")
    for finding in found.findings:
        st.warning(literal(finding.message, longest=400))
    table, tools = st.columns([3, 2], gap="large")
    with table:
        chosen = _activities(log, found)
    with tools:
        _tools(log, found, chosen)
    _steps(log, found)


def _activities(log: str, found: Any) -> list[str]:
    """The table; the names that are selected in it."""
    number = len(found.activities)
    st.caption(f"{number:,} {'activity' if number == 1 else 'activities'} · pick one or more")
    shown = st.dataframe(
        as_table([{"Activity": a.activity, "Events": a.events} for a in found.activities]),
        hide_index=True,
        height=360,
        column_config={"Events": st.column_config.NumberColumn(format="localized", width="small")},
        on_select="rerun",
        selection_mode="multi-row",
        key=f"shape:{log}:{found.version}",  # another version has other rows: nothing is selected in it
    )
    return [
        found.activities[row].activity for row in shown["selection"]["rows"] if row < len(found.activities)
    ]


def _tools(log: str, found: Any, chosen: list[str]) -> None:
    if not chosen:
        st.caption("Pick activities to rename, merge or hide them, or to note a step that no system records.")
    elif len(chosen) == 1:
        _rename(log, chosen[0])
    else:
        _merge(log, chosen)
    if chosen:
        st.button(
            f"Hide {'it' if len(chosen) == 1 else 'them'}",
            icon=":material/visibility_off:",
            help="Cases that have no other event are left out, too. Nothing is deleted.",
            on_click=_do,
            args=(log,),
            kwargs={"hide": tuple(chosen)},
            key=f"shape:{log}:hide",
        )
    if len(chosen) == 1:
        with st.expander("Note a step after it that no system records"):
            _add(log, found, chosen[0])
    with st.expander("Make activities or cases from columns"):
        _derive(log, found)


def _rename(log: str, activity: str) -> None:
    with st.form(f"shape:{log}:rename", border=False):
        name = st.text_input(f"Rename {literal(activity)} to", value=activity)
        if st.form_submit_button("Rename", icon=":material/edit:") and name.strip() not in ("", activity):
            # a name with an equals sign could be cut in two ways
            cut = "=" in activity
            _do(log, **({"merge": (activity,), "into": name} if cut else {"rename": (f"{activity}={name}",)}))
            st.rerun()


def _merge(log: str, chosen: list[str]) -> None:
    with st.form(f"shape:{log}:merge", border=False):
        name = st.text_input(f"Make these {len(chosen)} one, called", value=chosen[0])
        if st.form_submit_button("Merge", icon=":material/merge:") and name.strip():
            _do(log, merge=tuple(chosen), into=name)
            st.rerun()


def _add(log: str, found: Any, after: str) -> None:
    with st.form(f"shape:{log}:add", border=False):
        name = st.text_input("What is done", placeholder="Phone the customer")
        others = [a.activity for a in found.activities if a.activity != after]
        before = st.selectbox("Before", [ANY, *others])
        typical = st.text_input("Usually takes", placeholder="20min, 2h or 1d")
        role = st.text_input("Who does it", placeholder="Clerk")
        st.caption(
            "It makes no event. Maps show it as added by hand, and plans have it as a step for a person."
        )
        if st.form_submit_button("Note it", icon=":material/add:") and name.strip():
            place = {"add": name, "after": after, "before": None if before == ANY else before}
            _do(log, **place, typical=typical or None, role=role or None)
            st.rerun()


def _derive(log: str, found: Any) -> None:
    st.caption(
        f"Columns: {', '.join(map(literal, (*found.columns, 'activity', 'case_id', 'resource', 'system')))}"
    )
    with st.form(f"shape:{log}:derive", border=False):
        target = st.radio("Make", ["activity", "case_id"], horizontal=True)
        template = st.text_input("From", placeholder="{step}: {status}", help="Columns stand in braces.")
        only = st.columns(2)
        column = only[0].selectbox("Only where", ["", *found.columns, "activity", "resource", "system"])
        value = only[1].text_input("is")
        if st.form_submit_button("Derive", icon=":material/function:") and template:
            where = (f"{column}={value}",) if column and value else None
            _do(log, derive=(f"{target}={template}",), where=where)
            st.rerun()


def _steps(log: str, found: Any) -> None:
    """The steps in force, each to be taken out, and the versions there were."""
    st.markdown(f"**{count(len(found.steps), 'step') if found.steps else 'No steps'}**")
    for step in found.steps:
        row = st.columns([8, 1], vertical_alignment="center")
        by = f" :orange-badge[added by hand by {literal(step.by)}, not observed]" if step.by else ""
        named = f"**{literal(step.name)}** " if step.name != step.what else ""
        row[0].markdown(
            f"{step.step}\\. {named}{literal(step.what, longest=200)}{by}  \n"
            f":gray[{literal(step.effect, longest=200)}]"
        )
        row[1].button(
            "Take out",
            icon=":material/close:",
            type="tertiary",
            on_click=_do,
            args=(log,),
            kwargs={"remove": (str(step.step),)},
            key=f"shape:{log}:{found.version}:remove:{step.step}",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _button(log, "Undo", ":material/undo:", found.can_undo, undo=True)
        _button(log, "Redo", ":material/redo:", found.can_redo, redo=True)
        if len(found.versions) > 1:
            with st.popover("Versions", icon=":material/history:"):
                _versions(log, found)
        if found.steps:
            st.download_button(
                "As a mapping file",
                now("shape", log=log, output="-").content or "",
                file_name=f"{log}-mapping.toml",
                icon=":material/download:",
                on_click="ignore",
                key=f"shape:{log}:file",
            )


def _versions(log: str, found: Any) -> None:
    told = {
        v.version: f"{v.version} · {v.note}{f' · {v.by}, {v.made:%Y-%m-%d %H:%M}' if v.made else ''}"
        for v in found.versions
    }
    wanted = st.radio(
        "Version",
        list(told),
        index=list(told).index(found.version),
        format_func=lambda version: literal(told[version], longest=120),
        key=f"shape:{log}:{found.version}:version",
    )
    _button(log, "Go there", ":material/history:", wanted != found.version, to=wanted)


def _button(log: str, label: str, icon: str, possible: bool, **asked: Any) -> None:
    st.button(
        label,
        icon=icon,
        disabled=not possible,
        on_click=_do,
        args=(log,),
        kwargs=asked,
        key=f"shape:{log}:{label}",
    )


def _do(log: str, **asked: Any) -> None:
    """Begin a change; the next run of the page waits for it."""
    begin(_key(log), "shape", log=log, **asked)


def _key(log: str) -> str:
    return f"shape work:{log}"


def _said(log: str) -> str:
    return f"shape said:{log}"
