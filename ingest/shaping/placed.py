"""Where the steps that people added by hand stand, once later steps have renamed their neighbours."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import timedelta

from ingest.shaping.compiled import Names, compose, names_of
from ingest.shaping.steps import Add, Derive, Step


@dataclass(frozen=True)
class Placed:
    """A step that no system records, noted on a path by a person. There are no events of it."""

    name: str
    after: str
    """The activity it follows, as it is called now."""
    before: str | None
    """The activity it precedes; `None`: whatever comes next."""
    typical: timedelta | None
    role: str | None
    by: str | None
    """Who added it."""
    on: str | None
    """The day it was added, as YYYY-MM-DD."""
    lost: tuple[str, ...] = ()
    """Neighbours that are in the log no more, so that it has no place."""

    @property
    def evidence(self) -> str:
        """Where it is known from, in words: never from events."""
        who = f" by {self.by}" if self.by else ""
        return f"added by hand{who}{f' on {self.on}' if self.on else ''}, not observed"


def placed(steps: Sequence[Step], activities: Set[str]) -> tuple[Placed, ...]:
    """The added steps in order, at the names their neighbours have after all steps."""
    found = []
    for number, step in enumerate(steps):
        if not isinstance(step, Add):
            continue
        later = _later(steps[number + 1 :])
        after = later.get(step.after, step.after)
        before = later.get(step.before, step.before) if step.before else None
        asked = [(step.after, after), *([(step.before, before)] if step.before else [])]
        lost = tuple(told for told, name in asked if name not in activities)
        found.append(
            Placed(
                step.add,
                after or step.after,
                before or step.before,
                step.typical,
                step.role,
                step.by,
                step.on,
                lost,
            )
        )
    return tuple(found)


def _later(steps: Sequence[Step]) -> Names:
    """What later steps make of the names; a derived activity has no name to follow."""
    names: Names = {}
    for step in steps:
        if not isinstance(step, Add | Derive):
            names = compose(names, names_of(step))
    return names
