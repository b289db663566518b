"""Stands in for a system: answers as the log showed, changes nothing, and is always named as sandbox."""

import random
from collections.abc import Mapping
from typing import Any

from home.context import Context
from orchestrate.connectors.options import NoOptions
from orchestrate.connectors.port import About, Work, options_of


class SandboxConnector:
    """Draws the output of a step from what was observed of it; the same key gets the same answer."""

    summary = "Answers as the log showed and changes nothing; what it does is marked as sandbox."
    about = About(
        purpose="Stands in for a system that is not there yet, to try a plan without consequences.",
        verbs=("simulate", "try", "pretend", "test"),
        systems=("none",),
        idempotent="the same key gets the same answer",
        cost="nothing",
    )
    options = NoOptions

    def __init__(self, context: Context) -> None:
        """The sandbox needs no settings."""

    async def call(self, work: Work) -> Mapping[str, Any]:
        """An output that fits the step's contract."""
        from orchestrate.proving.world import OUTCOME, drawn, filled

        options_of("sandbox", NoOptions, work)
        step = work.step
        output = filled(step, lambda what: _luck(work.key, what))
        if step.outcomes:
            seen = step.observed.outputs.get(OUTCOME, {}) if step.observed else {}
            shares = {word: seen[word] for word in step.outcomes if word in seen}
            output[OUTCOME] = drawn(shares or dict.fromkeys(step.outcomes, 1.0), _luck(work.key, OUTCOME))
        return output


def _luck(key: str, what: str) -> float:
    return random.Random(f"{key}:{what}").random()
