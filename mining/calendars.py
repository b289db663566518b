"""Working hours of resources: mined from when they begin work, or given in a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from home.errors import UsageError
from mining.absences import days_off
from mining.intervals import Floats, Intervals, union

Hours = tuple[tuple[int, int, int], ...]
"""`(weekday, from, to)`: Monday is 0; seconds after local midnight."""

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
DAY_S = 86_400
SLOTS_S = (900, 1800, 3600, 7200, 14_400)
ENOUGH = 20
"""Starts per slot in working hours, above which an empty slot means off duty rather than chance."""

FEW = 12
"""Distinct times of day, up to which times are taken for dates."""


@dataclass(frozen=True)
class Calendar:
    """Weekly working hours, and days off, in the log's zone."""

    hours: Hours
    absent: frozenset[date] = frozenset()
    """Days off in spite of the weekly hours."""

    @property
    def always(self) -> bool:
        """Whether it never rests."""
        return not self.absent and sum(to - begin for _, begin, to in self.hours) == 7 * DAY_S

    def duty(self, first: pd.Timestamp, last: pd.Timestamp, tz: str) -> Intervals:
        """When it is on duty between two UTC moments, in UTC seconds since 1970.

        Midnights and hours are those of `tz`, so a working day stays 9 to 5 over a clock change.
        """
        if self.always:
            return Intervals(np.array([seconds(first)]), np.array([seconds(last)]))
        midnights = pd.date_range(
            first.tz_localize("UTC").tz_convert(tz).tz_localize(None).normalize(),
            last.tz_localize("UTC").tz_convert(tz).tz_localize(None).normalize(),
        )
        present = midnights[~midnights.isin(pd.DatetimeIndex(sorted(self.absent)))]
        begins, ends = [], []
        for weekday, begin, end in self.hours:
            on = present[present.weekday == weekday]
            begins.append(_to_utc(on + pd.Timedelta(seconds=begin), tz))
            ends.append(_to_utc(on + pd.Timedelta(seconds=end), tz))
        if not begins:
            return Intervals(np.empty(0), np.empty(0))
        whole = union(np.concatenate(begins), np.concatenate(ends))
        return whole.within(seconds(first), seconds(last))


ALWAYS = Calendar(tuple((day, 0, DAY_S) for day in range(7)))


def seconds(moment: pd.Timestamp) -> float:
    """UTC seconds since 1970 of a naive UTC moment."""
    return moment.value / 1e9 if moment.unit == "ns" else moment.as_unit("ns").value / 1e9


