"""Concept drift: from which case on a process behaves differently, and in what."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from home.context import Context
from home.contracts import Contract, LogName, Request, Response
from home.sql import read_sql
from home.text import percent
from mining.change_points import END, SEGMENT, SMALL, START, Shift, find_changes, seconds, settled
from mining.instances import instances
from mining.lens import lens
from mining.plannable import MOST_ACTIVITIES
from mining.running import running_cases

SHOWN = 8
"""Changes told to people; a long and large log has dozens."""


class DriftRequest(Request):
    """Which log."""

    log: LogName
    """Name of the log."""
    where: str | None = None
    """Only cases that pass this filter (CEL)."""


class Driver(Contract):
    """One thing that changed."""

    words: str
    """A sentence: what went from which share of cases to which."""
    source: str | None
    """Absent where cases begin with `target`."""
    target: str | None
    """Absent where cases end with `source`."""
    before: float
    """Share of cases since the change before, or since the log begins."""
    after: float
    """Share of cases until the next change, or until the log ends."""


class DriftChange(Contract):
    """One change of the process."""

    case_index: int
    """0-based, cases by start, ties in file order: the first case of the new behaviour."""
    case_id: str
    at: datetime
    """When that case started (UTC)."""
    week: str
    """The ISO week of that, in the log's zone."""
    strength: float
    """Likelihood ratio statistic of its strongest driver."""
    small: bool
    """No share of cases moved by 5 points or more: certain, and hardly worth acting on."""
    drivers: list[Driver]


class DriftResponse(Response):
    """When the process changed, and how."""

    log: str
    cases: int
    changes: list[DriftChange]
    note: str | None = None

    def lines(self) -> Iterator[str]:
        """A paragraph for each of the latest changes."""
        large = [change for change in self.changes if not change.small]
        if not self.changes:
            yield f"{self.log}: no change in how {self.cases:,} cases ran."
        if len(large) > SHOWN:
            yield f"{len(large)} changes; the latest {SHOWN} are these, `--json` has all of them."
        for change in large[-SHOWN:]:
            yield f"{change.week}, from case {change.case_id} (number {change.case_index + 1:,}):"
            for driver in change.drivers[:5]:
                yield f"  {driver.words}"
        if small := len(self.changes) - len(large):
            yield (
                f"{small:,} more changed no share of cases by {percent(SMALL)}:"
                " certain, and too small to show; `--json` has them."
            )
        if self.note:
            yield self.note


def drift(context: Context, request: DriftRequest) -> DriftResponse:
    """Find the cases from which on other steps follow each other than before.

    A change needs 100 cases on both sides; an order of cases that means nothing gives no alarm in
    999 of 1000 logs.
    """
    with lens(context, request.log, where=request.where) as view:
        log = view.some().log
        cases = view.cursor.execute(read_sql("mining.sql", "cases_by_start"), {"tz": log.tz}).df()
        variants = view.cursor.execute(read_sql("mining.sql", "variant_names")).fetchall()
        frame = instances(view.cursor, attributes=False)
    few = log.activities <= MOST_ACTIVITIES
    unfinished = context.compute(running_cases, frame) if few else frozenset()
    running = cases["case_id"].isin(unfinished).to_numpy()
    number = {vid: i for i, (vid, _) in enumerate(variants)}
    order = cases["vid"].map(number).to_numpy().astype(np.int64)
    until = settled(running, seconds(cases["started"]), seconds(cases["ended"]))
    context.job.progress(None, f"Looking for changes in {until:,} cases of {log.name}")
    found = context.compute(find_changes, order[:until], [names for _, names in variants])
    changes = [
        DriftChange(
            case_index=change.case,
            case_id=cases["case_id"].iloc[change.case],
            at=cases["started"].iloc[change.case].to_pydatetime().replace(tzinfo=UTC),
            week=cases["week"].iloc[change.case],
            strength=round(change.strength, 1),
            small=change.small,
            drivers=[_driver(shift) for shift in change.shifts[:10]],
        )
        for change in found
    ]
    note = None
    if until < len(cases):
        note = (
            f"The last {len(cases) - until:,} cases are left out: only the quick ones of them are finished."
        )
    if until < 2 * SEGMENT:
        note = f"A change needs {SEGMENT} cases on both sides; this is too few to tell."
    return DriftResponse(log=log.name, cases=len(cases), changes=changes, note=note)


def _driver(shift: Shift) -> Driver:
    source, target = shift.pair
    if source == START:
        what = f"Cases that begin with {target!r}"
    elif target == END:
        what = f"Cases that end with {source!r}"
    else:
        what = f"{source!r} followed by {target!r}"
    return Driver(
        words=f"{what} went from {percent(shift.before)} to {percent(shift.after)} of cases.",
        source=None if source == START else source,
        target=None if target == END else target,
        before=round(shift.before, 4),
        after=round(shift.after, 4),
    )
