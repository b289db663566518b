"""KPIs before and after: which there are, how each is measured on cases, and the table that compares them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from home.contracts import Contract
from home.text import duration, percent
from mining.causes import CAUSES
from mining.compare import (
    Compared,
    Floats,
    Scale,
    Side,
    Statistic,
    compare,
    mean_of,
    predict,
    quantile_of,
    week_index,
)

FEWEST_CASES = 30
FEWEST_WEEKS = 4
DETECTABLE = {"relative": float(np.log(1.2)), "difference": 0.05}
"""A comparison that could miss a change of this size says "not enough data", not "no clear change"."""
FINISHED = 0.9
"""Means are taken over weeks in which at least this share of the cases has ended."""
Direction = Literal["lower", "higher"]


class Kpi(Contract):
    """One KPI before and after, with how sure the difference is."""

    kpi: str
    """`cycle_time_median`, `cycle_time_p90`, `waiting`, `waiting_batching`, `exceptions`, …"""
    label: str
    """The same in words."""
    unit: str
    """`s`, `share`, or `cases/week`."""
    before: float | None = None
    after: float | None = None
    change: float | None = None
    """Relative (after / before - 1) for times and throughput; a difference for shares. See `change_is`."""
    change_is: Scale = "relative"
    interval: tuple[float, float] | None = None
    """95 % interval of `change`."""
    verdict: str
    """`improved`, `worse`, `no clear change`, `not enough data`, `not measured`, `nothing to compare`
    (measured after only); for a sandbox
    `predicted better`, `predicted worse` or `predicted unchanged`."""
    reason: str = ""
    """Why it is not measured or why the data are not enough."""
    n: int = 0
    """Cases behind `after`."""
    n_before: int = 0
    """Cases behind `before`."""

    @property
    def words(self) -> str:
        """The KPI in one sentence."""
        if self.before is None and self.after is not None:
            return f"{self.label}: {self._said(self.after)} now, {self.verdict} ({self.reason})"
        if self.before is None or self.after is None:
            return f"{self.label}: {self.verdict}, {self.reason}"
        moved = ""
        if self.interval is not None:
            points = " points" if self.change_is == "difference" else " %"
            low, high = (f"{100 * edge:+.0f}" for edge in self.interval)
            moved = f" ({low} to {high}{points})"
        return f"{self.label}: {self._said(self.before)} → {self._said(self.after)}{moved}, {self.verdict}"

    def _said(self, value: float) -> str:
        if self.unit == "s":
            return duration(value)
        return percent(value) if self.unit == "share" else f"{value:.1f} {self.unit}"


@dataclass(frozen=True)
class Cases:
    """Measures of cases, one row each.

    Columns: `case_id`; `start` (naive, in the log's zone); `cycle_s` (seconds from the first start to
    the last end, or until now where `censored`); `censored` (bool: still running). Optional, and absent
    where not measurable: `waiting_s` and `waiting_<cause>_s` (seconds per case), `exception`, `rework`
    (bool), `approval_s` (seconds until approvals were decided, summed; missing for cases without),
    `automated` (share of steps without a person), `failed`, `retried` (share of steps), `detect_s`,
    `recover_s` (seconds; missing for cases without trouble), and `stratum` (text: the kind of case,
    known when it starts).
    """

    table: pd.DataFrame
    omitted: dict[str, str]
    """Column to the reason why it is not there."""


@dataclass(frozen=True)
class Measure:
    """How a KPI is measured."""

    kpi: str
    label: str
    unit: str
    column: str
    quantile: float | None = None
    """A quantile over cases; the mean where absent."""
    better: Direction = "lower"

    @property
    def scale(self) -> Scale:
        """Shares change by points, everything else by a factor."""
        return "difference" if self.unit == "share" else "relative"


MEASURES = (
    Measure("cycle_time_median", "end-to-end time, median", "s", "cycle_s", 0.5),
    Measure("cycle_time_p90", "end-to-end time, 90 % of cases within", "s", "cycle_s", 0.9),
    Measure("waiting", "waiting per case", "s", "waiting_s"),
    *(
        Measure(f"waiting_{cause}", f"waiting per case: {cause}", "s", f"waiting_{cause}_s")
        for cause in CAUSES
    ),
    Measure("exceptions", "cases with an exception", "share", "exception"),
    Measure("rework", "cases with rework", "share", "rework"),
    Measure("approval_delay", "time to approve, median", "s", "approval_s", 0.5),
    Measure("automated", "steps done without a person", "share", "automated", better="higher"),
    Measure("failed_steps", "steps that failed", "share", "failed"),
    Measure("retried_steps", "steps that were retried", "share", "retried"),
    Measure("time_to_detect", "time to notice trouble, median", "s", "detect_s", 0.5),
    Measure("time_to_recover", "time to recover, median", "s", "recover_s", 0.5),
)
THROUGHPUT = Measure("throughput", "cases finished per week", "cases/week", "finished", better="higher")


def kpi_table(before: Cases, after: Cases, *, simulated: bool, seed: int = 0) -> list[Kpi]:
    """Every KPI with its change, a 95 % interval and a verdict; unmeasured ones with the reason.

    Weeks are resampled, the mix of cases equalised by `stratum`, and running cases counted by Kaplan-Meier;
    see `mining.compare`. Where `simulated`, `after` comes from a sandbox: the verdict is a prediction.
    """
    found = [_kpi(measure, before, after, simulated, seed) for measure in MEASURES]
    found.append(_throughput(before, after, simulated, seed))
    return found


def _kpi(measure: Measure, before: Cases, after: Cases, simulated: bool, seed: int) -> Kpi:
    for cases, side in ((before, "before"), (after, "after")):
        if measure.column not in cases.table:
            why = f"{side}: {cases.omitted.get(measure.column, 'is not recorded')}"
            if side == "before" and measure.column in after.table and not simulated:
                return _alone(measure, after, why)
            return _not_measured(measure, why)
    tables = [_usable(measure, cases.table) for cases in (before, after)]
    if any(table.empty for table in tables):
        side = "before" if tables[0].empty else "after"
        return _not_measured(measure, f"{side}: no finished case has it")
    strata = all("stratum" in table for table in tables)
    sides = [_side(measure, table, strata) for table in tables]
    how = predict if simulated else compare
    found = how(sides[0], sides[1], scale=measure.scale, seed=seed)
    counts = (len(tables[0]), len(tables[1]))
    weeks = (len(sides[0][0].weeks), FEWEST_WEEKS if simulated else len(sides[1][0].weeks))
    points = [float(statistic(np.ones((1, side.count)))[0]) for side, statistic in sides]
    return _judged(measure, found, points, counts, weeks, simulated)


def _alone(measure: Measure, after: Cases, why: str) -> Kpi:
    """A KPI that only the runs record: how it is, and no word on whether that is better."""
    table = _usable(measure, after.table)
    if table.empty:
        return _not_measured(measure, "after: no finished case has it")
    side, statistic = _side(measure, table, strata=False)
    point = float(statistic(np.ones((1, side.count)))[0])
    told = {"after": round(point, 6) if np.isfinite(point) else None, "n": len(table)}
    return _not_measured(measure, why).model_copy(update={"verdict": "nothing to compare", **told})


def _usable(measure: Measure, table: pd.DataFrame) -> pd.DataFrame:
    """The cases a measure is taken over: all for the end-to-end time, else those of finished weeks."""
    if measure.column == "cycle_s":
        return table
    if table["censored"].any():
        week = week_index(table["start"])
        done = (~table["censored"]).groupby(week).transform("mean") >= FINISHED
        table = table[done & ~table["censored"]]
    return table[table[measure.column].notna()]


def _side(measure: Measure, table: pd.DataFrame, strata: bool) -> tuple[Side, Statistic]:
    values = table[measure.column].to_numpy(float)
    stratum = table["stratum"].astype(str).to_numpy(object) if strata else None
    side = Side(week_index(table["start"]), stratum)
    if measure.quantile is None:
        return side, mean_of(values)
    censored = table["censored"].to_numpy(bool) if measure.column == "cycle_s" else np.zeros(len(table), bool)
    return side, quantile_of(values, censored, measure.quantile)


def _throughput(before: Cases, after: Cases, simulated: bool, seed: int) -> Kpi:
    if simulated:
        return _not_measured(THROUGHPUT, "a sandbox has the arrivals it was given")
    weekly = [finished_per_week(cases.table) for cases in (before, after)]
    if any(len(series) < 2 for series in weekly):
        return _not_measured(THROUGHPUT, "there is no whole week")
    sides = [(Side(np.arange(len(series)), None), mean_of(series)) for series in weekly]
    found = compare(sides[0], sides[1], scale="relative", seed=seed)
    counts = tuple(int((~cases.table["censored"]).sum()) for cases in (before, after))
    points = [float(series.mean()) for series in weekly]
    weeks = (len(weekly[0]), len(weekly[1]))
    return _judged(THROUGHPUT, found, points, (counts[0], counts[1]), weeks, simulated)


def finished_per_week(table: pd.DataFrame) -> Floats:
    """Cases that ended in each whole week in which cases also started.

    The first weeks, in which few cases were old enough to end, are left out where there are enough others.
    """
    done = table[~table["censored"]]
    if done.empty:
        return np.empty(0)
    ended = week_index(done["start"] + pd.to_timedelta(done["cycle_s"], unit="s"))
    started = week_index(table["start"])
    first, last = int(started.min()) + 1, int(started.max())
    filled = first + int(done["cycle_s"].quantile(0.9) // (7 * 86_400)) + 1
    if last - filled >= FEWEST_WEEKS:
        first = filled
    inside = ended[(ended >= first) & (ended < last)]
    return np.bincount(inside - first, minlength=max(last - first, 0)).astype(float)


def _not_measured(measure: Measure, reason: str) -> Kpi:
    return Kpi(
        kpi=measure.kpi,
        label=measure.label,
        unit=measure.unit,
        change_is=measure.scale,
        verdict="not measured",
        reason=reason,
    )


def _judged(
    measure: Measure,
    found: Compared | None,
    points: list[float],
    counts: tuple[int, int],
    weeks: tuple[int, int],
    simulated: bool,
) -> Kpi:
    """The verdict, withheld where there is too little to tell."""
    before, after = (round(point, 6) if np.isfinite(point) else None for point in points)
    reason = _too_little(measure, found, points, counts, weeks)
    kpi = Kpi(
        kpi=measure.kpi,
        label=measure.label,
        unit=measure.unit,
        before=before,
        after=after,
        change_is=measure.scale,
        verdict="not enough data",
        reason=reason,
        n=counts[1],
        n_before=counts[0],
    )
    if reason and points[0] == points[1] == 0:
        unchanged = "predicted unchanged" if simulated else "no clear change"
        return kpi.model_copy(update={"verdict": unchanged, "change": 0.0, "reason": "none on either side"})
    if reason or found is None:
        return kpi
    low, high = found.interval
    shown = {"change": round(found.change, 6), "interval": (round(low, 6), round(high, 6))}
    if low <= 0 <= high and 2.8 * found.error > DETECTABLE[measure.scale]:
        size = "20 %" if measure.scale == "relative" else "5 points"
        return kpi.model_copy(update={**shown, "reason": f"a change of {size} could be missed"})
    better = high < 0 if measure.better == "lower" else low > 0
    worse = low > 0 if measure.better == "lower" else high < 0
    words = ("predicted better", "predicted worse", "predicted unchanged")
    if not simulated:
        words = ("improved", "worse", "no clear change")
    verdict = words[0] if better else words[1] if worse else words[2]
    return kpi.model_copy(update={**shown, "verdict": verdict})


def _too_little(
    measure: Measure,
    found: Compared | None,
    points: list[float],
    counts: tuple[int, int],
    weeks: tuple[int, int],
) -> str:
    for side, n, w in (("before", counts[0], weeks[0]), ("after", counts[1], weeks[1])):
        if n < FEWEST_CASES:
            return f"{side}: {n} cases, {FEWEST_CASES} are needed"
        if w < FEWEST_WEEKS:
            return f"{side}: {w} weeks, {FEWEST_WEEKS} are needed"
    if not all(np.isfinite(point) for point in points):
        return "too many cases still run to tell"
    if measure.scale == "relative" and min(points) <= 0:
        return "a change from or to nothing has no factor"
    return "too many cases still run to tell" if found is None else ""


def weekly(cases: Cases, column: str = "cycle_s", q: float = 0.5) -> pd.DataFrame:
    """One row per week of start: `week` (Monday), `value` (quantile of a column over finished cases), `n`."""
    done = cases.table[~cases.table["censored"]]
    monday = done["start"].dt.normalize() - pd.to_timedelta(done["start"].dt.weekday, unit="D")
    found = done[column].astype(float).groupby(monday).agg(value=lambda s: s.quantile(q), n="size")
    return found.rename_axis("week").reset_index()
