"""The backtest: history replayed through a plan, and the gate a plan passes before it is published."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from home.context import Context
from home.contracts import Argument, Contract, InputFile, Request, Response
from home.text import duration, percent, plain
from orchestrate.contracts import Plan

if TYPE_CHECKING:
    from orchestrate.proving.replayed import Replayed

LEAST_COVERAGE, PILOT_COVERAGE = 0.6, 0.8
MOST_MANUAL = 0.45
LEAST_AGREEMENT = 0.75
MOST_BREACHES = 0.05
SLOWER = 1.05
"""The predicted cycle time may be at most this much of today's."""
MOST_DEVIATIONS = 5


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

    def lines(self) -> Iterator[str]:
        """The gate, the figures, and the commonest deviations."""
        yield plain(f"Gate: {self.gate}. {self.cases:,} finished cases of {self.log!r} replayed.")
        for reason in self.reasons:
            yield plain(f"  - {reason}")
        if not self.cases:
            return
        yield f"coverage       {percent(self.coverage)} of cases can go as they went"
        if self.agreement is not None:
            yield f"agreement      {percent(self.agreement)} of decisions by rule go as in history"
        yield f"manual queue   {percent(self.manual_share)} of cases{self._why_manual()}"
        cycle = self.cycle_s
        if cycle.tobe is not None and cycle.interval is not None:
            low, high = (duration(bound) for bound in cycle.interval)
            today, soon = duration(cycle.asis), duration(cycle.tobe)
            yield f"cycle time     {today} today, {soon} predicted ({low} to {high})"
        for deviation in self.top_deviations:
            way = " > ".join(deviation.variant)
            yield plain(
                f"  {deviation.cases:,} cases ({percent(deviation.share)}) go another way: {way[:300]}"
            )

    def _why_manual(self) -> str:
        if not self.manual_share or self.coverage is None:
            return ""
        other = max(1 - self.coverage, 0.0)
        rest = max(self.manual_share - other, 0.0)
        return f": {percent(other)} go ways it does not have, {percent(rest)} its rare ways or past a limit"


class BacktestRequest(Request):
    """Which plan to replay history through."""

    file: Annotated[str, Argument("FILE"), InputFile()]
    """A plan file."""
    log: str | None = None
    """Replay this log instead of the one the plan was made from."""


def backtest(context: Context, request: BacktestRequest) -> Backtest:
    """Replay the plan's own history through it, and say whether it may be published."""
    from orchestrate.plans.plan_file import read_plan

    return backtest_plan(context, read_plan(request.file), log=request.log)


def backtest_plan(context: Context, plan: Plan, *, log: str | None = None) -> Backtest:
    """Replay the history of `log` (by default the plan's own) through a plan.

    A plan without a log, or whose log is gone, has no history: `gate` says so.
    """
    from ingest.catalog import all_logs
    from mining.instances import instances
    from mining.lens import lens
    from orchestrate.proving.replayed import replay_plan
    from orchestrate.redesign.history import Facts

    provenance = plan.provenance
    name = log or (provenance.log if provenance else None)
    if name is None:
        return Backtest(reasons=("the plan was not made from a log; name one with --log",))
    if log is None and name not in {known.name for known in all_logs(context.events)}:
        return Backtest(log=name, reasons=(f"the log {name!r} is not here any more",))
    own = provenance if provenance is not None and provenance.log == name else None
    with lens(context, name, where=own.where if own else None) as view:
        frame, found = instances(view.cursor), view.log
    context.job.progress(0.2, f"replaying {name} through {plan.name}")
    facts = Facts(log=name, tz=found.tz, timed=found.timed, since=own.since if own else None)
    replayed = context.compute(replay_plan, frame, facts, plan)
    answer = judged(replayed, name)
    if own is not None and own.log_hash and own.log_hash != found.hash:
        note = "the log has changed since the plan was made from it"
        answer = answer.model_copy(update={"reasons": (*answer.reasons, note)})
    return answer


def judged(found: "Replayed", log: str) -> Backtest:
    """The backtest of a replay, with the gate's verdict."""
    import numpy as np

    if not found.cases:
        return Backtest(log=log, gate="fail", reasons=("no finished case of the log is left to replay",))
    manual = float(found.manual.mean())
    coverage = float(found.fits.mean())
    agreement = found.agreed / found.decided if found.decided else None
    asis = float(np.median(found.asis_s))
    cycle = CycleTime(asis=round(asis, 1))
    if found.timed:
        low, high = found.interval()
        tobe = round(float(np.median(found.tobe_s)), 1)
        cycle = CycleTime(asis=round(asis, 1), tobe=tobe, interval=(round(low, 1), round(high, 1)))
    problems = list(_problems(found, coverage, manual, agreement, cycle))
    notes = list(_notes(found, coverage))
    worst = sorted(found.deviating.items(), key=lambda each: (-each[1], each[0]))[:MOST_DEVIATIONS]
    return Backtest(
        log=log,
        cases=found.cases,
        coverage=round(coverage, 4),
        agreement=None if agreement is None else round(agreement, 4),
        manual_share=round(manual, 4),
        cycle_s=cycle,
        top_deviations=tuple(
            Deviation(variant=variant, cases=n, share=round(n / found.cases, 4)) for variant, n in worst
        ),
        gate="fail" if problems else "pass",
        reasons=(*problems, *notes),
    )


def _problems(
    found: "Replayed", coverage: float, manual: float, agreement: float | None, cycle: CycleTime
) -> Iterator[str]:
    if coverage < LEAST_COVERAGE:
        yield f"the plan can take only {percent(coverage)} of the cases; {percent(LEAST_COVERAGE)} are needed"
    if manual > MOST_MANUAL:
        yield f"{percent(manual)} of the cases would meet the manual queue; {percent(MOST_MANUAL)} may"
    if agreement is not None and agreement < LEAST_AGREEMENT:
        yield f"its rules go the way history went in only {percent(agreement)} of decisions"
    if found.breaches > MOST_BREACHES * found.cases:
        yield f"{found.breaches:,} cases do not have the input it asks for"
    if cycle.tobe is not None and cycle.asis and cycle.tobe > SLOWER * cycle.asis:
        yield f"cases would take {duration(cycle.tobe)} instead of {duration(cycle.asis)}"


def _notes(found: "Replayed", coverage: float) -> Iterator[str]:
    if LEAST_COVERAGE <= coverage < PILOT_COVERAGE:
        yield "pilot it first: a fifth of the cases or more go ways that it does not have"
    if not found.timed:
        yield "cycle time and rules were not replayed: some activity stands in the plan more than once"
    if 0 < found.breaches <= MOST_BREACHES * found.cases:
        yield f"{found.breaches:,} cases do not have the input it asks for"
