"""Generalisation: the more often each part of a model was used, the nearer it is to 1."""

import pytest

from mining.contracts import DiscoverRequest
from mining.discover import discover
from mining.generalisation import generalisation


def test_it_is_the_formula():
    variants = {("A", "B", "A"): 8, ("C",): 4}
    assert generalisation("ABC", variants) == pytest.approx(1 - (1 / 4 + 1 / 8**0.5 + 1 / 2) / 3)
    assert generalisation("AAZ", variants) == pytest.approx(1 - (1 / 4 + 1) / 2)
    assert generalisation([], variants) is None


@pytest.mark.parametrize("miner", ["inductive", "heuristics", "split", "grow"])
def test_a_model_of_few_cases_generalises_less_than_the_same_of_many(shelf, miner):
    few, many = (
        discover(
            shelf.context,
            DiscoverRequest(log=shelf.log({str(i): ["A", "B", "C"] for i in range(n)}), miner=miner),
        )
        for n in (4, 100)
    )
    assert few.process_tree == many.process_tree
    assert (few.generalisation, many.generalisation) == (pytest.approx(0.5), pytest.approx(0.9))
    assert any("generalisation 90.0 %" in line for line in many.lines())
