"""Cycle times, weeks, rework, handovers and tokens equal what a plain reading of the cases gives."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.contracts import MapRequest
from mining.directly_follows import process_map
from mining.errors import NothingLeft
from mining.handover import HandoversRequest, handovers
from mining.performance import PerformanceRequest, performance
from mining.rework import ReworkRequest, rework
from mining.tokens import TokensRequest, tokens

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 20)  # a week before clocks go forward in Berlin


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


@pytest.fixture(scope="module")
def make_log(shelf):
    return shelf.log


def event(activity: str, hour: int, resource: str | None) -> dict[str, object]:
    return {"activity": activity, "end": START + timedelta(hours=hour), "resource": resource}


EVENTS = st.builds(event, st.sampled_from("ABC"), st.integers(0, 900), st.sampled_from(["Ann", "Bob", None]))
LOGS = st.lists(st.lists(EVENTS, min_size=1, max_size=6), min_size=1, max_size=8)


def ordered(case: list[dict]) -> list[dict]:
    return sorted(case, key=lambda e: e["end"])


def plant(make_log, cases: list[list[dict]]) -> str:
    return make_log({str(i): case for i, case in enumerate(cases)}, tz="Europe/Berlin")


def monday(moment: datetime):
    local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(BERLIN).date()
    return local - timedelta(days=local.weekday())


@settings(max_examples=30, deadline=None)
@given(LOGS)
def test_performance(context, make_log, cases):
    found = performance(context, PerformanceRequest(log=plant(make_log, cases)))
    spans = [(min(e["end"] for e in case), max(e["end"] for e in case)) for case in cases]
    seconds = [(b - a).total_seconds() for a, b in spans]
    assert found.cycle.cases == len(cases) and found.cycle.mean_s == pytest.approx(np.mean(seconds))
    assert [found.cycle.p25_s, found.cycle.median_s, found.cycle.p95_s] == pytest.approx(
        [np.quantile(seconds, q) for q in (0.25, 0.5, 0.95)]
    )
    arrived, ended = Counter(monday(a) for a, _ in spans), Counter(monday(b) for _, b in spans)
    assert {w.week: w.arrived for w in found.weeks if w.arrived} == arrived
    assert {w.week: w.ended for w in found.weeks if w.ended} == ended
    assert all(b.week - a.week == timedelta(days=7) for a, b in pairwise(found.weeks))
    for week in found.weeks:
        open_ = sum(monday(a) <= week.week < monday(b) for a, b in spans)
        assert week.in_progress == open_
        done = [s for s, (_, b) in zip(seconds, spans, strict=True) if monday(b) == week.week]
        assert week.median_s == (pytest.approx(np.median(done)) if done else None)


@settings(max_examples=30, deadline=None)
@given(LOGS)
def test_rework(context, make_log, cases):
    found = rework(context, ReworkRequest(log=plant(make_log, cases)))
    sequences = [[e["activity"] for e in ordered(case)] for case in cases]
    expected: dict[str, Counter] = defaultdict(Counter)
    for sequence in sequences:
        for activity, times in Counter(sequence).items():
            expected[activity]["cases"] += times > 1
            expected[activity]["repeats"] += times - 1
        for before, after in pairwise(sequence):
            expected[after]["self_loops"] += before == after
        for one, between, other in zip(sequence, sequence[1:], sequence[2:], strict=False):
            expected[one]["ping_pongs"] += one == other != between
    got = {a.activity: a.model_dump(exclude={"activity"}) for a in found.activities}
    assert got == {a: {**dict.fromkeys(got[a], 0), **n} for a, n in expected.items() if n["cases"]}
    again = [len(s) - len(set(s)) for s in sequences]
    assert found.cases_with_rework == sum(n > 0 for n in again) and found.repeats == sum(again)
    assert found.repeat_share == pytest.approx(sum(again) / sum(map(len, sequences)))


@settings(max_examples=30, deadline=None)
@given(LOGS)
def test_handovers(context, make_log, cases):
    found = handovers(context, HandoversRequest(log=plant(make_log, cases)))
    waits = defaultdict(list)
    for case in cases:
        for a, b in pairwise(ordered(case)):
            if a["resource"] and b["resource"]:
                waits[a["resource"], b["resource"]].append((b["end"] - a["end"]).total_seconds())
    assert {(h.source, h.target): h.events for h in found.handovers} == {p: len(w) for p, w in waits.items()}
    for h in found.handovers:
        assert h.median_s == pytest.approx(np.median(waits[h.source, h.target]))
    changed = sum(len(w) for (a, b), w in waits.items() if a != b)
    assert found.per_case == pytest.approx(changed / len(cases))


@settings(max_examples=30, deadline=None)
@given(LOGS, st.integers(1, 9))
def test_tokens_are_real_cases_in_the_order_of_the_map(context, make_log, cases, most):
    name = plant(make_log, cases)
    found = tokens(context, TokensRequest(log=name, cases=most))
    shown = [a.activity for a in process_map(context, MapRequest(log=name)).activities]
    assert found.activities == shown and 1 <= len(found.cases) <= most
    if most >= len(cases):
        assert len(found.cases) == len(cases)
    real = Counter(
        tuple((e["activity"], e["end"].replace(tzinfo=ZoneInfo("UTC")).timestamp()) for e in ordered(case))
        for case in cases
    )
    assert Counter(tuple((shown[i], t) for i, t in case) for case in found.cases) <= real
    assert (found.t0, found.t1) == (
        min(t for case in found.cases for _, t in case),
        max(t for case in found.cases for _, t in case),
    )


def test_a_view_without_cases(context, make_log):
    name = make_log({"1": ["A", "B", "A"]})
    nothing = "events > 9"
    assert rework(context, ReworkRequest(log=name, where=nothing)).share == 0
    assert handovers(context, HandoversRequest(log=name, where=nothing)).handovers == []
    assert tokens(context, TokensRequest(log=name, where=nothing)).cases == []
    with pytest.raises(NothingLeft):
        performance(context, PerformanceRequest(log=name, where=nothing))
    for answer in (
        rework(context, ReworkRequest(log=name)),
        handovers(context, HandoversRequest(log=name)),
        performance(context, PerformanceRequest(log=name)),
    ):
        assert list(answer.lines())
