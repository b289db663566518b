"""Claims: too few assessors, who take total losses first; so claims wait in a queue, some overtaken."""

from dataclasses import dataclass
from math import log

from .calendars import hours, working_days
from .process import Process, Staff, arrivals, simulate, stream
from .simulation import Case, Message, Pool, Steps, Work, minutes

CLAIMS_PER_DAY = 17.0
CLAIMS_ON_MONDAY = 34.0
"""Damage done at the weekend is reported on Monday."""
NOT_COVERED = 0.08
INCOMPLETE = 0.14
INSPECTION_ABOVE = 8000.0
TOTAL_LOSS = 0.2
REFUSED = 0.06
STATUS_CALL = 0.08
KINDS = ("Motor", "Household", "Liability", "Water damage")


@dataclass(frozen=True)
class Team:
    """Who works on claims."""

    intake: Pool
    clerks: Pool
    assessors: Pool
    deciders: Pool
    payments: Pool


def run(seed: int, scale: float) -> Process:
    """26 weeks of claims."""
    rng = stream(seed, "claims")
    staff = Staff(rng)
    team = _team(staff)
    moments = arrivals(
        rng,
        working_days(),
        lambda day: (CLAIMS_PER_DAY if day.weekday() else CLAIMS_ON_MONDAY) * scale,
        8,
        17,
    )
    cases = [_claim(seed, number, at) for number, at in enumerate(moments, start=1)]
    simulate(cases, lambda case: _steps(case, team))
    planted = {
        "too_few_assessors": {
            "activities": ["Assess damage", "Inspect on site"],
            "role": "Assessor",
            "cause": "contention",
        },
        "total_losses_first": {"attribute": "total_loss", "share": TOTAL_LOSS, "cause": "prioritisation"},
        "threshold_rule": {
            "activity": "Inspect on site",
            "attribute": "amount",
            "above": INSPECTION_ABOVE,
            "noise": 0,
        },
        "rework": {"activities": ["Request documents", "Documents received"], "rate": INCOMPLETE},
    }
    return Process("claims", cases, staff.workers, planted)


def _team(staff: Staff) -> Team:
    week = hours(8, 17)
    return Team(
        intake=staff.hire(
            "Intake", 38, hours(8, 18), "Anke Möller", "Boris Kern", "Celine Dubois", "Dirk Thiel"
        ),
        clerks=staff.hire("Claims clerk", 43, week, "Eva Bergmann", "Felix Arnold", "Greta Stein"),
        assessors=staff.hire("Assessor", 64, week, "Holger Pfeiffer", "Iris Wolf"),
        deciders=staff.hire("Claims manager", 82, week, "Jana Richter", "Karim Nasser"),
        payments=staff.hire("Claims payments", 45, hours(8, 16), "Lotte Maurer", "Malte Ritter"),
    )


def _claim(seed: int, number: int, at: int) -> Case:
    rng = stream(seed, "claims", number)
    total_loss = rng.random() < TOTAL_LOSS
    attributes = {
        "kind": rng.choice(KINDS),
        "amount": max(80.0, round(rng.lognormvariate(log(9000 if total_loss else 2400), 0.9), 2)),
        "total_loss": total_loss,
        "policy_years": rng.randint(0, 30),
    }
    return Case(f"CL-{number:06d}", at, rng, attributes)


def _steps(case: Case, team: Team) -> Steps:
    """The way of a claim; some claimants call on the way and ask how it stands."""
    steps = _way(case, team)
    calls_after = case.rng.randint(1, 4) if case.rng.random() < STATUS_CALL else 0
    now = yield next(steps)
    while True:
        if len(case.instances) == calls_after:
            now = yield Message("Status call", "Claimant", now + minutes(case.rng, 45))
        try:
            step = steps.send(now)
        except StopIteration:
            return
        now = yield step


def _way(case: Case, team: Team) -> Steps:
    rng, claim = case.rng, case.attributes
    yield Work("Register claim", team.intake, minutes(rng, 9))
    covered = rng.random() >= NOT_COVERED
    outcome = {"outcome": "covered" if covered else "not covered"}
    yield Work("Check coverage", team.clerks, minutes(rng, 12), data=outcome)
    if not covered:
        yield Work("Reject claim", team.clerks, minutes(rng, 6))
        return
    while rng.random() < INCOMPLETE:
        now = yield Work("Request documents", team.clerks, minutes(rng, 7))
        yield Message("Documents received", "Claimant", now + round(3600 * rng.triangular(4, 48)))
    activity = "Inspect on site" if claim["amount"] > INSPECTION_ABOVE else "Assess damage"
    priority = 0 if claim["total_loss"] else 1
    median = 74 if activity == "Inspect on site" else 44
    yield Work(activity, team.assessors, minutes(rng, median, 0.25), priority)
    refused = rng.random() < REFUSED
    yield Work(
        "Decide claim", team.deciders, minutes(rng, 9), data={"outcome": "refused" if refused else "accepted"}
    )
    if refused:
        yield Work("Reject claim", team.clerks, minutes(rng, 6))
    else:
        yield Work("Pay claim", team.payments, minutes(rng, 5))
