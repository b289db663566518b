"""Drift: planted changes are found where they are, shuffled cases give no alarm."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from home.context import Context
from mining.change_points import find_changes, settled
from mining.drift import DriftRequest, drift

VARIANTS = [("A", "B", "C"), ("A", "C", "B"), ("A", "B", "D", "C")]


def cases(rng: np.random.Generator, *parts: tuple[int, list[float]]) -> np.ndarray:
    return np.concatenate([rng.choice(3, size=n, p=p) for n, p in parts])


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_change_is_found_with_what_changed(seed: int) -> None:
    order = cases(np.random.default_rng(seed), (500, [0.8, 0.2, 0.0]), (700, [0.4, 0.2, 0.4]))
    (change,) = find_changes(order, VARIANTS)
    assert abs(change.case - 500) <= 15
    shift = change.shifts[0]
    assert shift.pair in {("B", "D"), ("D", "C"), ("B", "C")}
    assert abs(abs(shift.after - shift.before) - 0.4) < 0.08


def test_a_process_that_goes_back_has_changed_twice() -> None:
    before, after = [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]
    order = cases(np.random.default_rng(1), (400, before), (400, after), (400, before))
    found = [change.case for change in find_changes(order, VARIANTS)]
    assert len(found) == 2 and abs(found[0] - 400) <= 20 and abs(found[1] - 800) <= 20


def test_shuffled_cases_give_no_alarm() -> None:
    rng = np.random.default_rng(7)
    order = cases(rng, (500, [0.8, 0.2, 0.0]), (700, [0.4, 0.2, 0.4]))
    assert not any(find_changes(rng.permutation(order), VARIANTS) for _ in range(100))


def test_long_logs_are_scanned_in_steps_and_still_exact_to_a_step() -> None:
    order = cases(np.random.default_rng(2), (30_000, [0.8, 0.2, 0.0]), (30_000, [0.7, 0.2, 0.1]))
    (change,) = find_changes(order, VARIANTS)
    assert abs(change.case - 30_000) <= 100


def test_few_cases_and_equal_cases_have_no_change() -> None:
    assert find_changes(np.zeros(50, dtype=np.int64), VARIANTS) == []
    assert find_changes(np.zeros(5000, dtype=np.int64), VARIANTS) == []
    assert find_changes(np.zeros(0, dtype=np.int64), []) == []


def test_the_command_says_when_and_what_in_words(make_log: Callable[..., str], context: Context) -> None:
    planted = {f"c{i:04d}": ["A", "B"] if i < 150 else ["A", "C"] for i in range(300)}
    found = drift(context, DriftRequest(log=make_log(planted)))
    (change,) = found.changes
    assert change.case_index == 150 and change.case_id == "c0150"
    assert change.week == "2026-W02"
    words = " ".join(driver.words for driver in change.drivers)
    assert "'A' followed by 'B' went from 100.0 % to 0.0 % of cases." in words or "'C'" in words
    assert drift(context, DriftRequest(log=make_log({"c": ["A"]}))).note


def traces(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """First timestamp and activities of each trace."""
    found = []
    with gzip.open(path) as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314
            if element.tag.rsplit("}", 1)[-1] == "trace":
                events = [
                    {child.get("key"): child.get("value") for child in event}
                    for event in element
                    if event.tag.rsplit("}", 1)[-1] == "event"
                ]
                names = tuple(str(e["concept:name"]) for e in events)
                found.append((str(events[0]["time:timestamp"]), names))
                element.clear()
    return found


@pytest.mark.logs
def test_changes_of_published_logs_are_found(public_logs: Path) -> None:
    hits = alarms = 0
    rng = np.random.default_rng(3)
    for path in sorted((public_logs / "drift").glob("*.xes.gz")):
        sequences = [names for _, names in sorted(traces(path), key=lambda trace: trace[0])]
        variants = sorted(set(sequences))
        number = {names: i for i, names in enumerate(variants)}
        order = np.array([number[names] for names in sequences])
        found = [change.case for change in find_changes(order, variants)]
        hits += sum(any(abs(case - true) <= 200 for case in found) for true in (999, 1999))
        alarms += len(found)
        assert find_changes(rng.permutation(order), variants) == []
    assert hits == alarms == 6


def test_the_tail_of_running_cases_is_left_out() -> None:
    running = np.zeros(1000, dtype=bool)
    running[[10, 500]] = True
    begun = np.arange(1000.0)
    assert settled(running, begun, begun) == 1000
    running[900:] = True
    assert 900 <= settled(running, begun, begun) <= 915
    assert settled(~running, begun, begun) == 1000
    assert settled(np.zeros(0, dtype=bool), np.zeros(0), np.zeros(0)) == 0


def test_cases_of_which_only_quick_ones_are_finished_are_left_out() -> None:
    begun = np.arange(1000.0)
    took = np.where(np.arange(1000) % 2 == 0, 1.0, 200.0)
    ended = np.minimum(begun + took, 1000.0)
    assert 795 <= settled(np.zeros(1000, dtype=bool), begun, ended) <= 805
    at_once = np.zeros(1000)
    assert settled(np.zeros(1000, dtype=bool), at_once, took) == 1000


def test_a_slow_path_that_cannot_be_over_yet_is_no_change(
    make_log: Callable[..., str], context: Context
) -> None:
    """Every second case goes on after 90 days: near the end of the log, that is not to be seen yet."""
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    last = start + timedelta(days=300)
    planted = {}
    for i in range(1200):
        begun = start + timedelta(hours=6 * i)
        events = [("A", begun), ("B", begun + timedelta(hours=2))]
        events += [("C", begun + timedelta(days=90))] if i % 2 else []
        planted[f"c{i:04d}"] = [{"activity": name, "end": at} for name, at in events if at <= last]
    found = drift(context, DriftRequest(log=make_log(planted)))
    assert found.changes == []
    assert found.note and "only the quick ones" in found.note


def test_a_change_too_small_to_act_on_is_marked(make_log: Callable[..., str], context: Context) -> None:
    planted = {f"c{i:05d}": ["A", "C"] if i > 4000 and i % 40 == 0 else ["A", "B"] for i in range(8000)}
    found = drift(context, DriftRequest(log=make_log(planted)))
    assert [change.small for change in found.changes] == [True]
    assert any("too small" in line for line in found.lines())
