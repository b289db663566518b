"""Signs of chaos: each planted sign is told, alone; a calm log shows none."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from mining.chaos.command import DETECTORS, chaos
from mining.chaos.contracts import ChaosRequest

EPOCH = datetime(2026, 1, 5, 8)


def planted(sign: str, *, cases: int = 400, seed: int = 1):
    """Calm orders in two systems by eight people, with one sign planted."""
    draw = np.random.default_rng(seed)
    made, attributes = {}, {}
    for i in range(cases):
        at = EPOCH + timedelta(hours=3 * i)
        amount = float(draw.integers(1, 1000))
        decider = str(draw.choice(["Ann", "Bob", "Cy"]))
        clerk = str(draw.choice(["Dee", "Eve"]))
        severe = sign == "unequal_outcomes" and decider == "Ann"
        refused = draw.random() < (0.4 if severe else 0.1)
        steps = [
            ("Register", clerk, "CRM", 1.0, {"reference": f"R{i}"}),
            ("Check", str(draw.choice(["Fay", "Gus"])), "CRM", 2.0, {}),
            ("Reject order" if refused else "Approve order", decider, "ERP", 3.0, {}),
        ]
        if sign == "needless_approval" and not refused:
            steps.append(("Approve by head", str(draw.choice(["Hal", "Ida"])), "ERP", 2.0, {}))
        if sign == "double_entry":
            steps.append(("Book", str(draw.choice(["Jo", "Kim"])), "ERP", 2.0, {"order_no": f"R{i}"}))
        if sign == "key_person":
            steps.append(("Price", "Leo", "ERP", 40.0, {}))
        lost = sign == "untracked" and i % 5 == 0
        steps.append(("Ship", str(draw.choice(["Mia", "Ned"])), "ERP", 24.0 * 30 if lost else 4.0, {}))
        events = []
        for name, who, system, wait, more in steps:
            at += timedelta(hours=wait * float(draw.uniform(0.8, 1.2)))
            events.append({"activity": name, "end": at, "resource": who, "system": system, **more})
        made[f"c{i}"], attributes[f"c{i}"] = events, {"amount": amount}
    return made, attributes


@pytest.mark.parametrize("sign", [*DETECTORS, "calm"])
def test_a_planted_sign_is_told_and_no_other(shelf, sign):
    made, attributes = planted(sign)
    log = shelf.log(made, f"chaos_{sign}", case_attributes=attributes)
    found = chaos(shelf.context, ChaosRequest(log=log))
    assert [each.sign for each in found.signs] == ([] if sign == "calm" else [sign])
    assert found.looked_for == list(DETECTORS) and found.not_possible == []
    assert found.rework_share == 0 and 0.5 < found.handoff_share <= 1
    for each in found.signs:
        assert each.cases > 0 and each.examples
    assert any("commonly quoted" in line for line in found.lines())


def test_who_is_severe_is_named_and_by_how_much(shelf):
    made, attributes = planted("unequal_outcomes", cases=900)
    log = shelf.log(made, "severe", case_attributes=attributes)
    (found,) = chaos(shelf.context, ChaosRequest(log=log)).signs
    assert "“Ann”" in found.headline and found.value == pytest.approx(0.3, abs=0.1)
    assert found.where == '"Ann" in resources'


def test_a_decider_with_harder_cases_is_not_called_severe(shelf):
    """Ann gets the large amounts, which everybody refuses more often."""
    draw = np.random.default_rng(4)
    made, attributes = {}, {}
    for i in range(900):
        large = draw.random() < 0.5
        decider = str(draw.choice(["Ann", "Bob"], p=[0.8, 0.2] if large else [0.2, 0.8]))
        last = "Reject order" if draw.random() < (0.5 if large else 0.1) else "Approve order"
        at = EPOCH + timedelta(hours=i)
        made[f"c{i}"] = [
            {"activity": "Register", "end": at, "resource": "Dee"},
            {"activity": last, "end": at + timedelta(hours=2), "resource": decider},
        ]
        attributes[f"c{i}"] = {"size": "large" if large else "small"}
    log = shelf.log(made, "harder", case_attributes=attributes)
    assert chaos(shelf.context, ChaosRequest(log=log)).signs == []


def test_what_a_log_cannot_show_is_said(shelf):
    log = shelf.log({str(i): ["A", "B", "A"] for i in range(3)}, "bare")
    found = chaos(shelf.context, ChaosRequest(log=log))
    assert found.handoff_share is None and len(found.not_possible) == 2
    assert found.rework_share == pytest.approx(1 / 3)
