"""Why work waits: every second between possible and begun gets exactly one cause."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mining.batches import find_batches
from mining.calendars import ALWAYS, Calendar, mine_calendars, seconds
from mining.enabling import enabled
from mining.intervals import Intervals, covered, union
from mining.timelines import IDLE_S, Timeline

Precedence = Literal["baton", "kronos"]
CAUSES = ("batching", "contention", "prioritisation", "unavailability", "extraneous")
POOL_SHARE = 0.05
"""Whoever did at least this share of an activity could have done any of it."""
DEDICATED = 0.2
"""Above this share of waits that end when their own resource is freed although another was idle, work
belongs to a resource, and the idleness of others explains nothing."""


def waiting_causes(
    instances: pd.DataFrame,
    *,
    tz: str = "UTC",
    calendars: Mapping[str, Calendar] | None = None,
    precedence: Precedence = "baton",
) -> pd.DataFrame:
    """Waiting of every activity instance, by cause, in seconds.

    `instances`: `case`, `activity`, `resource` (may be missing), `start`, `end` (naive UTC), and
    `enabled` where the source knows it. Returns one row per instance, in order of case and start, with
    the columns of `instances` and `source` (row that enabled it, -1 for none), `waiting`, and one column per
    cause that add up to `waiting`.

    `kronos` asks what its resource did in each moment of a wait: batching, else contention (busy with
    what was possible earlier), else prioritisation (busy with what came later), else unavailability
    (off duty), else extraneous (Lashkevich et al., *Why am I waiting?*, CAiSE 2023). `baton` puts
    being off duty before being busy, and counts as extraneous whatever passed before somebody
    who could have done the work was last idle: the work itself cannot have been ready. Who comes late or
    leaves early is off duty meanwhile (`mining.timelines`). Where no instance
    lasts, nobody is known to be busy or idle: what falls outside working hours is unavailability,
    the rest, which includes the processing itself, extraneous.
    """
    table, work = _prepare(instances)
    names = list(table["resource"].cat.categories)
    known = mine_calendars(table, tz, calendars)
    bounds = (table["start"].min() - pd.Timedelta(days=1), table["end"].max() + pd.Timedelta(days=1))
    duties = {c: c.duty(*bounds, tz) for c in {known.get(name, ALWAYS) for name in names}}
    exact = precedence == "kronos" or not (work["end"] > work["start"]).any()
    timelines = [
        Timeline(work[work["resource"] == i], duties[known.get(name, ALWAYS)], exact=exact)
        for i, name in enumerate(names)
    ]
    found = _Causes(work, timelines, precedence).split()
    return pd.concat([table, found], axis=1)


def _prepare(instances: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The instances in order, and their times as seconds and names as numbers."""
    table = instances.sort_values(["case", "start", "end"], kind="stable").reset_index(drop=True)
    table["resource"] = table["resource"].astype("string").astype("category")
    work = pd.DataFrame(
        {
            "case": pd.factorize(table["case"])[0],
            "activity": pd.factorize(table["activity"])[0],
            "resource": table["resource"].cat.codes.to_numpy().astype(np.int64),
            "start": _epoch(table["start"]),
            "end": _epoch(table["end"]),
        }
    )
    before = enabled(work)
    if "enabled" in table:
        known = _epoch(table["enabled"]).clip(upper=work["start"])
        before["enabled"] = known.where(table["enabled"].notna(), before["enabled"])
    return table, pd.concat([work, before], axis=1)


def _epoch(moments: "pd.Series[pd.Timestamp]") -> "pd.Series[float]":
    return moments.astype("datetime64[us]").astype("int64") / 1e6


