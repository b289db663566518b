"""A log that came in portions gives every answer of the log that came at once."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from home.context import Context, Stores
from home.settings import configure
from ingest import layout
from ingest.contracts import IngestRequest
from ingest.load import ingest
from mining.commands import COMMANDS

ASKED = ("map", "variants", "cases", "performance", "rework", "drift", "waiting", "handovers", "discover")
HEAD = "case_id,activity,timestamp,start,lifecycle,resource,amount,case:region\n"
CASES = st.sampled_from([f"k{n}" for n in range(12)])
PLAIN, STAGED = st.just(""), st.sampled_from(["", "start", "complete", "complete"])


def rows(lifecycle: st.SearchStrategy[str], timed: bool) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    before = st.integers(0, 30) if timed else st.none()
    row = st.tuples(CASES, st.sampled_from("abcd"), st.integers(0, 300), before, lifecycle)
    return st.lists(
        st.tuples(row, st.sampled_from(["Ann", "Bob", ""]), st.sampled_from(["1.5", "2", ""]), st.just("x")),
        min_size=4,
        max_size=60,
    ).filter(lambda found: any(r[0][4] != "start" for r in found))


LOGS = st.one_of(rows(PLAIN, False), rows(PLAIN, True), rows(STAGED, False))


def line(row: Any, number: int) -> str:
    (case, activity, minute, before, lifecycle), resource, amount, _ = row
    at = f"2026-01-{5 + minute // 60:02d}T08:{minute % 60:02d}:00Z"
    start = "" if before is None else f"2026-01-{5 + minute // 60:02d}T07:{before:02d}:00Z"
    return f"{case},{activity},{at},{start},{lifecycle},{resource},{amount},r{number % 3}\n"


class Desk:
    """A home in which logs are loaded and asked about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        configuration = configure({"home": folder / "home"}, {})
        self.context = Context(configuration, Stores(configuration.settings), actor="tester")

    def load(self, log: str, parts: list[list[str]]) -> list[dict[str, Any]]:
        for number, part in enumerate(parts):
            path = self.folder / f"{log}{number}.csv"
            path.write_text(HEAD + "".join(part))
            more = {"append": True} if number else {"replace": True}
            report = ingest(self.context, IngestRequest(source=str(path), log=log, **more))
        size = (
            "cases",
            "events",
            "instances",
            "activities",
            "variants",
            "instance_variants",
            "first",
            "last",
        )
        return [{name: getattr(report, name) for name in size}]

    def answers(self, log: str) -> dict[str, Any]:
        found = {}
        for command in COMMANDS:
            if command.name in ASKED:
                answer = command.function(self.context, command.request(log=log))
                found[command.name] = answer.model_dump(mode="json", exclude={"log"})
        return found


def same(left: Any, right: Any) -> bool:
    """Equal, but for the last digits of sums that were added in another order."""
    if isinstance(left, float) and isinstance(right, float | int):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One home for all examples: a log is replaced."""
    found = Desk(tmp_path_factory.mktemp("desk"))
    yield found
    found.context.stores.close()


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(log=LOGS, cuts=st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_appended_portions_answer_as_the_whole(desk: Desk, log: Any, cuts: list[float]) -> None:
    lines = [line(row, number) for number, row in enumerate(log)]
    places = sorted({0, len(lines), *(round(cut * len(lines)) for cut in cuts)})
    parts = [lines[a:b] for a, b in pairwise(places)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "WORTH_MERGING", 1e9)
        grown = desk.load("grown", parts)
    whole = desk.load("whole", [lines])
    assert grown == whole
    left, right = desk.answers("grown"), desk.answers("whole")
    assert left.keys() == set(ASKED)
    for name in ASKED:
        assert same(left[name], right[name]), (name, left[name], right[name])
