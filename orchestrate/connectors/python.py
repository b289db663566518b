"""Calls a Python function that the settings allow by name."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from home.settings import Settings
from orchestrate.connectors.port import CallFailed, Work


class PythonConnector:
    """`module:function`, called with the step's input and, if it takes one, its idempotency `key`."""

    summary = "Calls a Python function that the setting `python_allow` names."
    options: Mapping[str, str] = {"function": "module:function; takes the input, returns a dictionary"}

    def __init__(self, settings: Settings) -> None:
        self._allowed = settings.python_allow

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Run the function, on a thread of its own unless it is a coroutine.

        A thread cannot be stopped: after the step's timeout its answer no longer counts, and it ends
        when it ends.
        """
        name = str(work.settings.get("function", ""))
        module, _, _ = name.partition(":")
        if name not in self._allowed and f"{module}:*" not in self._allowed:
            raise CallFailed(
                f"the function {name!r} is not allowed by the setting python_allow", retryable=False
            )
        function, takes_key = _function(name)
        named = {"key": work.key} if takes_key else {}
        given = dict(work.input)
        if inspect.iscoroutinefunction(function):
            output = await function(given, **named)
        else:
            output = await asyncio.to_thread(function, given, **named)
        if output is None:
            return {}
        if not isinstance(output, Mapping):
            raise CallFailed(f"{name} returned {type(output).__name__}, not a dictionary", retryable=False)
        return output


@cache
def _function(name: str) -> tuple[Callable[..., Any], bool]:
    """The function and whether it takes a `key`; raises `CallFailed` where there is none."""
    module, _, attribute = name.partition(":")
    try:
        function = getattr(import_module(module), attribute)
        return function, "key" in inspect.signature(function).parameters
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise CallFailed(f"there is no function {name!r}: {error}", retryable=False) from error
