"""Calls a Python function that the settings allow by name."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import Field

from home.context import Context
from orchestrate.connectors.options import Options
from orchestrate.connectors.port import About, CallFailed, Work, options_of

log = logging.getLogger("baton.python")


class PythonOptions(Options):
    """Which function."""

    function: str = Field(pattern=r"^[\w.]+:\w+$")
    """module:function; takes the input, returns a dictionary."""


class PythonConnector:
    """`module:function`, called with the step's input and, if it takes one, its idempotency `key`."""

    summary = "Calls a Python function that the setting `python_allow` names."
    about = About(
        purpose="Computes something with your own Python code, in the worker itself.",
        verbs=("compute", "calculate", "validate", "transform", "match", "classify"),
        systems=("Python", "library", "own code"),
        idempotent="hands the idempotency key to a function that takes `key`",
        cost="a thread of the worker",
    )
    options = PythonOptions

    def __init__(self, context: Context) -> None:
        self._allowed = context.settings.python_allow

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Run the function, on a thread of its own unless it is a coroutine.

        A thread cannot be stopped: after the step's timeout its answer no longer counts, and it ends
        when it ends. A coroutine is stopped.
        """
        name = options_of("python", PythonOptions, work).function
        function, takes_key = allowed_function(name, self._allowed)
        named = {"key": work.key} if takes_key else {}
        given = dict(work.input)
        try:
            async with asyncio.timeout(work.timeout_s):
                if inspect.iscoroutinefunction(function):
                    output = await function(given, **named)
                else:
                    output = await asyncio.to_thread(function, given, **named)
        except TimeoutError as error:
            raise CallFailed(f"{name} did not answer in time") from error
        except CallFailed:  # a function may say itself whether again can help
            raise
        except Exception as error:
            log.exception("%s failed", name)
            raise CallFailed(f"{name} failed: {type(error).__name__}: {error}") from error
        if output is None:
            return {}
        if not isinstance(output, Mapping):
            raise CallFailed(f"{name} returned {type(output).__name__}, not a dictionary", retryable=False)
        return output


def allowed_function(name: str, allowed: Sequence[str]) -> tuple[Callable[..., Any], bool]:
    """The function and whether it takes a `key`; raises `CallFailed` where it is not allowed or not there."""
    module, _, _ = name.partition(":")
    if name not in allowed and f"{module}:*" not in allowed:
        raise CallFailed(f"the function {name!r} is not allowed by the setting python_allow", retryable=False)
    return _function(name)


@cache
def _function(name: str) -> tuple[Callable[..., Any], bool]:
    module, _, attribute = name.partition(":")
    try:
        function = getattr(import_module(module), attribute)
        return function, "key" in inspect.signature(function).parameters
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise CallFailed(f"there is no function {name!r}: {error}", retryable=False) from error
