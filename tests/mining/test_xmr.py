"""XmR charts: steady series stay quiet, shifts are signalled, short series have no limits."""

import numpy as np
import pytest

from mining.xmr import xmr


def test_limits_are_those_of_the_textbook() -> None:
    found = xmr([10.0, 12.0] * 6 + [11.0] * 8)
    assert found is not None
    assert found.centre == 11 and found.baseline == 12
    assert found.upper == pytest.approx(11 + 2.66 * 2)
    assert found.signals == []


def test_a_shift_is_signalled_by_a_run_and_a_leap_by_a_point() -> None:
    rng = np.random.default_rng(0)
    steady = rng.normal(100, 5, 12)
    shifted = xmr([*steady, *(rng.normal(92, 1, 12))])
    assert shifted is not None and "run" in {signal.rule for signal in shifted.signals}
    leap = xmr([*steady, *([100.0] * 8), 160.0])
    assert leap is not None and leap.signals[-1].rule == "outside" and leap.signals[-1].index == 20


def test_steady_series_are_quiet() -> None:
    rng = np.random.default_rng(1)
    alarms = sum(bool(found.signals) for _ in range(200) if (found := xmr(rng.normal(50, 5, 24).tolist())))
    assert alarms < 60


def test_fewer_than_twenty_values_have_no_limits() -> None:
    assert xmr([1.0] * 19) is None
    assert xmr([1.0] * 19 + [float("nan")]) is None
