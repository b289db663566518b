"""Which cases still run: as the definition says, case by case; and what was planted."""

import statistics

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.running import LIKELY, RARE, running_cases

HOUR = pd.Timedelta(hours=1)
MONDAY = pd.Timestamp("2026-01-05")
CASES = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.lists(
            st.tuples(st.sampled_from("ABC"), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=5
        ),
    ),
    max_size=12,
)


def frame(cases: list[tuple[int, list[tuple[str, int, int]]]]) -> pd.DataFrame:
    """Cases by the hour of their start; of each step its name, the hours before it and of its work."""
    rows = []
    for number, (begun, steps) in enumerate(cases):
        at = MONDAY + begun * HOUR
        for activity, before, work in steps:
            start = at + before * HOUR
            at = start + work * HOUR
            rows.append((f"c{number}", activity, start, at))
    return pd.DataFrame(rows, columns=["case", "activity", "start", "end"])


def plainly(found: pd.DataFrame) -> set[str]:
    """The definition, one activity after the other."""
    latest, running = found["end"].max(), set()
    rows = []
    for case, group in found.groupby("case", sort=False):
        starts = [*group["start"][1:], None]
        for activity, end, following in zip(group["activity"], group["end"], starts, strict=True):
            gap = None if following is None else max(0.0, (following - end).total_seconds())
            rows.append((activity, case, gap, (latest - end).total_seconds()))
    for activity in {row[0] for row in rows}:
        ours = [row[1:] for row in rows if row[0] == activity]
        gaps = sorted(gap for _, gap, _ in ours if gap is not None)
        if not gaps:
            continue
        limit = pd.Series(gaps).quantile(RARE)
        observed = [gap is None for _, gap, age in ours if age > limit]
        ends = statistics.fmean(observed) if observed else 0.5
        for case, gap, age in ours:
            longer = 1 - sum(other <= age for other in gaps) / len(gaps)  # as it is rounded there
            still = longer * (1 - ends)
            if gap is None and still / max(ends + still, 1e-12) > LIKELY:
                running.add(case)
    return running


@settings(max_examples=60)
@given(CASES)
def test_it_is_as_the_definition_says(cases: list[tuple[int, list[tuple[str, int, int]]]]) -> None:
    found = frame(cases)
    if len(found):
        assert running_cases(found) == plainly(found)


def test_cases_cut_off_in_the_middle_run_and_those_that_reached_the_end_do_not() -> None:
    whole = [(4 * n, [("A", 0, 1), ("B", 5, 1), ("C", 5, 1)]) for n in range(50)]
    cut = [(200, [("A", 0, 1), ("B", 5, 1)]), (204, [("A", 0, 1)])]
    assert running_cases(frame([*whole, *cut])) == {"c50", "c51"}
    assert running_cases(frame(whole)) == frozenset()


def test_a_name_for_every_event_tells_nothing() -> None:
    notes = [(n, [(f"note {n} {i}", 1, 1) for i in range(3)]) for n in range(50)]
    assert running_cases(frame(notes)) == frozenset()
