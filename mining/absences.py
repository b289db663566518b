"""Days off: working days on which somebody, a role or the whole company began nothing, beyond chance."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EPOCH = date(1970, 1, 1).toordinal()
CHANCE = 0.01
"""Days off are found wrongly for at most one resource in a hundred."""
REGULAR = 0.75
"""Who works on at least this share of its working days is missed on a single one; others come and go."""
SELDOM = 0.02
"""Nobody is taken to be empty-handed more seldom than on one day in fifty, however regular so far."""
QUIET = 0.1
"""Quantile of the starts a day that stands for a quiet day."""


def days_off(
    starts: "pd.Series[pd.Timestamp]",
    resource: "pd.Series[str]",
    role: "pd.Series[str]",
    weekdays: Mapping[str, frozenset[int]],
) -> dict[str, frozenset[date]]:
    """Days off of every resource: its own, those of its role, and those of the company.

    `starts` (local time) are aligned with `resource` and `role`; `weekdays` are those on which each
    resource works (Monday is 0). A public holiday shows where all of a role or of the company are pooled,
    although a single person might have had an empty day by chance. Who works on all seven days may
    well work on the company's holidays, and neither counts for them nor gets them.
    """
    day = pd.Series(starts.to_numpy().astype("datetime64[D]").astype(np.int64), index=starts.index)
    roles: dict[str, frozenset[date]] = {}
    for name, members in resource.groupby(role):
        together = frozenset[int]().union(*(weekdays[who] for who in members.unique()))
        roles[str(name)] = days_absent(np.asarray(day[members.index]), together, regular=True)
    resting = {name for name, worked in weekdays.items() if len(worked) < 7}
    staff = np.asarray(day[resource.isin(resting)])
    company = days_absent(staff, frozenset[int]().union(*(weekdays[name] for name in resting)), regular=True)
    found = {}
    for who, group in day.groupby(resource):
        name = str(who)
        own = days_absent(np.asarray(group), weekdays[name])
        found[name] = own | roles[role[group.index[0]]] | (company if name in resting else frozenset())
    return found


def days_absent(
    day: NDArray[np.int64], weekdays: frozenset[int], *, regular: bool = False
) -> frozenset[date]:
    """Working days without a start, where that is no chance: too many in a row, or too much to do.

    `day` holds the day of every start, as days since 1970. How likely a day is empty by chance is told by the
    share of empty days and, for those who are rarely missing, by their quiet days: where
    even those see `n` starts, an empty one has a chance below `exp(-n)` (Poisson). With `regular`, those
    who are often missing have no days off: there is nobody to miss.
    """
    if not len(day):
        return frozenset()
    span = np.arange(day.min(), day.max() + 1)
    weekday = (span + 3) % 7  # 1 January 1970 was a Thursday
    working = np.isin(weekday, list(weekdays))
    starts, span, weekday = np.bincount(day - day.min())[working], span[working], weekday[working]
    empty = starts == 0
    if not empty.any() or empty.all():
        return frozenset()
    chance = np.full(len(span), max(float(empty.mean()), SELDOM))
    if regular and empty.mean() > 1 - REGULAR:
        return frozenset()
    if empty.mean() <= 1 - REGULAR:
        for each in np.unique(weekday[~empty]):
            quiet = np.quantile(starts[~empty & (weekday == each)], QUIET)
            chance[weekday == each] = np.minimum(chance[weekday == each], np.exp(-quiet))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], empty.astype(int), [0]))))
    runs = [slice(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True)]
    absent = [span[run] for run in runs if chance[run].prod() < CHANCE / len(span)]
    return frozenset(date.fromordinal(int(number) + EPOCH) for run in absent for number in run)
