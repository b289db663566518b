"""Durations from 21 quantiles: linear, and with a tail that is not all outliers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.proving.durations import at_level, at_levels, curve

LEVELS = np.linspace(0, 1, 21)


def test_between_quantiles_it_is_linear_and_at_the_end_the_longest() -> None:
    quantiles = tuple(float(i) for i in range(21))
    assert [at_level(quantiles, 100, level) for level in (0, 0.05, 0.075, 0.5, 1)] == [0, 1, 1.5, 10, 20]
    assert (at_level((), 0, 0.5), at_level((7.0,), 1, 0.9)) == (0, 7)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5, 2.0])
def test_the_mean_of_a_skewed_sample_survives_being_kept_as_quantiles(sigma: float) -> None:
    sample = np.random.default_rng(1).lognormal(0, sigma, 5000)
    kept = tuple(np.quantile(sample, LEVELS))
    luck = np.random.default_rng(2).random(200_000)
    found = at_levels(kept, len(sample), luck)
    assert found.mean() == pytest.approx(sample.mean(), rel=0.15)
    straight = np.interp(luck, LEVELS, kept)
    assert abs(found.mean() - sample.mean()) < abs(straight.mean() - sample.mean())


@given(
    st.lists(st.floats(0, 1e8), min_size=21, max_size=21).map(lambda q: tuple(sorted(q))),
    st.integers(1, 10**6),
    st.lists(st.floats(0, 1), min_size=1, max_size=9).map(sorted),
)
def test_it_rises_within_the_observed_and_is_the_same_one_by_one(
    quantiles: tuple[float, ...], n: int, levels: list[float]
) -> None:
    together = at_levels(quantiles, n, np.array(levels))
    assert (np.diff(together) >= -1e-6).all()
    assert together.min() >= quantiles[0] - 1e-6 and together.max() <= quantiles[-1] + 1e-6
    assert [at_level(quantiles, n, level) for level in levels] == pytest.approx(together.tolist(), abs=1e-3)
    assert list(curve(quantiles, n)[0]) == sorted(curve(quantiles, n)[0])
