"""What a page shows is in its address, so that a link, a bookmark and the Back button bring it back."""

import streamlit as st

Values = tuple[str, ...]
PREFIX = "at:"
WRITTEN = "address as written"


def take(*names: str) -> None:
    """Adopt what somebody put into the address; otherwise what this session looked at before stays.

    Call it first on a page, with the names that the page keeps there. The address wins only where it is
    not what `keep` wrote last: then a person changed it, by a link, a bookmark or the Back button.
    """
    asked = {name: tuple(st.query_params.get_all(name)) for name in names}
    if any(asked.values()) and asked != st.session_state.get(WRITTEN):
        for name, values in asked.items():
            st.session_state[PREFIX + name] = values
    st.session_state[WRITTEN] = asked


def keep(*names: str) -> None:
    """Write what the page shows into its address; call it once everything is chosen."""
    kept = {name: all_of(name) for name in names}
    if st.session_state.get(WRITTEN) != kept:
        st.query_params.from_dict({name: list(values) for name, values in kept.items() if values})
    st.session_state[WRITTEN] = kept


def all_of(name: str) -> Values:
    """Every value of a name."""
    found: Values = st.session_state.get(PREFIX + name, ())
    return found


def one_of(name: str) -> str | None:
    """The first value of a name, if there is one."""
    found = all_of(name)
    return found[0] if found else None


def put(name: str, *values: str | None) -> None:
    """Change a name's values; `None` counts as absent."""
    st.session_state[PREFIX + name] = tuple(v for v in values if v is not None)
