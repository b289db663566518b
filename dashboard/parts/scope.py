"""What a page looks at: one log, the cases left by the filters, and the view; kept in its address."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from dashboard.parts import address
from dashboard.parts.chips import in_words
from dashboard.parts.plain import ago, literal
from dashboard.parts.saved import saved_menu, saved_of
from dashboard.parts.start import no_logs
from dashboard.runtime import current
from ingest.catalog import Log, all_logs
from mining.saved_filters import SavedFilter

KEPT = ("log", "where", "from", "to", "view", "time")
VIEWS = {"instances": "Activities", "events": "Raw events"}


@dataclass(frozen=True)
class Scope:
    """A log and what of it is looked at."""

    log: Log
    chips: tuple[str, ...]
    window: tuple[date, date] | None
    view: str
    time: str = "calendar"
    """`working`: durations without nights, weekends and holidays."""
    saved: str = ""
    """What the saved filters stand for, as chips may call them."""

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
        """Changes whenever the log does, or what its saved filters stand for."""
        return f"{self.log.hash}:{self.log.loaded_at}{self.saved}"


def choose(title: str, *, simulated: bool = False, narrow: bool = True) -> Scope | None:
    """The page's header: title, log, window, view, chips. `None` and an empty state where there is no log.

    Without `narrow` the page looks at whole logs: only the log can be chosen.
    """
    logs = [log for log in all_logs(current().stores.events) if simulated or not log.simulated]
    head = st.columns([5, 3, 2] if narrow else [5, 3], vertical_alignment="center")
    head[0].title(title)
    if not logs:
        no_logs()
        return None
    address.take(*KEPT)
    names = [log.name for log in sorted(logs, key=lambda log: log.simulated)]
    if address.one_of("log") not in names:
        look_at(max(logs, key=lambda log: (not log.simulated, log.events)).name)
    with head[1]:
        _pick_log(names)
    log = next(log for log in logs if log.name == address.one_of("log"))
    if not narrow:
        address.keep("log")
        say_freshness(log)
        return Scope(log, (), None, "instances")
    with head[2].popover(_window_label(), icon=":material/date_range:", width="stretch"):
        window = _window(log)
        view = _view(log)
        time = _time()
    saved = saved_of(log.name)
    meant = "".join(f"\n{each.filter}\n{each.where}" for each in saved)
    scope = Scope(log, address.all_of("where"), window, view, time, meant)
    address.keep(*KEPT)
    say_freshness(log)
    _show_chips(scope, saved)
    return scope


def look_at(log: str) -> None:
    """Another log, with no filter of the one before."""
    address.put("log", log)
    for name in (*KEPT[1:], "case"):
        address.put(name)


def add_chip(expression: str) -> None:
    """Filter by one more expression; filtering twice by the same is filtering once."""
    chips = address.all_of("where")
    if expression not in chips:
        address.put("where", *chips, expression)


def drop_chip(expression: str | None = None) -> None:
    """Take one filter away, or all of them and the window."""
    address.put("where", *(c for c in address.all_of("where") if expression is not None and c != expression))
    if expression is None:
        address.put("from")
        address.put("to")


def say_freshness(log: Log) -> None:
    """One line under the title: how much there is, until when, and when it came in."""
    label = " · **simulated: predicts, proves nothing**" if log.simulated else ""
    last = f"{log.last_at:%Y-%m-%d}" if log.last_at else "–"
    fresh = ago(log.loaded_at.replace(tzinfo=UTC), datetime.now(UTC))
    counts = f"{log.cases:,} cases · {log.events:,} events"
    st.caption(f"{counts} · last event {last} · loaded {fresh} · times in {literal(log.tz)}{label}")


def _pick_log(names: list[str]) -> None:
    st.session_state["pick log"] = address.one_of("log")
    st.selectbox(
        "Event log",
        names,
        key="pick log",
        on_change=lambda: look_at(st.session_state["pick log"]),
        label_visibility="collapsed",
    )


def _window(log: Log) -> tuple[date, date] | None:
    """A range of start days, in the log's zone, or `None` for all of it."""
    if log.first_at is None or log.last_at is None:
        return None
    first, last = log.first_at.date(), log.last_at.date()
    kept = (_day(address.one_of("from")) or first, _day(address.one_of("to")) or last)
    kept = (min(max(kept[0], first), last), max(min(kept[1], last), first))
    chosen = st.date_input("Cases that started", value=kept, min_value=first, max_value=last)
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        chosen = kept  # the person has picked the first of two days
    whole = chosen[0] <= first and chosen[1] >= last
    address.put("from", None if whole else str(chosen[0]))
    address.put("to", None if whole else str(chosen[1]))
    return None if whole else (chosen[0], chosen[1])


def _window_label() -> str:
    """The window in view, on the button that changes it."""
    first, last = address.one_of("from"), address.one_of("to")
    raw = f" · {VIEWS['events'].lower()}" if address.one_of("view") == "events" else ""
    raw += " · working time" if address.one_of("time") == "working" else ""
    if _day(first) is None and _day(last) is None:
        return f"All time{raw}"
    return literal(f"{first or '…'} to {last or '…'}{raw}")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _view(log: Log) -> str:
    """Activity instances, or raw events where the two differ."""
    st.caption(f"Days and times in {literal(log.tz)}.")
    if not log.paired:
        address.put("view")
        return "instances"
    kept = address.one_of("view")
    options = list(VIEWS)
    chosen = st.segmented_control(
        "Count",
        options,
        default=kept if kept in options else options[0],
        format_func=VIEWS.__getitem__,
        required=True,
    )
    address.put("view", None if chosen == options[0] else chosen)
    return str(chosen)


def _time() -> str:
    """Calendar time, or working time as the log shows it."""
    working = st.toggle(
        "Working time",
        value=address.one_of("time") == "working",
        help="Durations on the map and of the variants without nights, weekends and holidays, as mined from "
        "when people begin work.",
    )
    address.put("time", "working" if working else None)
    return "working" if working else "calendar"


def _show_chips(scope: Scope, saved: list[SavedFilter]) -> None:
    """Each filter as a chip that a click takes away, and the saved ones."""
    if not scope.chips and not scope.window and not saved:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if scope.where:
            st.caption("Only cases that", width="content")
        for chip in scope.chips:
            st.button(
                literal(in_words(chip)),
                key=f"chip:{chip}",
                icon=":material/close:",
                icon_position="right",
                help=f"Remove this filter: {literal(chip, longest=300)}",
                on_click=drop_chip,
                args=(chip,),
            )
        if scope.window:
            st.caption(f"started {scope.window[0]} to {scope.window[1]}", width="content")
        saved_menu(scope.log.name, saved, scope.where, scope.chips)
        if scope.where:
            st.button("Clear all", type="tertiary", on_click=drop_chip)
