"""One published plan: its versions, its steps and what does them, and where to go from there."""

from typing import Any

import streamlit as st

from dashboard.cached import actor, ask, now
from dashboard.components.bpmn_view import bpmn_view
from dashboard.parts import address, chrome, drafts
from dashboard.parts.plain import literal
from home.errors import BatonError
from home.text import duration
from orchestrate.plans.check import nodes

GATES = {
    "pass": ":green[:material/check_circle: passed]",
    "fail": ":red[:material/cancel: failed, overridden]",
    "no history": ":gray[no history]",
    "unchanged": ":gray[as before: only a binding changed]",
}


def show_published(name: str) -> None:
    """A published plan, in the version that was chosen."""
    asked = address.one_of("version")
    version = int(asked) if asked and asked.isdigit() else None
    found = now("published", plan=name, version=version)
    plan = found.plan
    owner = f"{literal(plan.owner.name)}{'' if plan.owner.confirmed else ' (unconfirmed)'}"
    newest = found.versions[0].version
    older = "" if found.version == newest else f" (newest is {newest})"
    purpose = literal(plan.purpose, longest=200)
    st.caption(f"{literal(plan.name)}@{found.version}{older} · owner {owner} · {purpose}")
    with st.container(horizontal=True, vertical_alignment="center"):
        chrome.link("runs", "Start a run, or play many", icon=":material/play_arrow:", plan=name)
        chrome.link("kpis", "Its KPIs", icon=":material/monitoring:", plan=name)
        st.download_button(
            "YAML",
            found.content,
            file_name=f"{name}.yaml",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
        if st.button(
            "Change it", icon=":material/edit:", type="tertiary", help="Makes a draft of this version."
        ):
            drafts.save(name, found.content)
            chrome.go("plan", draft=name)
    _diagram(name, found)
    steps, versions = st.columns([3, 2], gap="large")
    with steps:
        _steps(name, plan)
    with versions:
        _versions(found)


def _diagram(name: str, found: Any) -> None:
    folder = drafts.folder() / "published"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(found.content, encoding="utf-8")
    version = next(row.sha256 for row in found.versions if row.version == found.version)
    xml = ask("export", version=version, file=str(file), to="bpmn").content
    bpmn_view(xml, key=f"published:{name}", height=380)


def _steps(name: str, plan: Any) -> None:
    st.subheader("Steps, and who or what does them")
    steps = [node for node in (*nodes(plan.body), *plan.side) if node.kind == "step"]
    st.table([_step(step) for step in steps], border="horizontal", hide_index=True)
    _bind(name, steps)


def _step(step: Any) -> dict[str, str]:
    by = step.binding.connector if step.binding else f"a person ({step.role or 'anybody'})"
    due = (
        f"{duration(step.sla.due.total_seconds())}, then {', '.join(step.sla.escalate) or 'late'}"
        if step.sla
        else ""
    )
    return {
        "Step": literal(step.name, longest=100),
        "Done by": literal(by),
        "System": literal(step.system or ""),
        "Due after": literal(due, longest=120),
    }


def _bind(name: str, steps: list[Any]) -> None:
    """Let a connector do a step, as a new version."""
    with st.popover("Bind a step to a system", icon=":material/link:"), st.form(f"bind:{name}", border=False):
        names = {step.id: step.name for step in steps}
        step = st.selectbox("Step", list(names), format_func=names.__getitem__)
        connector = st.selectbox(
            "Connector", [*(row.connector for row in now("connectors").connectors), "human"]
        )
        settings = st.text_area(
            "Settings", placeholder="url=https://erp.example/orders\nheaders.Authorization=env:ERP_TOKEN",
            help="One KEY=VALUE a line. Secrets only by reference: env:NAME or file:PATH.",
        )  # fmt: skip
        if st.form_submit_button("Bind", type="primary"):
            pairs = [line.strip() for line in settings.splitlines() if line.strip()]
            try:
                bound = now("bind", plan=name, step=step, connector=connector, set=pairs, by=actor())
            except BatonError as error:
                chrome.show_error(error)
                return
            st.toast(literal(f"{bound.plan}@{bound.version}: {bound.step} is done by {bound.connector}."))
            address.put("version")
            st.rerun()


def _versions(found: Any) -> None:
    st.subheader("Versions")
    for row in found.versions:
        with st.container(border=True):
            head = st.columns([3, 1], vertical_alignment="center")
            when = row.published_at[:16].replace("T", " ")
            by = f":gray[{when} by {literal(row.published_by)}]"
            head[0].markdown(f"**{row.version}** · {GATES.get(row.gate, row.gate)} {by}")
            if row.version != found.version:
                head[1].button(
                    "Show",
                    key=f"version:{row.version}",
                    type="tertiary",
                    on_click=address.put,
                    args=("version", str(row.version)),
                )
            if row.override:
                st.text(f"Published against its gate: {row.override}")
            for reason in row.reasons[:3]:
                st.caption(literal(reason, longest=200))
            st.caption(f"SHA-256 {row.sha256[:16]}…")
