"""A form from a JSON schema: one input per property, what is wrong beside it, and the values given."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import streamlit as st

from dashboard.parts.plain import literal

ABREAST = 3
LONG = 200
"""Texts that may be longer than this get an area instead of a line."""
DAYS = {"min_value": date(1900, 1, 1), "max_value": date(2199, 12, 31)}
EXACT = 2**53 - 1
"""Whole numbers beyond this are not the same in a browser."""
Schema = Mapping[str, Any]
Problems = Mapping[str, str]


def schema_form(schema: Schema, *, key: str, problems: Problems | None = None) -> dict[str, Any]:
    """Inputs for the properties of an object; what was left empty is left out.

    `problems` says what is wrong by field, such as `{"address.street": "is needed"}`; each is told beside
    its input, and those of no field above them all. Defaults of the schema stand in the inputs.
    """
    told = dict(problems or {})
    if "" in told:
        st.error(literal(told[""], longest=400))
    return _object(schema, schema, key, "", told)


def _object(root: Schema, schema: Schema, key: str, path: str, problems: Problems) -> dict[str, Any]:
    """The inputs of one object, three abreast; nested objects below each other in frames of their own."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    columns, used = st.columns(ABREAST), 0
    values: dict[str, Any] = {}
    fields = {name: _resolved(root, about) for name, about in properties.items()}
    # What is needed first, what has parts of its own last: a stored plan keeps no order of fields.
    for name, about in sorted(fields.items(), key=lambda f: (_nested(f[1]), f[0] not in required)):
        where = f"{path}{name}"
        label = f"{literal(str(about.get('title', name)))}{' (needed)' if name in required else ''}"
        if _nested(about):
            with st.container(border=True):
                st.caption(label, help=_help(about))
                values[name] = _object(root, about, key, f"{where}.", problems) or None
                _problem(problems, where)
            columns, used = st.columns(ABREAST), 0
            continue
        with columns[used % ABREAST]:
            values[name] = _input(root, label, about, f"{key}:{where}", required=name in required)
            _problem(problems, where)
        used += 1
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _nested(about: Schema) -> bool:
    return about.get("type") == "object" and bool(about.get("properties"))


def _problem(problems: Problems, where: str) -> None:
    """What is wrong with a field, or with a part of it that has no input of its own."""
    parts = [f"{_part(w, where)}{what}" for w, what in problems.items() if _within(w, where)]
    if parts:
        st.markdown(f":red[:material/error: {literal('; '.join(parts), longest=300)}]")


def _within(where: str, field: str) -> bool:
    rest = where.removeprefix(field)
    return where.startswith(field) and (not rest or rest.lstrip(".").split(".")[0].isdigit())


def _part(where: str, field: str) -> str:
    """Which entry of a list is meant, counted as people do."""
    entry = where.removeprefix(field).lstrip(".").split(".")[0]
    return f"entry {int(entry) + 1} " if entry else ""


def _help(about: Schema) -> str | None:
    bounds = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}
    bounds |= {"exclusiveMaximum": "less than", "multipleOf": "in steps of", "pattern": "written like"}
    said = [f"{words} {about[name]}" for name, words in bounds.items() if name in about]
    text = ". ".join(filter(None, [str(about.get("description", "")), ", ".join(said)]))
    return literal(text, longest=400) if text else None


def _resolved(root: Schema, about: Any) -> Schema:
    """A property's schema, behind a reference inside the same schema."""
    for _ in range(8):
        if not (isinstance(about, Mapping) and str(about.get("$ref", "")).startswith("#/")):
            break
        found: Any = root
        for part in about["$ref"][2:].split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        about = found
    return about if isinstance(about, Mapping) else {}


def _kind(about: Schema) -> str | None:
    kind = about.get("type")
    return next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind


def _input(root: Schema, label: str, about: Schema, key: str, *, required: bool) -> Any:
    """One input; `None` or empty where nothing was given."""
    more: dict[str, Any] = {"key": key, "help": _help(about)}
    kind, default = _kind(about), about.get("default")
    if "const" in about:
        about = {**about, "enum": [about["const"]]}
        default = about["const"] if required else default
    if isinstance(about.get("enum"), list):
        options = about["enum"]
        index = options.index(default) if default in options else None
        return st.selectbox(label, options, index=index, placeholder="Choose", format_func=str, **more)
    if kind == "boolean":
        index = None if default is None else int(not default)
        return {"yes": True, "no": False}.get(st.selectbox(label, ["yes", "no"], index=index, **more))
    if kind in ("number", "integer"):
        return _number(label, about, kind, more)
    if kind == "string":
        return _text(label, about, more)
    items = _resolved(root, about.get("items"))
    if kind == "array" and _kind(items) in ("string", "number", "integer"):
        return _several(label, items, default, more)
    shown = json.dumps(default, ensure_ascii=False) if default is not None else ""
    if kind in ("object", "array"):
        return _json(st.text_area(label, value=shown, placeholder="JSON", **more))
    return st.text_input(label, value="" if default is None else str(default), **more)


def _number(label: str, about: Schema, kind: str, more: dict[str, Any]) -> float | int | None:
    cast: Any = int if kind == "integer" else float
    usable = {
        name: cast(about[rule])
        for name, rule in (("min_value", "minimum"), ("max_value", "maximum"), ("value", "default"))
        if isinstance(about.get(rule), int | float) and abs(about[rule]) <= EXACT
    }
    step = about.get("multipleOf") if kind == "integer" else None
    given = st.number_input(
        label, **{"value": None, **usable}, step=int(step or 1) if kind == "integer" else None, **more
    )
    return cast(given) if given is not None else None


def _text(label: str, about: Schema, more: dict[str, Any]) -> Any:
    form, default, longest = about.get("format"), str(about.get("default") or ""), about.get("maxLength")
    if form == "date":
        day = st.date_input(label, value=_moment(date, default), format="YYYY-MM-DD", **DAYS, **more)
        return day.isoformat() if isinstance(day, date) else None
    if form == "date-time":
        bounds = {name: datetime.combine(day, time()) for name, day in DAYS.items()}
        at = st.datetime_input(label, value=_moment(datetime, default), format="YYYY-MM-DD", **bounds, **more)
        return f"{at.isoformat()}Z" if isinstance(at, datetime) else None
    if (longest or 0) > LONG or form == "textarea":
        return st.text_area(label, value=default, max_chars=longest, **more)
    return st.text_input(label, value=default, max_chars=longest, **more)


def _moment(kind: Any, text: str) -> Any:
    try:
        found = kind.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=None) if isinstance(found, datetime) else found


def _several(label: str, items: Schema, default: Any, more: dict[str, Any]) -> Any:
    """Several values: chosen from a list, or typed one after the other."""
    chosen = default if isinstance(default, list) else []
    fixed = items.get("enum")
    if isinstance(fixed, list):
        kept = [each for each in chosen if each in fixed]
        return st.multiselect(label, fixed, default=kept, format_func=str, **more)
    words = [str(each) for each in chosen]
    typed: Sequence[str] = st.multiselect(
        label, words, default=words, accept_new_options=True, placeholder="Type, Enter", **more
    )
    return list(typed) if _kind(items) == "string" else [_json(word) for word in typed]


def _json(text: str) -> Any:
    """What was typed as JSON; text that is none goes on as text, and the contract refuses it by name."""
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text
