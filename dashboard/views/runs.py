"""Runs: which there are, how far each is, one of them in words, and how to start another."""

import json
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, chrome, work
from dashboard.parts.facts import facts, story
from dashboard.parts.moments import clock, moment, until, utc_now
from dashboard.parts.plain import count, literal
from dashboard.parts.schema_form import schema_form
from dashboard.parts.tables import as_table

STATES = {"open": "Open", "done": "Done", "cancelled": "Cancelled"}
LISTED = 200
KEPT = ("plan", "state", "key", "simulated", "run")
SANDBOX = "sandbox"


def show() -> None:
    """The list with its filters, the run that was chosen, and how to start one."""
    st.title("Runs")
    plans = [row.plan for row in now("plans").rows]
    if not plans:
        _no_plans()
        return
    address.take(*KEPT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _filters(plans)
    found = now("runs", **_asked(), limit=LISTED)
    _list(found)
    if run := address.one_of("run"):
        _one(run)
    _start(plans)
    address.keep(*KEPT)


def _no_plans() -> None:
    with chrome.empty("No plan is published yet", "A run follows a published plan. Choose where to start:"):
        chrome.link("candidates", "Candidates: what is worth planning", icon=":material/arrow_forward:")
        chrome.link("plan", "Plan: make one and publish it", icon=":material/arrow_forward:")


def _filters(plans: list[str]) -> None:
    kept = address.one_of("state")
    state = st.segmented_control(
        "State", list(STATES), default=kept if kept in STATES else None, format_func=STATES.__getitem__
    )
    address.put("state", state)
    options = ["", *plans]
    kept = address.one_of("plan")
    plan = st.selectbox(
        "Plan",
        options,
        index=options.index(kept) if kept in options else 0,
        format_func=lambda name: name or "Every plan",
        width=260,
    )
    address.put("plan", plan or None)
    key = st.text_input("Business key", value=address.one_of("key") or "", width=200)
    address.put("key", key or None)
    played = st.toggle(
        "Sandbox", value=address.one_of("simulated") == "yes", help="Runs that were only played."
    )
    address.put("simulated", "yes" if played else None)
    st.button("Refresh", icon=":material/refresh:")


def _asked() -> dict[str, Any]:
    asked: dict[str, Any] = {name: address.one_of(name) for name in ("plan", "state", "key")}
    return {**asked, "simulated": address.one_of("simulated") == "yes"}


def _list(found: Any) -> None:
    at = utc_now()
    more = "more than " if found.more else ""
    st.caption(f"{more}{count(len(found.rows), 'run')} · as of {at:%H:%M:%S} UTC")
    if not found.rows:
        st.info("No run passes these filters. Start one below.")
        return
    rows = [
        {
            "Run": row.key or row.run,
            "Plan": f"{row.plan}@{row.version}",
            "State": row.state,
            "Progress": round(100 * row.steps_done / max(1, row.steps_total)),
            "Step": f"{min(row.steps_done + (row.state == 'open'), row.steps_total)} of {row.steps_total}",
            "At": row.step,
            "Waiting for": row.waiting_for,
            "Due": until(row.due, at) if row.due else None,
            "Started": moment(row.started),
            "Ended": moment(row.ended),
        }
        for row in found.rows
    ]
    ids = [row.run for row in found.rows]
    key = f"runs:{json.dumps(_asked())}"

    def selected() -> None:
        chosen = st.session_state[key].selection.rows
        address.put("run", ids[chosen[0]] if chosen and chosen[0] < len(ids) else None)

    times = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC")
    st.dataframe(
        as_table(rows),
        hide_index=True,
        height=min(420, 40 + 35 * len(rows)),
        on_select=selected,
        selection_mode="single-row",
        key=key,
        column_config={
            "Progress": st.column_config.ProgressColumn(
                format="%d %%", min_value=0, max_value=100, width="small"
            ),
            "Started": times,
            "Ended": times,
        },
    )


def _one(run: str) -> None:
    shown = now("show", run=run)
    at = utc_now()
    with st.container(border=True):
        head = st.columns([6, 1, 1], vertical_alignment="center")
        simulated = " · :orange[simulated]" if shown.simulated else ""
        plan = f"{literal(shown.plan)}@{shown.version}"
        head[0].markdown(f"**{literal(shown.key or shown.run)}** · {plan} · {shown.state}{simulated}")
        if shown.state == "open" and not shown.simulated:
            with head[1].popover("Cancel", icon=":material/block:", width="stretch"):
                _cancel(run)
        head[2].button("Close", icon=":material/close:", type="tertiary", on_click=address.put, args=("run",))
        step = min(shown.steps_done + (shown.state == "open"), shown.steps_total)
        where = f"step {step} of {shown.steps_total}" + (f": {shown.step}" if shown.step else "")
        st.progress(min(1.0, shown.steps_done / max(1, shown.steps_total)), text=literal(where, longest=200))
        if shown.waiting_for:
            due = f", due {until(shown.due, at)}" if shown.due else ""
            st.text(f"Waiting for {shown.waiting_for}{due}")
        for task in shown.tasks:
            chrome.link(
                "approvals", f"Decide: {literal(task['step'])}", icon=":material/task_alt:", task=task["task"]
            )
        for alert in shown.alerts:
            st.markdown(f":orange[:material/warning:] {literal(alert, longest=300)}")
        told, data = st.columns([3, 2], gap="large")
        with told:
            st.caption("What happened")
            story([{"When": clock(e.at)[5:], "What": e.what, "Who": e.by} for e in shown.journal])
        with data:
            st.caption(f"Its data · started {clock(shown.started)} UTC by {literal(shown.started_by)}")
            facts(shown.data)


def _cancel(run: str) -> None:
    reason = st.text_input("Why", key=f"why:{run}")
    keep = st.toggle(
        "Leave what it did as it is", help="Otherwise it is undone, last first, where the plan says how."
    )
    if st.button("Cancel this run", type="primary", disabled=not reason.strip()):
        now("cancel", run=run, by=actor(), reason=reason, keep=keep)
        st.rerun()


def _start(plans: list[str]) -> None:
    st.subheader("Start")
    real, played = st.columns(2)
    with real, st.container(border=True, height="stretch"):
        st.markdown("**A run**")
        plan = st.selectbox("Plan", plans, key="start plan")
        schema = now("published", plan=plan).plan.input
        with st.form("start run", border=False):
            data = schema_form(schema, key=f"start:{plan}")
            key = st.text_input(
                "Business key", help="Starts one run, however often it is sent: an order number."
            )
            if st.form_submit_button("Start", type="primary", icon=":material/play_arrow:"):
                _begin(plan, data, key)
    with played, st.container(border=True, height="stretch"):
        st.markdown("**Many runs in the sandbox**")
        st.caption("Plays the plan in simulated time, with waits and work as observed. It proves nothing.")
        plan = st.selectbox("Plan", plans, key="sandbox plan")
        row = st.columns(2)
        cases = row[0].number_input("Runs", min_value=1, max_value=100_000, value=500, step=100)
        seed = row[1].number_input("Seed", min_value=0, value=1, help="The same seed plays the same runs.")
        if st.button("Play", icon=":material/science:"):
            work.begin(SANDBOX, "sandbox", plan=plan, cases=int(cases), seed=int(seed))
        result = work.collect(SANDBOX, "Playing …")
        if result is not None:
            st.session_state["played"] = result
        if "played" in st.session_state:
            _played(st.session_state["played"])


def _begin(plan: str, data: dict[str, Any], key: str) -> None:
    begun = now("start", plan=plan, data=json.dumps(data), key=key or None, by=actor())
    address.put("run", begun.run)
    st.toast("Started." if begun.created else "This key has started that run already.")
    st.rerun()


def _played(result: Any) -> None:
    for line in list(result.lines())[:2]:
        st.text(line)
    with st.container(horizontal=True):
        chrome.link("kpis", "Compare with today", icon=":material/arrow_forward:", plan=result.plan)
        chrome.link(
            "process", "See the played runs on a map", icon=":material/arrow_forward:", log=result.log
        )
