"""Candidates: which processes and parts of them are worth redesigning first, and why."""

from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts import address, charts, chrome, work
from dashboard.parts.assessment import assessment
from dashboard.parts.facts import facts
from dashboard.parts.moments import clock, utc_now
from dashboard.parts.plain import ago, literal
from dashboard.parts.start import no_logs
from dashboard.parts.tables import as_csv, as_table
from dashboard.parts.why_card import why_card
from dashboard.runtime import current
from home.errors import BatonError
from home.text import cel_text, percent
from ingest.catalog import all_logs

KEPT = ("candidate", "rate")
VERDICTS = {
    "plan": ":green-badge[can be planned]",
    "pilot": ":orange-badge[pilot first]",
    "refuse": ":gray-badge[not as a whole]",
}
SCORES = ("frequency", "pain", "stability")


def show() -> None:
    """The matrix beside the ranking, then one candidate's why card."""
    head = st.columns([6, 2], vertical_alignment="center")
    head[0].title("Candidates")
    logs = [log for log in all_logs(current().stores.events) if not log.simulated and log.plan is None]
    if not logs:
        no_logs()
        return
    address.take(*KEPT)
    with head[1]:
        rate = _rate()
    # An override changes no log, and makes the answer another one.
    version = ";".join(f"{log.hash}:{log.loaded_at}" for log in logs) + f";{current().ran['override']}"
    found = work.answer("candidates", "Scoring every process …", version=version, rate=rate)
    if found is None:
        return
    newest = max(log.loaded_at for log in logs)
    st.caption(
        "Scores run from 1 to 5: 5 is most frequent, most painful, most stable. They are absolute: no log "
        f"moves the scores of another. Newest data loaded {ago(newest, utc_now())}."
    )
    _ranking(found)
    chosen = next((c for c in found.candidates if c.id == address.one_of("candidate")), found.candidates[0])
    _one(chosen, next(c.top for c in found.certainty if c.id == chosen.id), rate)
    address.keep(*KEPT)


def _rate() -> float | None:
    kept = address.one_of("rate")
    rate = st.number_input(
        "What an hour costs",
        min_value=0.0,
        value=float(kept) if kept and kept.replace(".", "", 1).isdigit() else None,
        step=5.0,
        placeholder="to see pain in money",
        label_visibility="collapsed",
        help="In any currency; shows what the pain costs a week.",
    )
    address.put("rate", f"{rate:g}" if rate else None)
    return rate or None


def _ranking(found: Any) -> None:
    matrix, table = st.columns([2, 3], gap="large")
    ids = [c.id for c in found.candidates]
    with matrix:
        drawn = [c.model_dump(include={"id", "label", "plannable", *SCORES}) for c in found.candidates]
        event = charts.show(charts.matrix(drawn), key="matrix", height=380, selectable=True)
        points = event["selection"]["points"] if event else []
        clicked = points[0]["customdata"][0] if points else None
        if clicked in ids and clicked != st.session_state.get("clicked"):
            address.put("candidate", clicked)
        st.session_state["clicked"] = clicked
    with table:
        _table(found, ids)


