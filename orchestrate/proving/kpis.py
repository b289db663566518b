"""`baton kpis`: what a plan changed, measured on its runs, or what its sandbox predicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from home.changes import upkeep
from home.context import Context
from home.contracts import Argument, Request, Response
from home.errors import NotFound, Refused
from home.text import duration, plain
from ingest.catalog import Log, find_log
from mining.kpis import Kpi
from orchestrate.contracts import Plan
from orchestrate.plans.versions import find_version

if TYPE_CHECKING:
    import pandas as pd

UNMEASURED = "not measured"
BY_CAUSE = "waiting per case: "
FAR_OFF = 0.25
"""A model whose median of today is further than this from the log's says little of sizes."""


class KpisRequest(Request):
    """Which plan, and what to compare."""

    plan: Annotated[str, Argument("PLAN")]
    """Name of a published plan."""
    before: str | None = None
    """Log of how it was; default is the log the plan was made from."""
    after: str | None = None
    """Log of how it is; default is the plan's runs, else what its sandbox played."""
    seed: int = 0
    """Of the resampling; the same seed gives the same intervals."""


class Kpis(Response):
    """KPIs before and after."""

    plan: str
    before: str
    """Log compared with."""
    after: str
    simulated: bool
    """Whether `after` was played by a sandbox: then every verdict is a prediction."""
    kpis: list[Kpi]
    equalised_by: str | None
    """The kind of case whose mix was made equal before comparing."""
    model_s: float | None
    """For a prediction: today's median cycle time under the sandbox's model; compare it with `before`."""
    notes: list[str]

    def lines(self) -> Iterator[str]:
        """One sentence for each KPI that could be measured, and what was left out."""
        if self.simulated:
            yield plain(
                f"What {self.plan} would change, predicted by its sandbox. Nothing has run for real yet."
            )
        else:
            yield plain(f"What {self.plan} changed: {self.after} compared with {self.before}.")
        yield ""
        told = [kpi for kpi in self.kpis if kpi.verdict != UNMEASURED]
        for kpi in told:
            yield plain(
                f"  {kpi.words}" + (f" ({kpi.reason})" if kpi.reason and kpi.after is not None else "")
            )
        left = [kpi.label for kpi in self.kpis if kpi.verdict == UNMEASURED]
        if left:
            causes = [label for label in left if label.startswith(BY_CAUSE)]
            shown = [label for label in left if label not in causes] + ["waiting by cause"] * bool(causes)
            yield plain(f"  not measured: {'; '.join(shown)}")
        yield ""
        yield from (plain(note) for note in self.notes)


def kpis(context: Context, request: KpisRequest) -> Kpis:
    """KPIs of a plan before and after: change, 95 % interval, and a verdict.

    After are the plan's finished runs; while there are none, what its sandbox played, and then every
    verdict is a prediction. Weeks are resampled, the mix of cases is made equal, and running cases
    are counted (Kaplan-Meier). Below the data it takes to tell, the verdict says "not enough data".
    A prediction compares today's tree with the plan under one model; see `baton sandbox --help`.
    """
    plan = find_version(context.state, request.plan).plan
    before, after = _logs(context, plan, request)
    context.job.progress(0.1, "reading both logs")
    then, now = (_frame(context, log, plan) for log in (before, after))
    context.job.progress(0.3, "comparing them")
    told = (_troubles(context, before), _troubles(context, after))
    compared = context.compute(compared_kpis, then, now, How(plan, before, after, request.seed, told))
    return Kpis(
        plan=plan.name,
        before=before.name,
        after=after.name,
        simulated=after.simulated,
        kpis=compared.kpis,
        equalised_by=compared.equalised_by,
        model_s=compared.model_s,
        notes=list(_notes(plan, after, compared)),
    )


def _logs(context: Context, plan: Plan, request: KpisRequest) -> tuple[Log, Log]:
    name = request.before or (plan.provenance.log if plan.provenance else None)
    if name is None:
        raise Refused(
            f"Plan {plan.name!r} was written by hand, so there is no log of how it was.",
            hint="Name one with --before LOG.",
        )
    return find_log(context.events, name), find_log(context.events, request.after or _after(context, plan))


