"""Candidates under a condition: the planted kind of case that hurts is found, and nothing else."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from mining.candidates import Candidate, CandidatesRequest, candidates, plannable_blocks
from mining.lens import lens
from orchestrate.redesign.generate import PlanRequest, plan

MONDAY = datetime(2026, 1, 5, 9)


def planted(seed: int = 0, weeks: int = 15, per_week: int = 16, wait=lambda **of: 60 if of["slow"] else 1):
    """Orders whose approval waits as `wait` says, from the region, the amount and the week of the case."""
    rng = np.random.default_rng(seed)
    cases, attributes = {}, {}
    for number in range(weeks * per_week):
        week = number // per_week
        at = MONDAY + timedelta(weeks=week, hours=float(rng.uniform(0, 100)))
        region = str(rng.choice(["North", "South", "East"], p=[0.3, 0.4, 0.3]))
        amount = float(round(rng.uniform(1, 1000)))
        mean = wait(slow=region == "North", amount=amount, week=week)
        events = []
        for name, lies in (("take", 0), ("approve", mean * float(rng.uniform(0.5, 1.5))), ("file", 1)):
            at += timedelta(hours=lies)
            events.append({"activity": name, "start": at, "end": at + timedelta(hours=1), "resource": name})
            at += timedelta(hours=1)
        case = f"c{number:04d}"
        cases[case] = events
        attributes[case] = {"region": region, "amount": amount, "week": f"w{week}", "early": week < 8}
    return cases, attributes


def narrowed(shelf, log: str) -> list[Candidate]:
    found = candidates(shelf.context, CandidatesRequest(logs=(log,))).candidates
    return [c for c in found if c.condition is not None]


@pytest.fixture(scope="module")
def north(shelf) -> str:
    cases, attributes = planted()
    return shelf.log(cases, "north", case_attributes=attributes)


def test_the_value_that_holds_the_pain_becomes_a_candidate(shelf, north):
    (found,) = narrowed(shelf, north)
    assert (found.id, found.kind) == ("north:when:region-is-north", "process")
    assert found.condition == 'case["region"] == "North"'
    assert found.pain_share > 0.9 and found.plannable and found.coverage == 1.0
    by = {c.id: c for c in candidates(shelf.context, CandidatesRequest(logs=(north,))).candidates}
    whole = by["north:process"]
    with lens(shelf.context, north, where=found.condition) as view:
        share = view.cases / view.log.cases
    # The same hours, counted among fewer cases: never more than the whole.
    assert found.hours_per_week == pytest.approx(whole.hours_per_week * found.pain_share, rel=0.1)
    assert found.cases_per_week == pytest.approx(whole.cases_per_week * share, rel=0.1)
    assert found.hours_per_case > 3 * whole.hours_per_case * share
    assert plannable_blocks(shelf.context, north)[0].startswith("north:")


def test_it_is_planned_from_its_own_cases(shelf, north):
    made = plan(shelf.context, PlanRequest(candidate="north:when:region-is-north", owner="ada"))
    with lens(shelf.context, north, where='case["region"] == "North"') as view:
        assert 0.9 * view.cases <= made.cases <= view.cases
    assert made.candidate == "north:when:region-is-north" and made.coverage == 1.0
    assert 'case["region"] == "North"' in made.content.replace("\\", "")


def test_a_numeric_cut_is_found_where_it_was_planted(shelf):
    cases, attributes = planted(1, wait=lambda **of: 60 if of["amount"] > 600 else 1)
    found = narrowed(shelf, shelf.log(cases, "dear", case_attributes=attributes))
    assert len(found) == 1 and found[0].id.startswith("dear:when:amount-over-")
    assert 450 <= float(found[0].condition.rpartition("> ")[2]) <= 650


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_where_attributes_say_nothing(shelf, seed):
    cases, attributes = planted(10 + seed, wait=lambda **_: 30)
    assert narrowed(shelf, shelf.log(cases, f"even{seed}", case_attributes=attributes)) == []


def test_what_only_goes_with_the_month_is_not_told(shelf):
    # Two months were bad; `early` marks them, and says nothing within a month.
    cases, attributes = planted(5, wait=lambda **of: 60 if of["week"] < 8 else 1)
    assert narrowed(shelf, shelf.log(cases, "spell", case_attributes=attributes)) == []


def test_a_small_part_of_the_cases_is_no_candidate(shelf):
    cases, attributes = planted(6, wait=lambda **of: 60 if of["amount"] > 900 else 1)
    found = narrowed(shelf, shelf.log(cases, "few", case_attributes=attributes))
    for each in found:
        with lens(shelf.context, "few", where=each.condition) as view:
            assert 0.2 <= view.cases / view.log.cases <= 0.8
    assert len(found) <= 2
