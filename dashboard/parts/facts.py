"""Facts and stories as quiet tables of wrapped text; every cell is escaped, for names may hold anything."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.parts.plain import literal
from home.text import cell

LONGEST = 600


def facts(values: Mapping[str, Any]) -> None:
    """What each thing is called, and its value in words. Empty values are left out."""
    rows = {name: cell(name, value) for name, value in values.items() if value not in (None, "", {}, [])}
    if rows:
        shown = [
            {"fact": f":gray[{literal(name)}]", "value": literal(v, longest=LONGEST)}
            for name, v in rows.items()
        ]
        st.table(shown, border="horizontal", hide_index=True, hide_header=True)


def story(rows: Sequence[Mapping[str, Any]]) -> None:
    """What happened, one line each, in columns as given."""
    shown = [
        {name: literal("" if value is None else str(value), longest=LONGEST) for name, value in row.items()}
        for row in rows
    ]
    st.table(shown, border="horizontal", hide_index=True)