def _after(context: Context, plan: Plan) -> str:
    """The log of the plan's runs, read anew; while none has ended, that of its sandbox."""
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    runs, played = f"{plan.name}.runs", f"{plan.name}.sandbox"
    ended = "select 1 as one from run_case where plan = :plan and simulated = 0 and status = 'done' limit 1"
    if context.state.row(ended, {"plan": plan.name}):
        zone = find_log(context.events, plan.provenance.log).tz if plan.provenance else "UTC"
        asked = IngestRequest(
            source="state", log=runs, adapter="engine_runs", table=runs, tz=zone, replace=True
        )
        with upkeep():
            ingest(context, asked)
        return runs
    try:
        return find_log(context.events, played).name
    except NotFound:
        raise Refused(
            f"No run of plan {plan.name!r} has ended, and its sandbox has played none.",
            hint=f"`baton sandbox {plan.name}` plays some; `baton start {plan.name}` starts a real one.",
        ) from None


def _troubles(context: Context, log: Log) -> "pd.DataFrame | None":
    """What the journals say of a log that is a plan's runs."""
    from orchestrate.watching.troubles import troubles

    return troubles(context.state, log.plan) if log.plan and not log.simulated else None


def _frame(context: Context, log: Log, plan: Plan) -> "pd.DataFrame":
    """Activity instances of a log, as far as the plan is about them and under its names."""
    import pandas as pd

    from mining.instances import instances
    from mining.lens import lens
    from orchestrate.proving.measured import under_plan_names

    own = plan.provenance if plan.provenance and plan.provenance.log == log.name else None
    with lens(context, log.name, where=own.where if own else None) as view:
        frame = instances(view.cursor)
    if own and own.since:
        begun = frame.groupby("case", sort=False)["start"].transform("min")
        frame = frame[begun >= pd.Timestamp(own.since).tz_localize(None)]
    frame = under_plan_names(frame.reset_index(drop=True), plan)
    if own and own.part:
        from orchestrate.plans.bind import steps_of

        frame = frame[frame["activity"].isin([step.name for step in steps_of(plan.as_is or plan.body)])]
    if frame.empty:
        raise Refused(
            f"The log {log.name!r} holds nothing of what plan {plan.name!r} is about.",
            hint="Name another with --before or --after.",
        )
    return frame


@dataclass(frozen=True)
class How:
    """What a comparison needs to know beside the two tables."""

    plan: Plan
    before: Log
    after: Log
    seed: int
    troubles: "tuple[pd.DataFrame | None, pd.DataFrame | None]" = (None, None)
    """What the journals say, where a side is runs."""


@dataclass(frozen=True)
class Compared:
    """KPIs, and how they came about."""

    kpis: list[Kpi]
    equalised_by: str | None
    model_s: float | None


def compared_kpis(before: "pd.DataFrame", after: "pd.DataFrame", how: How) -> Compared:
    """Measure both sides and compare them; the end-to-end times of a sandbox by twin simulation."""
    from mining.kpis import kpi_table
    from mining.measures import equalise
    from orchestrate.proving.measured import exceptional, measured_sides, predicted

    sides = measured_sides(before, after, how.plan, how.before, how.after, how.troubles)
    first, then, equalised_by = equalise(*sides, before, after)
    found = kpi_table(first, then, simulated=how.after.simulated, seed=how.seed)
    if not how.after.simulated:
        return Compared(found, equalised_by, None)
    found, model_s = predicted(found, how.plan, first, exceptional(before, how.plan), how.seed)
    return Compared(found, equalised_by, model_s)


def _notes(plan: Plan, after: Log, found: Compared) -> Iterator[str]:
    if found.equalised_by:
        yield f"The mix of cases by {found.equalised_by!r} was made equal before comparing."
    if not after.simulated:
        return
    today = next(kpi.before for kpi in found.kpis if kpi.kpi == "cycle_time_median")
    if found.model_s is not None and today:
        yield (
            f"Today's process under the same model takes {duration(found.model_s)} in the median,"
            f" where the log has {duration(today)}. The change compares plan and today under that model."
        )
        if abs(found.model_s / today - 1) > FAR_OFF:
            yield "That is far off: take what is predicted as a direction, not as a size."
    yield f"A sandbox proves nothing by itself: start runs (`baton start {plan.name}`) to measure."
