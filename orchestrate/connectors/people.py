"""Connectors that are people: a step bound to one becomes a task, and nothing is called."""

from collections.abc import Mapping
from typing import Any

from home.settings import Settings
from orchestrate.connectors.port import CallFailed, Work


class Human:
    """A person in the step's role."""

    summary = "A person does it: a task for the step's role, with its SLA and escalation."
    options: Mapping[str, str] = {}

    def __init__(self, settings: Settings) -> None:
        """People need no settings."""

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Never reached: the core opens a task for such a step."""
        raise CallFailed(f"step {work.step.id!r} is done by a person", retryable=False)


class Manual(Human):
    """The manual queue."""

    summary = "The manual queue: a task for whoever works on cases that the plan does not cover."
