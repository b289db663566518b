"""Explanations: what was planted is told, what only goes with a control is not, and noise tells nothing."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from home.errors import NotFound
from mining.explain import ExplainRequest, explain
from mining.subgroups import Feature, Outcome, discovered


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def feature(dimension: str, mask: np.ndarray) -> Feature:
    return Feature(dimension, dimension, dimension, mask)


def test_one_stratum_is_the_rank_sum_test():
    from scipy.stats import mannwhitneyu

    for seed in range(5):
        draw = random(seed)
        values, mask = np.round(draw.exponential(5, 300), 1), draw.random(300) < 0.4
        ours = Outcome(values, np.zeros(300, int)).compared((), mask)
        theirs = mannwhitneyu(values[mask], values[~mask], use_continuity=False, method="asymptotic")
        assert ours is not None and ours.p == pytest.approx(theirs.pvalue, rel=1e-9)
        assert ours.effect == pytest.approx(values[mask].mean() - values[~mask].mean())


def test_noise_tells_nothing():
    told = 0
    for seed in range(20):
        draw = random(seed)
        values = draw.lognormal(3, 1, 2000)
        features = [feature(f"f{i}", draw.random(2000) < 0.3) for i in range(40)]
        found, tested = discovered(values, features, {}, draw.integers(0, 6, 2000), top=10)
        told += len(found)
        assert tested > 40
    assert told <= 3  # 20 logs at a false discovery rate of 5 %


def test_what_only_goes_with_a_control_is_not_told():
    draw = random(1)
    rush = draw.random(4000) < 0.5
    web = draw.random(4000) < np.where(rush, 0.8, 0.2)  # the web brings rush orders, which are slow
    values = draw.exponential(10, 4000) + 20 * rush
    features = [feature("rush", rush), feature("web", web)]
    base = np.zeros(4000, int)
    alone, _ = discovered(values, features, {}, base, top=10)
    assert {f.words for g in alone for f in g.features} == {"rush", "web"}
    controlled, _ = discovered(values, features, {"rush": rush.astype(np.int64)}, base, top=10)
    assert [[f.words for f in g.features] for g in controlled] == [["rush"]]
    assert controlled[0].low < 20 < controlled[0].high


def test_two_conditions_that_matter_only_together_are_told_together():
    draw = random(2)
    a, b, c = (draw.random(6000) < 0.4 for _ in range(3))
    values = draw.exponential(10, 6000) + 30 * (a & b)
    found, _ = discovered(
        values, [feature(n, m) for n, m in zip("abc", (a, b, c), strict=True)], {}, np.zeros(6000, int), top=3
    )
    assert {f.words for g in found for f in g.features} == {"a", "b"}
    (both,) = [g for g in found if len(g.features) == 2]
    assert both.low < 30 < both.high and both.excess == pytest.approx(30 * (a & b).sum(), rel=0.1)


EPOCH = datetime(2026, 1, 5, 8)


@pytest.fixture(scope="module")
def log(shelf) -> str:
    draw = random(3)
    cases, attributes = {}, {}
    for i in range(1200):
        channel = str(draw.choice(["mail", "web", "shop"]))
        took = draw.exponential(5) + (24 if channel == "mail" else 0)
        start = EPOCH + timedelta(hours=2 * i)
        end = start + timedelta(hours=took)
        last = "Reject" if draw.random() < (0.3 if channel == "shop" else 0.05) else "Pay"
        cases[f"c{i}"] = [
            {"activity": "Register", "end": start, "resource": str(draw.choice(["Ann", "Bob"]))},
            {"activity": last, "end": end, "resource": "Cy"},
        ]
        attributes[f"c{i}"] = {"channel": channel, "amount": float(draw.integers(1, 1000))}
    return shelf.log(cases, "explained", case_attributes=attributes)


def test_the_planted_slow_channel_is_told_with_its_hours_and_a_filter(shelf, log):
    found = explain(shelf.context, ExplainRequest(log=log))
    first = found.groups[0]
    assert first.where == 'case["channel"] == "mail"' and first.low < 24 * 3600 < first.high
    assert first.excess == pytest.approx(24 * first.cases, rel=0.1)
    again = explain(shelf.context, ExplainRequest(log=log, where=first.where))
    assert again.cases == first.cases and again.mean == pytest.approx(first.inside, rel=0.01)
    text = "\n".join(found.lines())
    assert "cases alike" in text and "goes together" in text and "because" not in text


def test_an_outcome_can_be_asked_for_and_does_not_explain_itself(shelf, log):
    found = explain(shelf.context, ExplainRequest(log=log, of='contains("Reject")'))
    assert [g.where for g in found.groups[:1]] == ['case["channel"] == "shop"']
    assert not any("'Reject'" in g.group for g in found.groups)
    assert found.groups[0].inside == pytest.approx(0.3, abs=0.06)


def test_an_unknown_control_is_named(shelf, log):
    with pytest.raises(NotFound, match="chanel"):
        explain(shelf.context, ExplainRequest(log=log, control=("chanel",)))


def test_a_small_log_says_that_it_is_small(shelf):
    found = explain(shelf.context, ExplainRequest(log=shelf.log({"1": ["a", "b"], "2": ["a", "b"]})))
    assert found.groups == [] and "Too few" in found.message
