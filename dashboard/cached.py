"""Answers of commands, kept as long as what they were computed from stays the same."""

import json
from typing import Any

import streamlit as st

from dashboard.runtime import current


def ask(command: str, *, version: str, **fields: Any) -> Any:
    """The response of a command, computed once per `version` of its input (a log's hash, say).

    Responses are frozen models, so every session may share one.
    """
    fields = {name: value for name, value in fields.items() if value is not None}
    with st.spinner("Counting …"):
        return _answer(str(current().settings.home), command, json.dumps(fields, sort_keys=True), version)


@st.cache_resource(max_entries=256, show_spinner=False)  # type: ignore[untyped-decorator]
def _answer(home: str, command: str, fields: str, version: str) -> Any:  # noqa: ARG001 - part of the key
    return current().run(command, **json.loads(fields))


def available(command: str) -> bool:
    """Whether a command is registered."""
    return any(known.name == command for known in current().registry)


def now(command: str, **fields: Any) -> Any:
    """The response of a command, computed now."""
    return current().run(command, actor=actor(), **{k: v for k, v in fields.items() if v is not None})


def actor() -> str:
    """Who acts in this session: what the person entered, else the operating-system user."""
    from home.context import operating_system_user

    return str(st.session_state.get("actor") or operating_system_user())