def _table(found: Any, ids: list[str]) -> None:
    top = {c.id: c.top for c in found.certainty}

    def selected() -> None:
        chosen = st.session_state["ranking"].selection.rows
        address.put("candidate", ids[chosen[0]] if chosen else None)

    rows = [
        {
            "#": number,
            "Candidate": c.label,
            "Log": c.log,
            "Frequency": c.frequency,
            "Pain": c.pain,
            "Stability": c.stability,
            "Total": c.total,
            "Top 3": top[c.id],
            "Hours a week": c.hours_per_week,
            "Money a week": c.money_per_week,
            "Verdict": c.verdict + (", overridden" if c.overrides else ""),
        }
        for number, c in enumerate(found.candidates, start=1)
    ]
    st.dataframe(
        as_table(rows),
        hide_index=True,
        height=348,
        on_select=selected,
        selection_mode="single-row",
        key="ranking",
        column_config={
            "#": st.column_config.NumberColumn(width=40),
            "Candidate": st.column_config.TextColumn(width="medium"),
            "Top 3": st.column_config.NumberColumn(
                format="percent", help="Share of resampled histories in which it is among the first three."
            ),
            "Hours a week": st.column_config.NumberColumn(
                format="%.1f", help="Labour-equivalent hours of pain."
            ),
            "Money a week": st.column_config.NumberColumn(format="localized"),
        },
    )
    st.download_button(
        "CSV",
        as_csv(rows),
        file_name="candidates.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _one(chosen: Any, top: float, rate: float | None) -> None:
    with st.container(border=True):
        head, actions = st.columns([3, 2], vertical_alignment="center")
        head.subheader(literal(chosen.label, longest=140))
        with (
            actions,
            st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"),
        ):
            chrome.link(
                "process", "On the map", icon=":material/account_tree:", log=chosen.log, **_filters(chosen)
            )
            _override(chosen)
            if st.button(
                "Make a plan", type="primary", icon=":material/edit_square:", disabled=not chosen.plannable
            ):
                chrome.go("plan", candidate=chosen.id)
        st.markdown(f"{VERDICTS[chosen.verdict]} {literal(chosen.because, longest=400)}")
        figures = st.columns(4)
        for column, name in zip(figures, SCORES, strict=False):
            _score(column, name, chosen)
        low, high = chosen.interval.total
        span = f"95 %: {low}–{high}" if low != high else f"95 %: {low}"
        figures[3].metric("Total of 15", chosen.total, span, delta_color="off", delta_arrow="off")
        figures[3].caption(f"Among the first three in {percent(top)} of resampled histories")
        for each in chosen.overrides:
            change = f"set {each.score} from {each.computed} to {each.value} on {clock(each.at.isoformat())}"
            st.markdown(f":material/edit_note: {literal(each.by)} {change}: {literal(each.why, longest=300)}")
        why, about = st.columns([3, 2], gap="large")
        with why:
            why_card(chosen)
        with about:
            _about(chosen)
        assessment(chosen, rate)


def _filters(chosen: Any) -> dict[str, list[str]]:
    """The filter under which it is a candidate, or the cases that come to a part of the process."""
    if chosen.condition:
        return {"where": [chosen.condition]}
    if chosen.kind == "process" or not chosen.activities:
        return {}
    return {"where": [f"contains({cel_text(chosen.activities[0])})"]}


def _score(column: Any, name: str, chosen: Any) -> None:
    low, high = getattr(chosen.interval, name)
    computed = getattr(chosen.computed, name)
    value = getattr(chosen, name)
    said = f"95 %: {low}–{high}" if low != high else f"95 %: {low}"
    if value != computed:
        said = f"computed {computed} ({said})"
    column.metric(name.capitalize(), value, said, delta_color="off", delta_arrow="off")


def _about(chosen: Any) -> None:
    st.caption("About it")
    money = {"Money a week": f"{chosen.money_per_week:,.0f}"} if chosen.money_per_week is not None else {}
    facts(
        {
            "Cases a week": chosen.cases_per_week,
            "Pain per case": f"{chosen.hours_per_case:,.2f} h",
            "Pain a week": f"{chosen.hours_per_week:,.1f} h",
            **money,
            "Share of its process's pain": percent(chosen.pain_share),
            "Handoffs per case": chosen.handoffs_per_case,
            "Systems per case": chosen.systems_per_case,
            "Complexity": f"{chosen.complexity:g} equally common paths",
            "Accepted exactly": percent(chosen.coverage),
            "Condition": chosen.condition,
            "Activities": ", ".join(chosen.activities),
        }
    )


def _override(chosen: Any) -> None:
    with st.popover("Override", icon=":material/edit_note:"), st.form(f"override:{chosen.id}", border=False):
        st.caption("For what the log does not know. The computed score stays beside it.")
        score = st.selectbox("Score", SCORES, format_func=str.capitalize)
        value = st.select_slider("Set to", [0, 1, 2, 3, 4, 5], value=getattr(chosen, SCORES[0]),
                                 format_func=lambda n: "as computed" if n == 0 else str(n))  # fmt: skip
        why = st.text_area("Why", placeholder="What the log does not know")
        if st.form_submit_button("Set", type="primary"):
            try:
                now("override", candidate=chosen.id, by=actor(), why=why, **{score: value})
            except (BatonError, ValueError) as error:
                st.error(
                    literal(str(error), longest=200) if isinstance(error, BatonError) else "Say why, please."
                )
                return
            st.rerun()
