"""Support tickets: from week 14 on, every new ticket is triaged first and fewer are escalated.

The names of the steps are the statuses of the ticket system; working time shows there only as the time
between two moves.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from .calendars import FIRST_DAY, HOLIDAYS, all_days, hours, moment
from .process import Process, Staff, arrivals, simulate, stream
from .simulation import Case, Message, Pool, Steps, Work, minutes

TICKETS_PER_WEEKDAY = 27.0
TICKETS_PER_WEEKEND_DAY = 8.0
DRIFT_WEEK = 14
DRIFT_DAY = FIRST_DAY + timedelta(weeks=DRIFT_WEEK - 1)
ESCALATED_BEFORE, ESCALATED_AFTER = 0.24, 0.08
ASKS_CUSTOMER = 0.22
REOPENED = 0.06
PRIORITIES = {"Low": 0.3, "Medium": 0.5, "High": 0.17, "Critical": 0.03}
AGENTS = ("Pia Hartwig", "Quentin Roy", "Rosa Linke", "Samir Haddad")
PRODUCTS = ("Portal", "Mobile app", "Billing", "API")


@dataclass(frozen=True)
class Team:
    """Who works on tickets."""

    triage: Pool
    agents: Pool
    specialists: Pool


def run(seed: int, scale: float) -> Process:
    """26 weeks of tickets."""
    rng = stream(seed, "support")
    staff = Staff(rng)
    every_day = range(7)
    team = Team(
        triage=staff.hire("Triage", 40, hours(8, 20, days=every_day), "Nadja Frey", "Oskar Blum"),
        agents=staff.hire(
            "Support agent",
            41,
            hours(8, 20, days=every_day),
            *AGENTS,
        ),
        specialists=staff.hire("Specialist", 66, hours(9, 18), "Theo Brinkmann", "Uta Keller"),
    )
    moments = arrivals(rng, all_days(), lambda day: _per_day(day) * scale, 7, 21)
    cases = [_ticket(seed, number, at) for number, at in enumerate(moments, start=1)]
    simulate(cases, lambda case: _steps(case, team))
    return Process("support", cases, staff.workers, planted(cases))


def planted(cases: list[Case]) -> dict[str, object]:
    """The truths in this process; `case_index` counts tickets by creation from 0."""
    since = moment(DRIFT_DAY)
    return {
        "drift": {
            "week": DRIFT_WEEK,
            "at": DRIFT_DAY.isoformat(),
            "case_index": sum(case.arrival < since for case in cases),
            "new_activity": "Triage",
            "escalated_before": ESCALATED_BEFORE,
            "escalated_after": ESCALATED_AFTER,
        },
        "rework": {"activities": ["Resolved", "Reopened"], "rate": REOPENED},
    }


def _per_day(day: date) -> float:
    quiet = day.weekday() >= 5 or day in HOLIDAYS
    return TICKETS_PER_WEEKEND_DAY if quiet else TICKETS_PER_WEEKDAY


def _ticket(seed: int, number: int, at: int) -> Case:
    rng = stream(seed, "support", number)
    attributes = {
        "priority": rng.choices(list(PRIORITIES), list(PRIORITIES.values()))[0],
        "product": rng.choice(PRODUCTS),
        "reporter": f"customer{rng.randrange(900):03d}",
    }
    return Case(f"SUP-{number}", at, rng, attributes)


def _steps(case: Case, team: Team) -> Steps:
    rng = case.rng
    triaged = case.arrival >= moment(DRIFT_DAY)
    if triaged:
        yield Work("Triage", team.triage, minutes(rng, 4))
    now = yield Work("In Progress", team.agents, minutes(rng, 22))
    while rng.random() < ASKS_CUSTOMER:
        yield Message("Waiting for Customer", _last_resource(case), now)
        answer = now + round(3600 * rng.triangular(0.5, 12))
        yield Message("Customer Replied", case.attributes["reporter"], answer)
        now = yield Work("In Progress", team.agents, minutes(rng, 14))
    if rng.random() < (ESCALATED_AFTER if triaged else ESCALATED_BEFORE):
        yield Message("Escalated", _last_resource(case), now)
        now = yield Work("With Specialist", team.specialists, minutes(rng, 40))
    now = yield Message("Resolved", _last_resource(case), now)
    if rng.random() < REOPENED:
        answer = now + round(3600 * rng.triangular(1, 30))
        yield Message("Reopened", case.attributes["reporter"], answer)
        now = yield Work("In Progress", team.agents, minutes(rng, 18))
        yield Message("Resolved", _last_resource(case), now)


def _last_resource(case: Case) -> str:
    return case.instances[-1].resource
