"""What a page shows is in its address, so that a link, a bookmark and the Back button bring it back."""

import streamlit as st

Values = tuple[str, ...]
PREFIX = "at:"
WRITTEN = "address as written"


def take(*names: str) -> None:
    """Adopt what somebody put into the address; otherwise what this session looked at before stays.

    Call it before reading these names. The address wins only where it is not what `keep` wrote last:
    then a person changed it, by a link, a bookmark or the Back button.
    """
    written = st.session_state.setdefault(WRITTEN, {})
    asked = {name: tuple(st.query_params.get_all(name)) for name in names}
    if any(asked.values()) and asked != {name: written.get(name, ()) for name in names}:
        for name, values in asked.items():
            put(name, *values)
    written.update(asked)


def keep(*names: str) -> None:
    """Write what the page shows into its address; call it once these names are settled."""
    written = st.session_state.setdefault(WRITTEN, {})
    for name in names:
        values = all_of(name)
        if written.get(name, ()) == values:
            continue
        if values:
            st.query_params[name] = list(values)
        else:
            del st.query_params[name]
        written[name] = values


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
