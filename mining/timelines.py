"""What each resource did over time: when it was on duty, at work, and with nothing to do."""

import numpy as np
import pandas as pd

from mining.intervals import Clockwork, Floats, Intervals, minus, union

IDLE_S = 60.0
"""Shorter pauses between two pieces of work are not idle time."""
EDGE_S = 900.0
"""People come this much later and leave this much earlier than their working hours say: the finest
slot of mined calendars, whose opening and closing are the earliest and latest ever seen."""
FLEXIBLE_S = 7200.0
"""Nobody who comes later than this is merely late."""
BREAK_S = 3600.0
"""A shorter pause in the working hours ends no shift."""
MORNINGS = 5
"""Shifts begun with a backlog, from which on they tell how late somebody comes."""


class Timeline:
    """The work of one resource by start, when it was there, and when it was there with nothing to do.

    `work` has `start`, `end` and `enabled`, `duty` the working hours (all in seconds). Unless `exact`,
    it was there only from the first to the last sign of work in a shift, as far as it may have come late or
    left early: the minutes before it sat down are no idle time.
    """

    def __init__(self, work: pd.DataFrame, duty: Intervals, *, exact: bool) -> None:
        work = work.sort_values("start", kind="stable")
        self.start, self.end, self.enabled = (work[n].to_numpy() for n in ("start", "end", "enabled"))
        self.reach = np.maximum.accumulate(self.end) if len(work) else self.end
        free = minus(duty, union(self.start, self.end))
        if not exact and len(work) and len(duty.starts):
            away = minus(free, self._seen(shifts(duty)))
            duty, free = minus(duty, away), minus(free, away)
        self.clock, self.free = Clockwork(duty), free.longer_than(IDLE_S)
        # Before its first and after its last work a resource may not have been there at all.
        self.idle = (
            self.free.within(float(self.start.min()), float(self.end.max())) if len(work) else self.free
        )

    def busy(self, low: Floats, high: Floats) -> list[slice]:
        """Its work that overlaps each stretch from `low` to `high`."""
        first, last = np.searchsorted(self.reach, low, "right"), np.searchsorted(self.start, high)
        return [slice(*bounds) for bounds in zip(first.tolist(), last.tolist(), strict=True)]

    def _seen(self, shift: Intervals) -> Intervals:
        """Each shift from the first to the last sign of work, or to where it must have been there."""
        edge = lateness(self.start, self.reach, self.enabled, shift)
        signs = np.sort(np.concatenate((self.start, self.end, [-np.inf, np.inf])))
        first = signs[np.searchsorted(signs, shift.starts, "left")]
        last = signs[np.searchsorted(signs, shift.ends, "right") - 1]
        starts, ends = np.minimum(first, shift.starts + edge), np.maximum(last, shift.ends - edge)
        return Intervals(starts[ends > starts], ends[ends > starts])


def shifts(duty: Intervals) -> Intervals:
    """Duty from coming to leaving, breaks and gaps in what is known of it included."""
    joined = union(duty.starts, duty.ends + BREAK_S)
    return Intervals(joined.starts, joined.ends - BREAK_S)


def lateness(start: Floats, reach: Floats, enabled: Floats, shift: Intervals) -> float:
    """By how many seconds somebody may come after the beginning of a `shift`, or leave before its end.

    Work comes by start, `reach` being the latest end up to each piece. Whoever comes late finds what has
    waited since before, and does it without a pause; work that was held up elsewhere becomes
    possible at scattered moments instead. So shifts that begin with such a backlog tell, if most do.
    """
    number = np.searchsorted(shift.starts, start, "right") - 1
    backlog = (number >= 0) & (start < shift.ends[number]) & (enabled < shift.starts[number])
    first = np.diff(number, prepend=-1) != 0
    unpaused = first | (start - np.concatenate(([-np.inf], reach[:-1])) <= IDLE_S)
    waiting = np.bincount(number[backlog], minlength=len(shift.starts))
    at_once = np.bincount(number[backlog & unpaused], minlength=len(shift.starts))
    mornings = np.flatnonzero((waiting >= 2) & (at_once == waiting))
    if len(mornings) < max(MORNINGS, (waiting >= 2).sum() / 2):
        return EDGE_S
    late = start[np.searchsorted(start, shift.starts[mornings], "left")] - shift.starts[mornings]
    return float(max([EDGE_S, *late[late <= FLEXIBLE_S]]))
