"""Python steps: only what is allowed, with its key, and whatever it raises in words."""

from collections.abc import Callable
from typing import Any

import pytest

from home.context import Context
from orchestrate.connectors.port import CallFailed
from orchestrate.connectors.python import PythonConnector

from .attempts import call, work
from .cases import FUNCTIONS


@pytest.fixture
def connector(make_context: Callable[..., Context]) -> PythonConnector:
    return PythonConnector(make_context(python_allow=(f"{FUNCTIONS}:*",)))


@pytest.mark.parametrize(
    ("function", "retryable", "said"),
    [
        ("os:system", False, "is not allowed by the setting python_allow"),
        (f"{FUNCTIONS}:absent", False, "there is no function"),
        (f"{FUNCTIONS}:wrong", False, "returned int, not a dictionary"),
        (f"{FUNCTIONS}:fail", True, "fail failed: ValueError: no"),
        ("os.path.join", False, "setting 'function'"),
    ],
)
def test_only_what_is_allowed_is_called_and_failures_are_said(
    connector: PythonConnector, function: str, retryable: bool, said: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        call(connector, work(function=function))
    assert said in failed.value.message
    assert failed.value.can_retry is retryable


def test_the_key_goes_to_who_takes_it_and_coroutines_are_awaited(connector: PythonConnector) -> None:
    found: Any = call(connector, work("r:a:9", function=f"{FUNCTIONS}:approve"))
    assert found["key"] == "r:a:9"
    assert call(connector, work(function=f"{FUNCTIONS}:approve_soon")) == {"approved": True}


def test_the_sandbox_gives_the_same_key_the_same_answer(make_context: Callable[..., Context]) -> None:
    from orchestrate.connectors.sandbox import SandboxConnector

    connector = SandboxConnector(make_context())
    assert call(connector, work("r:a:3")) == call(connector, work("r:a:3"))
