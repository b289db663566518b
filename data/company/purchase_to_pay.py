"""Purchase-to-pay: from an order to its payment, across ERP, supplier mail and payment system.

It carries six planted truths; `data/README.md` explains them, `planted` below holds the numbers.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, timedelta
from math import log
from random import Random

from .calendars import hours, is_working_day, local, moment, working_days
from .process import Process, Staff, arrivals, simulate, stream
from .simulation import Case, Collect, Message, Pool, Step, Steps, Work, minutes

ORDERS_PER_DAY = 28.5
ABSENT_APPROVER, OTHER_APPROVER = "Martina Brandt", "Claus Vogel"
APPROVER_DAYS = (1, 3)
APPROVER_AWAY = tuple(date(2026, 2, 16) + timedelta(days=number) for number in range(12))
APPROVED_BY_ABSENT = {"Production": 0.45, "Logistics": 0.25, "IT": 0.15}
APPROVED_BY_OTHER = {"Sales": 0.09, "Administration": 0.06}
BUDGET_FIRST = 0.5
RETURNED = 0.15
CANCELLED_WHEN_RETURNED = 0.1
LIMIT = 5000.0
LIMIT_NOISE = 0.03
DISPUTED = 0.03
PARTIAL_DELIVERY = 0.06
REMINDED = 0.04
CHANGED = 0.04
SENT_BEFORE_APPROVAL = 0.025
PAYMENT_DAYS = (0, 2, 4)
PAYMENT_HOUR = 15

SUPPLIERS = (
    "Nordlicht Bürobedarf GmbH", "Hansen & Söhne KG", "Elbtal Metall AG", "Weser Logistik GmbH",
    "Kabel Krause oHG", "Alster IT Handel GmbH", "Papier Petersen", "Schrauben Schmidt GmbH",
    "Lüneburger Chemie AG", "Reinigung Rasch",
)  # fmt: skip
REQUESTERS = (
    "Ayşe Yılmaz", "Bernd Otto", "Carla Fuchs", "Deniz Koch",
    "Erik Lindner", "Franka Busch", "Goran Petrović", "Hanna Ziegler",
)  # fmt: skip
CATEGORIES = ("Material", "IT equipment", "Office supplies", "Services")


@dataclass(frozen=True)
class Team:
    """Who works on orders."""

    requesters: Pool
    controllers: Pool
    compliance: Pool
    approvers: dict[str, Pool]
    """By cost centre."""
    director: Pool
    buyers: Pool
    warehouse: Pool
    accounts: Pool


def run(seed: int, scale: float) -> Process:
    """26 weeks of orders."""
    rng = stream(seed, "p2p")
    staff = Staff(rng)
    team = _team(staff)
    moments = arrivals(rng, working_days(), lambda _: ORDERS_PER_DAY * scale, 8, 16.5)
    cases = [_order(seed, number, at) for number, at in enumerate(moments, start=1)]
    runs = [moment(day, PAYMENT_HOUR) for day in working_days() if day.weekday() in PAYMENT_DAYS]
    simulate(cases, lambda case: _steps(case, team, runs))
    return Process("p2p", cases, staff.workers, planted())


def planted() -> dict[str, object]:
    """The truths in this process."""
    return {
        "approvers": dict.fromkeys(APPROVED_BY_ABSENT, ABSENT_APPROVER)
        | dict.fromkeys(APPROVED_BY_OTHER, OTHER_APPROVER),
        "absent_approver": {
            "activity": "Approve order",
            "resource": ABSENT_APPROVER,
            "weekdays": ["TUE", "THU"],
            "away": [APPROVER_AWAY[0].isoformat(), APPROVER_AWAY[-1].isoformat()],
            "share_of_orders": sum(APPROVED_BY_ABSENT.values()),
            "cause": "unavailability",
        },
        "independent_checks": {"activities": ["Check budget", "Check supplier"], "first_share": BUDGET_FIRST},
        "threshold_rule": {
            "activity": "Approve large order",
            "attribute": "amount",
            "above": LIMIT,
            "noise": LIMIT_NOISE,
        },
        "rework": {"activities": ["Approve order", "Correct order"], "rate": RETURNED},
        "rare_path": {"activities": ["Dispute invoice", "Credit note received"], "share": DISPUTED},
        "batch": {
            "activity": "Pay invoice",
            "resource": "payment-run",
            "weekdays": ["MON", "WED", "FRI"],
            "hour": PAYMENT_HOUR,
        },
    }


def _team(staff: Staff) -> Team:
    office = hours(8, 17)
    absent = staff.hire(
        "Department manager", 78, hours(9, 13, days=APPROVER_DAYS), ABSENT_APPROVER, absent=APPROVER_AWAY
    )
    other = staff.hire("Department manager", 78, hours(9, 17), OTHER_APPROVER)
    return Team(
        requesters=staff.hire("Requester", 42, office, *REQUESTERS),
        controllers=staff.hire("Controller", 55, office, "Ines Albrecht", "Jonas Haas"),
        compliance=staff.hire("Compliance", 52, hours(8, 16), "Katrin Böhm", "Lars Friedrich", "Olga Simon"),
        approvers=dict.fromkeys(APPROVED_BY_ABSENT, absent) | dict.fromkeys(APPROVED_BY_OTHER, other),
        director=staff.hire("Finance director", 110, hours(9, 17), "Dr. Paula Engel"),
        buyers=staff.hire("Buyer", 46, office, "Nils Sommer", "Rita Kaiser"),
        warehouse=staff.hire("Warehouse", 34, hours(6, 15), "Sven Krüger", "Tomasz Nowak", "Uwe Marx"),
        accounts=staff.hire("Accounts payable", 44, office, "Vera Schulte", "Yannick Graf"),
    )


def _order(seed: int, number: int, at: int) -> Case:
    rng = stream(seed, "p2p", number)
    centres = APPROVED_BY_ABSENT | APPROVED_BY_OTHER
    attributes = {
        "amount": max(35.0, round(rng.lognormvariate(log(2600), 1.0), 2)),
        "cost_centre": rng.choices(list(centres), list(centres.values()))[0],
        "category": rng.choice(CATEGORIES),
        "supplier": rng.choice(SUPPLIERS),
    }
    return Case(f"PO-2026-{number:05d}", at, rng, attributes)


def _steps(case: Case, team: Team, payment_runs: list[int]) -> Steps:
    rng = case.rng
    changed_after = rng.choice(("Create order", "approval", "Send order")) if rng.random() < CHANGED else None
    disputed = rng.random() < DISPUTED
    sent_early = rng.random() < SENT_BEFORE_APPROVAL
    change = Work("Change order", team.requesters, minutes(rng, 6))
    yield Work("Create order", team.requesters, minutes(rng, 9))
    if changed_after == "Create order":
        yield change
    if sent_early:
        yield Work("Send order", team.buyers, minutes(rng, 4))
    budget = Work("Check budget", team.controllers, minutes(rng, 10))
    supplier = Work("Check supplier", team.compliance, minutes(rng, 14))
    budget_first = rng.random() < BUDGET_FIRST
    yield budget if budget_first else supplier
    yield supplier if budget_first else budget
    lives_on = yield from _approval(case, team)
    if not lives_on:
        return
    if changed_after == "approval":
        yield change
    if not sent_early:
        yield Work("Send order", team.buyers, minutes(rng, 4))
    if changed_after == "Send order":
        yield change
    yield from _delivery(case, team)
    yield from _invoice(case, team, disputed)
    yield Collect("Pay invoice", "payment-run", payment_runs, seconds=90)


def _approval(case: Case, team: Team) -> Generator[Step, int, bool]:
    """Until approved, as often as it is sent back; returns whether the order lives on."""
    rng, approver = case.rng, team.approvers[case.attributes["cost_centre"]]
    while rng.random() < RETURNED:
        yield Work("Approve order", approver, minutes(rng, 2), data={"outcome": "returned"})
        if rng.random() < CANCELLED_WHEN_RETURNED:
            yield Work("Cancel order", team.buyers, minutes(rng, 4))
            return False
        yield Work("Correct order", team.buyers, minutes(rng, 11))
    yield Work("Approve order", approver, minutes(rng, 2), data={"outcome": "approved"})
    if (case.attributes["amount"] > LIMIT) != (rng.random() < LIMIT_NOISE):
        yield Work("Approve large order", team.director, minutes(rng, 7), data={"outcome": "approved"})
    return True


def _delivery(case: Case, team: Team) -> Steps:
    """Until everything has come: late ones are reminded of, some come in parts."""
    rng, supplier = case.rng, case.attributes["supplier"]
    now = case.instances[-1].end
    if rng.random() < REMINDED:
        now = yield Message("Reminder sent", "purchasing mailbox", now + round(3600 * rng.triangular(24, 40)))
    while True:
        now = yield Message("Delivery announced", supplier, _supplier_answers(rng, now, 8, 30))
        partial = rng.random() < PARTIAL_DELIVERY
        outcome = {"outcome": "partial" if partial else "complete"}
        now = yield Work("Receive goods", team.warehouse, minutes(rng, 10), data=outcome)
        if not partial:
            return


def _invoice(case: Case, team: Team, disputed: bool) -> Steps:
    """From its receipt to its release, by way of a dispute where the price differs."""
    rng, supplier, now = case.rng, case.attributes["supplier"], case.instances[-1].end
    yield Message("Invoice received", supplier, _supplier_answers(rng, now, 2, 9))
    outcome = {"outcome": "price differs" if disputed else "matches"}
    yield Work("Match invoice", team.accounts, minutes(rng, 8), data=outcome)
    if disputed:
        now = yield Work("Dispute invoice", team.accounts, minutes(rng, 18))
        yield Message("Credit note received", supplier, _supplier_answers(rng, now, 20, 70))
    yield Work("Release payment", team.accounts, minutes(rng, 3))


def _supplier_answers(rng: Random, now: int, soonest: int, latest: int) -> int:
    """Some hours later; what would come outside a working day, seven to four, comes the next morning."""
    at = now + round(3600 * rng.triangular(soonest, latest))
    wall = local(at)
    day = wall.date()
    if is_working_day(day) and 7 <= wall.hour < 16:
        return at
    if wall.hour >= 7:
        day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return moment(day, 7 + 4 * rng.random())
