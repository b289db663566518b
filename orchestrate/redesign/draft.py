"""What every redesign move looks at: history, the as-is tree, decisions, and causes of waiting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from orchestrate.contracts import Choice, Loop, Move, Node, Step
from orchestrate.plans.changes import steps
from orchestrate.plans.check import nodes
from orchestrate.redesign.as_is import AsIs
from orchestrate.redesign.decisions import Found
from orchestrate.redesign.history import Floats, History


@dataclass(frozen=True)
class Draft:
    """A plan in the making."""

    history: History
    as_is: AsIs
    body: Node
    """The to-be tree so far."""
    found: dict[str, Found]
    """By choice and loop."""
    causes: pd.DataFrame | None = None
    """Seconds of waiting by cause, one row per row of `history.frame`; None where not computed."""

    def steps(self) -> list[Step]:
        """The steps of the as-is tree, in order."""
        return steps(self.as_is.body)

    def decided(self) -> Iterator[Choice | Loop]:
        """The choices and loops of the as-is tree, in order."""
        return (node for node in nodes(self.as_is.body) if isinstance(node, Choice | Loop))

    def caused(self, activity: str, cause: str) -> Floats | None:
        """Seconds of waiting of one cause, aligned with the activity's times."""
        if self.causes is None:
            return None
        return self.causes[cause].to_numpy(dtype=float)[self.as_is.times[activity].row]


Look = Callable[[Draft], list[Move]]
"""A redesign move: what it would apply, propose, and refuse."""
