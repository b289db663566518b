"""Answers of commands, kept as long as what they were computed from stays the same."""

import json
import threading
from collections import OrderedDict
from typing import Any

import streamlit as st

from dashboard.runtime import current

MOST = 256
Key = tuple[str, str, str, str]
# Responses are frozen models, so every session may share one.
_answers: OrderedDict[Key, Any] = OrderedDict()
_guard = threading.Lock()


def ask(command: str, *, version: str, **fields: Any) -> Any:
    """The response of a command, computed once per `version` of its input (a log's hash, say)."""
    key = key_of(command, version, fields)
    found = kept(key)
    if found is None:
        with st.spinner("Counting …"):
            found = current().run(command, **given(fields))
        keep(key, found)
    return found


def now(command: str, **fields: Any) -> Any:
    """The response of a command, computed now."""
    return current().run(command, actor=actor(), **given(fields))


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given a value."""
    return {name: value for name, value in fields.items() if value is not None}


def key_of(command: str, version: str, fields: dict[str, Any]) -> Key:
    """What an answer is kept under; another home never sees it."""
    return str(current().settings.home), command, version, json.dumps(given(fields), sort_keys=True)


def kept(key: Key) -> Any:
    """The answer under a key, or `None`."""
    with _guard:
        if key not in _answers:
            return None
        _answers.move_to_end(key)
        return _answers[key]


def keep(key: Key, answer: Any) -> None:
    """Keep an answer; the one that was not asked for longest goes."""
    with _guard:
        _answers[key] = answer
        while len(_answers) > MOST:
            _answers.popitem(last=False)


def actor() -> str:
    """Who acts in this session: what the person entered, else the operating-system user."""
    from home.context import operating_system_user

    return str(st.session_state.get("actor") or operating_system_user())
