"""What a page looks at: one log, the cases left by the filters, and the view; kept in the URL."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from dashboard.parts.plain import ago, cel_text, literal
from dashboard.runtime import current
from ingest.catalog import Log, all_logs

CHIPS = "chips"


@dataclass(frozen=True)
class Scope:
    """A log and what of it is looked at."""

    log: Log
    chips: tuple[str, ...]
    window: tuple[date, date] | None
    view: str

    @property
    def where(self) -> str | None:
        """The filters as one CEL expression."""
        parts = [f"({chip})" for chip in self.chips]
        if self.window:
            first, last = self.window
            parts.append(f'(start >= "{first}" && start < "{last + timedelta(days=1)}")')
        return " && ".join(parts) or None

    @property
    def version(self) -> str:
        """Changes whenever the log does."""
        return f"{self.log.hash}:{self.log.loaded_at}"


def choose(title: str, *, simulated: bool = False) -> Scope | None:
    """The page's header: title, log, window, view, chips. `None` and an empty state where there is no log."""
    logs = [log for log in all_logs(current().stores.events) if simulated or not log.simulated]
    head = st.columns([3, 2, 2], vertical_alignment="bottom")
    head[0].title(title)
    if not logs:
        no_logs()
        return None
    names = [log.name for log in logs]
    _from_url(names)
    # The widget's own key is not kept between pages; `log` is.
    chosen = head[1].selectbox(
        "Event log",
        names,
        index=names.index(st.session_state["log"]),
        key=f"pick-log:{title}",
    )
    if chosen != st.session_state["log"]:
        st.session_state.update({"log": chosen, CHIPS: (), "window": None})
    log = next(log for log in logs if log.name == chosen)
    with head[2].popover("Window and view", width="stretch"):
        window = _window(log)
        view = _view(log)
    scope = Scope(log, tuple(st.session_state.get(CHIPS, ())), window, view)
    _to_url(scope)
    _say_freshness(scope)
    _show_chips(scope)
    return scope


def no_logs() -> None:
    """The empty state: what to do first."""
    with st.container(border=True):
        st.subheader("No event log yet")
        st.write("Bring your own on the **Data** page, or look around with a sample company.")
        left, right = st.columns(2)
        if left.button("Load the sample company", type="primary", width="stretch"):
            from dashboard.parts.work import begin

            begin("sample", "sample")
        if right.button("Bring a file", width="stretch"):
            st.switch_page(st.session_state["pages"]["Data"])
    from dashboard.parts.work import collect, waiting_for

    if waiting_for("sample"):
        collect("sample", "Making the sample company …")
        st.rerun()


def add_chip(expression: str, *, alone: bool = False) -> None:
    """Filter by one more expression, or by this one alone; filtering twice by the same is filtering once."""
    chips = () if alone else tuple(st.session_state.get(CHIPS, ()))
    if expression not in chips:
        st.session_state[CHIPS] = (*chips, expression)


def chip_of(selection: dict[str, Any]) -> str:
    """The filter that a click on the process map means."""
    kind = selection.get("kind")
    if kind == "flow":
        return f"directly_follows({cel_text(selection['source'])}, {cel_text(selection['target'])})"
    if kind in ("start", "end"):
        return f"{'first' if kind == 'start' else 'last'} == {cel_text(selection['activity'])}"
    return f"contains({cel_text(selection['activity'])})"


def _from_url(names: list[str]) -> None:
    """The first look at a page takes log and filters from its address."""
    asked = st.query_params.get("log")
    if asked in names and asked != st.session_state.get("log"):
        st.session_state["log"] = asked
        st.session_state[CHIPS] = tuple(st.query_params.get_all("where"))
    elif st.session_state.get("log") not in names:
        st.session_state["log"] = names[0]
        st.session_state[CHIPS] = ()
    elif CHIPS not in st.session_state:
        st.session_state[CHIPS] = tuple(st.query_params.get_all("where"))


def _to_url(scope: Scope) -> None:
    st.query_params["log"] = scope.log.name
    if scope.chips:
        st.query_params["where"] = list(scope.chips)
    elif "where" in st.query_params:
        del st.query_params["where"]


def _window(log: Log) -> tuple[date, date] | None:
    """A range of start days, in the log's zone, or `None` for all of it."""
    if log.first_at is None or log.last_at is None:
        return None
    first, last = log.first_at.date(), log.last_at.date()
    kept = st.session_state.get("window")
    chosen = st.date_input("Cases started", value=kept or (first, last), min_value=first, max_value=last)
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        return kept
    window = None if (chosen[0] <= first and chosen[1] >= last) else (chosen[0], chosen[1])
    st.session_state["window"] = window
    return window


def _view(log: Log) -> str:
    """Activity instances, or raw events where the two differ."""
    if not log.paired:
        st.caption(f"Times in {literal(log.tz)}. Every event is one activity instance.")
        return "instances"
    st.caption(f"Times in {literal(log.tz)}.")
    chosen = st.segmented_control(
        "Count", ["instances", "events"], default=st.session_state.get("view", "instances")
    )
    st.session_state["view"] = chosen or "instances"
    return str(st.session_state["view"])


def _say_freshness(scope: Scope) -> None:
    log = scope.log
    label = " · simulated: it predicts and proves nothing" if log.simulated else ""
    loaded = log.loaded_at.replace(tzinfo=UTC)
    last = f"{log.last_at:%Y-%m-%d}" if log.last_at else "–"
    fresh = ago(loaded, datetime.now(UTC))
    counts = f"{log.cases:,} cases · {log.events:,} events"
    st.caption(f"{counts} · last event {last} · loaded {fresh} · {literal(log.tz)}{label}")


def _show_chips(scope: Scope) -> None:
    """Each filter as a chip that a click takes away."""
    if not scope.chips:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for chip in scope.chips:
            st.button(
                f"✕ {literal(chip)}",
                key=f"chip:{chip}",
                help="Remove this filter",
                on_click=_drop_chip,
                args=(chip,),
            )
        st.button("Clear all", type="tertiary", on_click=_drop_chip, args=(None,))


def _drop_chip(chip: str | None) -> None:
    kept = () if chip is None else tuple(c for c in st.session_state.get(CHIPS, ()) if c != chip)
    st.session_state[CHIPS] = kept
