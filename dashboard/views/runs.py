"""Runs: which there are and what each waits for, live; one of them in full; and what can be done to them."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address, chrome, run_actions, run_card, run_list, start_form, system_strip, work
from dashboard.parts.plain import count
from home.errors import BatonError

STATES = {"open": "Open", "stuck": "Stuck", "done": "Done", "cancelled": "Cancelled"}
WAITS = {
    "person": "a person",
    "system": "a system",
    "time": "a time",
    "run": "another run",
    "worker": "a worker",
    "resume": "being resumed",
    "release": "being released",
}
KEPT = ("plan", "state", "search", "waits", "system", "simulated", "run")
SANDBOX = "sandbox"


def show() -> None:
    """Systems, filters, the live list, the runs that were chosen with their actions, and how to start one."""
    st.title("Runs")
    plans = [row.plan for row in now("plans").rows]
    if not plans:
        _no_plans()
        return
    address.take(*KEPT)
    run_actions.told()
    _live(system_strip.show)
    _filters(plans)
    _live(_list)
    _chosen()
    _start(plans)
    address.keep(*KEPT)


def _no_plans() -> None:
    with chrome.empty("No plan is published yet", "A run follows a published plan. Choose where to start:"):
        chrome.link("candidates", "Candidates: what is worth planning", icon=":material/arrow_forward:")
        chrome.link("plan", "Plan: make one and publish it", icon=":material/arrow_forward:")


def _live(part: Callable[[], None]) -> None:
    """A part that is made anew by itself every few seconds; an error is said in its place."""

    def look() -> None:
        try:
            part()
        except BatonError as error:
            chrome.show_error(error)

    look.__qualname__ = f"live {part.__name__}"
    looking: Any = st.fragment(look, run_every=run_list.REFRESH_S)
    looking()


def _filters(plans: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kept = address.one_of("state")
        state = st.segmented_control(
            "State", list(STATES), default=kept if kept in STATES else None, format_func=STATES.__getitem__
        )
        address.put("state", state)
        _select("Plan", "plan", {plan: plan for plan in plans}, "Every plan")
        _select("Waiting for", "waits", WAITS, "Anything")
        system = st.text_input("At system", value=address.one_of("system") or "", width=110)
        address.put("system", system.strip() or None)
        search = st.text_input(
            "Business key or run", value=address.one_of("search") or "", width=180, icon=":material/search:"
        )
        address.put("search", search.strip() or None)
        played = st.toggle(
            "Sandbox", value=address.one_of("simulated") == "yes", help="Runs that were only played."
        )
        address.put("simulated", "yes" if played else None)


def _select(label: str, name: str, options: dict[str, str], everything: str) -> None:
    kept, values = address.one_of(name), ["", *options]
    chosen = st.selectbox(
        label,
        values,
        index=values.index(kept) if kept in values else 0,
        format_func=lambda value: options.get(value) or everything,
        width=160,
    )
    address.put(name, chosen or None)


def _asked() -> dict[str, Any]:
    asked: dict[str, Any] = {name: address.one_of(name) for name in ("plan", "state", "search", "system")}
    simulated = address.one_of("simulated") == "yes"
    return {**asked, "waits_on": address.one_of("waits"), "simulated": simulated}


def _list() -> None:
    run_list.show(_asked())


def _chosen() -> None:
    """The run that was chosen in full, or what can be done to the several that were."""
    run, many = address.one_of("run"), run_list.chosen()
    names = many if len(many) > 1 else [run] if run else []
    if not names:
        return
    with st.container(border=True):
        shown = [now("show", run=name, limit=1) for name in names]
        with st.container(horizontal=True, vertical_alignment="center"):
            if len(names) > 1:
                st.markdown(f"**{count(len(names), 'run')} chosen**", width="content")
            run_actions.show(shown)
            st.space("stretch")
            _close()

        def watch() -> None:
            """Make the page anew once other actions fit the chosen runs than those it offers."""
            found = [now("show", run=name, limit=1) for name in names]
            if run_actions.fitting(found) != run_actions.fitting(shown):
                st.rerun()

        def card() -> None:
            run_card.show(names[0])

        _live(watch)
        if len(names) == 1:
            _live(card)
        elif not any(one.state in ("open", "stuck") and not one.simulated for one in shown):
            st.caption("None of them is open: there is nothing to be done to them.")


def _close() -> None:
    st.button("Close", icon=":material/close:", type="tertiary", on_click=run_list.choose)


def _start(plans: list[str]) -> None:
    st.subheader("Start")
    real, played = st.columns(2)
    with real, st.container(border=True, height="stretch"):
        st.markdown("**A run**")
        start_form.show(plans)
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


def _played(result: Any) -> None:
    for line in list(result.lines())[:2]:
        st.text(line)
    with st.container(horizontal=True):
        chrome.link("kpis", "Compare with today", icon=":material/arrow_forward:", plan=result.plan)
        chrome.link(
            "process", "See the played runs on a map", icon=":material/arrow_forward:", log=result.log
        )
