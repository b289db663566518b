"""KPIs before and after: which there are, how each is measured on cases, and the table that compares them."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from home.contracts import Contract

Direction = Literal["lower", "higher"]
Change = Literal["relative", "difference"]


class Kpi(Contract):
    """One KPI before and after, with how sure the difference is."""

    kpi: str
    """`cycle_time_median`, `cycle_time_p90`, `waiting`, `waiting_batching`, `exceptions`, …"""
    label: str
    """The same in words."""
    unit: str
    """`s`, `share`, or `cases/week`."""
    before: float | None = None
    after: float | None = None
    change: float | None = None
    """Relative (after / before - 1) for times and throughput; a difference for shares. See `change_is`."""
    change_is: Change = "relative"
    interval: tuple[float, float] | None = None
    """95 % interval of `change`."""
    verdict: str
    """`improved`, `worse`, `no clear change`, `not enough data`, `not measured`; for a sandbox
    `predicted better`, `predicted worse` or `predicted unchanged`."""
    reason: str = ""
    """Why it is not measured or why the data are not enough."""
    n: int = 0
    """Cases behind `after`."""
    n_before: int = 0
    """Cases behind `before`."""


@dataclass(frozen=True)
class Cases:
    """Measures of cases, one row each.

    Columns: `case_id`; `start` (naive, in the log's zone); `cycle_s` (seconds from the first start to
    the last end, or until now where `censored`); `censored` (bool: still running). Optional, and absent
    where not measurable: `waiting_s` and `waiting_<cause>_s` (seconds per case), `exception`, `rework`
    (bool), `approval_s` (seconds until approvals were decided, summed), `automated` (share of steps
    without a person), `failed`, `retried` (share of steps), `detect_s`, `recover_s`, and `stratum`
    (text: the kind of case, known when it starts).
    """

    table: pd.DataFrame
    omitted: dict[str, str]
    """Column to the reason why it is not there."""


def kpi_table(before: Cases, after: Cases, *, simulated: bool, seed: int = 0) -> list[Kpi]:
    """Every KPI with its change, a 95 % interval and a verdict; unmeasured ones with the reason."""
    raise NotImplementedError
