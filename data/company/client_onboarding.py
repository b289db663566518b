"""Client onboarding: four new clients a week, always the same steps; calm, but rare."""

from datetime import timedelta

from .calendars import FIRST_DAY, HOLIDAYS, WEEKS, hours, moment
from .process import Process, Staff, simulate, stream
from .simulation import Case, Message, Pool, Steps, Work, minutes

CLIENTS_PER_WEEK = 4
HIGH_RISK = 0.12
SEGMENTS = ("Private", "Business", "Public sector")


def run(seed: int, scale: float) -> Process:
    """26 weeks of new clients; being rare already, they do not get fewer at a `scale` below 1."""
    rng = stream(seed, "onboarding")
    staff = Staff(rng)
    week = hours(9, 17)
    sales = staff.hire("Account manager", 58, week, "Birgit Lange", "Emil Schreiber", "Lena Horn")
    desk = staff.hire("Client desk", 47, week, "Philipp Winter", "Sabine Roth")
    risk = staff.hire("Risk officer", 72, week, "Tarik Demir", "Ulla Jansen")
    cases: list[Case] = []
    per_week = max(CLIENTS_PER_WEEK, round(CLIENTS_PER_WEEK * scale))
    for number in range(WEEKS):
        days = [FIRST_DAY + timedelta(weeks=number, days=day) for day in range(4)]
        open_days = [day for day in days if day not in HOLIDAYS]
        spread = [open_days[index * len(open_days) // per_week] for index in range(per_week)]
        for at in sorted(moment(day, 9 + 3 * rng.random()) for day in spread):
            cases.append(_client(seed, len(cases) + 1, at))
    simulate(cases, lambda case: _steps(case, sales, desk, risk))
    planted = {"calm_but_rare": {"cases_per_week": per_week, "high_risk_share": HIGH_RISK}}
    return Process("onboarding", cases, staff.workers, planted)


def _client(seed: int, number: int, at: int) -> Case:
    rng = stream(seed, "onboarding", number)
    risk = "high" if rng.random() < HIGH_RISK else "normal"
    # Leading zeros on purpose: a reader that takes case numbers for numbers loses them.
    return Case(f"{4700 + number:08d}", at, rng, {"segment": rng.choice(SEGMENTS), "risk": risk})


def _steps(case: Case, sales: Pool, desk: Pool, risk: Pool) -> Steps:
    rng = case.rng
    now = yield Work("Take application", sales, minutes(rng, 35, 0.2))
    # The client signs in the office, about an hour later.
    yield Message("Receive documents", "Client", now + minutes(rng, 50, 0.2))
    yield Work("Verify identity", desk, minutes(rng, 25, 0.2))
    yield Work("Screen sanctions lists", desk, minutes(rng, 12, 0.2))
    if case.attributes["risk"] == "high":
        yield Work("Review high risk", risk, minutes(rng, 55, 0.2))
    yield Work("Open account", desk, minutes(rng, 20, 0.2))
    yield Work("Send welcome pack", sales, minutes(rng, 10, 0.2))
