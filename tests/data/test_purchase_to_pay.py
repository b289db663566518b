"""The six truths planted in purchase-to-pay are in its exports, found by counting."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from math import sqrt
from statistics import mean

from data.generate import Manifest

from .conftest import BERLIN, Traces

HOUR = timedelta(hours=1)


def activities(orders: Traces) -> list[list[str]]:
    return [[step.activity for step in steps] for steps in orders.values()]


def close(share: float, truth: float, n: int) -> bool:
    """Within four standard errors."""
    return abs(share - truth) < 4 * sqrt(truth * (1 - truth) / n)


def test_size_suits_a_demo(orders: Traces) -> None:
    assert 3000 < len(orders) < 4000
    assert 35_000 < sum(map(len, orders.values())) < 42_000


def test_every_system_knows_most_orders_and_mails_and_payments_only_known_ones(orders: Traces) -> None:
    seen = Counter(system for steps in orders.values() for system in {step.system for step in steps})
    assert seen["ERP"] == len(orders)
    assert seen["Supplier mail"] > 0.9 * len(orders)
    assert seen["Payments"] > 0.9 * len(orders)


def test_steps_of_an_order_never_share_a_start(orders: Traces) -> None:
    # Otherwise their order would hang on which system was ingested first.
    for steps in orders.values():
        assert all(one.start < other.start and one.end <= other.start for one, other in pairwise(steps))


def test_approvals_wait_for_the_absent_approver(orders: Traces, order_facts: dict, company: Manifest) -> None:
    planted = company.truth["processes"]["p2p"]["planted"]["absent_approver"]
    waits: dict[str, list[float]] = {}
    for number, steps in orders.items():
        for before, step in pairwise(steps):
            if step.activity == planted["activity"]:
                assert step.resource == order_facts[number]["approver"]
                waits.setdefault(step.resource, []).append((step.start - before.end) / HOUR)
                if step.resource == planted["resource"]:
                    assert step.start.astimezone(BERLIN).strftime("%a").upper() in planted["weekdays"]
    absent = waits.pop(planted["resource"])
    others = [wait for found in waits.values() for wait in found]
    assert mean(absent) > 48
    assert mean(others) < 12
    assert close(len(absent) / len(absent + others), planted["share_of_orders"], len(absent + others))


def test_no_other_step_of_the_process_costs_as_much_waiting(orders: Traces) -> None:
    waited: Counter[str] = Counter()
    for steps in orders.values():
        for before, step in pairwise(steps):
            waited[step.activity] += round((step.start - before.end) / HOUR)
    (first, most), (_, second) = waited.most_common(2)
    assert first == "Approve order"
    assert most > 1.5 * second


def test_the_two_checks_come_in_both_orders(orders: Traces) -> None:
    both = [found for found in activities(orders) if {"Check budget", "Check supplier"} <= set(found)]
    budget_first = sum(found.index("Check budget") < found.index("Check supplier") for found in both)
    assert len(both) > 3000
    assert close(budget_first / len(both), 0.5, len(both))


def test_large_orders_are_approved_twice_with_three_percent_noise(orders: Traces, order_facts: dict) -> None:
    sent = {
        number: steps for number, steps in orders.items() if any(s.activity == "Send order" for s in steps)
    }
    agree = sum(
        (order_facts[number]["amount"] > 5000)
        == any(step.activity == "Approve large order" for step in steps)
        for number, steps in sent.items()
    )
    large = sum(order_facts[number]["amount"] > 5000 for number in sent) / len(sent)
    assert close(agree / len(sent), 0.97, len(sent))
    assert 0.2 < large < 0.35


def test_approvals_are_sent_back_at_the_planted_rate(orders: Traces) -> None:
    decided = [step for steps in orders.values() for step in steps if step.activity == "Approve order"]
    returned = sum(step.outcome == "returned" for step in decided) / len(decided)
    assert close(returned, 0.15, len(decided))
    for found in activities(orders):
        assert all(after == "Approve order" for before, after in pairwise(found) if before == "Correct order")


def test_three_percent_of_invoices_are_disputed(orders: Traces) -> None:
    matched = [found for found in activities(orders) if "Match invoice" in found]
    assert close(sum("Dispute invoice" in found for found in matched) / len(matched), 0.03, len(matched))


def test_payments_are_collected_into_runs(orders: Traces) -> None:
    runs: Counter[str] = Counter()
    for steps in orders.values():
        for before, step in pairwise(steps):
            if step.activity == "Pay invoice":
                start = step.start.astimezone(BERLIN)
                assert (start.hour, start.minute, start.second) == (15, 0, 0)
                assert start.weekday() in (0, 2, 4)
                assert step.start - before.end < timedelta(days=7)
                runs[step.outcome or ""] += 1
    assert len(runs) > 65
    assert mean(runs.values()) > 30