def _to_utc(local: pd.DatetimeIndex, tz: str) -> Floats:
    known = local.tz_localize(tz, ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward")
    return known.tz_convert("UTC").tz_localize(None).as_unit("us").astype("int64").to_numpy() / 1e6


def read_calendars(text: str) -> dict[str, Calendar]:
    """Calendars from JSON: `{"Anya": [{"days": ["MON", …], "from": "09:00", "to": "17:00"}]}`.

    Raises `UsageError` naming the resource and entry that cannot be read.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"The calendars file is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise UsageError("The calendars file must be an object from resource to working hours.")
    return {str(name): Calendar(tuple(_entries(str(name), entries))) for name, entries in found.items()}


def _entries(name: str, entries: Any) -> list[tuple[int, int, int]]:
    hours = []
    for entry in entries if isinstance(entries, list) else [entries]:
        try:
            begin, end = _clock(entry["from"]), _clock(entry["to"])
            days = [DAYS.index(str(day).upper()[:3]) for day in entry["days"]]
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"Calendar of {name!r}: {entry!r} cannot be read ({error}).",
                hint='Write {"days": ["MON", "TUE"], "from": "09:00", "to": "17:00"}.',
            ) from error
        if end <= begin:  # a night shift: over midnight
            hours += [(day, begin, DAY_S) for day in days]
            hours += [((day + 1) % 7, 0, end) for day in days if end]
        else:
            hours += [(day, begin, end) for day in days]
    return sorted(hours)


def _clock(text: str) -> int:
    parts = [int(part) for part in str(text).split(":")]
    moment = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if len(parts) < 2 or not 0 <= moment <= DAY_S:
        raise ValueError(f"{text!r} is no time of day")
    return moment


def mine_calendars(
    instances: pd.DataFrame, tz: str, given: Mapping[str, Calendar] | None = None
) -> dict[str, Calendar]:
    """Weekly working hours of every resource, and its days off, from when it began work.

    `instances` has `resource`, `activity`, `start` (naive UTC). Starts tell, not ends: work begun before
    closing may end after it. A resource with few starts gets the hours of those who share its
    main activity, or of everybody; where even those are few, it never rests. Where hours are `given`, only
    days off are mined.
    """
    known = instances[instances["resource"].notna()]
    if known.empty:
        return dict(given or {})
    local = known["start"].dt.tz_localize("UTC").dt.tz_convert(tz).dt.tz_localize(None)
    resource = known["resource"].astype(str)
    role = resource.map(_main_activity(resource, known["activity"]))
    known_hours = given if given is not None else _mined_hours(local, resource, role)
    calendars = {name: known_hours.get(name, ALWAYS) for name in resource.unique()}
    weekdays = {name: frozenset(day for day, _, _ in c.hours) for name, c in calendars.items()}
    absent = days_off(local, resource, role, weekdays)
    return {name: Calendar(c.hours, c.absent | absent[name]) for name, c in calendars.items()}


def _main_activity(resource: "pd.Series[str]", activity: "pd.Series[str]") -> "pd.Series[str]":
    """What each resource does most often."""
    times = pd.DataFrame({"resource": resource, "activity": activity}).value_counts().reset_index()
    return times.drop_duplicates("resource").set_index("resource")["activity"]


def _mined_hours(
    local: "pd.Series[pd.Timestamp]", resource: "pd.Series[str]", role: "pd.Series[str]"
) -> dict[str, Calendar]:
    everybody = weekly_hours(local) or ALWAYS.hours
    roles = {name: weekly_hours(group) or everybody for name, group in local.groupby(role)}
    of = role.groupby(resource).first()
    own = {str(name): weekly_hours(group) for name, group in local.groupby(resource)}
    return {name: Calendar(hours or roles[of[name]]) for name, hours in own.items()}


def weekly_hours(starts: "pd.Series[pd.Timestamp]") -> Hours | None:
    """Working hours that explain when work began (local time), or `None` where that is too rarely seen."""
    if len(starts) < ENOUGH / 2:
        return None
    weekdays = _working_days(starts)
    second = np.asarray((starts - starts.dt.normalize()).dt.total_seconds(), dtype=np.float64)
    of_day = starts.dt.weekday.to_numpy()
    pooled = _day_hours(second[np.isin(of_day, list(weekdays))])
    if pooled is None:
        return None
    hours: list[tuple[int, int, int]] = []
    for day in sorted(weekdays):
        own = _day_hours(second[of_day == day], SLOTS_S[:1])
        hours += [(day, begin, end) for begin, end in own or pooled]
    return tuple(hours)


def _working_days(starts: "pd.Series[pd.Timestamp]") -> set[int]:
    """Weekdays on which work is begun; a weekday is off only when its emptiness is no accident."""
    days = pd.Series(starts.dt.normalize().unique())
    seen = days.dt.weekday.value_counts().reindex(range(7), fill_value=0).to_numpy()
    chances = pd.date_range(days.min(), days.max()).weekday.value_counts().reindex(range(7), fill_value=0)
    busiest = min(1.0, (seen / chances.clip(lower=1)).max())
    unlikely = (1 - busiest) ** chances < 0.01
    if len(starts) >= ENOUGH * len(days):  # so busy that even one empty day is no accident
        unlikely |= (seen == 0) & (chances > 0)
    off = (seen < 0.1 * seen.max()) & unlikely.to_numpy() & (chances.to_numpy() > 0)
    return set(range(7)) - set(np.flatnonzero(off).tolist())


def _day_hours(second: Floats, sizes: tuple[int, ...] = SLOTS_S) -> list[tuple[int, int]] | None:
    """Working hours of a day from seconds after midnight, in the finest slots the data carry.

    Where nearly all work begins at a few moments, the clock tells the date only, and hours stay unknown.
    """
    if len(second) > 2 * FEW and len(np.unique(second)) <= FEW:
        return [(0, DAY_S)]
    for size in sizes:
        counts = np.bincount((second // size).astype(int), minlength=DAY_S // size).astype(float)
        core = counts[counts > counts.mean()].mean() if counts.any() else 0.0
        if core >= ENOUGH or (core >= ENOUGH / 2 and counts.min() >= core / 10):
            return _edges(second, counts > core / 10, size)
    return None


def _edges(
    second: Floats,
    on: NDArray[np.bool_],
    size: int,
) -> list[tuple[int, int]]:
    """Runs of working slots, their outer edges set by the first and last start to five minutes."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on.astype(int), [0]))))
    hours = []
    for begin, end in zip(edges[::2] * size, edges[1::2] * size, strict=True):
        opening, closing = int(begin), int(end)
        if begin > 0:
            inside = second[(second >= begin) & (second < begin + size)]
            opening = int(inside.min() // 300 * 300)
        if end < DAY_S:
            inside = second[(second >= end - size) & (second < end)]
            closing = int(-(-inside.max() // 300) * 300)
        hours.append((opening, min(closing, DAY_S)))
    return hours


def describe(calendars: Mapping[str, Calendar]) -> list[dict[str, str]]:
    """Rows `resource hours` for people, such as `MON 09:00-17:00, …`."""
    return [
        {"resource": name, "hours": "always" if c.always else ", ".join(map(_said, c.hours))}
        for name, c in calendars.items()
    ]


def _said(entry: tuple[int, int, int]) -> str:
    day, begin, end = entry
    return (
        f"{DAYS[day]} {begin // 3600:02d}:{begin % 3600 // 60:02d}-{end // 3600:02d}:{end % 3600 // 60:02d}"
    )
