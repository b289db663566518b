"""Stands in for a system: answers as the log showed, changes nothing, and is always named as sandbox."""

import random
from collections.abc import Mapping
from typing import Any

from home.settings import Settings
from orchestrate.connectors.port import Work
from orchestrate.world import filled


class SandboxConnector:
    """Draws the output of a step from what was observed of it; the same key gets the same answer."""

    summary = "Answers as the log showed and changes nothing; what it does is marked as sandbox."
    options: Mapping[str, str] = {}

    def __init__(self, settings: Settings) -> None:
        """The sandbox needs no settings."""

    async def call(self, work: Work) -> Mapping[str, Any]:
        """An output that fits the step's contract."""
        return filled(work.step, lambda what: random.Random(f"{work.key}:{what}").random())
