"""A draft's way to publication: checks, history replayed, an owner, a version."""

from typing import Any

import streamlit as st

from dashboard.cached import actor, kept, key_of, now
from dashboard.parts import chrome, drafts, work
from dashboard.parts.plain import count, literal
from home.errors import BatonError
from home.text import duration, percent

YES, NO, OPEN = (
    ":green[:material/check_circle:]",
    ":red[:material/cancel:]",
    ":gray[:material/radio_button_unchecked:]",
)
NOTE = ":orange[:material/info:]"
PUBLISHING = "publishing"


def publishing(draft: str, plan: Any, version: str) -> None:
    """The checklist; each line can be settled where it stands."""
    file = str(drafts.path(draft))
    st.subheader("Before it is published")
    sound = _check(file)
    tested = _backtest(file, version)
    _owner(draft, plan)
    if sound:
        _publish(draft, file, plan, tested)


def _check(file: str) -> bool:
    """Whether the plan can be run at all."""
    try:
        checked = now("check", file=file)
    except BatonError as error:
        report = getattr(error, "report", None)
        st.markdown(f"{NO} **It cannot be run yet**")
        for problem in getattr(report, "problems", ()):
            st.markdown(literal(f"{problem.where}: {problem.message}", longest=300))
        if report is None:
            chrome.show_error(error)
        return False
    size = f":gray[{checked.steps} steps, size {checked.size}, complexity {checked.cfc}]"
    st.markdown(f"{YES} **It is sound: no deadlock, every rule and contract holds** {size}")
    if checked.warnings:
        with st.expander(f"{count(len(checked.warnings), 'note')} for whoever answers for it"):
            for warning in checked.warnings:
                st.markdown(f"{NOTE} {literal(f'{warning.where}: {warning.message}', longest=300)}")
    return True


def _backtest(file: str, version: str) -> Any:
    """What history says of it, replayed when asked."""
    asked = f"backtest asked:{version}"
    found = kept(key_of("backtest", version, {"file": file}))
    if found is None and not st.session_state.get(asked):
        st.markdown(f"{OPEN} **Replay history through it**")
        if not st.button("Run the backtest", icon=":material/history:"):
            return None
        st.session_state[asked] = True
    found = found or work.answer("backtest", "Replaying history …", version=version, file=file)
    if found is None:
        return None
    _tested(found)
    return found


def _tested(found: Any) -> None:
    good = {"pass": YES, "fail": NO}.get(found.gate, NOTE)
    words = {
        "pass": "History bears it out",
        "fail": "History does not bear it out",
        "no history": "No history to replay",
    }
    st.markdown(f"{good} **{words[found.gate]}** :gray[{found.cases:,} finished cases replayed]")
    for reason in found.reasons:
        st.markdown(f"{NOTE if found.gate == 'pass' else NO} {literal(reason, longest=300)}")
    if not found.cases:
        return
    row = st.columns(3)
    row[0].metric("Can go as they went", percent(found.coverage))
    row[1].metric("Rules agree", percent(found.agreement))
    row[2].metric("Manual queue", percent(found.manual_share))
    cycle = found.cycle_s
    if cycle.tobe is not None and cycle.asis:
        low, high = cycle.interval or (None, None)
        st.markdown(
            f"Median cycle time **{duration(cycle.asis)}** today, **{duration(cycle.tobe)}** predicted "
            f":gray[({duration(low)} to {duration(high)} with 95 % certainty)]"
        )
    if found.top_deviations:
        with st.expander("Ways that the plan does not have"):
            for deviation in found.top_deviations:
                way = " → ".join(deviation.variant)
                st.markdown(
                    f"{deviation.cases:,} cases ({percent(deviation.share)}): {literal(way, longest=600)}"
                )


def _owner(draft: str, plan: Any) -> None:
    if plan.owner.confirmed:
        st.markdown(f"{YES} **{literal(plan.owner.name)} answers for it**")
        return
    st.markdown(f"{OPEN} **Somebody answers for it** :gray[{literal(plan.owner.name)} is unconfirmed]")
    with st.form(f"owner:{draft}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        owner = st.text_input("Owner", value=actor())
        if st.form_submit_button("Confirm", icon=":material/how_to_reg:") and owner.strip():
            drafts.save(draft, now("moves", file=str(drafts.path(draft)), owner=owner.strip()).content)
            st.rerun()


def _publish(draft: str, file: str, plan: Any, tested: Any) -> None:
    override = None
    failed = tested is not None and tested.gate == "fail"
    if failed:
        override = st.text_input(
            "Publish all the same, because", key=f"override:{draft}", help="Kept for ever, with your name."
        )
    ready = tested is not None and (not failed or bool((override or "").strip()))
    label = f"Publish {literal(plan.name)}"
    if st.button(
        label, type="primary", icon=":material/publish:", disabled=not ready, key=f"publish:{draft}"
    ):
        work.begin(PUBLISHING, "publish", file=file, by=actor(), override=override or None)
    if tested is None:
        st.caption("Run the backtest first: nothing is published that was not tried on history.")
    done = work.collect(PUBLISHING, "Publishing …")
    if done is not None:
        st.session_state["published"] = done
    done = st.session_state.get("published")
    if done is not None and done.plan == plan.name:
        text = (
            f"{done.plan}@{done.version} is published"
            if done.created
            else f"{done.plan}@{done.version} is just this"
        )
        st.success(literal(text), icon=":material/check_circle:")
        with st.container(horizontal=True):
            chrome.link("plan", "Look at it, bind its steps", icon=":material/arrow_forward:", plan=done.plan)
            chrome.link("runs", "Run it", icon=":material/play_arrow:", plan=done.plan)
