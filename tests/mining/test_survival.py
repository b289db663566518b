"""Kaplan-Meier under weights: equal to SciPy's where weights are whole numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from mining.survival import Durations

CASES = st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30)


@given(CASES, st.sampled_from([0.25, 0.5, 0.9]))
@settings(max_examples=30, deadline=None)
def test_quantiles_equal_those_of_scipy(cases: list[tuple[int, bool, int]], q: float) -> None:
    times, censored, weights = (np.array(column) for column in zip(*cases, strict=True))
    found = Durations(times.astype(float), censored.astype(bool)).quantiles(weights[None].astype(float), q)[0]
    again, hidden = np.repeat(times, weights), np.repeat(censored, weights)
    if not (~hidden).any():
        assert np.isnan(found)
        return
    curve = ecdf(CensoredData(uncensored=again[~hidden], right=again[hidden])).sf
    reached = curve.quantiles[curve.probabilities <= 1 - q + 1e-9]
    if len(reached):
        assert found == reached[0]
    else:
        assert np.isnan(found)


def test_running_cases_lengthen_the_median() -> None:
    rng = np.random.default_rng(0)
    true, seen_for = rng.lognormal(np.log(20), 0.8, 20_000), rng.uniform(0, 60, 20_000)
    durations = Durations(np.minimum(true, seen_for), true > seen_for)
    assert durations.quantiles(np.ones((1, 20_000)), 0.5)[0] == pytest.approx(20, rel=0.03)


def test_too_many_running_cases_leave_a_quantile_open() -> None:
    durations = Durations(np.array([1.0, 2.0, 2.0, 2.0]), np.array([False, True, True, True]))
    assert np.isnan(durations.quantiles(np.ones((1, 4)), 0.9)[0])
    assert np.isnan(Durations(np.empty(0), np.empty(0, dtype=bool)).quantiles(np.ones((2, 0)), 0.5)).all()
