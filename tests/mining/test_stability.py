"""Stability: its parts say 0 for no change, 1 for no choice, and what a distribution was planted with."""

import numpy as np
import pytest

from mining.stability import (
    Spread,
    Steps,
    chance_divergence,
    divergence,
    diversity,
    predictability,
    quarters,
    variation,
)


def test_equal_quarters_do_not_diverge_and_disjoint_ones_by_a_bit() -> None:
    same = np.array([[[3.0, 1.0], [6.0, 2.0]]])
    apart = np.array([[[3.0, 0.0], [0.0, 2.0]]])
    assert divergence(same)[0] == pytest.approx(0)
    assert divergence(apart)[0] == pytest.approx(1)


def test_chance_explains_the_divergence_of_a_steady_process() -> None:
    rng = np.random.default_rng(0)
    steps = Steps([("A", "B"), ("A", "C"), ("B", "C", "A")])
    path = rng.choice(3, 400, p=[0.5, 0.3, 0.2])
    parts = steps.counts(path, np.arange(400) // 100, 4)
    assert parts.sum() == sum(3 if p < 2 else 4 for p in path)
    assert abs(divergence(parts[None])[0] - chance_divergence(path, steps, 1)) < 0.005


def test_one_way_is_foreseen_and_a_coin_is_not() -> None:
    one = Steps([("A", "B")])
    assert predictability(one.of_path.sum(axis=0)[None], one)[0] == 1
    coin = Steps([("A",), ("B",)])
    # Only the first step is open, one bit; three steps in all are taken from three places.
    assert predictability(coin.of_path.sum(axis=0)[None], coin)[0] == pytest.approx(1 - 0.5 / np.log2(3))


def test_spread_is_the_ratio_of_quantiles() -> None:
    rng = np.random.default_rng(1)
    hours = rng.lognormal(3, 0.7, 20_000)
    found = Spread(hours, np.zeros(20_000, dtype=np.int64), 1).ratios(np.ones((1, 1)))[0]
    assert found == pytest.approx(np.quantile(hours, 0.9) / np.median(hours), rel=0.03)


def test_quarters_hold_equal_numbers_of_cases() -> None:
    assert quarters(np.ones(8)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert quarters(np.array([9.0, 1, 1, 1])).max() == 3


def test_variation_and_diversity() -> None:
    assert variation(np.array([[2.0, 2.0], [0.0, 4.0]])).tolist() == [0, 1]
    assert diversity(np.array([5.0, 5.0, 0.0])) == pytest.approx(2)
