"""Working hours of resources: mined from when they begin work, or given in a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from home.errors import UsageError
from mining.intervals import Intervals, union

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

    hours: tuple[tuple[int, int, int], ...]
    """`(weekday, from, to)`: Monday is 0; seconds after local midnight."""
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


def _to_utc(local: pd.DatetimeIndex, tz: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
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


def _entries(name: str, entries: object) -> list[tuple[int, int, int]]:
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


def mine_calendars(instances: pd.DataFrame, tz: str) -> dict[str, Calendar]:
    """Weekly working hours of every resource, from when it began work.

    `instances` has `resource`, `activity`, `start` (naive UTC). Starts tell, not ends: work begun before
    closing may end after it. A resource with few starts gets the hours of those who share its
    main activity, or of everybody; where even those are few, it never rests.
    """
    known = instances[instances["resource"].notna()]
    if known.empty:
        return {}
    local = known["start"].dt.tz_localize("UTC").dt.tz_convert(tz).dt.tz_localize(None)
    main = known.groupby("resource")["activity"].agg(lambda names: names.value_counts().index[0])
    role = known["resource"].map(main)
    everybody = weekly_hours(local)
    roles = {name: weekly_hours(group) or everybody for name, group in local.groupby(role)}
    found = {}
    for name, group in local.groupby(known["resource"]):
        hours = weekly_hours(group)
        if hours is None:
            found[str(name)] = Calendar(roles[main[name]] or ALWAYS.hours)
        else:
            found[str(name)] = Calendar(hours, days_absent(group, {day for day, _, _ in hours}))
    return found


def weekly_hours(starts: "pd.Series[pd.Timestamp]") -> tuple[tuple[int, int, int], ...] | None:
    """Working hours that explain when work began (local time), or `None` where that is too rarely seen."""
    weekdays = _working_days(starts)
    second = (starts - starts.dt.normalize()).dt.total_seconds().to_numpy()
    of_day = starts.dt.weekday.to_numpy()
    pooled = _day_hours(second[np.isin(of_day, list(weekdays))])
    if pooled is None:
        return None
    hours: list[tuple[int, int, int]] = []
    for day in sorted(weekdays):
        own = _day_hours(second[of_day == day], (900,))
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


def _day_hours(
    second: np.ndarray[tuple[int], np.dtype[np.float64]], sizes: tuple[int, ...] = SLOTS_S
) -> list[tuple[int, int]] | None:
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
    second: np.ndarray[tuple[int], np.dtype[np.float64]],
    on: np.ndarray[tuple[int], np.dtype[np.bool_]],
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


def days_absent(starts: "pd.Series[pd.Timestamp]", weekdays: set[int]) -> frozenset[date]:
    """Working days without a start, in runs too long to be chance given how regularly it works."""
    seen = starts.dt.normalize()
    span = pd.date_range(seen.min(), seen.max())
    working = span[span.weekday.isin(weekdays)]
    active = working.isin(seen.unique())
    share = min(active.mean(), 0.98) if len(working) else 0.0
    absent: list[date] = []
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~active).astype(int), [0]))))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if (1 - share) ** (end - begin) < 1e-4 / len(working):
            absent += [day.date() for day in working[begin:end]]
    return frozenset(absent)


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
