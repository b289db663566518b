"""The map and the variants equal what a plain reading of the cases gives."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.contracts import MapRequest, VariantsRequest
from mining.directly_follows import flows as known_flows
from mining.directly_follows import process_map
from mining.lens import lens
from mining.variants import variants

START = datetime(2026, 3, 2)


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


@pytest.fixture(scope="module")
def make_log(shelf):
    return shelf.log


def event(activity: str, start: int, length: int) -> dict[str, object]:
    begun = START + timedelta(seconds=start)
    return {"activity": activity, "start": begun, "end": begun + timedelta(seconds=length)}


EVENTS = st.builds(event, st.sampled_from("ABC"), st.integers(0, 50), st.integers(0, 20))
LOGS = st.lists(st.lists(EVENTS, min_size=1, max_size=6), min_size=1, max_size=8)


def ordered(case: list[dict]) -> list[dict]:
    return sorted(case, key=lambda e: (e["start"], e["end"]))


@settings(max_examples=40, deadline=None)
@given(LOGS)
def test_map_equals_a_plain_reading(context, make_log, cases):
    found = process_map(context, MapRequest(log=make_log({str(i): c for i, c in enumerate(cases)})))
    waits, of_case, lengths = defaultdict(list), defaultdict(set), defaultdict(list)
    for i, case in enumerate(cases):
        for e in case:
            lengths[e["activity"]].append((e["end"] - e["start"]).total_seconds())
        for a, b in pairwise(ordered(case)):
            flow = (a["activity"], b["activity"])
            waits[flow].append(max((b["start"] - a["end"]).total_seconds(), 0.0))
            of_case[flow].add(i)
    flows = {(f.source, f.target): f for f in found.flows}
    assert flows.keys() == waits.keys()
    for flow, seconds in waits.items():
        got = flows[flow]
        assert (got.events, got.cases) == (len(seconds), len(of_case[flow]))
        expected = [np.mean(seconds), np.median(seconds), np.quantile(seconds, 0.9), sum(seconds)]
        assert [got.mean_s, got.median_s, got.p90_s, got.total_s] == pytest.approx(expected)
    with lens(context, found.log) as view:
        for told in known_flows(view.cursor, times="totals"):
            seconds = waits[told["source"], told["target"]]
            assert (told["mean_s"], told["total_s"]) == pytest.approx((np.mean(seconds), sum(seconds)))
    activities = {a.activity: a for a in found.activities}
    assert {a: len(s) for a, s in lengths.items()} == {a: got.events for a, got in activities.items()}
    for name, seconds in lengths.items():
        assert activities[name].median_s == pytest.approx(np.median(seconds))
        assert activities[name].cases == sum(any(e["activity"] == name for e in c) for c in cases)
    assert {b.activity: b.cases for b in found.starts} == Counter(ordered(c)[0]["activity"] for c in cases)
    assert {b.activity: b.cases for b in found.ends} == Counter(ordered(c)[-1]["activity"] for c in cases)


@settings(max_examples=30, deadline=None)
@given(LOGS)
def test_variants_equal_a_plain_reading(context, make_log, cases):
    name = make_log({str(i): c for i, c in enumerate(cases)})
    found = variants(context, VariantsRequest(log=name))
    times = defaultdict(list)
    for case in cases:
        done = ordered(case)
        span = max(e["end"] for e in case) - done[0]["start"]
        times[tuple(e["activity"] for e in done)].append(span.total_seconds())
    assert found.total == len(times) and found.cases == len(cases)
    assert {tuple(v.activities): v.cases for v in found.variants} == {v: len(t) for v, t in times.items()}
    for v in found.variants:
        assert v.median_s == pytest.approx(np.median(times[tuple(v.activities)]))
        assert v.share == pytest.approx(v.cases / len(cases))
    assert [v.cases for v in found.variants] == sorted((v.cases for v in found.variants), reverse=True)
    few = variants(context, VariantsRequest(log=name, top=1))
    assert few.variants == found.variants[:1] and few.total == found.total


def test_without_start_times_there_are_no_processing_times(context, make_log):
    found = process_map(context, MapRequest(log=make_log({"1": ["A", "B"]})))
    assert found.activities[0].median_s is None and found.flows[0].median_s == 3600


def test_a_filter_narrows_map_and_variants(context, make_log):
    name = make_log(
        {"1": ["A", "B"], "2": ["A", "C"], "3": ["A", "C"]},
        case_attributes={"1": {"x": 1.0}, "2": {"x": 2.0}, "3": {"x": 3.0}},
    )
    found = process_map(context, MapRequest(log=name, where="case.x < 3"))
    assert {(f.source, f.target, f.events) for f in found.flows} == {("A", "B", 1), ("A", "C", 1)}
    assert found.cases == 2
    listed = variants(context, VariantsRequest(log=name, where="case.x == 3")).variants
    assert [(v.activities, v.share) for v in listed] == [(["A", "C"], 1.0)]
    # The number of a variant is the same with and without a filter, so that a filter may name it.
    again = variants(context, VariantsRequest(log=name, where=f"variant == {listed[0].variant}"))
    assert again.cases == 2


def test_a_filter_that_leaves_nothing_is_an_answer(context, make_log):
    name = make_log({"1": ["A"]})
    found = process_map(context, MapRequest(log=name, where="events > 5"))
    assert found.activities == found.flows == [] and list(found.lines()) == [
        f"No case of '{name}' passes events > 5."
    ]
    assert variants(context, VariantsRequest(log=name, where="events > 5")).total == 0


def test_text_shows_names_that_would_steer_a_terminal_harmlessly(context, make_log):
    name = make_log({"1": ["\x1b[31mred", "B"]})
    for answer in (
        process_map(context, MapRequest(log=name)),
        variants(context, VariantsRequest(log=name)),
    ):
        text = "\n".join(answer.lines())
        assert "\x1b" not in text and "[31mred" in text
