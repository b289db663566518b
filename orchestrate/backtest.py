"""The backtest: history replayed through a plan, and the gate a plan passes before it is published."""

from typing import Annotated, Literal

from home.context import Context
from home.contracts import Argument, Contract, InputFile, Request, Response
from orchestrate.contracts import Plan


class CycleTime(Contract):
    """Cycle time now and predicted, in seconds."""

    asis: float | None = None
    """Median of the replayed cases as they were."""
    tobe: float | None = None
    """Median of the same cases through the plan, by the model in `model`."""
    interval: tuple[float, float] | None = None
    """95 % interval of `tobe`, by week-block bootstrap."""


class Deviation(Contract):
    """A way cases went that the plan does not have."""

    variant: tuple[str, ...]
    cases: int
    share: float


class Backtest(Response):
    """What history says of a plan."""

    log: str = ""
    cases: int = 0
    """Finished cases that were replayed."""
    coverage: float | None = None
    """Share of them that the plan can take exactly."""
    agreement: float | None = None
    """Share of decided choices in which the plan's rules go the way the case went."""
    manual_share: float | None = None
    """Share of cases that would meet the manual queue."""
    cycle_s: CycleTime = CycleTime()
    top_deviations: tuple[Deviation, ...] = ()
    gate: Literal["pass", "fail", "no history"] = "no history"
    reasons: tuple[str, ...] = ()
    """Why the gate failed, and what to look at when it passed."""


class BacktestRequest(Request):
    """Which plan to replay history through."""

    file: Annotated[str, Argument("FILE"), InputFile()]
    """A plan file."""
    log: str | None = None
    """Replay this log instead of the one the plan was made from."""


def backtest(context: Context, request: BacktestRequest) -> Backtest:
    """Replay the plan's own history through it, and say whether it may be published."""
    from orchestrate.plan_file import read_plan

    return backtest_plan(context, read_plan(request.file), log=request.log)


def backtest_plan(context: Context, plan: Plan, *, log: str | None = None) -> Backtest:
    """Replay the history of `log` (by default the plan's own) through a plan.

    A plan without a log, or whose log is gone, has no history: `gate` says so.
    """
    raise NotImplementedError
