"""Whatever an analyst asks of an odd log, or asks oddly, ends in a clear answer or error, and soon."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from home.errors import BatonError
from ingest.contracts import IngestRequest
from ingest.load import ingest
from tests.loop.asking import QUESTIONS, Analyst

HEAD = "case_id,activity,timestamp,resource"
FILTERED = tuple(
    question
    for question in QUESTIONS
    if question.split()[0] not in ("candidates", "assess", "quality", "findings", "control")
)
"""Questions that take a filter."""


def rows(*cases: tuple[str, list[tuple[str, str]]]) -> Iterator[str]:
    """Lines of a log: what each case does, and when."""
    for case, events in cases:
        yield from (
            f"{case},{activity},{at},{'ann' if i % 2 else 'bob'}" for i, (activity, at) in enumerate(events)
        )


def hours(activities: str, day: int = 5) -> list[tuple[str, str]]:
    return [(a, f"2026-01-{day:02} {8 + i:02}:00:00") for i, a in enumerate(activities)]


def free_text() -> Iterator[str]:
    """20,000 cases of three events, each event called otherwise."""
    for case in range(20_000):
        yield from (
            f"c{case},note {3 * case + i},2026-01-{1 + case % 28:02} {8 + i:02}:{case % 60:02}:00,u{case % 7}"
            for i in range(3)
        )


ODD = {
    "single events": (HEAD, rows(*((f"c{i}", hours("A", 1 + i % 28)) for i in range(60)))),
    "one case": (HEAD, rows(("c", hours("ABCAB")))),
    "one event": (HEAD, rows(("c", hours("A")))),
    "one moment": (HEAD, rows(*((f"c{i}", [(a, "2026-01-05 08:00:00") for a in "ABC"]) for i in range(50)))),
    "starts without ends": (
        f"{HEAD},lifecycle",
        (
            f"c{i},{activity},2026-01-{1 + i % 28:02} {8 + k:02}:00:00,ann,{lifecycle}"
            for i in range(50)
            for k, (activity, lifecycle) in enumerate(
                (("A", "start"), ("B", "start"), ("B", "complete"), ("C", "start"))
            )
        ),
    ),
    "ends that are missing": (
        f"{HEAD},start",
        (
            f"c{i},{a},{'' if k == 1 else f'2026-01-{1 + i % 28:02} {8 + k:02}:30:00'},ann,"
            f"2026-01-{1 + i % 28:02} {8 + k:02}:00:00"
            for i in range(50)
            for k, a in enumerate("ABC")
        ),
    ),
    "nobody and nothing": ("case_id,activity,timestamp", (f"c{i},A,2026-01-05 0{i}:00:00" for i in range(9))),
}
"""Logs by what is odd about them: the first line of a CSV file, and the others."""


@pytest.fixture(scope="module")
def analyst(tmp_path_factory) -> Iterator[Analyst]:
    folder: Path = tmp_path_factory.mktemp("odd")
    found = Analyst.at(folder / "home")
    for name, (head, lines) in ODD.items():
        load(found, folder, name.replace(" ", "_"), head, lines)
    yield found
    found.close()


def load(analyst: Analyst, folder: Path, log: str, head: str, lines: Iterator[str]) -> None:
    file = folder / f"{log}.csv"
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    ingest(analyst.context, IngestRequest(source=str(file), log=log))


def clear(error: BatonError) -> bool:
    """Whether an error says what was found; programs can tell it by its code."""
    return bool(error.code and error.message.endswith((".", "^", "?")) and "Traceback" not in error.message)


@pytest.mark.parametrize("log", [name.replace(" ", "_") for name in ODD])
def test_an_odd_log_is_answered(analyst: Analyst, log: str) -> None:
    for question in QUESTIONS:
        found = analyst.tell(question.format(log=log))
        assert not isinstance(found, BatonError) or clear(found), (question, found)


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_unknown_log_is_said_to_be_unknown(analyst: Analyst, question: str) -> None:
    found = analyst.tell(question.format(log="one_cas"))
    assert isinstance(found, BatonError) and found.code == "not_found"
    assert "one_cas" in found.message


@pytest.mark.parametrize("question", FILTERED)
def test_a_filter_that_cannot_be_meant_is_pointed_at(analyst: Analyst, question: str) -> None:
    for wrong, column in (("events >", 9), ("case.colour == 1", 5), ('contains("Q")', 10), ("duration_s", 1)):
        found = analyst.tell(f"{question.format(log='one_case')} --where '{wrong}'")
        assert isinstance(found, BatonError) and found.code == "filter", (wrong, found)
        said, line, caret = found.message.split("\n")
        assert f"column {column}" in said and wrong in line, found.message
        assert caret.index("^") == 2 + column - 1


@pytest.mark.parametrize("question", FILTERED)
def test_a_filter_that_leaves_nothing_is_said_to(analyst: Analyst, question: str) -> None:
    found = analyst.tell(f"{question.format(log='one_case')} --where 'events > 99'")
    if isinstance(found, BatonError):
        assert found.code == "nothing_left" and "events > 99" in found.message


@pytest.mark.long
def test_a_log_with_a_name_for_every_event_is_answered_in_seconds(analyst: Analyst, tmp_path: Path) -> None:
    load(analyst, tmp_path, "free_text", HEAD, free_text())
    for question in QUESTIONS:
        began = time.process_time()
        found = analyst.tell(question.format(log="free_text"))
        assert not isinstance(found, BatonError) or clear(found), (question, found)
        assert time.process_time() - began < 40, question
