"""Predictions: a planted pattern beats the baseline, noise does not, and intervals cover what they say."""

from datetime import datetime, timedelta
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mining.forecast import Forecast, Learner, learned
from mining.predict import PredictRequest, predict, predicted
from mining.prefixes import known

EPOCH = datetime(2026, 1, 5)


def instances(cases: int, seed: int, *, telling: bool) -> pd.DataFrame:
    """Cases of three steps; where `telling`, rush orders take a day and the others ten."""
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(cases):
        rush = bool(draw.random() < 0.5)
        # Without memory (exponential), nothing tells what is left: not even how long it took so far.
        shape, mean = (8.0, 24 if rush else 240) if telling else (1.0, 120)
        at = EPOCH + timedelta(hours=6 * i)
        for step in ("Register", "Check", "Pay"):
            rows.append((f"c{i}", step, at, at, rush))
            at += timedelta(hours=float(draw.gamma(shape, mean / 2 / shape)))
    return pd.DataFrame(rows, columns=["case", "activity", "start", "end", "case:rush"])


def forecast(frame: pd.DataFrame, sla_s: float, learner: Learner = "scikit-learn") -> Forecast:
    past = known(frame)
    found = learned(past, np.ones(len(past.cases), bool), sla_s, learner)
    assert isinstance(found, Forecast), found
    return found


@pytest.mark.parametrize("learner", get_args(Learner))
def test_an_attribute_that_tells_the_time_left_beats_the_baseline(learner):
    found = forecast(instances(1500, 1, telling=True), 5 * 86_400, learner)
    assert found.beats and found.judged.gain_low > 0.1
    assert found.judged.mae_s < 0.8 * found.judged.baseline_mae_s
    assert 0.7 < found.judged.covered < 0.9
    assert found.judged.brier < 0.5 * found.judged.brier_base


def test_without_anything_to_learn_the_baseline_is_kept():
    beaten = 0
    for seed in range(4):
        found = forecast(instances(800, seed, telling=False), 11 * 86_400)
        beaten += found.beats and found.judged.gain > 0.1
        assert 0.65 < found.judged.covered < 0.92
    assert beaten == 0


def test_features_know_nothing_of_the_future():
    frame = instances(200, 3, telling=True)
    past = known(frame)
    moment = np.array([pd.Timestamp(EPOCH + timedelta(days=20)).to_datetime64()], "datetime64[us]")
    seen = past.open_at(moment, most=10_000).sort_values("case")
    cut = frame[frame["end"] <= EPOCH + timedelta(days=20)]
    later = known(cut)
    numbers = pd.Series(range(len(later.cases)), index=later.cases["id"])
    pairs = pd.DataFrame({"case": numbers[past.cases["id"].iloc[seen["case"]]].to_numpy(), "at": moment[0]})
    pairs["in_progress"] = len(pairs)
    again = later.at(pairs)
    names = [
        c
        for c in seen.columns
        if c not in ("case", "at", "remaining_s", "path") and not c.startswith("times_")
    ]
    codes = {name: i for i, name in enumerate(later.activities)}
    recoded = seen.assign(
        last=[codes[past.activities[int(code)]] for code in seen["last"]],
        before=[-1 if code < 0 else codes[past.activities[int(code)]] for code in seen["before"]],
    )
    left = again.assign(case=seen["case"].to_numpy())[names].reset_index(drop=True)
    pd.testing.assert_frame_equal(left, recoded[names].reset_index(drop=True), check_dtype=False)


def test_running_cases_are_listed_with_those_most_at_risk_first(shelf):
    draw = np.random.default_rng(5)
    cases = {}
    for i in range(700):
        at = EPOCH + timedelta(hours=6 * i)
        steps = []
        for step in ("Register", "Check", "Pay"):
            steps.append({"activity": step, "end": at})
            at += timedelta(hours=float(draw.gamma(8, 6)))
        cases[f"c{i}"] = steps
    now = EPOCH + timedelta(hours=6 * 690)
    cases = {case: [s for s in steps if s["end"] <= now] for case, steps in cases.items()}
    log = shelf.log({case: steps for case, steps in cases.items() if steps}, "running")
    found = predict(shelf.context, PredictRequest(log=log, sla="5d"))
    assert found.running >= 5 and found.sla_s == 5 * 86_400 and found.by in ("model", "baseline")
    assert [c.breach for c in found.cases] == sorted((c.breach for c in found.cases), reverse=True)
    assert all(c.low_s <= c.remaining_s <= c.high_s and 0 <= c.breach <= 1 for c in found.cases)
    assert {c.last for c in found.cases} <= {"Register", "Check"}
    assert any("wrong by" in line for line in found.lines())


def test_too_little_is_said(shelf):
    log = shelf.log({str(i): ["A", "B"] for i in range(5)}, "little")
    found = predict(shelf.context, PredictRequest(log=log))
    assert found.cases == [] and found.by == "none" and found.message


def test_a_few_cases_with_one_open_say_what_is_needed():
    frame = instances(20, 1, telling=True)
    frame.loc[len(frame)] = ["open", "Register", frame["end"].max(), frame["end"].max(), True]
    found = predicted("little", frame, None, 10, "")
    assert found.running == 1 and "60 are needed" in found.message


def test_an_sla_is_a_length_of_time():
    with pytest.raises(ValidationError, match="no length of time"):
        PredictRequest(log="x", sla="soon")
