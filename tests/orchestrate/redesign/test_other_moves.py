"""Approvals get an SLA, rare ways the manual queue, loops a bound, systems a time limit."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from planted import MONDAY, Case, log, moves, planned

from orchestrate.contracts import Choice, Loop, Step
from orchestrate.plans.changes import find_node, steps
from orchestrate.redesign.bounds import nice, upper_percentile


class Absent:
    """Bea approves for most, is here on Tuesdays only, and works off what has come since."""

    def __init__(self) -> None:
        self.free = MONDAY

    def __call__(self, case: Case) -> None:
        case.do("Create", minutes=5)
        if case.rng.random() < 0.85:
            case.now = self.turn(case.now)
            case.do("Approve order", minutes=3, wait=0.1, by="Bea")
            self.free = case.now
        else:
            case.do("Approve order", minutes=3, wait=5, by="Claus")
        case.do("Send", minutes=5, by="Dora")

    def turn(self, moment: datetime) -> datetime:
        """When she takes up what has come by then."""
        ahead = (1 - moment.weekday()) % 7
        if ahead == 0 and moment.hour >= 17:
            ahead = 7
        morning = (moment + timedelta(days=ahead)).replace(hour=9, minute=0, second=0) if ahead else moment
        return max(morning, moment, self.free)


def test_an_absent_approver_gets_an_sla_and_a_deputy() -> None:
    designed = planned(log(Absent(), cases=900), tz="UTC")
    (move,) = moves(designed, "approval-sla")
    assert move.grade == "apply" and move.accepted
    step = find_node(designed.plan.body, "approve-order")
    assert isinstance(step, Step) and step.sla is not None
    assert step.sla.escalate == ("person:Claus",)
    assert step.sla.remind is not None and step.sla.remind < step.sla.due
    assert "deputies" in move.evidence[-1].statement
    assert move.gain_s is not None and move.gain_s > 3600


def test_an_approval_without_enough_history_is_refused_an_sla() -> None:
    def short(case: Case) -> None:
        case.do("Create")
        case.do("Approve order", minutes=60)

    (move,) = moves(planned(log(short, cases=40)), "approval-sla")
    assert move.grade == "refuse"
    assert "60 are needed" in move.evidence[0].statement


def test_a_rare_way_goes_to_the_manual_queue() -> None:
    def dispute(case: Case) -> None:
        case.do("Invoice")
        if case.rng.random() < 0.03:
            case.do("Dispute invoice", by="Bea")
            case.do("Credit note", by="Bea")
        case.do("Pay")

    designed = planned(log(dispute, cases=1500))
    (move,) = moves(designed, "manual-queue")
    assert move.grade == "apply"
    assert move.support == pytest.approx(0.03, abs=0.012)
    node = find_node(designed.plan.body, move.where[0])
    assert isinstance(node, Choice)
    (by_hand,) = [b.body for b in node.branches if isinstance(b.body, Step)]
    assert isinstance(by_hand, Step) and by_hand.does == "manual"
    assert "Dispute invoice, Credit note" in by_hand.instructions
    assert designed.plan.as_is is not None
    assert "Credit note" in {step.name for step in steps(designed.plan.as_is)}


def test_rework_is_bounded_by_what_nearly_every_case_needed() -> None:
    def rework(case: Case) -> None:
        case.do("Draft")
        case.do("Look at")
        while case.rng.random() < 0.2:
            case.do("Redo")
            case.do("Look at")
        case.do("File")

    designed = planned(log(rework, cases=2000))
    (move,) = moves(designed, "bound-rework")
    loop = find_node(designed.plan.body, move.where[0])
    # Geometric: 1 - 0.2**3 = 99.2 % of cases need at most three passes.
    assert isinstance(loop, Loop) and loop.max_visits == 3


def test_a_system_gets_a_time_limit_and_people_do_not() -> None:
    def mixed(case: Case) -> None:
        case.do("Create")
        case.do("Transfer", minutes=1, by="SYSTEM")
        case.do("File")

    designed = planned(log(mixed, cases=400))
    transfer, file = (find_node(designed.plan.body, i) for i in ("transfer", "file"))
    assert isinstance(transfer, Step) and transfer.does == "service"
    assert transfer.timeout is not None
    # 1.5 minutes is the longest there is; the limit is twice the 95th percentile, rounded up.
    assert timedelta(minutes=2) < transfer.timeout <= timedelta(minutes=5)
    assert isinstance(file, Step) and file.timeout is None and file.expected is not None


def test_the_upper_bound_covers_the_true_percentile() -> None:
    rng = np.random.default_rng(1)
    true = float(np.exp(1 + 1.2 * 1.6448536))
    for n in (60, 200, 1000):
        bounds = [upper_percentile(rng.lognormal(1, 1.2, n)) for _ in range(400)]
        assert all(bound is not None for bound in bounds)
        assert np.mean([bound >= true for bound in bounds if bound is not None]) >= 0.93
    assert upper_percentile(rng.lognormal(1, 1.2, 50)) is None


@pytest.mark.parametrize(
    ("seconds", "expected"), [(50, 60), (700, 900), (3700, 5400), (30_000, 32_400), (100_000, 129_600)]
)
def test_durations_are_rounded_up_to_what_people_say(seconds: float, expected: int) -> None:
    assert nice(seconds) == timedelta(seconds=expected)
