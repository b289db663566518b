"""The performance spectrum: every planted passage, in its planted quarter, thinned out evenly."""

from datetime import datetime, timedelta

import pytest

from home.errors import NotFound, UsageError
from mining.spectrum import SpectrumRequest, spectrum

EPOCH = datetime(2026, 1, 5, 8)


@pytest.fixture(scope="module")
def log(shelf) -> str:
    cases = {}
    for i in range(400):
        start = EPOCH + timedelta(hours=i)
        cases[f"c{i:03}"] = [
            {"activity": "A", "end": start},
            {"activity": "B", "end": start + timedelta(minutes=1 + i % 4)},
            {"activity": "C", "end": start + timedelta(hours=10)},
        ]
    return shelf.log(cases, "spectral")


def test_each_passage_lies_where_it_was_planted(shelf, log):
    (found,) = spectrum(shelf.context, SpectrumRequest(log=log, path=("A", "B"))).segments
    assert found.passages == len(found.left) == 400
    took = [round((came - left) / 60) for left, came in zip(found.left, found.came, strict=True)]
    assert took == [1 + i % 4 for i in range(400)] and found.quarter == [i % 4 for i in range(400)]
    assert found.cases[:2] == ["c000", "c001"]
    assert found.quartiles_s == pytest.approx((105, 150, 195))


def test_many_passages_are_thinned_out_over_the_whole_time(shelf, log):
    (found,) = spectrum(shelf.context, SpectrumRequest(log=log, path=("A", "B"), most=40)).segments
    assert found.passages == 400 and len(found.left) == 40
    assert found.left == sorted(found.left) and found.left[-1] - found.left[0] == pytest.approx(390 * 3600)


def test_without_a_path_the_flows_that_hold_most_time_come_first(shelf, log):
    found = spectrum(shelf.context, SpectrumRequest(log=log))
    assert [(s.source, s.target) for s in found.segments] == [("B", "C"), ("A", "B")]
    assert any("B" in line and "400" in line for line in found.lines())


def test_a_path_needs_known_activities(shelf, log):
    with pytest.raises(UsageError):
        spectrum(shelf.context, SpectrumRequest(log=log, path=("A",)))
    with pytest.raises(NotFound, match="'Bee'"):
        spectrum(shelf.context, SpectrumRequest(log=log, path=("A", "Bee")))
    (never,) = spectrum(shelf.context, SpectrumRequest(log=log, path=("C", "A"))).segments
    assert never.passages == 0 and never.left == []
