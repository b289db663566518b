"""A form from a JSON schema: one input per property, and the values a person gave."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from dashboard.parts.plain import literal

ABREAST = 3


def schema_form(schema: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Inputs for the properties of an object; what was left empty is left out. Call it inside `st.form`."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    columns = st.columns(ABREAST)
    values = {}
    for number, (name, about) in enumerate(properties.items()):
        with columns[number % ABREAST]:
            label = f"{literal(about.get('title', name))}{' (needed)' if name in required else ''}"
            values[name] = _input(label, about if isinstance(about, Mapping) else {}, f"{key}:{name}")
    return {name: value for name, value in values.items() if value not in (None, "")}


def _input(label: str, about: Mapping[str, Any], key: str) -> Any:
    """One input; `None` or empty text where nothing was given."""
    more: dict[str, Any] = {
        "key": key,
        "help": literal(about["description"]) if about.get("description") else None,
    }
    if isinstance(about.get("enum"), list):
        return st.selectbox(label, about["enum"], index=None, placeholder="Choose", format_func=str, **more)
    kind = about.get("type")
    if kind == "boolean":
        return {"yes": True, "no": False}.get(st.selectbox(label, ["yes", "no"], index=None, **more))
    if kind in ("number", "integer"):
        given = st.number_input(label, value=None, step=1 if kind == "integer" else None, **more)
        return int(given) if given is not None and kind == "integer" else given
    if kind == "string" and about.get("format") == "date":
        day = st.date_input(label, value=None, **more)
        return day.isoformat() if isinstance(day, date) else None
    if kind in ("object", "array"):
        return _json(st.text_area(label, placeholder="JSON", **more))
    return st.text_input(label, **more)


def _json(text: str) -> Any:
    """What was typed as JSON; text that is none goes on as text, and the contract refuses it by name."""
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text
