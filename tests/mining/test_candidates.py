"""Candidates: planted pain is ranked and found, and no score depends on anything but its own log."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from home.context import Context
from home.errors import NotFound, SettingError, UsageError
from mining.anchors import bin_of, read_anchors, to_move
from mining.blocks import pain_share, within, worth_showing
from mining.candidates import (
    Candidate,
    CandidatesRequest,
    candidates,
    find_candidate,
    plannable_blocks,
)
from mining.overrides import OverrideRequest, override
from mining.plannable import plannable

MONDAY = datetime(2026, 1, 5, 9)
STEPS = ("take", "check", "approve", "file", "close")


def planted_log(weeks: int, per_week: int, waits_h: dict[str, float], seed: int = 0) -> dict:
    """Cases that take an hour per step and wait before some."""
    rng = np.random.default_rng(seed)
    cases = {}
    for week in range(weeks):
        for number in range(per_week):
            at = MONDAY + timedelta(weeks=week, hours=float(rng.uniform(0, 100)))
            events = []
            for name in STEPS:
                at += timedelta(hours=waits_h.get(name, 0.0) * float(rng.uniform(0, 2)))
                events.append(
                    {"activity": name, "start": at, "end": at + timedelta(hours=1), "resource": name}
                )
                at += timedelta(hours=1)
            cases[f"w{week:02d}-{number:02d}"] = events
    return cases


def scored(context: Context, *logs: str) -> dict[str, Candidate]:
    return {c.id: c for c in candidates(context, CandidatesRequest(logs=logs)).candidates}


@pytest.fixture
def slow(make_log: Callable[..., str]) -> str:
    return make_log(planted_log(15, 6, {"approve": 60, "file": 1}), "slow")


def test_the_block_with_the_planted_pain_is_found(slow: str, context: Context) -> None:
    found = scored(context, slow)
    whole = found.pop("slow:process")
    (block,) = found.values()
    assert set(block.activities) == {"check", "approve"}
    assert block.id == "slow:block:check..approve" and block.plannable and block.pain_share > 0.9
    assert whole.frequency == 3 and whole.cases_per_week == 6
    assert whole.hours_per_case == pytest.approx(0.1 * 60 * 0.81, rel=0.2)
    assert (whole.plannable, whole.verdict, whole.coverage) == (True, "plan", 1.0)
    assert whole.handoffs_per_case == 4
    assert plannable_blocks(context, slow) == [block.id]


def test_the_why_card_names_value_edge_and_cases(slow: str, context: Context) -> None:
    why = scored(context, slow)["slow:process"].why
    (entries,) = why.frequency
    assert (entries.value, entries.lower, entries.higher) == (6.0, 5, 25)
    pain = why.pain[0]
    assert pain.unit == "h/case" and pain.lower is not None and pain.cases
    assert {term.term for term in why.stability} == {"change", "predictability", "volume", "spread"}


def test_the_ranking_is_written_for_a_spreadsheet(context: Context, make_log: Callable[..., str]) -> None:
    log = make_log(planted_log(15, 6, {"approve": 60}), "=cmd()")
    found = candidates(context, CandidatesRequest(logs=(log,), output="ranking.csv"))
    lines = list(csv.DictReader(io.StringIO(found.content or "")))
    assert [line["id"].lstrip("'") for line in lines] == [c.id for c in found.candidates]
    assert all(line["log"] == "'=cmd()" for line in lines) and lines[0]["rank"] == "1"
    assert int(lines[0]["total"]) == found.candidates[0].total
    assert candidates(context, CandidatesRequest(logs=(log,))).content is None


def test_another_log_moves_nothing(slow: str, context: Context, make_log: Callable[..., str]) -> None:
    alone = scored(context)
    make_log(planted_log(14, 3, {"file": 300}), "other")
    both = scored(context)
    assert {name: both[name] for name in alone} == alone
    assert len(both) > len(alone)


def test_twice_the_volume_moves_only_frequency(context: Context, make_log: Callable[..., str]) -> None:
    cases = planted_log(15, 4, {"approve": 30})
    once = make_log(cases, "once")
    twice = make_log({**cases, **{f"{name}b": events for name, events in cases.items()}}, "twice")
    one, two = scored(context, once)["once:process"], scored(context, twice)["twice:process"]
    assert (one.pain, one.stability) == (two.pain, two.stability)
    assert one.frequency == 2 and two.frequency == 3
    assert one.hours_per_case == two.hours_per_case


def test_the_same_log_gives_the_same_numbers(context: Context, make_log: Callable[..., str]) -> None:
    cases = planted_log(13, 3, {"approve": 30})
    names = [make_log(cases, name) for name in ("one", "two")]
    found = [scored(context, name)[f"{name}:process"] for name in names]
    hidden = {"id", "log", "label"}
    assert found[0].model_dump(exclude=hidden) == found[1].model_dump(exclude=hidden)
    assert found[0].interval.total[0] <= found[0].total <= found[0].interval.total[1]


def test_plannable_ones_come_first_then_totals(
    slow: str, context: Context, make_log: Callable[..., str]
) -> None:
    rng = np.random.default_rng(0)
    chaos = {f"c{i}": [str(rng.integers(0, 30)) for _ in range(12)] for i in range(120)}
    make_log(chaos, "chaos")
    answer = candidates(context, CandidatesRequest(rate=50))
    order = [(not c.plannable, -c.total) for c in answer.candidates]
    assert order == sorted(order)
    refused = next(c for c in answer.candidates if c.id == "chaos:process")
    assert not refused.plannable and "plan a part of it" in refused.because
    first = answer.candidates[0]
    assert first.money_per_week == pytest.approx(50 * first.hours_per_week, rel=0.01)
    assert {c.id for c in answer.certainty} == {c.id for c in answer.candidates}
    assert any("slow:process" in line for line in answer.lines())


def test_an_override_stands_beside_the_computed_score(slow: str, context: Context) -> None:
    computed = scored(context, slow)["slow:process"]
    override(context, OverrideRequest(candidate=computed.id, pain=5, by="Ana", why="Customers leave over it"))
    found = scored(context, slow)[computed.id]
    assert found.pain == 5 and found.computed.pain == computed.pain
    assert found.total == computed.total - computed.pain + 5
    (kept,) = found.overrides
    assert (kept.by, kept.why, kept.computed, kept.value) == (
        "Ana",
        "Customers leave over it",
        computed.pain,
        5,
    )
    override(context, OverrideRequest(candidate=computed.id, pain=0, by="Ana", why="Taken back"))
    assert scored(context, slow)[computed.id] == computed


def test_unknown_candidates_and_empty_overrides_are_refused(slow: str, context: Context) -> None:
    with pytest.raises(NotFound, match="slow:proces") as raised:
        find_candidate(context, "slow:proces")
    assert "slow:process" in raised.value.hint
    with pytest.raises(NotFound):
        find_candidate(context, "nothing")
    with pytest.raises(UsageError, match="No score"):
        override(context, OverrideRequest(candidate="slow:process", by="Ana", why="because"))


def test_candidates_are_computed_once(slow: str, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scored(context, slow)
    monkeypatch.setattr("mining.mined.mine", lambda *_: pytest.fail("computed again"))
    assert scored(context, slow) == before


def test_tiny_logs_have_scores_and_say_how_little_they_rest_on(
    make_log: Callable[..., str], context: Context
) -> None:
    log = make_log({"c": ["A"]}, "one")
    (only,) = candidates(context, CandidatesRequest(logs=(log,))).candidates
    assert only.id == "one:process" and only.pain == 1
    assert any("whole weeks" in note for note in only.why.notes)


def test_own_anchors_are_used_and_broken_ones_are_named(slow: str, context: Context) -> None:
    before = scored(context, slow)["slow:process"]
    text = (Path(__file__).parents[2] / "mining" / "anchors.toml").read_text()
    own = context.home / "anchors.toml"
    own.write_text(
        text.replace("edges = [1, 5, 25, 125]", "edges = [1, 2, 3, 4]").replace("version = 1", "version = 2")
    )
    assert scored(context, slow)["slow:process"].frequency == 5 != before.frequency
    assert candidates(context, CandidatesRequest()).anchors == 2
    own.write_text("version = 3")
    with pytest.raises(SettingError, match="frequency"):
        read_anchors(context.home)
    own.write_text("version = ")
    with pytest.raises(SettingError, match="TOML"):
        read_anchors(context.home)


def test_bins_go_both_ways() -> None:
    assert [bin_of(v, [1, 5, 25, 125]) for v in (0.5, 1, 24, 125)] == [1, 2, 3, 5]
    assert [bin_of(v, [0.15, 0.06, 0.02, 0.005]) for v in (0.2, 0.15, 0.01, 0.0)] == [1, 2, 4, 5]
    assert to_move(6, [1, 5, 25, 125]) == (5, 25)
    assert to_move(0.1, [1, 5, 25, 125]) == (None, 1)


def test_pain_of_a_part_leaves_out_the_waiting_before_it() -> None:
    pains = {("a", "b", "c"): ([0.0, 3.0, 6.0], [0.0, 1.0, 0.0])}
    assert pain_share(pains, frozenset("bc")) == pytest.approx(0.7)
    assert pain_share(pains, frozenset("abc")) == 1.0
    assert pain_share({}, frozenset("a")) == 0.0
    assert within({("a", "b", "x", "c"): 3, ("x",): 1}, frozenset("bc")) == ({("b", "c"): 3}, 3, 0)


def test_a_part_that_others_interrupt_is_no_block() -> None:
    variants = {("a", "x", "b"): 50, ("a", "b", "x"): 10}
    pains = {v: ([0.0, 1.0, 9.0], [0.0] * 3) for v in variants}
    found = worth_showing(variants, pains, read_anchors())
    assert all(block.activities != frozenset("ab") for block in found)


def test_nothing_finished_is_refused() -> None:
    assert plannable({}).verdict == "refuse"
    assert plannable({("a", "b"): 10}).verdict == "plan"


def test_a_loop_and_a_handoff_are_candidates_planned_with_the_whole(
    context: Context, make_log: Callable[..., str]
) -> None:
    cases = {}
    for number in range(120):
        at = MONDAY + timedelta(days=number)
        names = ["take", "check", "check", "close"] if number % 3 == 0 else ["take", "check", "close"]
        events = []
        for name in names:
            at += timedelta(hours=40 if name == "close" else 1)
            events.append(
                {"activity": name, "start": at, "end": at + timedelta(hours=1 + number % 5), "resource": name}
            )
            at = events[-1]["end"]
        cases[f"c{number}"] = events
    found = scored(context, make_log(cases, "again"))
    loop = found["again:loop:check"]
    assert loop.kind == "loop" and loop.cases_per_week == pytest.approx(7 / 3, abs=0.2)
    # Three hours of work a second time, and nothing else, belong to the loop.
    assert loop.hours_per_case == pytest.approx(3, abs=0.3)
    assert loop.stability == found["again:process"].stability
    assert (loop.verdict, loop.coverage) == (found["again:process"].verdict, found["again:process"].coverage)
    assert "whole process" in loop.because


def test_the_waiting_of_a_handoff_is_that_between_its_two_steps(
    context: Context, make_log: Callable[..., str]
) -> None:
    log = make_log(planted_log(15, 6, {"check": 20, "approve": 30, "file": 30}), "hand")
    found = {
        c.id: c for c in candidates(context, CandidatesRequest(logs=(log,))).candidates if c.kind == "handoff"
    }
    assert set(found) == {"hand:handoff:approve..file", "hand:handoff:check..approve"}
    for each in found.values():
        assert each.hours_per_case == pytest.approx(0.1 * 30 * 0.81, rel=0.2)
        assert each.handoffs_per_case == 1


def penalties(context: Context, log: str) -> tuple[float | None, str, float]:
    """The term of broken promises of the whole process, and the pain of the process."""
    whole = scored(context, log)[f"{log}:process"]
    (term,) = [term for term in whole.why.pain if term.term == "penalties"]
    (pain,) = [term.value for term in whole.why.pain if term.term == "pain"]
    return term.value, term.words, float(pain or 0)


def test_a_broken_promise_costs_what_the_anchors_say(make_log: Callable[..., str], context: Context) -> None:
    cases = planted_log(15, 6, {})
    due = {
        case: {"Due date": events[-1]["end"] + timedelta(hours=-1 if number % 3 == 0 else 1)}
        for number, (case, events) in enumerate(cases.items())
    }
    mean, words, with_due = penalties(context, make_log(cases, "kept", case_attributes=due))
    assert mean == pytest.approx(2 * 30 / 90, abs=1e-3)
    assert words.startswith("30 of 90 cases were not done by 'Due date': 2 h each")
    mean, words, without = penalties(context, make_log(cases, "plain"))
    assert mean is None and words.startswith("no promise is known")
    assert with_due - without == pytest.approx(2 / 3, abs=1e-3)


def test_a_limit_for_a_process_is_a_promise(make_log: Callable[..., str], context: Context) -> None:
    text = (Path(__file__).parents[2] / "mining" / "anchors.toml").read_text()
    own = context.home / "anchors.toml"
    log = make_log(planted_log(15, 6, {}), "limited")
    try:
        own.write_text(text + 'limited = "PT4H"\n')
        mean, words, _ = penalties(context, log)
        assert mean == 2.0 and words.startswith("90 of 90 cases were not done within PT4H")
        own.write_text(text + 'limited = "PT6H"\n')
        assert penalties(context, log)[0] == 0.0
        own.write_text(text + 'limited = "soon"\n')
        with pytest.raises(SettingError, match=r"'soon'.*ISO 8601"):
            penalties(context, log)
    finally:
        own.unlink()
