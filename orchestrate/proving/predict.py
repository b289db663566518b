"""What a plan may change, predicted by playing today's tree and the plan under one model.

Both trees take their times and shares from the log, so what the model gets wrong it gets wrong
twice, and the change between them is steadier than either. How sure it is comes from how much the
log showed: every draw takes other times and shares that fit the log as well, so the interval does
not shrink when more cases are played. `docs/decisions/0006-sandbox-predictions.md` says more.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrate.contracts import Node, Plan
from orchestrate.proving.twin import Model, Times, play


@dataclass(frozen=True)
class Change:
    """How one KPI changes, with a 95 % interval over what fits the log: relative, for shares in points."""

    change: float
    low: float
    high: float


@dataclass(frozen=True)
class Prediction:
    """What playing both trees said."""

    changes: Mapping[str, Change]
    """By KPI: `cycle_time_median`, `cycle_time_p90`, `waiting`, `approval_delay`, `rework`, `exceptions`."""
    model_median_s: float
    """Median cycle time of today's tree under the model; its distance from the log is the model's error."""
    draws: int


def predict(
    plan: Plan,
    *,
    exceptional: Set[str] = frozenset(),
    approvals: Set[str] = frozenset(),
    design_effect: float = 1.0,
    cases: int = 600,
    draws: int = 200,
    seed: int = 0,
) -> Prediction | None:
    """How the plan changes times, rework and exceptions; `None` for a plan without an as-is tree.

    `exceptional` names the steps that make a case an exception, `approvals` those with approval delay.
    `design_effect` says how many cases of the log are worth one independent case (1 where weeks do not
    differ; see `design_effect`). Times and shares are drawn afresh `draws` times.
    """
    if plan.as_is is None:
        return None
    worth = _observations(plan.as_is) / max(design_effect, 1.0)
    found = [
        _compare(plan, plan.as_is, model)
        for model in (
            Model((seed, draw), cases, worth, _helped(seed, draw), exceptional, approvals)
            for draw in range(draws)
        )
    ]
    wide = play(plan.as_is, Model((seed, draws), max(cases, 5000)))
    return Prediction(
        changes={name: _change([draw[name] for draw in found if name in draw]) for name in found[0]},
        model_median_s=float(np.median(wide.end)),
        draws=draws,
    )


def _helped(seed: int, draw: int) -> float:
    return float(np.random.default_rng([seed, draw, 1]).random())


def _observations(node: Node) -> float:
    from orchestrate.plans.bind import steps_of

    return float(max((s.observed.n for s in steps_of(node) if s.observed), default=30))


def _compare(plan: Plan, as_is: Node, model: Model) -> dict[str, float]:
    before, after = play(as_is, model), play(plan.body, model)
    found = {
        "cycle_time_median": _relative(np.median(before.end), np.median(after.end)),
        "cycle_time_p90": _relative(np.quantile(before.end, 0.9), np.quantile(after.end, 0.9)),
        "waiting": _relative(before.waiting.mean(), after.waiting.mean()),
        "rework": float(after.rework.mean() - before.rework.mean()),
        "exceptions": float(after.exception.mean() - before.exception.mean()),
    }
    approvals = [played.approval[~np.isnan(played.approval)] for played in (before, after)]
    if all(map(len, approvals)):
        found["approval_delay"] = _relative(np.median(approvals[0]), np.median(approvals[1]))
    return found


def _relative(before: np.floating, after: np.floating) -> float:
    return float(after / before - 1) if before > 0 else 0.0


def _change(values: list[float]) -> Change:
    low, middle, high = np.quantile(np.array(values), [0.025, 0.5, 0.975])
    return Change(float(middle), float(low), float(high))


def design_effect(cycle_s: Times, week: npt.NDArray[np.generic]) -> float:
    """How many cases are worth one independent case, because cases of one week are alike.

    Kish's 1 + (m - 1)·ICC with the intra-week correlation of log cycle times from one-way analysis
    of variance, at least 1.
    """
    value = np.log1p(np.maximum(cycle_s, 0))
    weeks, member = np.unique(week, return_inverse=True)
    if len(weeks) < 2 or len(value) <= len(weeks):
        return 1.0
    size = np.bincount(member)
    mean = np.bincount(member, value) / size
    between = float((size * (mean - value.mean()) ** 2).sum() / (len(weeks) - 1))
    within = float(((value - mean[member]) ** 2).sum() / (len(value) - len(weeks)))
    typical = (len(value) - (size**2).sum() / len(value)) / (len(weeks) - 1)
    total = between + (typical - 1) * within
    correlation = max(0.0, (between - within) / total) if total > 0 else 0.0
    return float(1 + (len(value) / len(weeks) - 1) * correlation)
