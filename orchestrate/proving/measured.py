"""Both sides of a plan's KPIs measured by one yardstick, and a sandbox's end-to-end times as predictions."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from ingest.catalog import Log
from mining.causes import CAUSES
from mining.compare import week_index
from mining.kpis import FEWEST_CASES, Cases, Kpi
from mining.measures import case_measures, rare_activities
from mining.outcomes import decision_names
from mining.running import running_cases
from orchestrate.contracts import Node, Plan, Step
from orchestrate.plans.bind import steps_of
from orchestrate.proving.predict import Change, design_effect, predict
from orchestrate.watching.troubles import with_troubles

STATE = "case:state"
"""Column of a log of runs: open, done or cancelled."""
NO_QUEUES = "a sandbox has no calendars and no queues to tell causes from"


def under_plan_names(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The table with activities under the names the plan has for them.

    Where the plan made one decision with outcomes of several activities (APPROVED by X, REJECTED by
    X), the log's rows get the decision's name.
    """
    named = {step.name for step in steps_of(plan.body)}
    merged = {
        activity: decision.name
        for decision in decision_names(map(str, frame["activity"].unique()))
        if decision.name in named
        for activity in decision.outcomes
    }
    return frame.assign(activity=frame["activity"].map(lambda name: merged.get(name, name)))


def measured_sides(
    before: pd.DataFrame,
    after: pd.DataFrame,
    plan: Plan,
    before_log: Log,
    after_log: Log,
    troubles: tuple[pd.DataFrame | None, pd.DataFrame | None] = (None, None),
) -> tuple[Cases, Cases]:
    """Measures of the cases of both sides: the same activities count as exceptions and approvals.

    `troubles` are what the journals say of sides that are runs (`orchestrate.watching.troubles`).
    """
    exceptions, decided = exceptional(before, plan), approvals(plan)
    first = case_measures(
        before,
        tz=before_log.tz,
        timed=before_log.timed,
        running=_running(before),
        exceptions=exceptions,
        approvals=decided,
        automatic=_of_systems(plan.as_is or plan.body),
        causes=not after_log.simulated,
    )
    then = case_measures(
        after,
        tz=before_log.tz,
        timed=after_log.timed,
        running=_running(after),
        exceptions=exceptions,
        approvals=decided,
        automatic=_of_systems(plan.body) if after_log.simulated else _bound(plan.body),
        causes=not after_log.simulated,
    )
    if after_log.simulated:
        then = replace(then, omitted=then.omitted | {f"waiting_{cause}_s": NO_QUEUES for cause in CAUSES})
        first = replace(first, omitted=first.omitted | {f"waiting_{cause}_s": NO_QUEUES for cause in CAUSES})
    return with_troubles(first, troubles[0]), with_troubles(then, troubles[1])


def exceptional(before: pd.DataFrame, plan: Plan) -> frozenset[str]:
    """What makes a case an exception: rare activities of the log, and what the plan leaves to by hand."""
    return rare_activities(before) | {step.name for step in steps_of(plan.body) if step.does == "manual"}


def approvals(plan: Plan) -> frozenset[str]:
    """Steps whose delay is approval delay: what has outcomes, or an SLA, which only approvals get."""
    return frozenset(step.name for step in steps_of(plan.body) if step.outcomes or step.sla)


def _running(frame: pd.DataFrame) -> frozenset[str]:
    """Cases that are not over: as the engine knows, or as the log suggests."""
    if STATE in frame.columns:
        return frozenset(map(str, frame.loc[frame[STATE] == "open", "case"].unique()))
    return running_cases(frame)


def _of_systems(node: Node) -> set[str]:
    return {step.name for step in steps_of(node) if step.does not in ("human", "manual")}


def _bound(node: Node) -> set[str]:
    return {step.name for step in steps_of(node) if _by_system(step)}


def _by_system(step: Step) -> bool:
    return step.binding is not None and step.binding.connector not in ("human", "manual")


def predicted(
    found: list[Kpi], plan: Plan, before: Cases, exceptions: frozenset[str], seed: int
) -> tuple[list[Kpi], float | None]:
    """KPIs of a sandbox, those of `predict` by twin simulation, and the model's own median of today."""
    done = before.table[~before.table["censored"]]
    effect = design_effect(done["cycle_s"].to_numpy(float), week_index(done["start"]))
    answer = predict(plan, exceptional=exceptions, approvals=approvals(plan), design_effect=effect, seed=seed)
    if answer is None:
        return found, None
    return list(_told(found, answer.changes)), answer.model_median_s


def _moved(kpi: Kpi, change: Change) -> float:
    before = kpi.before or 0.0
    return before + change.change if kpi.change_is == "difference" else before * (1 + change.change)


def _told(found: list[Kpi], changes: Mapping[str, Change]) -> Iterator[Kpi]:
    for kpi in found:
        change = changes.get(kpi.kpi)
        if change is None or kpi.before is None or kpi.n_before < FEWEST_CASES:
            yield kpi
            continue
        verdict = "predicted unchanged"
        if change.high < 0 or change.low > 0:
            verdict = "predicted better" if change.high < 0 else "predicted worse"
        yield kpi.model_copy(
            update={
                "after": round(_moved(kpi, change), 6),
                "change": round(change.change, 6),
                "interval": (round(change.low, 6), round(change.high, 6)),
                "verdict": verdict,
                "reason": "",
            }
        )
