"""Assessments: the log answers what it knows, people the rest; two answers of no mean a pilot first."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from home.errors import UsageError
from ingest.quality.contracts import Check, Gate
from mining.assess import Assessment, AssessRequest, _verdict, assess, span
from mining.business_case import business_case
from mining.candidates import Candidate, Scores
from mining.one_page import one_page
from mining.readiness import answers, readiness
from mining.score import Interval
from mining.strategy import strategy
from mining.why import Term, Why

GOOD = Gate(verdict="pass", checks=())
BAD = Gate.of(
    (Check(check="x", words="x", value=1, verdict="refuse", note="Half of the times are missing."),)
)


def candidate(**changes) -> Candidate:
    scores = {"frequency": 4, "pain": 4, "stability": 4}
    given = {
        **scores, "id": "p2p:process", "log": "p2p", "kind": "process", "label": "p2p <b>", "total": 12,
        "interval": Interval(frequency=(4, 4), pain=(3, 4), stability=(4, 4), total=(11, 12)),
        "complexity": 3.0, "plannable": True, "verdict": "plan", "coverage": 0.9, "because": "It fits.",
        "handoffs_per_case": 1.0, "systems_per_case": 1.0, "cases_per_week": 40.0, "hours_per_case": 5.0,
        "hours_per_week": 200.0, "pain_share": 1.0, "activities": ("a",), "computed": Scores(**scores),
        "why": Why(frequency=[Term(term="entries", words="entries", value=40, unit="cases/week", score=4)],
                   pain=[], stability=[], notes=["<script>alert(1)</script>"]),
        **changes,
    }  # fmt: skip
    return Candidate(**given)


def verdict(found: Candidate, gate: Gate = GOOD, **said: str) -> str:
    return _verdict(found, readiness(found, gate, said))[0]


def test_two_answers_of_no_mean_a_pilot_first():
    assert verdict(candidate()) == "go"
    assert verdict(candidate(), owned="no") == "go"
    assert verdict(candidate(), owned="no", reachable="no") == "pilot"
    assert verdict(candidate(frequency=1, stability=1)) == "pilot"
    assert verdict(candidate(stability=1), BAD) == "pilot"
    assert verdict(candidate(frequency=1), volume="yes", owned="no") == "go"


def test_what_cannot_be_planned_is_not_for_now():
    assert verdict(candidate(verdict="refuse", plannable=False)) == "not now"
    assert verdict(candidate(verdict="pilot")) == "pilot"


def test_who_answered_is_told_with_the_evidence():
    found = {each.question: each for each in readiness(candidate(), BAD, {"owned": "yes"})}
    assert (found["owned"].by, found["reachable"].by, found["recorded"].by) == ("person", "nobody", "log")
    assert found["reachable"].answer == "unknown" and "Half of the times" in found["recorded"].evidence


def test_the_example_of_five_hours_that_become_two():
    found = business_case(5.0, 40.0, saved=(0.6, 0.6))
    assert found.saved_hours_per_year == (156.0, 156.0)  # 3 h a week
    assert found.money_per_year == (156 * 40, 156 * 40)


def test_running_costs_are_taken_off_and_the_lower_end_may_lose():
    found = business_case(1.0, 50.0, running_cost=1000, build_cost=520)
    assert found.money_per_year == (round(0.2 * 52 * 50 - 1000), round(0.6 * 52 * 50 - 1000))
    assert "costs more than it saves" in found.words
    assert found.pays_back_weeks == (pytest.approx(520 / (560 / 52)), None)
    assert business_case(1.0, None).money_per_year is None


@pytest.mark.parametrize(
    ("changes", "said", "style"),
    [
        ({}, {}, "central"),
        ({"handoffs_per_case": 4.0}, {}, "people"),
        ({}, {"microservices": "yes", "consistency": "eventual"}, "events"),
        ({"systems_per_case": 4.0}, {"microservices": "yes"}, "hybrid"),
        ({"systems_per_case": 4.0}, {"consistency": "strict", "microservices": "no"}, "central"),
    ],
)
def test_the_style_follows_from_what_the_points_speak_for(changes, said, style):
    found = strategy(candidate(**changes), said)
    assert found.style == style
    assert found.sure is False and all(point.why for point in found.points)


def test_answers_are_checked_by_name():
    known = {"owned": ("yes", "no"), "sites": ("one", "several")}
    assert answers(("owned=yes", "sites = one"), known) == {"owned": "yes", "sites": "one"}
    for wrong, words in (("ownd=yes", "owned"), ("owned=maybe", "yes, no"), ("owned", "yes, no")):
        with pytest.raises(UsageError) as refused:
            answers((wrong,), known)
        assert words in refused.value.message + str(refused.value.hint)


def test_the_share_saved_is_a_range():
    assert span("0.2-0.6") == (0.2, 0.6) and span("0.5") == (0.5, 0.5)
    for wrong in ("5", "0.6-0.2", "a-b", ""):
        with pytest.raises((ValidationError, ValueError)):
            AssessRequest(candidate="x", saves=wrong)


def test_the_page_is_one_document_with_nothing_from_outside():
    found = Assessment(
        candidate="p2p:process", label="p2p", total=12, verdict="go", because="0 answers are no.",
        readiness=readiness(candidate(), GOOD, {}), strategy=strategy(candidate(), {}),
        business_case=business_case(200, 60),
    )  # fmt: skip
    page = one_page(candidate(), found, datetime(2026, 1, 5, tzinfo=UTC))
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)
            assert not {"src", "href", "onload"} & {name for name, _ in attrs}

    Reader().feed(page)
    assert "script" not in seen and "b" in seen and page.count("<h1>") == 1
    assert "p2p &lt;b&gt;" in page and "@media print" in page


def test_a_log_that_names_no_system_is_assessed_too(make_log, context):
    log = make_log({str(i): ["Take", "Check", "File"] for i in range(40)})
    found = assess(context, AssessRequest(candidate=f"{log}:process"))
    told = "\n".join(found.lines())
    assert "the log names no system" in told and "--answer sites=one|several" in told
