"""Filters with a name, beside the chips: choose one, or save what is looked at."""

import streamlit as st

from dashboard.cached import now
from dashboard.parts import address
from dashboard.parts.plain import literal
from home.errors import BatonError
from mining.saved_filters import SavedFilter, call


def saved_of(log: str) -> list[SavedFilter]:
    """The saved filters of a log."""
    found: list[SavedFilter] = now("filter list", log=log).rows
    return found


def saved_menu(log: str, saved: list[SavedFilter], where: str | None, chips: tuple[str, ...]) -> None:
    """A small menu: what is saved, and a name for the filters in force, where there are any."""
    with st.popover("Saved filters" if saved else "Save filter", icon=":material/bookmark:", width="content"):
        for each in saved:
            chip = call(each.filter)
            st.button(
                literal(each.filter),
                key=f"saved:{each.filter}",
                help=literal(each.where, longest=300),
                disabled=chip in chips,
                on_click=_choose,
                args=(chip,),
            )
        if where is None or where in [f"({call(each.filter)})" for each in saved]:
            return
        name = st.text_input("Save these filters as", key="save filter as", placeholder="Name").strip()
        if st.button("Save filter", type="primary", disabled=not name):
            _save(log, name, chips[0] if [f"({chip})" for chip in chips] == [where] else where)


def _choose(chip: str) -> None:
    address.put("where", *address.all_of("where"), chip)


def _save(log: str, name: str, where: str) -> None:
    """Save the filters in force and put the name in their place, or say why not."""
    try:
        now("filter save", name=name, log=log, where=where)
    except BatonError as error:
        st.error(literal(f"{error.message} {error.hint}", longest=500))
        return
    address.put("where", call(name))
    address.put("from")
    address.put("to")
    st.rerun()