class _Causes:
    """Splits waits among causes."""

    def __init__(self, work: pd.DataFrame, timelines: list[Timeline], precedence: Precedence) -> None:
        self.work, self.timelines, self.kronos = work, timelines, precedence == "kronos"
        self.parts = np.zeros((len(work), len(CAUSES)))

    def split(self) -> pd.DataFrame:
        work = self.work
        begin, start = work["enabled"].to_numpy(), work["start"].to_numpy()
        waiting = start - begin
        timed = bool((work["end"] > work["start"]).any())
        in_batch, ready = np.zeros(len(work), dtype=bool), begin
        if timed:
            free = {number: line.free for number, line in enumerate(self.timelines)}
            batches = find_batches(work, free, strict=self.kronos)
            in_batch = batches["batch"].to_numpy() >= 0
            ready = np.where(in_batch, np.clip(batches["complete"], begin, start), begin)
        since = ready if self.kronos or not timed else self._last_idle(ready)
        resource = work["resource"].to_numpy()
        for number, line in enumerate(self.timelines):
            rows = np.flatnonzero((waiting > 0) & (resource == number))
            low, high = since[rows], start[rows]
            self.parts[rows, 3] = np.maximum(high - low - line.clock.between(low, high), 0.0)
            if timed:  # else nobody is known to be busy, only to be off duty
                for row, busy in zip(rows.tolist(), line.busy(low, high), strict=True):
                    self._by_work(line, row, busy, begin[row], since[row], start[row])
        self.parts[:, 0] = ready - begin
        self.parts[:, 4] = np.maximum(waiting - self.parts[:, :4].sum(axis=1), 0.0)
        if not self.kronos:
            self._own_batch(in_batch)
        found = pd.DataFrame(self.parts, columns=list(CAUSES), index=work.index)
        return pd.concat([work[["source"]], pd.Series(waiting, name="waiting"), found], axis=1)

    def _by_work(self, line: Timeline, row: int, at: slice, begin: float, low: float, high: float) -> None:
        """Contention and prioritisation of one wait, from `low` to `high`, by the work in `at`."""
        start, end = line.start[at], line.end[at]
        if not len(start):
            return
        earlier = line.enabled[at] <= begin
        clock = None if self.kronos else line.clock
        contention = covered(start[earlier], end[earlier], low, high, clock)
        busy = contention if earlier.all() else covered(start, end, low, high, clock)
        self.parts[row, 1:3] = contention, max(busy - contention, 0.0)
        if self.kronos:  # being busy counts before being off duty
            overtime = busy - covered(start, end, low, high, line.clock)
            self.parts[row, 3] = max(self.parts[row, 3] - overtime, 0.0)

    def _own_batch(self, in_batch: NDArray[np.bool_]) -> None:
        """Members of a batch wait for each other and for its turn: batching, not bad luck."""
        for column in (1, 2, 4):
            self.parts[in_batch, 0] += self.parts[in_batch, column]
            self.parts[in_batch, column] = 0.0

    def _last_idle(self, ready: NDArray[np.float64]) -> NDArray[np.float64]:
        """From when on nobody who could have done it was idle; what passed before was not their doing."""
        work, since = self.work, ready.copy()
        for rows in work.groupby("activity").groups.values():
            share = work.loc[rows, "resource"].value_counts(normalize=True)
            pool = [int(r) for r in share.index[share >= POOL_SHARE] if r >= 0]
            if not pool:
                continue
            idle = [self.timelines[r].idle for r in pool]
            free = union(np.concatenate([i.starts for i in idle]), np.concatenate([i.ends for i in idle]))
            at = rows.to_numpy()
            if self._dedicated(at, free):
                done_by = work["resource"].to_numpy()[at]
                for resource in np.unique(done_by[done_by >= 0]):
                    mine = at[done_by == resource]
                    since[mine] = self._cut(self.timelines[resource].idle, mine, ready)
            else:
                since[at] = self._cut(free, at, ready)
        return since

    def _cut(
        self, free: Intervals, rows: NDArray[np.int64], ready: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """When the work of these rows was ready, judging by when somebody able was last idle."""
        start, low = self.work["start"].to_numpy()[rows], ready[rows]
        if not len(free.ends):
            return low
        last = np.searchsorted(free.starts, start - IDLE_S, "left") - 1
        idle_until = np.where(last >= 0, np.minimum(free.ends[np.maximum(last, 0)], start), low)
        held = (start - low > IDLE_S) & (idle_until > low)
        since = low.copy()
        since[held] += expected_delay(idle_until[held] - low[held], start[held] - low[held])
        return since

    def _dedicated(self, rows: NDArray[np.int64], free: Intervals) -> bool:
        """Whether work waits for its own resource even while others who do the same are idle."""
        work = self.work.iloc[rows]
        long = work[(work["start"] - work["enabled"] > 2 * IDLE_S) & (work["resource"] >= 0)]
        freed = others = 0
        for resource, group in long.groupby("resource"):
            moment = group["start"].to_numpy() - IDLE_S
            own = self.timelines[int(str(resource))].idle.covers(moment)
            freed += int((~own).sum())
            others += int((~own & free.covers(moment)).sum())
        return freed >= 20 and others > DEDICATED * freed


def expected_delay(least: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected delays that are known only to lie between two bounds each, in seconds.

    An exponential distribution is fitted to them by expectation maximisation; a delay in `(a, b)` is
    then expected at `a + m - (b - a) / (exp((b - a) / m) - 1)` for its mean `m`.
    """
    width = most - least
    expected = least + width / 2
    for _ in range(30):
        mean = max(float(expected.mean()), 1.0) if len(expected) else 1.0
        ratio = np.minimum(width / mean, 500.0)
        with np.errstate(invalid="ignore"):
            tail = np.where(ratio > 1e-6, ratio / np.expm1(np.maximum(ratio, 1e-6)), 1.0 - ratio / 2)
        expected = least + np.clip(mean * (1 - tail), 0.0, width)
    return expected


__all__ = ["CAUSES", "Precedence", "seconds", "waiting_causes"]
