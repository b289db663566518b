"""Differences: what was planted to differ is told, and what only varies by chance is not."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from mining.difference import DifferenceRequest, difference
from mining.errors import NothingLeft

EPOCH = datetime(2026, 1, 5)


def cases(number: int, seed: int, *, check: float = 0.5, hours: float = 2.0):
    draw = np.random.default_rng(seed)
    made = {}
    for i in range(number):
        at = EPOCH + timedelta(hours=i)
        names = [
            "A",
            *(["Check"] if draw.random() < check else []),
            *(["Log"] if draw.random() < 0.3 else []),
            "Z",
        ]
        steps = []
        for name in names:
            steps.append({"activity": name, "end": at})
            at += timedelta(hours=hours)
        made[f"c{i}"] = steps
    return made


def test_two_logs_differ_where_it_was_planted(shelf):
    one, other = shelf.log(cases(800, 1, check=0.7)), shelf.log(cases(800, 2, check=0.3, hours=4))
    found = difference(shelf.context, DifferenceRequest(log=one, other=other))
    sure = {d.source: d for d in found.activities if d.sure}
    assert list(sure) == ["Check"]
    assert sure["Check"].low < 0.4 < sure["Check"].high
    flow = next(d for d in found.flows if (d.source, d.target) == ("A", "Check"))
    assert flow.sure and (flow.median_s, flow.other_median_s) == (2 * 3600, 4 * 3600)
    assert any("Check" in line for line in found.lines())


def test_chance_is_no_difference(shelf):
    told = 0
    for seed in range(6):
        one, other = shelf.log(cases(400, seed)), shelf.log(cases(400, 100 + seed))
        found = difference(shelf.context, DifferenceRequest(log=one, other=other))
        told += any(d.sure for d in (*found.activities, *found.flows))
    assert told <= 1


def test_a_segment_is_compared_with_all_others_or_with_another(shelf):
    log = shelf.log(cases(600, 3))
    rest = difference(shelf.context, DifferenceRequest(log=log, where='contains("Check")'))
    assert rest.cases + rest.other_cases == 600 and rest.other_side.endswith('!(contains("Check"))')
    (check,) = [d for d in rest.activities if d.source == "Check"]
    assert (check.share, check.other_share, check.points) == (1, 0, 1) and check.sure
    periods = difference(
        shelf.context,
        DifferenceRequest(log=log, where='start < "2026-01-15"', against='start >= "2026-01-15"'),
    )
    assert periods.cases == 240 and periods.other_cases == 360


def test_a_side_without_cases_says_which(shelf):
    log = shelf.log(cases(20, 3))
    with pytest.raises(NothingLeft, match="events > 99"):
        difference(shelf.context, DifferenceRequest(log=log, where="events > 99"))
