"""Knobs: time limits, retries and alerts from how long steps really take."""

from typing import Any

import numpy as np

from home.text import duration
from orchestrate.contracts import Change, Evidence, Move
from orchestrate.redesign.as_is import seconds
from orchestrate.redesign.bounds import LEAST, nice, upper_percentile
from orchestrate.redesign.draft import Draft

MARGIN = 2.0
"""A system that takes this many times its 95th percentile has failed."""
CONSTANT = 1.1
"""p90 of a wait over its median, up to which somebody set it."""
TIMER_S = 60.0
"""Shorter waits are the time it takes to hand over."""


def look(draft: Draft) -> list[Move]:
    """For every step what is expected; for steps of systems also when an attempt has failed."""
    changes: list[Change] = []
    noted: list[Evidence] = []
    limited = 0
    for step in draft.steps():
        times = draft.as_is.times[step.name]
        total = times.total_s
        if not len(total) or total.max() <= 0:
            continue
        fields: dict[str, Any] = {"expected": _iso(seconds(float(np.median(total))))}
        bound = upper_percentile(times.processing_s)
        if step.does == "service" and bound is not None and bound > 0:
            fields["timeout"] = _iso(nice(MARGIN * bound))
            limited += 1
            fields["retry"] = {"attempts": 3, "wait_initial": "PT10S", "wait_max": "PT5M"}
            statement = (
                f"{step.name}: 95 % of attempts end within {bound:.0f} s; a limit of twice that, then a retry"
            )
            noted.append(Evidence(statement=statement, n=len(total), value=round(bound, 1), unit="s"))
        typical, late = np.quantile(times.waiting_s, [0.5, 0.9])
        if len(total) >= LEAST and typical >= TIMER_S and late <= CONSTANT * typical:
            statement = (
                f"{step.name}: begins {duration(typical)} after what comes before, nearly always: a timer"
            )
            noted.append(Evidence(statement=statement, n=len(total), value=round(typical, 1), unit="s"))
        changes.append(Change(node=step.id, set=fields))
    if not changes:
        return []
    statement = "the median from possible to done; an alert is raised at twice that"
    return [
        Move(
            id="knobs",
            move="knobs",
            where=tuple(change.node for change in changes),
            title=f"Expected times for {len(changes)} steps, limits and retries for {limited}",
            grade="apply",
            accepted=True,
            support=float(draft.history.fitting),
            evidence=(Evidence(statement=statement, n=draft.history.fitting), *noted),
            changes=tuple(changes),
        )
    ]


def _iso(duration: Any) -> str:
    from pydantic import TypeAdapter

    text: str = TypeAdapter(type(duration)).dump_python(duration, mode="json")
    return text
