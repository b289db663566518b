"""Days off: holidays are found for one, a role or all, and quiet days are not taken for them."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from mining.absences import days_absent, days_off

WEEK = frozenset(range(5))
MONDAY = np.datetime64("2024-01-01").astype(int)


def worked(per_day: float, weeks: int = 24, seed: int = 3, without: tuple[int, ...] = ()) -> np.ndarray:
    """The day of each start: so many on average from Monday to Friday, `without` some days."""
    rng = np.random.default_rng(seed)
    days = [day for day in range(7 * weeks) if day % 7 < 5 and day not in without]
    return np.repeat(np.array(days) + MONDAY, rng.poisson(per_day, len(days)))


def dates(*days: int) -> frozenset[date]:
    return frozenset(date.fromordinal(date(2024, 1, 1).toordinal() + day) for day in days)


@pytest.mark.parametrize("per_day", [1, 4, 30])
def test_two_weeks_away_are_found(per_day: float) -> None:
    away = tuple(day for day in range(35, 49) if day % 7 < 5)
    assert days_absent(worked(per_day, without=away), WEEK) >= dates(*away)


def test_a_holiday_of_somebody_there_on_two_days_a_week_is_found() -> None:
    away = (36, 38, 43, 45)
    days = worked(40, without=away)
    days = days[np.isin((days - MONDAY) % 7, (1, 3))]
    assert days_absent(days, frozenset({1, 3})) == dates(*away)


def test_a_single_day_off_is_found_where_there_is_much_to_do() -> None:
    assert days_absent(worked(30, without=(37,)), WEEK) == dates(37)


@pytest.mark.parametrize("seed", range(20))
def test_quiet_days_are_chance(seed: int) -> None:
    assert not days_absent(worked(1.5, seed=seed), WEEK)


def test_who_comes_and_goes_is_not_away_on_single_days() -> None:
    days = worked(40)
    rarely = np.random.default_rng(1).random(7 * 24) < 0.4
    assert not days_absent(days[rarely[days - MONDAY]], WEEK)


def test_a_public_holiday_shows_where_all_are_pooled() -> None:
    people = [worked(3, seed=seed, without=(88,)) for seed in range(8)]
    away = worked(3, seed=9)
    table = pd.concat(
        [pd.DataFrame({"day": days, "who": f"p{n}", "role": f"r{n % 4}"}) for n, days in enumerate(people)]
        + [pd.DataFrame({"day": away, "who": "customer", "role": "outside"})],
        ignore_index=True,
    )
    weekdays = dict.fromkeys(table["who"].unique(), WEEK) | {"customer": frozenset(range(7))}
    found = days_off(
        pd.Series(table["day"].to_numpy().astype("datetime64[D]")), table["who"], table["role"], weekdays
    )
    assert not days_absent(people[0], WEEK)
    assert all(found[f"p{number}"] == dates(88) for number in range(8))
    assert not found["customer"]
