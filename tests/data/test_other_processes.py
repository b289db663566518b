"""What is planted in onboarding, claims and support is in their exports."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import mean, median, pstdev
from typing import Any

from data.generate import Manifest

from .conftest import BERLIN, Traces


def close(share: float, truth: float, n: int) -> bool:
    """Within four standard errors."""
    return abs(share - truth) < 4 * sqrt(truth * (1 - truth) / n)


def test_onboarding_is_calm_but_rare(clients: Traces) -> None:
    weeks = Counter(steps[0].start.astimezone(BERLIN).isocalendar().week for steps in clients.values())
    assert len(weeks) == 26
    assert set(weeks.values()) == {4}
    took = sorted((steps[-1].end - steps[0].start).total_seconds() for steps in clients.values())
    assert took[len(took) * 9 // 10] / median(took) < 1.5
    variants = Counter(tuple(step.activity for step in steps) for steps in clients.values())
    assert len(variants) <= 3
    assert variants.most_common(1)[0][1] > 0.8 * len(clients)


def test_onboarding_keeps_leading_zeros(clients: Traces) -> None:
    assert all(case.startswith("0000") and len(case) == 8 for case in clients)


def _spans(claims: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Each claim's steps with start, end and resource, paired from the two lifecycle events."""
    found = defaultdict(list)
    for claim in claims:
        begun = {}
        for event in claim["events"]:
            if event["lifecycle:transition"] == "start":
                begun[event["concept:name"]] = event["time:timestamp"]
                continue
            end = event["time:timestamp"]
            start = begun.pop(event["concept:name"], end)
            found[claim["concept:name"]].append({**event, "start": start, "end": end})
        assert not begun
    return found


def test_claims_have_typed_attributes_and_paired_events(claims: list[dict[str, Any]]) -> None:
    assert 2000 < len(claims) < 3500
    for claim in claims:
        types = {name: type(claim[name]) for name in ("kind", "amount", "total_loss", "policy_years")}
        assert types == {"kind": str, "amount": float, "total_loss": bool, "policy_years": int}
    steps = [step for found in _spans(claims).values() for step in found]
    assert all(step["start"] <= step["end"] and step["start"].tzinfo for step in steps)


def test_large_claims_are_inspected_on_site_without_exception(claims: list[dict[str, Any]]) -> None:
    inspected = {"Inspect on site", "Assess damage"}
    for claim in claims:
        found = {event["concept:name"] for event in claim["events"]} & inspected
        assert found <= {"Inspect on site" if claim["amount"] > 8000 else "Assess damage"}


def test_assessors_are_nearly_always_busy_and_take_total_losses_first(claims: list[dict[str, Any]]) -> None:
    spans = _spans(claims)
    busy: Counter[str] = Counter()
    waits: dict[bool, list[float]] = {True: [], False: []}
    for claim in claims:
        for before, step in pairwise(spans[claim["concept:name"]]):
            busy[step["org:resource"]] += (step["end"] - step["start"]).total_seconds()
            if step.get("org:role") == "Assessor":
                waits[claim["total_loss"]].append((step["start"] - before["end"]).total_seconds())
    working_hours = 9 * 125 * 3600
    assert {name for name, seconds in busy.items() if seconds > 0.8 * working_hours} == {
        "Holger Pfeiffer",
        "Iris Wolf",
    }
    assert mean(waits[True]) < 0.8 * mean(waits[False])


def test_claims_ask_for_documents_at_the_planted_rate(claims: list[dict[str, Any]]) -> None:
    names = [[event["concept:name"] for event in claim["events"]] for claim in claims]
    assessed = [found for found in names if {"Assess damage", "Inspect on site"} & set(found)]
    asked = sum(found.count("Documents received") for found in assessed)
    assert close(asked / (asked + len(assessed)), 0.14, asked + len(assessed))


def _moves(ticket: dict[str, Any]) -> list[str]:
    return [
        item["toString"]
        for entry in ticket["changelog"]["histories"]
        for item in entry["items"]
        if item["field"] == "status"
    ]


def test_ticket_histories_are_chained_and_in_time_order(tickets: list[dict[str, Any]]) -> None:
    assert 3000 < len(tickets) < 5000
    for ticket in tickets:
        entries = ticket["changelog"]["histories"]
        times = [ticket["fields"]["created"], *(entry["created"] for entry in entries)]
        assert times == sorted(times)
        assert all(datetime.fromisoformat(time).utcoffset() == timedelta(0) for time in times)
        changes = [item for entry in entries for item in entry["items"] if item["field"] == "status"]
        statuses = ["Open", *(item["toString"] for item in changes)]
        assert [item["fromString"] for item in changes] == statuses[:-1]
        assert ticket["fields"]["status"]["name"] == statuses[-1]


def test_support_drifts_in_week_fourteen(tickets: list[dict[str, Any]], company: Manifest) -> None:
    drift = company.truth["processes"]["support"]["planted"]["drift"]
    at = date.fromisoformat(drift["at"])
    assert (at - date(2026, 1, 5)).days == 13 * 7
    before, after = tickets[: drift["case_index"]], tickets[drift["case_index"] :]
    days = [
        datetime.fromisoformat(ticket["fields"]["created"]).astimezone(BERLIN).date() for ticket in tickets
    ]
    assert days == sorted(days)
    assert max(days[: len(before)]) < at <= min(days[len(before) :])
    assert not any("Triage" in _moves(ticket) for ticket in before)
    assert sum("Triage" in _moves(ticket) for ticket in after) > 0.99 * len(after)
    for share, found in ((drift["escalated_before"], before), (drift["escalated_after"], after)):
        assert close(sum("Escalated" in _moves(ticket) for ticket in found) / len(found), share, len(found))


def test_tickets_are_reopened_at_the_planted_rate(tickets: list[dict[str, Any]]) -> None:
    resolved = [_moves(ticket) for ticket in tickets if "Resolved" in _moves(ticket)]
    assert close(sum("Reopened" in found for found in resolved) / len(resolved), 0.06, len(resolved))


def test_support_comes_every_week_in_like_numbers(tickets: list[dict[str, Any]]) -> None:
    weeks = Counter(datetime.fromisoformat(t["fields"]["created"]).isocalendar().week for t in tickets)
    assert pstdev(weeks.values()) / mean(weeks.values()) < 0.2
