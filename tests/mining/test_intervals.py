"""Interval arithmetic agrees with counting minutes one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mining.intervals import Clockwork, Intervals, covered, minus, union

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 15)), max_size=8)


def made(pairs: list[tuple[int, int]]) -> Intervals:
    starts = np.array([a for a, _ in pairs], dtype=float)
    return union(starts, starts + np.array([b for _, b in pairs], dtype=float))


def minutes(pairs: list[tuple[int, int]]) -> set[int]:
    return {m for a, length in pairs for m in range(a, a + length)}


def counted(intervals: Intervals) -> set[int]:
    return {m for a, b in zip(*intervals, strict=True) for m in range(int(a), int(b))}


@given(PAIRS, PAIRS)
def test_union_and_difference(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    assert counted(made(a)) == minutes(a)
    assert counted(minus(made(a), made(b))) == minutes(a) - minutes(b)
    assert (made(a).starts[1:] > made(a).ends[:-1]).all()


@given(PAIRS, st.integers(0, 40), st.integers(0, 40))
def test_clocks_count_inside_only(on: list[tuple[int, int]], low: int, length: int) -> None:
    clock = Clockwork(made(on))
    found = clock.between(np.array([float(low)]), np.array([float(low + length)]))[0]
    assert round(found) == len(minutes(on) & set(range(low, low + length)))


@given(PAIRS, PAIRS, st.integers(0, 40), st.integers(0, 40))
def test_cover_counts_overlaps_once(
    work: list[tuple[int, int]], on: list[tuple[int, int]], low: int, length: int
) -> None:
    work = sorted(work)
    starts = np.array([a for a, _ in work], dtype=float)
    ends = starts + np.array([b for _, b in work], dtype=float)
    window = set(range(low, low + length))
    plain = covered(starts, ends, float(low), float(low + length), None)
    assert round(plain) == len(minutes(work) & window)
    clocked = covered(starts, ends, float(low), float(low + length), Clockwork(made(on)))
    assert round(clocked) == len(minutes(work) & minutes(on) & window)


@given(PAIRS, st.integers(0, 80))
def test_covers_is_membership(pairs: list[tuple[int, int]], moment: int) -> None:
    assert made(pairs).covers(np.array([float(moment)]))[0] == (moment in minutes(pairs))
